/*
 * hashmap.c: open addressing with linear probing, at most three quarters full.
 *
 * Message-IDs are keys that strangers choose, so the hash is seeded with what
 * the kernel gave this process at its start: nobody can prepare keys that
 * all fall on one slot.
 */
#include "hashmap.h"

#include <stdlib.h>
#include <sys/auxv.h>

#include "arena.h"
#include "num.h"

#define HASHMAP_FIRST 16

static uint64_t hash_of(struct bytes key)
{
	static uint64_t seed;
	if (seed == 0) {
		const void *random = (const void *)getauxval(AT_RANDOM);
		seed = (random ? get_le64(random) : 0) | 1;
	}
	return num_hash_seeded(seed, key.p, key.n);
}

/* The slot that holds the key, or the free one where it belongs. */
static struct hashmap_slot *slot_of(const struct hashmap *m, struct bytes key, uint64_t hash)
{
	for (size_t i = (size_t)hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct hashmap_slot *s = &m->slots[i];
		if (!s->key.p || (s->hash == hash && bytes_eq(s->key, key)))
			return s;
	}
}

static void resize(struct hashmap *m, size_t cap)
{
	struct hashmap old = *m;
	size_t size;

	if (!num_mul(cap, sizeof *m->slots, &size))
		size = SIZE_MAX; /* fails in mem_alloc, with a line in the log */
	m->slots = mem_alloc(size);
	memset(m->slots, 0, size);
	m->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key.p)
			*slot_of(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
	free(old.slots);
}

void hashmap_reserve(struct hashmap *m, size_t n)
{
	size_t cap = m->cap ? m->cap : HASHMAP_FIRST;
	while (cap - cap / 4 < n)
		cap *= 2;
	if (cap != m->cap)
		resize(m, cap);
}

uint64_t *hashmap_put(struct hashmap *m, struct bytes key, bool *found)
{
	if (!key.p)
		key.p = "";
	hashmap_reserve(m, m->n + 1);
	uint64_t hash = hash_of(key);
	struct hashmap_slot *s = slot_of(m, key, hash);
	if (found)
		*found = s->key.p != NULL;
	if (!s->key.p) {
		*s = (struct hashmap_slot){ .key = key, .hash = hash };
		m->n++;
	}
	return &s->value;
}

uint64_t *hashmap_get(const struct hashmap *m, struct bytes key)
{
	if (m->n == 0)
		return NULL;
	struct hashmap_slot *s = slot_of(m, key, hash_of(key));
	return s->key.p ? &s->value : NULL;
}

void hashmap_free(struct hashmap *m)
{
	free(m->slots);
	*m = HASHMAP_INIT;
}
