/*
 * build.c: a new index from the store, when there is none or none to be
 * trusted.
 *
 * It is written beside the old one, which serves for hints only, and renamed.
 * Without room on disk it is made in anonymous memory: a full disk never
 * stops a session (index-design §10).  It gets an id of its own, so a journal
 * that survived is foreign, and the epoch that the store has already raised,
 * so that clients see modseqs rise and resync once (§3).
 */
#include "index_private.h"

#include <assert.h>
#include <errno.h>

#include "clock.h"
#include "log.h"
#include "num.h"

/* --- the old one --- */

static struct index_map *old_map(struct index *ix)
{
	if (!ix->old && ix->map) {
		ix->old = ix->map;
		ix->old->refs++;
	} else if (!ix->old && ix->place.dirfd >= 0) {
		ix->old = map_open(ix->place.dirfd, INDEX_FILE, ix->place.readonly);
	}
	return ix->old;
}

/* What can be had of a record without believing anything. */
static bool old_record(struct index_map *m, uint32_t uid, struct index_record *r)
{
	uint64_t count = map_count(m), slot = map_find(m, count, uid);
	if (slot >= count)
		return false;
	map_get(m, map_record_at(m, slot), r, sizeof *r);
	if (r->uid != uid || !map_sane(m, r))
		return false;
	record_open(r);
	return true;
}

int index_hint(struct index *ix, uint32_t uid, struct bytes base, struct index_record *r)
{
	/* It was looked for when the build began: not once more for every message. */
	struct index_map *m = ix->making ? ix->old : old_map(ix);
	char name[INDEX_NAME_MAX + 1];

	if (!m || !map_ok(m) || !old_record(m, uid, r))
		return 0;
	size_t n = map_name(m, r->name, name);
	return map_ok(m) && n && bytes_starts((struct bytes){ name, n }, base);
}

/* Before a new file takes the name: a power failure may bring the old one
 * back, which must not be taken for clean then. */
static void retire_old(struct index *ix)
{
	struct index_map *m = old_map(ix);
	if (m && m->fd >= 0 && map_mark_stale(m) < 0)
		log_warn("index", "can't mark the old index: %s", strerror(errno));
}

/* --- the new one --- */

static uint64_t random_id(void)
{
	uint64_t id;
	do
		num_random(&id, sizeof id);
	while (id == 0);
	return id;
}

static void put_build(struct index_map *m, const struct index_build *b, uint64_t cache_id)
{
	struct index_header h;
	map_get(m, 0, &h, sizeof h);
	h.uidvalidity = b->uidvalidity;
	h.uidnext = b->uidnext ? b->uidnext : 1;
	h.epoch = b->epoch;
	h.highest_modseq = b->epoch << INDEX_EPOCH_SHIFT | (b->counter ? b->counter : 1);
	h.history_from = h.highest_modseq;
	h.mark_modseq = h.highest_modseq;
	h.mark_time = (uint64_t)clock_wall();
	h.first_recent = b->first_recent;
	h.cache_id = cache_id;
	memcpy(h.driver, b->driver, sizeof h.driver);
	map_put(m, 0, &h, sizeof h);
}

int index_build_begin(struct index *ix, const struct index_build *b, struct error *e)
{
	struct index_map *old = old_map(ix);
	uint64_t generation = old && old->generation < UINT64_MAX ? old->generation + 1 : 1;
	uint64_t id = random_id();
	uint64_t cache_id = old ? map_load(old, HEAD_AT(cache_id)) : 0;
	uint64_t names = 96 * b->expect + 65536;

	assert(ix->locked);
	generation_discard(ix, ix->making);
	ix->making = NULL;
	if (!ix->private)
		ix->making = map_create(ix->place.dirfd, id, generation, 2 * b->expect, 0);
	if (!ix->making && !ix->private)
		log_warn("index", "can't be created, kept in memory: %s", strerror(errno));
	if (!ix->making)
		ix->making = map_create(-1, id, generation, 2 * b->expect, names);
	if (!ix->making)
		return error_errno(e, "The mailbox index can't be built.", "index: build");
	ix->making->owner = ix;
	put_build(ix->making, b, cache_id ? cache_id : random_id());
	return 0;
}

void index_build_keyword(struct index *ix, unsigned n, struct bytes name)
{
	struct index_map *m = ix->making;

	if (!m || n >= INDEX_KEYWORDS || name.n > INDEX_KEYWORD_MAX)
		return;
	map_put_keyword(m, n, name);
	if (n >= map_load32(m, HEAD_AT(keywords)))
		map_store32(m, HEAD_AT(keywords), n + 1);
}

void index_build_driver(struct index *ix, const uint64_t words[INDEX_DRIVER_WORDS])
{
	if (ix->making)
		map_put(ix->making, HEAD_AT(driver), words, INDEX_DRIVER_WORDS * sizeof *words);
}

/* The generation being made is full: a larger one; no room on disk: one in
 * memory.  Without either the commit says so. */
static void make_larger(struct index *ix, bool private, uint64_t names)
{
	map_seal_head(ix->making);
	struct index_map *larger = generation_copy(ix, ix->making, private, 1, names, 0);
	if (!larger && !private)
		larger = generation_copy(ix, ix->making, true, 1, names, 0);
	if (larger && larger->fd >= 0) /* it took the name of the file */
		index_map_release(ix->making);
	else
		generation_discard(ix, ix->making);
	ix->making = larger;
}

void index_build_add(struct index *ix, const struct index_record *r, struct bytes name)
{
	struct index_record own = *r;
	struct index_map *m = ix->making;
	if (!m)
		return;

	uint64_t count = map_count(m);
	assert(name.n <= INDEX_NAME_MAX && !(r->flags & ~FLAG_ALL));
	if (r->uid == 0 || (count && map_uid(m, count - 1) >= r->uid)) {
		m->broken = true; /* the store's list isn't in order: say so at the end */
		return;
	}
	own.state = 0;
	own.modseq = map_highest_modseq(m);
	for (int room; ix->making && (room = apply_append(ix->making, &own, name)) != 1;)
		make_larger(ix, room < 0 || ix->making->fd < 0, name.n);
}

int index_build_commit(struct index *ix, struct error *e)
{
	struct index_map *m = ix->making;
	int r = m && apply_recount(m) ? 0 : -1;

	assert(ix->locked);
	if (r == 0 && m->fd >= 0)
		retire_old(ix);
	if (r == 0)
		r = generation_publish(ix, m);
	if (r < 0 && m && map_ok(m) && m->fd >= 0) {
		make_larger(ix, true, 0);
		r = ix->making ? generation_publish(ix, ix->making) : -1;
	}
	if (r < 0)
		generation_discard(ix, ix->making);
	ix->making = NULL;
	index_map_release(ix->old);
	ix->old = NULL;
	if (r < 0)
		return error_set(e, ERROR_TEMPORARY, "The mailbox index can't be built.",
				 "index: build: no room, or UIDs out of order");
	return 0;
}
