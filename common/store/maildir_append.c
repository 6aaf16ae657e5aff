/*
 * maildir_append.c: new messages, one or many, that appear together or not at all;
 * copies are made of links.
 *
 * Steps, and what a crash leaves behind each:
 *  1. tmp/<unique> is written, its mtime set to the internal date, synced.  No lock is
 *     held.  Left over: files in tmp, which anybody may remove after 36 hours.
 *  2. Under the mailbox lock and dovecot-uidlist.lock: the lines with the new UIDs are
 *     appended to the uidlist.  Left over: UIDs that were never told, burnt.
 *  3. tmp/<unique> is renamed to cur/<stem>:2,<flags>; a copy is linked there.  Left over: messages nobody
 *     acknowledged, which the next sync finds with their UIDs.
 *  4. fdatasync of the uidlist, fsync of cur (one journal commit for both on ext4, as
 *     the renames are part of the transaction that the first of them writes).
 *  5. journal and index, then the result: acknowledged.  Left over: as after 3.
 * More than MAILDIR_BATCH messages take the lock once per batch; when a batch fails those
 * before it are removed again.
 */
#include "maildir_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "log.h"
#include "maildir_append.h"

#define APPEND_OPEN_MAX 32       /* files written and not yet synced */
#define APPEND_WRITE (64u << 10) /* bytes collected per write */

static int failed(struct maildir *m, const char *what, struct error *e)
{
	return error_errno(e, "Message could not be stored", "%s: %s", m->path, what);
}

int maildir_append_begin(struct mailbox *mb, struct append **out, struct error *e)
{
	struct arena a = ARENA_INIT;
	struct maildir *m = maildir_of(mb);

	if (!m->writable || !m->list_writable)
		return error_set(e, ERROR_NOPERM, "Mailbox is read-only", "%s: not writable",
				 m->path);
	if (maildir_tmp(m, e) < 0)
		return -1;
	struct maildir_append *ap = arena_new(&a, struct maildir_append);
	ap->arena = a;
	ap->base.mb = mb;
	ap->fd = -1;
	*out = &ap->base;
	return 0;
}

struct append_message *append_new(struct maildir_append *ap)
{
	if (ap->n == ap->cap) {
		size_t cap = ap->cap ? ap->cap * 2 : 16;
		struct append_message *more = arena_array(&ap->arena, struct append_message, cap);
		if (ap->n)
			memcpy(more, ap->messages, ap->n * sizeof(*more));
		ap->messages = more;
		ap->cap = cap;
	}
	struct append_message *m = &ap->messages[ap->n++];
	m->fd = -1;
	m->date = INDEX_DATE_UNKNOWN;
	m->vsize = INDEX_SIZE_UNKNOWN;
	m->flags = (struct flag_list){ 0 };
	return m;
}

void append_flags(struct maildir_append *ap, const struct flag_list *fl, struct append_message *m)
{
	if (!fl)
		return;
	m->flags.flags = fl->flags & FLAG_ALL;
	m->flags.nkeywords = fl->nkeywords;
	m->flags.keywords = arena_array(&ap->arena, struct bytes, fl->nkeywords);
	for (size_t i = 0; i < fl->nkeywords; i++)
		m->flags.keywords[i] = arena_bytes(&ap->arena, fl->keywords[i]);
}

int maildir_append_start(struct append *base, const struct flag_list *fl, int64_t date,
			 struct error *e)
{
	struct maildir_append *ap = (struct maildir_append *)base;
	struct maildir *md = maildir_of(base->mb);
	char name[MAILDIR_NAME_MAX + 1];
	size_t n = maildir_name_unique(name);
	int fd = file_open(md->tmp, name, O_RDWR | O_CREAT | O_EXCL, md->mode);

	if (fd < 0)
		return failed(md, "create in tmp", e);
	struct append_message *m = append_new(ap);
	m->temp = arena_str(&ap->arena, (struct bytes){ name, n });
	m->fd = fd;
	m->date = date == INDEX_DATE_UNKNOWN ? clock_wall() : date;
	append_flags(ap, fl, m);
	ap->size = ap->octets = 0;
	ap->last = '\0';
	buf_reset(&ap->pending);
	return 0;
}

/* What a client will count: every LF without a CR is two octets. */
static void count(struct maildir_append *ap, struct bytes piece)
{
	const char *p = piece.p, *end = piece.p + piece.n, *lf;

	ap->size += piece.n;
	ap->octets += piece.n;
	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p)))) {
		char before = lf > piece.p ? lf[-1] : ap->last;
		ap->octets += before != '\r';
		p = lf + 1;
	}
	if (piece.n)
		ap->last = piece.p[piece.n - 1];
}

static int flush_pending(struct maildir_append *ap, struct error *e)
{
	struct append_message *m = &ap->messages[ap->n - 1];
	int r = file_write_all(m->fd, ap->pending.p, ap->pending.n);

	buf_reset(&ap->pending);
	return r < 0 ? failed(maildir_of(ap->base.mb), "write in tmp", e) : 0;
}

int maildir_append_write(struct append *base, struct bytes piece, struct error *e)
{
	struct maildir_append *ap = (struct maildir_append *)base;

	count(ap, piece);
	buf_bytes(&ap->pending, piece);
	return ap->pending.n >= APPEND_WRITE ? flush_pending(ap, e) : 0;
}

static int set_date(int fd, int64_t date)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = date } };

	return futimens(fd, t);
}

/* fsync and close of all that are open; writing back of all has begun, so the
 * first sync commits most of the others. */
static int sync_open(struct maildir_append *ap, struct error *e)
{
	int r = 0;

	for (size_t i = ap->synced; i < ap->n; i++) {
		struct append_message *m = &ap->messages[i];
		if (m->fd < 0)
			continue;
		if (r == 0 && file_sync(m->fd) < 0)
			r = failed(maildir_of(ap->base.mb), "fsync in tmp", e);
		if (close(m->fd) < 0 && r == 0 && errno != EINTR)
			r = failed(maildir_of(ap->base.mb), "close in tmp", e);
		m->fd = -1;
	}
	ap->synced = ap->n;
	ap->open = 0;
	return r;
}

int maildir_append_end(struct append *base, struct error *e)
{
	struct maildir_append *ap = (struct maildir_append *)base;
	struct append_message *m = &ap->messages[ap->n - 1];
	char stem[MAILDIR_NAME_MAX + 1];

	if (flush_pending(ap, e) < 0)
		return -1;
	buf_trim(&ap->pending, 0);
	if (set_date(m->fd, m->date) < 0)
		return failed(maildir_of(base->mb), "set date in tmp", e);
	sync_file_range(m->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	int n = snprintf(stem, sizeof(stem), "%s,S=%llu,W=%llu", m->temp,
			 (unsigned long long)ap->size, (unsigned long long)ap->octets);
	if (n < 0 || (size_t)n >= sizeof(stem))
		return error_set(e, ERROR_INTERNAL, "Message could not be stored",
				 "name of a new message is too long");
	m->stem = arena_str(&ap->arena, (struct bytes){ stem, (size_t)n });
	m->size = ap->size;
	m->vsize = ap->octets;
	m->collect = true;
	return ++ap->open >= APPEND_OPEN_MAX ? sync_open(ap, e) : 0;
}

/* --- commit --- */

struct commit {
	struct maildir_append *ap;
	struct mailbox *mb;
	struct maildir *m;
	struct append_message *messages; /* of this batch */
	size_t n;
	struct buf lines;
	int list; /* descriptor of the uidlist, appended to */
	size_t renamed;
};

/* All keywords of the batch exist afterwards, in the open transaction. */
static int resolve_keywords(struct commit *c, struct error *e)
{
	struct buf all = BUF_INIT;
	uint64_t bits;
	int r = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->messages[i].flags.nkeywords; k++)
			if (!keywords_known(c->mb, &c->messages[i].flags.keywords[k], 1, &bits))
				buf_add(&all, &c->messages[i].flags.keywords[k],
					sizeof(struct bytes));
	if (all.n)
		r = keywords_make(c->mb, (const struct bytes *)(const void *)all.p,
				  all.n / sizeof(struct bytes), &bits, e);
	buf_free(&all);
	return r;
}

static uint64_t bits_of(const struct keyword_names *names, const struct flag_list *fl)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < fl->nkeywords; i++) {
		int bit = keyword_names_find(names, fl->keywords[i]);
		if (bit >= 0)
			bits |= 1ull << bit;
	}
	return bits;
}

/* UIDs and lines.  The names of keywords made in this transaction are those of the store. */
static int number(struct commit *c, struct error *e)
{
	struct keyword_names names;
	struct index_header h;
	struct stamp at;
	bool any = false;

	if (!index_head(c->mb->index, &h) || h.uidnext >= UIDLIST_UID_MAX - c->n)
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "%s: no UID",
				 c->m->path);
	for (size_t i = 0; i < c->n; i++)
		any = any || c->messages[i].flags.nkeywords;
	if (any) {
		keywords_of_index(c->mb, &names);
		struct keyword_names file = { 0 };
		if (keywords_read(c->mb, &file, &at, e) < 0)
			return -1;
		for (int k = 0; k < MAILDIR_LETTERS; k++)
			if (file.name[k][0])
				memcpy(names.name[k], file.name[k], INDEX_KEYWORD_SIZE);
	}
	for (size_t i = 0; i < c->n; i++) {
		struct append_message *m = &c->messages[i];
		m->uid = h.uidnext + (uint32_t)i;
		m->keywords = any ? bits_of(&names, &m->flags) : 0;
		uidlist_write_line(&c->lines, m->uid, BYTES(""), m->keywords, bytes_of(m->stem));
	}
	return 0;
}

/* Under both locks: index and uidlist know of all that was there before. */
static int be_current(struct commit *c, struct error *e)
{
	if (maildir_sync_locked(c->mb, MAILBOX_SYNC_FAST, false, e) < 0)
		return -1;
	if (!index_usable(c->mb->index))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "%s: no index",
				 c->m->path);
	return 0;
}

/* Names of keywords without a letter stand in the list's header, before the first line
 * that has one. */
static int name_high(struct commit *c, struct error *e)
{
	struct uidlist have = UIDLIST_INIT;
	struct maildir_state s;
	char name[INDEX_KEYWORD_SIZE];
	uint64_t high = 0;
	bool missing = false;
	int r;

	for (size_t i = 0; i < c->n; i++)
		high |= c->messages[i].keywords >> UIDLIST_HIGH_FIRST;
	if (!high)
		return 0;
	r = list_read(c->mb, &have, &s, e);
	for (unsigned i = 0; r > 0 && i < UIDLIST_HIGH; i++) {
		size_t n = index_keyword(c->mb->index, UIDLIST_HIGH_FIRST + i, name);
		if (high >> i & 1 && !bytes_eq(have.high[i], (struct bytes){ name, n }))
			missing = true;
	}
	if (missing)
		r = list_rewrite(c->mb, &have, e);
	uidlist_free(&have);
	return r < 0 ? -1 : 0;
}

static int append_lines(struct commit *c, struct error *e)
{
	struct uidlist have = UIDLIST_INIT;
	struct maildir_state s;
	int r;

	if (name_high(c, e) < 0)
		return -1;
	r = list_append(c->mb, buf_view(&c->lines), &c->list, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	r = list_read(c->mb, &have, &s, e);
	r = r < 0 ? -1 : list_rewrite(c->mb, &have, e);
	uidlist_free(&have);
	if (r < 0 || (r = list_append(c->mb, buf_view(&c->lines), &c->list, e)) < 0)
		return -1;
	return r ? 0
		 : error_set(e, ERROR_TEMPORARY, "Mailbox could not be written",
			     "%s: %s can't be appended to", c->m->path, UIDLIST_FILE);
}

/* The message appears under its name. */
static int show_one(struct commit *c, const struct append_message *m, const char *name)
{
	if (!m->linked)
		return file_rename_new(m->moved ? m->from_dir : c->m->tmp, m->temp, c->m->cur,
				       name);
	if (linkat(m->from_dir, m->temp, c->m->cur, name, 0) == 0)
		return 0;
	c->ap->unlinked = errno == ENOENT || errno == EXDEV || errno == EMLINK || errno == EPERM ||
			  errno == EOPNOTSUPP;
	return -1;
}

static int show(struct commit *c, struct error *e)
{
	char name[MAILDIR_NAME_MAX + 1];

	for (size_t i = 0; i < c->n; i++) {
		struct append_message *m = &c->messages[i];
		if (!maildir_name_write(bytes_of(m->stem), 0, m->flags.flags, m->keywords, name))
			return error_set(e, ERROR_INTERNAL, "Message could not be stored",
					 "name of a new message is too long");
		if (show_one(c, m, name) < 0)
			return failed(c->m, "rename to cur", e);
		c->renamed++;
		FAULT("shown");
	}
	return 0;
}

static void hide(struct commit *c)
{
	char name[MAILDIR_NAME_MAX + 1];

	for (size_t i = 0; i < c->renamed; i++) {
		struct append_message *m = &c->messages[i];
		maildir_name_write(bytes_of(m->stem), 0, m->flags.flags, m->keywords, name);
		m->uid = 0;
		if (!m->moved)
			unlinkat(c->m->cur, name, 0);
		else if (file_rename_new(c->m->cur, name, m->from_dir, m->temp) < 0)
			log_error("move", "%s/cur/%s stays there: %s", c->m->path, name,
				  strerror(errno));
	}
}

static int make_durable(struct commit *c, struct error *e)
{
	int fd = c->list;

	c->list = -1;
	if (list_appended(c->mb, fd, e) < 0)
		return -1;
	return dir_sync(c->m->cur) < 0 ? failed(c->m, "fsync of cur", e) : 0;
}

static void tell_index(struct commit *c, int64_t now)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct append_message *m = &c->messages[i];
		struct index_record r = {
			.uid = m->uid,
			.flags = m->flags.flags,
			.keywords = m->keywords,
			.internal_date = m->date,
			.save_date = now > 0 && now < UINT32_MAX ? (uint32_t)now : 0,
			.vsize = m->vsize,
		};
		index_add(c->mb->index, &r, bytes_of(m->stem));
	}
}

static void mark_unsized(struct commit *c, struct own_change *own)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->messages[i].vsize == INDEX_SIZE_UNKNOWN)
			own->state.bits |= STATE_UNSIZED;
	own->state.list_lines += c->n;
}

/* Both locks are held. */
static int commit_locked(struct commit *c, struct error *e)
{
	struct own_change own;
	int r;

	if (be_current(c, e) < 0)
		return -1;
	own_begin(c->mb, &own);
	index_begin(c->mb->index);
	c->list = -1;
	r = resolve_keywords(c, e);
	if (r == 0)
		r = number(c, e);
	if (r == 0)
		r = append_lines(c, e);
	if (r == 0)
		r = show(c, e);
	if (r == 0)
		r = make_durable(c, e);
	if (r < 0) {
		if (c->list >= 0)
			close(c->list);
		hide(c);
		index_abort(c->mb->index);
		return -1;
	}
	FAULT("durable");
	tell_index(c, clock_wall());
	mark_unsized(c, &own);
	own_end(c->mb, &own);
	return maildir_commit(c->mb, NULL, e);
}

int maildir_append_show(struct maildir_append *ap, struct append_message *messages, size_t n,
			struct error *e)
{
	struct mailbox *mb = ap->base.mb;
	struct commit c = { .ap = ap, .mb = mb, .m = maildir_of(mb), .messages = messages, .n = n };
	int r = list_lock(mb, e);

	if (r == 0) {
		r = commit_locked(&c, e);
		list_unlock(mb);
	}
	buf_free(&c.lines);
	return r;
}

static int commit_batch(struct maildir_append *ap, struct append_message *messages, size_t n,
			struct error *e)
{
	struct mailbox *mb = ap->base.mb;
	int r;

	if (index_lock(mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	r = maildir_append_show(ap, messages, n, e);
	index_unlock(mb->index);
	return r;
}

/* For the cache, while the message is in memory anyway; no lock is held. */
static void collect(struct maildir_append *ap)
{
	struct mailbox *mb = ap->base.mb;
	struct arena scratch = ARENA_INIT;
	struct mail mail;
	struct error e;

	for (size_t i = 0; i < ap->n; i++) {
		struct append_message *m = &ap->messages[i];
		struct index_record r;
		if (!m->collect || !maildir_record(mb, m->uid, &r) ||
		    mb->driver->mail(mb, &r, false, &mail, &e) <= 0)
			continue;
		items_collect(mb, &scratch, m->uid, maildir_identity(bytes_of(m->stem)), mail.raw);
		mb->driver->mail_close(mb, &mail);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	if (mb->cache && cache_pending(mb->cache) && cache_flush(mb->cache, mb->index, &e) < 0)
		log_warn("cache", "%s", e.log);
}

/* Those of earlier batches. */
static void take_back(struct maildir_append *ap, size_t n)
{
	uint32_t *uids = arena_array(&ap->arena, uint32_t, n);
	struct change_result r;
	struct error e;

	for (size_t i = 0; i < n; i++)
		uids[i] = ap->messages[i].uid;
	if (n && maildir_expunge(ap->base.mb, uids, n, true, &r, &e) < 0)
		log_error("append", "can't be undone: %s", e.log);
}

int maildir_append_commit(struct append *base, struct append_result *r, struct error *e)
{
	struct maildir_append *ap = (struct maildir_append *)base;
	struct index_header h = { 0 };
	uint32_t *uids = arena_array(&ap->arena, uint32_t, ap->n);

	*r = (struct append_result){ 0 };
	if (sync_open(ap, e) < 0)
		return -1;
	FAULT("written");
	for (size_t i = 0; i < ap->n; i += MAILDIR_BATCH) {
		size_t n = ap->n - i < MAILDIR_BATCH ? ap->n - i : MAILDIR_BATCH;
		if (commit_batch(ap, ap->messages + i, n, e) < 0) {
			take_back(ap, i);
			return -1;
		}
	}
	ap->committed = true;
	mailbox_ring(base->mb);
	collect(ap);
	maildir_look_again(base->mb);
	for (size_t i = 0; i < ap->n; i++)
		uids[i] = ap->messages[i].uid;
	if (index_head(base->mb->index, &h))
		r->uidvalidity = h.uidvalidity;
	r->uids = uids;
	r->n = ap->n;
	return 0;
}

void maildir_append_free(struct append *base)
{
	struct maildir_append *ap = (struct maildir_append *)base;
	struct maildir *m = maildir_of(base->mb);
	struct arena a;

	for (size_t i = 0; i < ap->n; i++) {
		if (ap->messages[i].fd >= 0)
			close(ap->messages[i].fd);
		if (!ap->committed && !ap->messages[i].moved && !ap->messages[i].linked)
			unlinkat(m->tmp, ap->messages[i].temp, 0);
	}
	buf_free(&ap->pending);
	a = ap->arena; /* it lives in it */
	arena_free(&a);
}
