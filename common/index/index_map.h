/*
 * index_map.h: one generation's file, mapped; inside the index layer only.
 *
 * Counted, because a view goes on reading an old generation until it has told
 * what vanished with it.  All reading goes through here: every shared word is
 * loaded once into a local, checked, then used (index-design §4).  No pointer into
 * the map leaves these functions.
 */
#ifndef INDEX_MAP_H
#define INDEX_MAP_H

#include "filemap.h"
#include "index.h"

struct index_map {
	struct filemap map;	/* grows: unmapped and mapped again inside a step */
	int fd;			/* -1: anonymous */
	unsigned refs;
	bool writable;
	uint64_t id, generation;	/* copied and checked at open, as are these: */
	uint64_t capacity, records_at, names_at;
	struct index *owner;	/* for waiting on the lock when `change` stays odd; may be NULL */
};

/* The handle's current generation, with one more reference; NULL if unusable. */
struct index_map *index_map_hold(struct index *ix);
void index_map_release(struct index_map *m);

/* Consistent copies, by the reader's protocol.  False: beyond the end, broken,
 * or no even `change` to be had (a SIGBUS counts as broken). */
bool map_head(struct index_map *m, struct index_header *h);
bool map_read(struct index_map *m, uint64_t slot, struct index_record *r);
bool map_block(struct index_map *m, uint64_t block, struct index_block *b);
size_t map_name(struct index_map *m, uint64_t name, char out[INDEX_NAME_MAX + 1]);
size_t map_keyword(struct index_map *m, unsigned n, char out[INDEX_KEYWORD_SIZE]);
/* One word each, no protocol needed: uids never change, the rest are hints. */
uint32_t map_uid(struct index_map *m, uint64_t slot);	/* 0: beyond the file */
uint64_t map_count(struct index_map *m);		/* clamped to capacity */
uint64_t map_highest_modseq(struct index_map *m);
uint64_t map_block_modseq(struct index_map *m, uint64_t block);
bool map_superseded(struct index_map *m);
/* Binary search over [0, count): first slot with uid >= the given. */
uint64_t map_find(struct index_map *m, uint64_t count, uint32_t uid);

#endif
