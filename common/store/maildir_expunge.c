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
#include "maildir_change.h"

struct expunge_job {
	struct change c;
	bool any;
	bool in_new;
};

/* 1 gone; 0 not where the record says; -1. */
static int unlink_one(struct expunge_job *j, const struct index_record *r, struct error *e)
{
	struct maildir *m = j->c.m;
	char name[MAILDIR_NAME_MAX + 1];

	if (!maildir_file_name(j->c.mb, r, name))
		return 0;
	if (unlinkat(maildir_dir(m, r->driver), name, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(e, "Message could not be removed", "%s: unlink %s", m->path,
				   name);
	}
	FAULT("unlinked");
	if (r->driver & MAILDIR_NEW)
		j->in_new = true;
	index_expunge(j->c.mb->index, r->uid);
	j->c.changed = true;
	return 1;
}

/* A file that isn't there was renamed or removed: the scan says which, and whether it is
 * \Deleted still. */
static int expunge_one(struct expunge_job *j, uint32_t uid, struct error *e)
{
	struct index_record r;
	int done;

	if (!change_record(&j->c, uid, &r) || (!j->any && !(r.flags & FLAG_DELETED)))
		return 0;
	done = unlink_one(j, &r, e);
	if (done == 0)
		change_lost(&j->c, uid);
	return done < 0 ? -1 : 0;
}

static int expunge_batch(struct change *c, const uint32_t *uids, size_t n, struct error *e)
{
	int r = 0;

	if (change_begin(c, e) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = expunge_one((struct expunge_job *)c, uids[i], e);
	if (c->changed)
		return change_end(c, r, e);
	index_abort(c->mb->index);
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
	struct maildir *m = maildir_of(mb);
	struct expunge_job j = { { .mb = mb, .m = m, .r = r, .batch = expunge_batch }, .any = any };
	struct buf all = BUF_INIT;
	int result;

	if (!uids) {
		find_deleted(mb, &all);
		uids = (const uint32_t *)(const void *)all.p;
		n = all.n / sizeof(*uids);
	}
	result = change_all(&j.c, uids, n, e);
	if (r->modseq != r->before) {
		mailbox_ring(mb);
		if (dir_sync(m->cur) < 0 || (j.in_new && dir_sync(m->new) < 0))
			result = error_errno(e, "Messages could not be removed", "fsync %s/cur",
					     m->path);
		m->unsynced = false;
	}
	maildir_look_again(mb);
	buf_free(&all);
	return result;
}
