/*
 * maildir_flags.c: flag changes are renames.
 *
 * A change is a delta to the name found on disk: first the recorded name is tried; if
 * the file isn't there a stranger renamed it, and a scan tells its name.  Every
 * rename uses RENAME_NOREPLACE; when the target is there, the same base exists twice
 * and the scan resolves that.
 *
 * Nothing is synced here: mailbox_durable syncs `cur` once for all the STOREs whose
 * replies leave together, before they leave.  \Seen set by a FETCH is synced by
 * mailbox_settle, when nobody waits; expunges are synced at once.
 *
 * Crash points: after a rename the directory's times differ from those recorded and
 * the next sync finds the flags in the name.
 */
#include "maildir_append.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "fault.h"
#include "file.h"
#include "log.h"
#include "maildir_change.h"

struct store_job {
	struct change c;
	struct arena *arena;
	enum flag_mode mode;
	const struct flag_list *fl;
	uint64_t keywords; /* bits of fl's keywords */
	uint64_t unchanged_since;
	size_t skipped_cap;
	struct buf high_uids, high_bits; /* keywords of one batch for the uidlist */
};

static void skip(struct store_job *j, uint32_t uid)
{
	struct change_result *r = j->c.r;

	if (r->skipped == j->skipped_cap) {
		size_t cap = j->skipped_cap ? j->skipped_cap * 2 : 64;
		uint32_t *more = arena_array(j->arena, uint32_t, cap);
		if (r->skipped)
			memcpy(more, r->skipped_uids, r->skipped * sizeof(*more));
		r->skipped_uids = more;
		j->skipped_cap = cap;
	}
	r->skipped_uids[r->skipped++] = uid;
}

static void wanted(const struct store_job *j, const struct index_record *r, uint16_t *flags,
		   uint64_t *keywords)
{
	switch (j->mode) {
	case FLAGS_SET:
		*flags = j->fl->flags & FLAG_ALL;
		*keywords = j->keywords;
		break;
	case FLAGS_ADD:
		*flags = r->flags | (j->fl->flags & FLAG_ALL);
		*keywords = r->keywords | j->keywords;
		break;
	case FLAGS_REMOVE:
		*flags = r->flags & (uint16_t)~j->fl->flags;
		*keywords = r->keywords & ~j->keywords;
		break;
	}
}

/* The file gets the name for these flags, in `cur`; the transaction is told.  1; 0 it isn't
 * where the record says, or the name is taken; -1. */
static int rename_one(struct store_job *j, const struct index_record *r, uint16_t flags,
		      uint64_t keywords, struct error *e)
{
	char from[MAILDIR_NAME_MAX + 1], to[MAILDIR_NAME_MAX + 1];
	size_t nf = maildir_file_name(j->c.mb, r, from);
	size_t nt = nf ? maildir_name_change((struct bytes){ from, nf }, flags, keywords, to) : 0;
	struct maildir_name n;

	if (!nf)
		return 0; /* damaged: built again, then once more */
	if (!nt)
		return error_set(e, ERROR_LIMIT, "File name of a message would be too long",
				 "%s: name of uid %u", j->c.m->path, r->uid);
	if ((strcmp(from, to) != 0 || r->driver & MAILDIR_NEW) &&
	    file_rename_new(maildir_dir(j->c.m, r->driver), from, j->c.m->cur, to) < 0) {
		if (errno == ENOENT || errno == EEXIST)
			return 0;
		return error_errno(e, "Flags could not be stored", "%s: rename %s", j->c.m->path,
				   from);
	}
	FAULT("renamed");
	maildir_name_parse((struct bytes){ to, nt }, 0, &n);
	index_set_flags(j->c.mb->index, r->uid, flags, keywords);
	if (n.odd || r->driver)
		index_set_place(j->c.mb->index, r->uid, n.odd ? MAILDIR_ODD : 0,
				n.odd ? (struct bytes){ to, nt } : n.stem);
	j->c.changed = true;
	return 1;
}

static int store_one(struct store_job *j, uint32_t uid, struct error *e)
{
	struct index_record r;
	uint16_t flags = 0;
	uint64_t keywords = 0;

	if (!change_record(&j->c, uid, &r))
		return 0;
	if (r.modseq > j->unchanged_since) {
		skip(j, uid);
		return 0;
	}
	wanted(j, &r, &flags, &keywords);
	if (flags == r.flags && keywords == r.keywords)
		return 0;
	int done = rename_one(j, &r, flags, keywords, e);
	if (done == 0)
		change_lost(&j->c, uid);
	if (done == 1 && (keywords ^ r.keywords) >> UIDLIST_HIGH_FIRST) {
		buf_add(&j->high_uids, &uid, sizeof(uid));
		buf_add(&j->high_bits, &keywords, sizeof(keywords));
	}
	return done < 0 ? -1 : 0;
}

/* Bits of the keywords, made if new; a removal makes none. */
static int resolve_keywords(struct store_job *j, struct error *e)
{
	const struct flag_list *fl = j->fl;
	uint64_t bits;

	if (keywords_known(j->c.mb, fl->keywords, fl->nkeywords, &j->keywords))
		return 0;
	if (j->mode == FLAGS_REMOVE) {
		j->keywords = 0;
		for (size_t i = 0; i < fl->nkeywords; i++)
			if (keywords_known(j->c.mb, &fl->keywords[i], 1, &bits))
				j->keywords |= bits;
		return 0;
	}
	if (list_lock(j->c.mb, e) < 0)
		return -1;
	int r = keywords_make(j->c.mb, fl->keywords, fl->nkeywords, &j->keywords, e);
	list_unlock(j->c.mb);
	return r;
}

/* Keywords that stand in the uidlist.  0/-1. */
static int store_high(struct store_job *j, struct error *e)
{
	return !j->high_uids.n
		       ? 0
		       : list_set_keywords(j->c.mb, (const uint32_t *)(const void *)j->high_uids.p,
					   (const uint64_t *)(const void *)j->high_bits.p,
					   j->high_uids.n / sizeof(uint32_t), e);
}

/* The renames of one batch and their transaction.  0/-1; what was done stays: of what the
 * uidlist could not take the index is told nothing, and the next scan finds the renames. */
static int store_listed(struct store_job *j, const uint32_t *uids, size_t n, struct error *e)
{
	struct change *c = &j->c;
	int r;

	buf_reset(&j->high_uids);
	buf_reset(&j->high_bits);
	if (change_begin(c, e) < 0)
		return -1;
	r = resolve_keywords(j, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = store_one(j, uids[i], e);
	bool listed = store_high(j, r == 0 ? e : NULL) == 0;
	c->m->unsynced = c->m->unsynced || c->changed;
	if (listed && (c->changed || r == 0))
		return change_end(c, r, e);
	index_abort(c->mb->index);
	return -1;
}

static int store_batch(struct change *c, const uint32_t *uids, size_t n, struct error *e)
{
	bool locked = list_lock_soft(c->mb);
	int r = store_listed((struct store_job *)c, uids, n, e);

	if (locked)
		list_unlock(c->mb);
	return r;
}

int maildir_store_flags(struct mailbox *mb, struct arena *a, const uint32_t *uids, size_t n,
			enum flag_mode mode, const struct flag_list *fl, uint64_t unchanged_since,
			struct change_result *r, struct error *e)
{
	struct store_job j = {
		.c = { .mb = mb,
		       .m = maildir_of(mb),
		       .r = r,
		       .batch = store_batch,
		       .insist = true },
		.arena = a,
		.mode = mode,
		.fl = fl,
		.unchanged_since = unchanged_since,
	};
	int result = change_all(&j.c, uids, n, e);

	if (r->modseq != r->before)
		mailbox_ring(mb);
	maildir_look_again(mb);
	buf_free(&j.high_uids);
	buf_free(&j.high_bits);
	return result;
}
