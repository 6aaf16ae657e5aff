/*
 * index.c: the handle: opening, moving to a newer generation, reading.
 *
 * A session that only reads makes no system calls but open, fstat and mmap
 * (and what it takes to know the machine or the boot).  Reads go to the
 * current generation; a view holds the one it looks at.
 */
#include "index_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"
#include "pages.h"

#define REOPENS 5 /* generations that may appear while we open */

void index_switch(struct index *ix, struct index_map *m)
{
	if (ix->map)
		ix->map->owner = NULL;
	index_map_release(ix->map);
	ix->map = m;
	if (m)
		m->owner = ix;
}

void index_reload(struct index *ix)
{
	struct index_map *m = NULL;
	for (int i = 0; i < REOPENS; i++) {
		m = map_open(ix->place.dirfd, INDEX_FILE, ix->place.readonly);
		if (!m || !map_superseded(m))
			break;
		map_close(m);
		m = NULL;
	}
	if (m && !map_trusted(m)) {
		map_close(m);
		m = NULL;
	}
	index_switch(ix, m);
}

struct index *index_open(const struct index_place *place)
{
	struct index *ix = mem_alloc(sizeof *ix);
	*ix = (struct index){
		.place = *place,
		.private = place->private,
		.journal = JOURNAL_INIT,
	};
	if (!ix->private)
		index_reload(ix);
	return ix;
}

void index_close(struct index *ix)
{
	if (!ix)
		return;
	assert(!ix->locked);
	if (ix->map && ix->map->resident && !ix->place.hasty)
		index_leave(ix);
	index_abort(ix);
	journal_close(&ix->journal);
	generation_discard(ix, ix->making);
	index_map_release(ix->old);
	index_switch(ix, NULL);
	free(ix);
}

bool index_usable(const struct index *ix)
{
	return ix->map && map_ok(ix->map) && !map_load(ix->map, HEAD_AT(stale));
}

bool index_is_private(const struct index *ix)
{
	return ix->private;
}

bool index_locked(const struct index *ix)
{
	return ix->locked;
}

bool index_refresh(struct index *ix)
{
	struct index_map *was = ix->map;
	if (ix->private || ix->locked || (was && map_is_current(was, ix->place.dirfd)))
		return false;
	/* Damage seen in it stays seen: only the lock's holder can do something. */
	if (was && !map_ok(was) && map_same_file(was, ix->place.dirfd))
		return false;

	uint64_t id = was ? was->id : 0, generation = was ? was->generation : 0;
	index_reload(ix);
	if (!ix->map)
		return was != NULL;
	return ix->map->id != id || ix->map->generation != generation;
}

void index_mark_stale(struct index *ix)
{
	struct index_map *m = ix->map;
	if (m && map_mark_stale(m) < 0 && map_same_file(m, ix->place.dirfd))
		unlinkat(ix->place.dirfd, INDEX_FILE, 0); /* which needs no room */
}

int index_checkpoint(struct index *ix, struct error *e)
{
	if (!ix->map || ix->map->fd < 0 || !ix->map->resident)
		return 0;
	if (ix->journal.fd >= 0 && file_datasync(ix->journal.fd) < 0)
		return error_errno(e, "The mailbox index can't be written.",
				   "index: sync of journal");
	if (file_datasync(ix->map->fd) < 0)
		return error_errno(e, "The mailbox index can't be written.", "index: sync");
	return 0;
}

void index_trim(struct index *ix)
{
	if (!ix->txn.open)
		index_abort(ix);
	if (ix->map && ix->map->fd >= 0 && ix->map->map.p)
		pages_release(ix->map->map.p, ix->map->map.n);
}

/* --- reading --- */

struct index_map *index_map_hold(struct index *ix)
{
	if (!index_usable(ix))
		return NULL;
	ix->map->refs++;
	return ix->map;
}

bool index_head(struct index *ix, struct index_header *h)
{
	struct index_map *m = index_map_hold(ix);
	bool ok = m && map_head(m, h);
	index_map_release(m);
	return ok;
}

uint64_t index_find(struct index *ix, uint32_t uid, bool *exact)
{
	struct index_map *m = index_map_hold(ix);
	uint64_t count = m ? map_count(m) : 0;
	uint64_t slot = m ? map_find(m, count, uid) : 0;

	*exact = m && map_found(m, count, slot, uid) && slot < count && map_uid(m, slot) == uid;
	index_map_release(m);
	return slot;
}

bool index_read(struct index *ix, uint64_t slot, struct index_record *r)
{
	struct index_map *m = index_map_hold(ix);
	bool ok = m && map_read(m, slot, r);
	index_map_release(m);
	return ok;
}

bool index_read_block(struct index *ix, uint64_t block, struct index_block *b)
{
	struct index_map *m = index_map_hold(ix);
	bool ok = m && map_block(m, block, b);
	index_map_release(m);
	return ok;
}

size_t index_name(struct index *ix, const struct index_record *r, char out[INDEX_NAME_MAX + 1])
{
	struct index_map *m = index_map_hold(ix);
	out[0] = '\0';
	size_t n = m ? map_name(m, r->name, out) : 0;
	index_map_release(m);
	return n;
}

size_t index_keyword(struct index *ix, unsigned n, char out[INDEX_KEYWORD_SIZE])
{
	struct bytes made;

	if (txn_keyword(&ix->txn, n, &made)) {
		memcpy(out, made.p, made.n);
		out[made.n] = '\0';
		return made.n;
	}
	struct index_map *m = index_map_hold(ix);
	out[0] = '\0';
	size_t length = m ? map_keyword(m, n, out) : 0;
	index_map_release(m);
	return length;
}
