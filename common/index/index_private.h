/*
 * index_private.h: what the modules behind index.h share: the handle and the
 * steps of a change.
 */
#ifndef INDEX_PRIVATE_H
#define INDEX_PRIVATE_H

#include "index_map.h"
#include "journal.h"
#include "op.h"

/* Tombstones stay at least that long, so that a client that was away can be
 * told exactly what vanished. */
#define INDEX_HISTORY_SECONDS (7 * 86400)
/* More tombstones than this are not kept, however young. */
#define INDEX_DEAD_MAX(alive) (4 * (alive) + 100000)

struct txn {
	bool open;
	bool raises;   /* takes a modseq of its own */
	bool unsorted; /* messages were not named in rising order */
	uint64_t modseq;
	struct buf head; /* operations on header words, encoded */
	struct buf entries, records, names;
	struct buf frame;
};

struct index {
	struct index_place place;
	struct index_map *map;    /* NULL: none to work with */
	struct index_map *old;    /* for hints; whatever is there under the name */
	struct index_map *making; /* between index_build_begin and _commit */
	struct journal journal;
	struct txn txn;
	bool locked, private;
	int64_t in_vain; /* when the lock was last not to be had, ms; 0: it was */
};

/* The handle goes to another generation (NULL: to none); takes over the
 * reference. */
void index_switch(struct index *ix, struct index_map *m);
/* Opens what the name leads to, if it is to be trusted; else there is none. */
void index_reload(struct index *ix);

/* --- txn.c --- */

/* The name that the open transaction gives to keyword n: false if it gives none. */
bool txn_keyword(const struct txn *t, unsigned n, struct bytes *name);

/* --- lock.c --- */

/* Before any change: this process is one of those who changed something, and
 * the file isn't marked clean any more, on disk.  0/-1 with errno. */
int index_enter(struct index *ix) __attribute__((warn_unused_result));
/* The last of them marks it clean. */
void index_leave(struct index *ix);
/* We have just waited for the lock in vain (its holder hangs, or is stopped): for
 * now it is tried, not waited for, since one command asks for each message again. */
bool index_in_vain(const struct index *ix);

/* --- apply.c --- */

/* Applies the operations of a frame that ends at logical offset `end`.  torn:
 * a writer died within a change, so everything is counted again.  0; -1 with
 * errno when there is no room (nothing changed) or the map broke. */
int apply_frame(struct index_map *m, struct bytes ops, uint64_t modseq, uint64_t end, bool torn)
	__attribute__((warn_unused_result));
/* Adds behind the last record, in a generation that nobody reads yet: 1; 0 this
 * generation hasn't the room; -1 with errno. */
int apply_append(struct index_map *m, const struct index_record *r, struct bytes name)
	__attribute__((warn_unused_result));
/* Counts everything again, from the records: false if they can't be right. */
bool apply_recount(struct index_map *m);
struct index_total {
	uint64_t alive, unseen, deleted, vsize, names, modseq;
	uint32_t last; /* uid */
};
/* Sums a block, and adds it to the total: false if a record can't be right. */
bool apply_total(struct index_map *m, uint64_t block, uint64_t count, uint64_t names_used,
		 struct index_total *t, struct index_block *sum);
/* vsize of a record that stands at that slot, and the sums it is in. */
void apply_vsize(struct index_map *m, uint64_t slot, uint64_t vsize);

/* --- generation.c --- */

/* A copy of `from` with room for that many more records and bytes of names;
 * in a file not yet named, or in anonymous memory.  Tombstones up to modseq
 * `drop` stay behind.  NULL with errno. */
struct index_map *generation_copy(struct index *ix, struct index_map *from, bool private,
				  uint64_t records, uint64_t names, uint64_t drop);
/* A generation that wasn't published.  errno is kept. */
void generation_discard(struct index *ix, struct index_map *m);
/* Gives the new file the name and switches to it (an anonymous one: just
 * that).  On failure nothing is changed.  0/-1 with errno. */
int generation_publish(struct index *ix, struct index_map *m) __attribute__((warn_unused_result));
/* In place of a full one.  0/-1 with errno. */
int generation_grow(struct index *ix, uint64_t records, uint64_t names)
	__attribute__((warn_unused_result));
/* No room, or the file can't be written: the session goes on in anonymous
 * memory, and the file is stale.  0/-1 with errno. */
int generation_private(struct index *ix, uint64_t records, uint64_t names)
	__attribute__((warn_unused_result));

/* Tests kill the process there. */
#ifdef INDEX_FAULTS
void index_crash_point(const char *name) __attribute__((weak));
#define CRASH_POINT(name)                        \
	do {                                     \
		if (index_crash_point)           \
			index_crash_point(name); \
	} while (0)
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif
