/*
 * bits.h: a set of numbers as a bitmap that can count: how many are missing
 * below a place (rank), and where the n-th missing one is (select).
 *
 * Costs nothing while empty, then one bit per number up to the highest that
 * was ever in it and 1/16 of that for the counts.  All numbers above are not in it.
 * Adding, rank and select take time with the logarithm of the size.
 */
#ifndef BITS_H
#define BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITS_GROUP 512 /* bits per count: one cache line */

struct bits {
	uint64_t *words; /* groups * BITS_GROUP / 64 */
	uint32_t *tree;  /* 1..groups: a Fenwick tree over the groups' counts */
	size_t groups;
	uint64_t n; /* numbers in the set */
};

#define BITS_INIT ((struct bits){ 0 })

void bits_add(struct bits *b, uint64_t at);
void bits_free(struct bits *b); /* empty afterwards */

static inline bool bits_has(const struct bits *b, uint64_t at)
{
	return at / BITS_GROUP < b->groups && (b->words[at / 64] >> (at % 64) & 1);
}

/* Numbers below `at` that are not in the set. */
uint64_t bits_rank_missing(const struct bits *b, uint64_t at);
/* The number with that rank: the k-th missing one, counted from 0. */
uint64_t bits_select_missing(const struct bits *b, uint64_t k);
/* The first number >= at that is not in the set. */
uint64_t bits_next_missing(const struct bits *b, uint64_t at);
/* The first number >= at that is in the set; UINT64_MAX if there is none. */
uint64_t bits_next(const struct bits *b, uint64_t at);

#endif
