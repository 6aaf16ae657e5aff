/*
 * hashmap.h: byte strings to 64-bit values, open addressing, in mem_alloc
 * memory.  Keys are not copied: they live as long as the map.
 */
#ifndef HASHMAP_H
#define HASHMAP_H

#include "bytes.h"

struct hashmap_slot {
	struct bytes key; /* p == NULL: free */
	uint64_t hash;
	uint64_t value;
};

struct hashmap {
	struct hashmap_slot *slots;
	size_t cap; /* power of two */
	size_t n;
};

#define HASHMAP_INIT ((struct hashmap){ 0 })

void hashmap_reserve(struct hashmap *m, size_t n);
/* The place of the value, new (0) when the key was not there; valid until
 * the next insertion.  *found may be NULL. */
uint64_t *hashmap_put(struct hashmap *m, struct bytes key, bool *found);
/* The place of the value, or NULL. */
uint64_t *hashmap_get(const struct hashmap *m, struct bytes key);
void hashmap_free(struct hashmap *m);

#endif
