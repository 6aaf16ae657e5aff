/*
 * lock.c: the mailbox lock, what is done first under it, and `clean`.
 *
 * The lock is flock on a directory of the store, because index and journal
 * may be deleted or replaced at any time (index-design §5).  Whoever gets it
 * makes the handle current: the file is still the one of that name, what the
 * journal has beyond the index is replayed, a torn tail is cut off.
 *
 * Those who changed something hold a shared flock on the index file itself
 * until they close; the last of them syncs and marks it clean (§6).
 */
#include "index_private.h"

#include <assert.h>
#include <errno.h>
#include <sys/file.h>

#include "clock.h"
#include "file.h"
#include "log.h"

#define RESIDENT_TIMEOUT_MS 5000 /* a leaver may hold it for an instant */
#define LEAVE_TIMEOUT_MS 2000
#define IN_VAIN_MS 1000 /* longer than from one try of a command to its next */

/* --- those who changed something --- */

static int put_boot(struct index_map *m)
{
	char id[sizeof((struct index_header *)0)->boot_id] = "";
	memcpy(id, file_boot_id(), strlen(file_boot_id()));
	map_put(m, HEAD_AT(boot_id), id, sizeof id);
	return map_ok(m) ? 0 : -1;
}

int index_enter(struct index *ix)
{
	struct index_map *m = ix->map;
	if (m->fd < 0)
		return 0;
	if (!m->writable) {
		errno = EROFS;
		return -1;
	}
	if (!m->resident) {
		int r = file_lock(m->fd, LOCK_SH, RESIDENT_TIMEOUT_MS);
		if (r == 0)
			errno = EAGAIN;
		if (r != 1)
			return -1;
		m->resident = true;
	}
	if (!map_load(m, HEAD_AT(clean)))
		return 0;
	/* The boot id first: who reads clean == 0 compares it. */
	errno = EIO;
	if (put_boot(m) < 0)
		return -1;
	map_store(m, HEAD_AT(clean), 0);
	CRASH_POINT("unclean");
	return file_datasync(m->fd);
}

/* Nobody else changed something, or all of them have left. */
static bool alone(struct index_map *m)
{
	return file_lock(m->fd, LOCK_EX, 0) == 1;
}

/* Crash points: before `clean` is on disk the file is one that wasn't closed
 * clean; all that it says is there is on disk before `clean` is set. */
static void mark_clean(struct index *ix, struct index_map *m)
{
	if (ix->map != m || !index_usable(ix) || !alone(m) || map_load(m, HEAD_AT(clean)) ||
	    map_load(m, HEAD_AT(change)) & 1 || index_checkpoint(ix, NULL) < 0)
		return;
	CRASH_POINT("synced");
	if (put_boot(m) < 0)
		return;
	map_store(m, HEAD_AT(clean), 1);
	CRASH_POINT("clean");
	if (file_datasync(m->fd) < 0)
		map_store(m, HEAD_AT(clean), 0);
}

void index_leave(struct index *ix)
{
	struct index_map *m = ix->map;
	struct error e;

	/* Most of the syncing is done before the mailbox lock is taken. */
	if (!index_usable(ix) || map_superseded(m) || !alone(m) ||
	    file_lock(m->fd, LOCK_SH, 0) != 1 || index_checkpoint(ix, &e) < 0 ||
	    index_lock(ix, LEAVE_TIMEOUT_MS, &e) < 0)
		return;
	mark_clean(ix, m);
	index_unlock(ix);
}

/* --- what is done first under the lock --- */

/* Applies the frames that the index doesn't have.  0/-1. */
static int replay_frames(struct index *ix, bool torn)
{
	struct index_map *m = ix->map;
	struct journal *j = &ix->journal;
	struct buf frame = BUF_INIT;
	uint64_t applied = map_load(m, HEAD_AT(applied));
	int r;

	while ((r = journal_read(j, applied, &frame)) == 1) {
		struct journal_frame f = journal_frame_of(&frame);
		uint64_t epoch = map_load(m, HEAD_AT(epoch));
		r = f.modseq >> INDEX_EPOCH_SHIFT == epoch ? 0 : -1;
		if (r == 0)
			r = apply_frame(m, journal_frame_ops(&frame), f.modseq, applied + f.length,
					torn);
		if (r < 0)
			break;
		torn = false;
		applied += f.length;
	}
	buf_free(&frame);
	if (r == 0 && torn) /* nothing of the journal was half applied */
		r = map_load(m, HEAD_AT(applying)) == applied && apply_recount(m) ? 0 : -1;
	return r == 0 && j->fd >= 0 && j->end > applied ? journal_cut(j, applied) : r;
}

/* 0: the index has all that the journal has.  -1: it can't be used. */
static int replay(struct index *ix)
{
	struct index_map *m = ix->map;
	bool torn = map_load(m, HEAD_AT(change)) & 1;
	uint64_t applied = map_load(m, HEAD_AT(applied));
	int ours = journal_attach(&ix->journal, ix->place.dirfd, m->id, m->generation);

	if (ours < 0)
		return -1;
	if (ours && (applied < ix->journal.base || applied > ix->journal.end))
		journal_close(&ix->journal);
	if (!torn && (ix->journal.fd < 0 || ix->journal.end == applied))
		return 0;
	return index_enter(ix) < 0 ? -1 : replay_frames(ix, torn);
}

static void make_current(struct index *ix)
{
	if (ix->map && !map_ok(ix->map))
		index_mark_stale(ix);
	if (!ix->map || !map_is_current(ix->map, ix->place.dirfd))
		index_reload(ix);
	if (ix->map && replay(ix) < 0) {
		log_warn("index", "can't be brought up to date from its journal, will be rebuilt");
		index_mark_stale(ix);
		index_switch(ix, NULL);
	}
	if (!ix->map)
		journal_close(&ix->journal);
}

bool index_in_vain(const struct index *ix)
{
	return ix->in_vain && clock_ms() - ix->in_vain < IN_VAIN_MS;
}

/* 1, 0 or -1, as file_lock. */
static int take(struct index *ix, int timeout_ms)
{
	bool in_vain = timeout_ms > 0 && index_in_vain(ix);
	int r = file_lock(ix->place.lockfd, LOCK_EX, in_vain ? 0 : timeout_ms);

	if (r == 1)
		ix->in_vain = 0;
	else if (r == 0 && timeout_ms > 0)
		ix->in_vain = clock_ms();
	return r;
}

int index_lock(struct index *ix, int timeout_ms, struct error *e)
{
	assert(!ix->locked);
	if (ix->place.readonly)
		return error_set(e, ERROR_NOPERM, "The mailbox is open read-only.",
				 "index: lock asked for on a read-only handle");
	if (ix->place.lockfd >= 0) {
		int r = take(ix, timeout_ms);
		if (r == 0)
			return error_set(e, ERROR_INUSE, "The mailbox is in use.",
					 "index: lock not free within %d ms", timeout_ms);
		if (r < 0)
			return error_errno(e, "The mailbox can't be locked.", "index: lock");
	}
	ix->locked = true;
	if (!ix->private)
		make_current(ix);
	return 0;
}

void index_unlock(struct index *ix)
{
	assert(ix->locked);
	if (ix->place.lockfd >= 0)
		file_unlock(ix->place.lockfd);
	ix->locked = false;
}
