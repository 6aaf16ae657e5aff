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

struct store_job {
	struct mailbox *mb;
	struct maildir *m;
	struct arena *arena;
	enum flag_mode mode;
	const struct flag_list *fl;
	uint64_t keywords; /* bits of fl's keywords */
	uint64_t unchanged_since;
	struct change_result *r;
	size_t skipped_cap;
	/* of one batch */
	struct buf lost;                 /* uids whose file was not where it should be */
	struct buf high_uids, high_bits; /* keywords for the uidlist */
	bool changed;
};

static void skip(struct store_job *j, uint32_t uid)
{
	struct change_result *r = j->r;

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
	size_t nf = maildir_file_name(j->mb, r, from);
	size_t nt = nf ? maildir_name_change((struct bytes){ from, nf }, flags, keywords, to) : 0;
	struct maildir_name n;

	if (!nf)
		return 0; /* damaged: built again, then once more */
	if (!nt)
		return error_set(e, ERROR_LIMIT, "File name of a message would be too long",
				 "%s: name of uid %u", j->m->path, r->uid);
	if ((strcmp(from, to) != 0 || r->driver & MAILDIR_NEW) &&
	    file_rename_new(maildir_dir(j->m, r->driver), from, j->m->cur, to) < 0) {
		if (errno == ENOENT || errno == EEXIST)
			return 0;
		return error_errno(e, "Flags could not be stored", "%s: rename %s", j->m->path,
				   from);
	}
	FAULT("renamed");
	maildir_name_parse((struct bytes){ to, nt }, 0, &n);
	index_set_flags(j->mb->index, r->uid, flags, keywords);
	if (n.odd || r->driver)
		index_set_place(j->mb->index, r->uid, n.odd ? MAILDIR_ODD : 0,
				n.odd ? (struct bytes){ to, nt } : n.stem);
	j->changed = true;
	return 1;
}

static int store_one(struct store_job *j, uint32_t uid, struct error *e)
{
	struct index_record r;
	uint16_t flags = 0;
	uint64_t keywords = 0;

	if (!maildir_record(j->mb, uid, &r)) {
		if (!index_usable(j->mb->index)) { /* damaged: built again, then once more */
			buf_add(&j->lost, &uid, sizeof(uid));
			return 0;
		}
		j->r->missing++;
		return 0;
	}
	if (r.modseq > j->unchanged_since) {
		skip(j, uid);
		return 0;
	}
	wanted(j, &r, &flags, &keywords);
	if (flags == r.flags && keywords == r.keywords)
		return 0;
	int done = rename_one(j, &r, flags, keywords, e);
	if (done == 0)
		buf_add(&j->lost, &uid, sizeof(uid));
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

	if (keywords_known(j->mb, fl->keywords, fl->nkeywords, &j->keywords))
		return 0;
	if (j->mode == FLAGS_REMOVE) {
		j->keywords = 0;
		for (size_t i = 0; i < fl->nkeywords; i++)
			if (keywords_known(j->mb, &fl->keywords[i], 1, &bits))
				j->keywords |= bits;
		return 0;
	}
	if (list_lock(j->mb, e) < 0)
		return -1;
	int r = keywords_make(j->mb, fl->keywords, fl->nkeywords, &j->keywords, e);
	list_unlock(j->mb);
	return r;
}

/* Keywords that stand in the uidlist.  0/-1. */
static int store_high(struct store_job *j, struct error *e)
{
	return !j->high_uids.n
		       ? 0
		       : list_set_keywords(j->mb, (const uint32_t *)(const void *)j->high_uids.p,
					   (const uint64_t *)(const void *)j->high_bits.p,
					   j->high_uids.n / sizeof(uint32_t), e);
}

/* The renames of one batch and their transaction.  0/-1; what was done stays: of what the
 * uidlist could not take the index is told nothing, and the next scan finds the renames. */
static int change_batch(struct store_job *j, const uint32_t *uids, size_t n, struct error *e)
{
	struct own_change own;
	struct index_header h;
	struct error commit_error = { 0 };
	bool rebuilt = false;
	int r;

	buf_reset(&j->lost);
	buf_reset(&j->high_uids);
	buf_reset(&j->high_bits);
	j->changed = false;
	if (!index_head(j->mb->index, &h))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "%s: no header",
				 j->m->path);
	if (j->r->modseq && h.highest_modseq != j->r->modseq)
		j->r->alone = false;
	if (!j->r->modseq)
		j->r->before = j->r->modseq = h.highest_modseq;
	own_begin(j->mb, &own);
	index_begin(j->mb->index);
	r = resolve_keywords(j, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = store_one(j, uids[i], e);
	bool listed = store_high(j, r == 0 ? e : NULL) == 0;
	if (!listed || (!j->changed && r < 0)) {
		j->m->unsynced = j->m->unsynced || j->changed;
		index_abort(j->mb->index);
		return -1;
	}
	if (j->changed) {
		j->r->modseq = index_modseq(j->mb->index);
		j->m->unsynced = true;
		own_end(j->mb, &own);
	}
	if (maildir_commit(j->mb, &rebuilt, &commit_error) < 0) {
		if (r == 0 && e)
			*e = commit_error;
		r = -1;
	}
	if (rebuilt)
		j->r->alone = false;
	return r;
}

/* Under one holding of the lock. */
static int store_batch(struct store_job *j, const uint32_t *uids, size_t n, struct error *e)
{
	struct buf again = BUF_INIT;
	int r = 0;

	if (index_lock(j->mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	bool locked = list_lock_soft(j->mb);
	if (!index_usable(j->mb->index))
		r = maildir_sync_locked(j->mb, MAILBOX_SYNC_FULL, false, e);
	if (r == 0)
		r = change_batch(j, uids, n, e);
	for (int i = 0; i < 3 && r == 0 && j->lost.n; i++) {
		buf_reset(&again);
		buf_bytes(&again, buf_view(&j->lost));
		r = maildir_sync_locked(j->mb, MAILBOX_SYNC_FULL, true, e);
		if (r == 0)
			r = change_batch(j, (const uint32_t *)(const void *)again.p,
					 again.n / sizeof(uint32_t), e);
	}
	if (r == 0 && j->lost.n)
		r = error_set(e, ERROR_TEMPORARY, "Another program is changing this mailbox",
			      "%s: files not found after three scans", j->m->path);
	if (locked)
		list_unlock(j->mb);
	index_unlock(j->mb->index);
	buf_free(&again);
	return r;
}

int maildir_store_flags(struct mailbox *mb, struct arena *a, const uint32_t *uids, size_t n,
			enum flag_mode mode, const struct flag_list *fl, uint64_t unchanged_since,
			struct change_result *r, struct error *e)
{
	struct store_job j = {
		.mb = mb,
		.m = maildir_of(mb),
		.arena = a,
		.mode = mode,
		.fl = fl,
		.unchanged_since = unchanged_since,
		.r = r,
	};
	int result = 0;

	*r = (struct change_result){ .alone = true };
	for (size_t i = 0; result == 0 && i < n; i += MAILDIR_BATCH) {
		size_t batch = n - i < MAILDIR_BATCH ? n - i : MAILDIR_BATCH;
		result = store_batch(&j, uids + i, batch, e);
	}
	if (r->modseq != r->before)
		mailbox_ring(mb);
	maildir_look_again(mb);
	buf_free(&j.lost);
	buf_free(&j.high_uids);
	buf_free(&j.high_bits);
	return result;
}
