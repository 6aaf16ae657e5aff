/*
 * maildir_copy.c: COPY and MOVE (RFC 3501 §6.4.7, RFC 6851).
 *
 * A copy is a hard link under a new base name, made by the commit of maildir_append.c.
 * If a file isn't there any more by then, or can't be linked (another filesystem, too
 * many links), all starts again, with links or the bytes in the target's tmp.  A move is
 * one rename(2) per message, under the locks of both mailboxes (maildir_move.c); where
 * there can be none it is a copy that is on disk before the source is unlinked: killed in
 * between, the message is in both, never in none.
 */
#include "maildir_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"

#define COPY_TRIES 4 /* a stranger renames the file while we look for it */

static void take_flags(struct copying *c, const struct index_record *r, struct append_message *m)
{
	struct bytes names[INDEX_KEYWORDS];
	struct flag_list fl = { .flags = r->flags, .keywords = names };

	for (unsigned i = 0; i < INDEX_KEYWORDS; i++)
		if ((r->keywords >> i & 1) && c->names.name[i][0])
			names[fl.nkeywords++] = bytes_of(c->names.name[i]);
	append_flags(c->ap, &fl, m);
}

/* "S=" and "W=" go along with the bytes. */
static char *new_stem(struct copying *c, const char *unique, struct bytes old,
		      const struct index_record *r, struct append_message *m)
{
	char text[MAILDIR_NAME_MAX + 1];
	bool has_size = maildir_name_size(old, 'S', &m->size);
	int n;

	m->vsize = r->vsize;
	if (!has_size)
		return arena_str(&c->ap->arena, bytes_of(unique));
	if (r->vsize == INDEX_SIZE_UNKNOWN)
		n = snprintf(text, sizeof(text), "%s,S=%llu", unique, (unsigned long long)m->size);
	else
		n = snprintf(text, sizeof(text), "%s,S=%llu,W=%llu", unique,
			     (unsigned long long)m->size, (unsigned long long)r->vsize);
	if (n < 0 || (size_t)n >= sizeof(text))
		return arena_str(&c->ap->arena, bytes_of(unique));
	return arena_str(&c->ap->arena, (struct bytes){ text, (size_t)n });
}

void copying_take(struct copying *c, const struct index_record *r, struct bytes name,
		  const char *unique, struct append_message *m)
{
	m->stem = new_stem(c, unique, maildir_stem(name), r, m);
	m->date = r->internal_date;
	take_flags(c, r, m);
}

/* A link in tmp, or just the names where the commit makes the link.  1; 0 it is not where the
 * record says; -1; 2: can't be linked. */
static int link_one(struct copying *c, const struct index_record *r, struct error *e)
{
	struct maildir *from = maildir_of(c->from), *to = maildir_of(c->to);
	char name[MAILDIR_NAME_MAX + 1], unique[MAILDIR_NAME_MAX + 1];
	size_t n = maildir_file_name(c->from, r, name);
	struct stat st;

	if (!n)
		return 0;
	maildir_name_unique(unique);
	int dir = maildir_dir(from, r->driver);
	int found = c->direct ? fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)
			      : linkat(dir, name, to->tmp, unique, 0);
	if (found < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == EXDEV || errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP)
			return 2;
		return error_errno(e, "Message could not be copied", "%s: link", to->path);
	}
	struct append_message *m = append_new(c->ap);
	m->linked = c->direct;
	m->from_dir = dir;
	m->temp = arena_str(&c->ap->arena, bytes_of(c->direct ? name : unique));
	copying_take(c, r, (struct bytes){ name, n }, unique, m);
	FAULT("linked");
	return 1;
}

/* As link_one, by reading and writing. */
static int write_one(struct copying *c, const struct index_record *r, struct error *e)
{
	struct mail mail;
	int64_t date = INDEX_DATE_UNKNOWN;
	int got = c->from->driver->mail(c->from, r, false, &mail, e);

	if (got <= 0)
		return got;
	c->from->driver->date(c->from, r, &date);
	got = maildir_append_start(&c->ap->base, NULL, date, e);
	if (got == 0)
		take_flags(c, r, &c->ap->messages[c->ap->n - 1]);
	if (got == 0)
		got = maildir_append_write(&c->ap->base, mail.raw, e);
	if (got == 0)
		got = maildir_append_end(&c->ap->base, e);
	c->from->driver->mail_close(c->from, &mail);
	return got < 0 ? -1 : 1;
}

/* 1 copied, 0 gone, -1. */
static int copy_one(struct copying *c, uint32_t uid, struct error *e)
{
	struct index_record r;
	int done = 0;

	for (int i = 0; i < COPY_TRIES && done == 0; i++) {
		if (i && maildir_rescan(c->from, e) < 0)
			return -1;
		if (!maildir_record(c->from, uid, &r)) {
			if (!index_usable(c->from->index))
				continue;
			return 0;
		}
		done = link_one(c, &r, e);
		if (done == 2)
			done = write_one(c, &r, e);
	}
	if (done == 0)
		return error_set(e, ERROR_TEMPORARY, "Another program is changing this mailbox",
				 "%s: uid %u not found", maildir_of(c->from)->path, uid);
	if (done > 0) {
		c->uids[c->n] = uid;
		c->records[c->n++] = r;
	}
	return done;
}

/* Cache entries go along: nothing is parsed again. */
static void copy_cache(struct copying *c, const uint32_t *to)
{
	struct index_header h;
	struct buf out = BUF_INIT;
	struct error e;

	if (!c->from->cache || !c->to->cache || !index_head(c->from->index, &h))
		return;
	for (size_t i = 0; i < c->n; i++) {
		struct bytes items[CACHE_ITEMS_MAX];
		char name[MAILDIR_NAME_MAX + 1];
		size_t n = maildir_file_name(c->from, &c->records[i], name);
		struct cache_key key = { c->uids[i], maildir_identity((struct bytes){ name, n }),
					 c->records[i].cache_at };
		buf_reset(&out);
		if (items_get(c->from->cache, h.cache_id, &key, &out, items))
			items_put(c->to, to[i], maildir_identity(bytes_of(c->ap->messages[i].stem)),
				  items);
	}
	if (cache_pending(c->to->cache) && cache_flush(c->to->cache, c->to->index, &e) < 0)
		log_warn("cache", "%s", e.log);
	buf_free(&out);
}

static int copy_all(struct copying *c, const uint32_t *uids, size_t n, bool move, struct error *e)
{
	keywords_of_index(c->from, &c->names);
	for (size_t i = 0; i < n; i++) {
		int done = copy_one(c, uids[i], e);
		if (done < 0)
			return -1;
		if (done == 0 && !move)
			return error_set(e, ERROR_EXPUNGED, "Some messages no longer exist",
					 "copy of an expunged message");
	}
	return 0;
}

static int copy_once(struct copying *c, const uint32_t *uids, size_t n, bool move,
		     struct append_result *done, struct error *e)
{
	int r = copy_all(c, uids, n, move, e);

	return r == 0 && c->n ? maildir_append_commit(&c->ap->base, done, e) : r;
}

static int copy(struct copying *c, const uint32_t *uids, size_t n, bool move,
		struct append_result *done, struct error *e)
{
	int r;

	c->direct = maildir_can_rename(c->from, c->to);
	r = copy_once(c, uids, n, move, done, e);
	if (r == 0 || !c->ap->unlinked)
		return r;
	c->direct = false;
	c->n = c->ap->n = c->ap->synced = 0;
	return copy_once(c, uids, n, move, done, e);
}

int maildir_copy(struct mailbox *mb, struct mailbox *to, struct arena *a, const uint32_t *uids,
		 size_t n, bool move, struct copy_result *r, struct error *e)
{
	struct copying c = { .from = mb, .to = to };
	struct append_result done = { 0 };
	struct append *ap;

	*r = (struct copy_result){ 0 };
	c.uids = arena_array(a, uint32_t, n);
	c.records = arena_array(a, struct index_record, n);
	if (maildir_append_begin(to, &ap, e) < 0)
		return -1;
	c.ap = (struct maildir_append *)ap;
	bool rename = move && maildir_can_rename(mb, to);
	int result = rename ? maildir_move(&c, uids, n, &done, &r->expunge, e)
			    : copy(&c, uids, n, move, &done, e);
	/* What was moved before an error stays moved, and is told. */
	if (c.n && done.n) {
		r->uidvalidity = done.uidvalidity;
		r->from = c.uids;
		r->n = done.n;
		r->to = arena_array(a, uint32_t, done.n);
		memcpy(r->to, done.uids, done.n * sizeof(*r->to));
		copy_cache(&c, r->to);
	}
	maildir_append_free(ap);
	if (result == 0 && move && !rename && c.n)
		result = maildir_expunge(mb, c.uids, c.n, true, &r->expunge, e);
	return result;
}
