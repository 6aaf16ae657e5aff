/*
 * maildir_change.c: see maildir_change.h.
 *
 * Crash points are those of the batches: what was done to files when the transaction
 * isn't written, the next sync finds by the directory's times.
 */
#include "maildir_change.h"

#define SCANS_MAX 3 /* for what a stranger renames again and again */

int change_begin(struct change *c, struct error *e)
{
	struct index_header h;

	c->changed = false;
	if (!index_head(c->mb->index, &h))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "%s: no header",
				 c->m->path);
	if (c->r->modseq && h.highest_modseq != c->r->modseq)
		c->r->alone = false;
	if (!c->r->modseq)
		c->r->before = c->r->modseq = h.highest_modseq;
	own_begin(c->mb, &c->own);
	index_begin(c->mb->index);
	return 0;
}

int change_end(struct change *c, int r, struct error *e)
{
	bool rebuilt = false;

	if (c->changed) {
		c->r->modseq = index_modseq(c->mb->index);
		own_end(c->mb, &c->own);
	}
	if (maildir_commit(c->mb, &rebuilt, r == 0 ? e : NULL) < 0)
		r = -1;
	if (rebuilt)
		c->r->alone = false;
	return r;
}

void change_lost(struct change *c, uint32_t uid)
{
	buf_add(&c->lost, &uid, sizeof(uid));
}

bool change_record(struct change *c, uint32_t uid, struct index_record *r)
{
	if (maildir_record(c->mb, uid, r))
		return true;
	if (index_usable(c->mb->index))
		c->r->missing++;
	else /* damaged: built again, then once more */
		change_lost(c, uid);
	return false;
}

static int change_locked(struct change *c, const uint32_t *uids, size_t n, struct error *e)
{
	struct buf again = BUF_INIT;
	int r = 0;

	buf_reset(&c->lost);
	if (!index_usable(c->mb->index))
		r = maildir_sync_locked(c->mb, MAILBOX_SYNC_FULL, false, e);
	if (r == 0)
		r = c->batch(c, uids, n, e);
	for (int i = 0; i < SCANS_MAX && r == 0 && c->lost.n; i++) {
		buf_reset(&again);
		buf_bytes(&again, buf_view(&c->lost));
		buf_reset(&c->lost);
		r = maildir_sync_locked(c->mb, MAILBOX_SYNC_FULL, true, e);
		if (r == 0)
			r = c->batch(c, (const uint32_t *)(const void *)again.p,
				     again.n / sizeof(uint32_t), e);
	}
	if (r == 0 && c->lost.n && c->insist)
		r = error_set(e, ERROR_TEMPORARY, "Another program is changing this mailbox",
			      "%s: files not found after %d scans", c->m->path, SCANS_MAX);
	buf_free(&again);
	return r;
}

int change_all(struct change *c, const uint32_t *uids, size_t n, struct error *e)
{
	int r = 0;

	*c->r = (struct change_result){ .alone = true };
	for (size_t i = 0; r == 0 && i < n; i += MAILDIR_BATCH) {
		size_t batch = n - i < MAILDIR_BATCH ? n - i : MAILDIR_BATCH;
		if (index_lock(c->mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
			r = -1;
		else {
			r = change_locked(c, uids + i, batch, e);
			index_unlock(c->mb->index);
		}
	}
	buf_free(&c->lost);
	return r;
}
