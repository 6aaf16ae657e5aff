/*
 * maildir_expunge.c: messages are removed by unlink.
 *
 * The uidlist is not touched: it needs no room on a full disk, and lines of messages
 * that are gone are dropped when it is written anew off the command path.  `cur`
 * and `new` are synced once per command, before the client is told.
 *
 * Crash points: after an unlink the directory's times differ from those recorded and
 * the next sync finds the message missing.
 */
#include "maildir_append.h"

#include <errno.h>
#include <unistd.h>

#include "fault.h"
#include "file.h"

struct expunge_job {
	struct mailbox *mb;
	struct maildir *m;
	bool any;
	struct change_result *r;
	struct buf lost;
	bool changed, in_new;
};

/* 1 gone; 0 not where the record says; -1. */
static int unlink_one(struct expunge_job *j, const struct index_record *r, struct error *e)
{
	char name[MAILDIR_NAME_MAX + 1];

	if (!maildir_file_name(j->mb, r, name))
		return 0;
	if (unlinkat(maildir_dir(j->m, r->driver), name, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(e, "Message could not be removed", "%s: unlink %s", j->m->path,
				   name);
	}
	FAULT("unlinked");
	if (r->driver & MAILDIR_NEW)
		j->in_new = true;
	index_expunge(j->mb->index, r->uid);
	j->changed = true;
	return 1;
}

static int expunge_one(struct expunge_job *j, uint32_t uid, struct error *e)
{
	struct index_record r;
	int done;

	if (!maildir_record(j->mb, uid, &r)) {
		if (!index_usable(j->mb->index)) { /* damaged: built again, then once more */
			buf_add(&j->lost, &uid, sizeof(uid));
			return 0;
		}
		j->r->missing++;
		return 0;
	}
	if (!j->any && !(r.flags & FLAG_DELETED))
		return 0;
	done = unlink_one(j, &r, e);
	if (done == 0)
		buf_add(&j->lost, &uid, sizeof(uid));
	return done < 0 ? -1 : 0;
}

static int expunge_step(struct expunge_job *j, const uint32_t *uids, size_t n, struct error *e)
{
	struct own_change own;
	struct index_header h;
	bool rebuilt = false;
	int r = 0;

	buf_reset(&j->lost);
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
	for (size_t i = 0; r == 0 && i < n; i++)
		r = expunge_one(j, uids[i], e);
	if (!j->changed) {
		index_abort(j->mb->index);
		return r;
	}
	j->r->modseq = index_modseq(j->mb->index);
	own_end(j->mb, &own);
	if (maildir_commit(j->mb, &rebuilt, r == 0 ? e : NULL) < 0)
		r = -1;
	if (rebuilt)
		j->r->alone = false;
	return r;
}

static int expunge_batch(struct expunge_job *j, const uint32_t *uids, size_t n, struct error *e)
{
	struct buf again = BUF_INIT;
	int r = 0;

	if (index_lock(j->mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	if (!index_usable(j->mb->index))
		r = maildir_sync_locked(j->mb, MAILBOX_SYNC_FULL, false, e);
	if (r == 0)
		r = expunge_step(j, uids, n, e);
	/* A file that isn't there was renamed or removed: the scan says which, and whether
	 * it is \Deleted still. */
	for (int i = 0; i < 3 && r == 0 && j->lost.n; i++) {
		buf_reset(&again);
		buf_bytes(&again, buf_view(&j->lost));
		r = maildir_sync_locked(j->mb, MAILBOX_SYNC_FULL, true, e);
		if (r == 0)
			r = expunge_step(j, (const uint32_t *)(const void *)again.p,
					 again.n / sizeof(uint32_t), e);
	}
	index_unlock(j->mb->index);
	buf_free(&again);
	return r;
}

/* UIDs of all that are \Deleted, by block summaries. */
static void find_deleted(struct mailbox *mb, struct buf *uids)
{
	struct index_header h;
	struct index_block b;
	struct index_record r;

	if (!index_head(mb->index, &h))
		return;
	for (uint64_t i = 0; i < h.count; i++) {
		if (i % INDEX_BLOCK == 0 && index_read_block(mb->index, i / INDEX_BLOCK, &b) &&
		    b.deleted == 0) {
			i += INDEX_BLOCK - 1;
			continue;
		}
		if (index_read(mb->index, i, &r) && !(r.state & INDEX_DEAD) &&
		    (r.flags & FLAG_DELETED))
			buf_add(uids, &r.uid, sizeof(r.uid));
	}
}

int maildir_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool any,
		    struct change_result *r, struct error *e)
{
	struct expunge_job j = { .mb = mb, .m = maildir_of(mb), .any = any, .r = r };
	struct buf all = BUF_INIT;
	int result = 0;

	*r = (struct change_result){ .alone = true };
	if (!uids) {
		find_deleted(mb, &all);
		uids = (const uint32_t *)(const void *)all.p;
		n = all.n / sizeof(*uids);
	}
	for (size_t i = 0; result == 0 && i < n; i += MAILDIR_BATCH) {
		size_t batch = n - i < MAILDIR_BATCH ? n - i : MAILDIR_BATCH;
		result = expunge_batch(&j, uids + i, batch, e);
	}
	if (r->modseq != r->before) {
		mailbox_ring(mb);
		if (dir_sync(j.m->cur) < 0 || (j.in_new && dir_sync(j.m->new) < 0))
			result = error_errno(e, "Messages could not be removed", "fsync %s/cur",
					     j.m->path);
		j.m->unsynced = false;
	}
	maildir_look_again(mb);
	buf_free(&all);
	buf_free(&j.lost);
	return result;
}
