/*
 * generation.c: from one generation of the file to the next.
 *
 * A generation is never compacted in place: sessions look at it without a
 * lock.  The next one is written beside it and renamed.  Crash points
 * (index-design §7):
 *
 *  - before the rename: the file INDEX_FILE_NEW is garbage, the next rewriter
 *    unlinks it;
 *  - after the rename, before `superseded` is set in the old one: whoever
 *    takes the lock or refreshes finds that the name leads elsewhere;
 *  - before the old journal is unlinked: its frames are foreign to the new
 *    generation, which has them all.
 *
 * The old file was marked unclean on disk before: a power failure may
 * undo the rename, and the old one must not be trusted then, because changes
 * told to clients went to the new one.
 */
#include "index_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "file.h"

#define GARBAGE_MIN 262144 /* bytes of unused names worth a rewrite */
#define DEAD_MIN 32        /* tombstones worth a rewrite */

/* --- copying --- */

/* A tombstone that is left behind. */
static bool is_dropped(const struct index_record *r, uint64_t drop)
{
	return r->state & INDEX_DEAD && r->modseq <= drop;
}

static void copy_header(struct index_map *to, const struct index_header *h)
{
	struct index_header n;
	map_get(to, 0, &n, sizeof n);
	n.uidvalidity = h->uidvalidity;
	n.uidnext = h->uidnext;
	n.epoch = h->epoch;
	n.highest_modseq = h->highest_modseq;
	n.history_from = h->history_from;
	n.first_recent = h->first_recent;
	n.keywords = h->keywords;
	n.cache_id = h->cache_id;
	n.mark_time = h->mark_time;
	n.mark_modseq = h->mark_modseq;
	n.mark_before = h->mark_before;
	memcpy(n.driver, h->driver, sizeof n.driver);
	map_put(to, 0, &n, sizeof n);
}

static void copy_keywords(struct index_map *from, struct index_map *to, uint32_t keywords)
{
	char entry[INDEX_KEYWORD_SIZE];
	for (uint32_t i = 0; i < keywords; i++) {
		uint64_t at = INDEX_KEYWORDS_AT + (uint64_t)i * INDEX_KEYWORD_SIZE;
		map_get(from, at, entry, sizeof entry);
		map_put(to, at, entry, sizeof entry);
	}
}

static int copy_records(struct index_map *from, struct index_map *to, uint64_t drop)
{
	struct index_record r;
	char name[INDEX_NAME_MAX + 1];
	uint64_t dropped = map_load(to, HEAD_AT(history_from)), count = map_count(from);

	for (uint64_t slot = 0; slot < count; slot++) {
		if (!map_read(from, slot, &r)) {
			errno = EIO;
			return -1;
		}
		if (is_dropped(&r, drop)) {
			dropped = r.modseq > dropped ? r.modseq : dropped;
			continue;
		}
		size_t n = map_name(from, r.name, name);
		int room = apply_append(to, &r, (struct bytes){ name, n });
		if (room != 1) {
			if (room == 0)
				errno = EFBIG;
			return -1;
		}
	}
	map_store(to, HEAD_AT(history_from), dropped);
	return 0;
}

static uint64_t count_kept(struct index_map *m, uint64_t drop)
{
	struct index_record r;
	uint64_t kept = 0, count = map_count(m);

	if (drop == 0)
		return count;
	for (uint64_t slot = 0; slot < count; slot++)
		kept += map_read(m, slot, &r) && !is_dropped(&r, drop);
	return kept;
}

void generation_discard(struct index *ix, struct index_map *m)
{
	int saved = errno;
	if (m && m->fd >= 0 && ix->locked) /* else it may be another writer's by now */
		unlinkat(ix->place.dirfd, INDEX_FILE_NEW, 0);
	index_map_release(m);
	errno = saved;
}

static struct index_map *make_room_for(struct index *ix, struct index_map *from,
				       const struct index_header *h, bool private, uint64_t records,
				       uint64_t names)
{
	uint64_t capacity = 2 * records;
	uint64_t generation = from->generation + (from != ix->making);

	if (capacity > INDEX_RECORDS_MAX)
		capacity = records > INDEX_RECORDS_MAX ? records : INDEX_RECORDS_MAX;
	return map_create(private ? -1 : ix->place.dirfd, from->id, generation, capacity,
			  2 * (h->names_live + names) + 64 * records);
}

struct index_map *generation_copy(struct index *ix, struct index_map *from, bool private,
				  uint64_t records, uint64_t names, uint64_t drop)
{
	struct index_header h;
	if (!map_head(from, &h)) {
		errno = EIO;
		return NULL;
	}
	struct index_map *to =
		make_room_for(ix, from, &h, private, count_kept(from, drop) + records, names);
	if (!to)
		return NULL;
	to->owner = ix;
	copy_header(to, &h);
	copy_keywords(from, to, h.keywords);
	if (copy_records(from, to, drop) == 0 && map_ok(from) && apply_recount(to))
		return to;
	generation_discard(ix, to);
	return NULL;
}

/* --- the next one --- */

int generation_publish(struct index *ix, struct index_map *m)
{
	int dirfd = ix->place.dirfd;

	CRASH_POINT("new");
	if (m->fd < 0) {
		ix->private = true;
		journal_close(&ix->journal);
		index_switch(ix, m);
		return 0;
	}
	m->resident = file_lock(m->fd, LOCK_SH, 0) == 1;
	if (renameat(dirfd, INDEX_FILE_NEW, dirfd, INDEX_FILE) < 0)
		return -1;
	CRASH_POINT("renamed");
	if (ix->map && ix->map->writable)
		map_store(ix->map, HEAD_AT(superseded), 1);
	CRASH_POINT("superseded");
	journal_close(&ix->journal);
	unlinkat(dirfd, INDEX_JOURNAL_FILE, 0); /* foreign now; the first change makes a new one */
	CRASH_POINT("no journal");
	index_switch(ix, m);
	return 0;
}

/* To a file with that much room, leaving tombstones up to `drop` behind. */
static int rewrite(struct index *ix, uint64_t records, uint64_t names, uint64_t drop)
{
	if (index_enter(ix) < 0)
		return -1;
	struct index_map *m = generation_copy(ix, ix->map, ix->private, records, names, drop);
	if (!m)
		return -1;
	if (generation_publish(ix, m) == 0)
		return 0;
	generation_discard(ix, m);
	return -1;
}

int generation_grow(struct index *ix, uint64_t records, uint64_t names)
{
	return rewrite(ix, records, names, 0);
}

int generation_private(struct index *ix, uint64_t records, uint64_t names)
{
	struct index_map *m = generation_copy(ix, ix->map, true, records, names, 0);
	index_mark_stale(ix);
	return m ? generation_publish(ix, m) : -1;
}

/* --- when it pays --- */

static int by_modseq(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Tombstones of modseq <= limit; the modseqs of all into *all if wanted. */
static uint64_t count_dead(struct index_map *m, uint64_t limit, struct buf *all)
{
	struct index_record r;
	uint64_t old = 0, count = map_count(m);

	for (uint64_t slot = 0; slot < count && map_read(m, slot, &r); slot++) {
		if (!(r.state & INDEX_DEAD))
			continue;
		old += r.modseq <= limit;
		if (all)
			buf_add(all, &r.modseq, sizeof r.modseq);
	}
	return old;
}

/* The modseq up to which tombstones go: those older than the history limit,
 * and of the others so many that no more than the bound are left. */
static uint64_t drop_limit(struct index_map *m, const struct index_header *h)
{
	uint64_t limit = h->mark_before, bound = INDEX_DEAD_MAX(h->alive);
	struct buf all = BUF_INIT;

	if (h->count - h->alive <= bound)
		return limit;
	count_dead(m, limit, &all);
	size_t n = all.n / sizeof(uint64_t);
	if (n > bound) {
		uint64_t *modseqs = (uint64_t *)(void *)all.p;
		qsort(modseqs, n, sizeof *modseqs, by_modseq);
		if (modseqs[n - bound - 1] > limit)
			limit = modseqs[n - bound - 1];
	}
	buf_free(&all);
	return limit;
}

static bool pays(struct index_map *m, const struct index_header *h)
{
	uint64_t dead = h->count - h->alive, garbage = h->names_used - h->names_live;

	if (dead > INDEX_DEAD_MAX(h->alive) ||
	    (garbage > GARBAGE_MIN && garbage > h->names_used / 2))
		return true;
	if (dead < DEAD_MIN || dead <= h->count / 4)
		return false;
	uint64_t old = count_dead(m, h->mark_before, NULL);
	return old >= DEAD_MIN && old > h->count / 4;
}

int index_compact(struct index *ix, bool force, struct error *e)
{
	struct index_header h;
	assert(ix->locked);
	if (!index_head(ix, &h))
		return error_set(e, ERROR_TEMPORARY, "The mailbox index is not usable.",
				 "index: no index to compact");
	if (!force && !pays(ix->map, &h))
		return 0;
	if (rewrite(ix, 0, 0, drop_limit(ix->map, &h)) < 0)
		return error_errno(e, "The mailbox index can't be rewritten.", "index: compact");
	return 1;
}
