/*
 * bits.c: bitmap with rank and select.
 *
 * Counts are per group of 512 bits, one cache line, and stand in a Fenwick
 * tree: tree[i] is the sum over the i & -i groups that end with group i - 1.
 * So adding one number touches a dozen counts for a million, no more than
 * looking one up, and a mass expunge in a large mailbox stays cheap.
 */
#include "bits.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define WORDS (BITS_GROUP / 64)

static uint64_t low_bit(uint64_t i)
{
	return i & (~i + 1);
}

/* The compiler's own calls a table look-up where it can't assume an
 * instruction. */
static unsigned ones(uint64_t w)
{
	w -= w >> 1 & 0x5555555555555555ull;
	w = (w & 0x3333333333333333ull) + (w >> 2 & 0x3333333333333333ull);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (unsigned)(w * 0x0101010101010101ull >> 56);
}

static uint32_t group_ones(const struct bits *b, size_t group)
{
	uint32_t n = 0;
	for (size_t i = 0; i < WORDS; i++)
		n += ones(b->words[group * WORDS + i]);
	return n;
}

static void count_all(struct bits *b)
{
	for (size_t i = 1; i <= b->groups; i++)
		b->tree[i] = group_ones(b, i - 1);
	for (size_t i = 1; i <= b->groups; i++)
		if (i + low_bit(i) <= b->groups)
			b->tree[i + low_bit(i)] += b->tree[i];
}

/* An eighth more than asked for: numbers often come in rising order. */
static void grow(struct bits *b, size_t groups)
{
	size_t had = b->groups;

	groups += groups / 8;
	b->words = mem_realloc(b->words, groups * WORDS * sizeof *b->words);
	memset(b->words + had * WORDS, 0, (groups - had) * WORDS * sizeof *b->words);
	b->tree = mem_realloc(b->tree, (groups + 1) * sizeof *b->tree);
	b->groups = groups;
	count_all(b);
}

void bits_add(struct bits *b, uint64_t at)
{
	size_t group = (size_t)(at / BITS_GROUP);

	if (group >= b->groups)
		grow(b, group + 1);
	uint64_t bit = 1ull << (at % 64), *w = &b->words[at / 64];
	if (*w & bit)
		return;
	*w |= bit;
	b->n++;
	for (size_t i = group + 1; i <= b->groups; i += low_bit(i))
		b->tree[i]++;
}

void bits_free(struct bits *b)
{
	free(b->words);
	free(b->tree);
	*b = BITS_INIT;
}

uint64_t bits_rank_missing(const struct bits *b, uint64_t at)
{
	if (at / BITS_GROUP >= b->groups)
		return at - b->n;

	uint64_t n = 0;
	for (uint64_t i = at / BITS_GROUP; i; i -= low_bit(i))
		n += b->tree[i];
	uint64_t word = at / BITS_GROUP * WORDS;
	for (; word < at / 64; word++)
		n += ones(b->words[word]);
	n += ones(b->words[word] & ((1ull << (at % 64)) - 1));
	return at - n;
}

/* Place of the k-th zero bit (it has that many). */
static unsigned word_select_zero(uint64_t w, uint64_t k)
{
	unsigned at = 0;

	w = ~w;
	for (unsigned width = 32; width; width /= 2) {
		unsigned n = ones(w & ((1ull << width) - 1));
		if (k >= n) {
			k -= n;
			w >>= width;
			at += width;
		}
	}
	return at;
}

uint64_t bits_select_missing(const struct bits *b, uint64_t k)
{
	if (k + b->n >= b->groups * BITS_GROUP)
		return k + b->n;

	size_t group = 0, step = 1;
	while (step * 2 <= b->groups)
		step *= 2;
	for (; step; step /= 2) {
		if (group + step > b->groups)
			continue;
		uint64_t zeros = step * BITS_GROUP - b->tree[group + step];
		if (k >= zeros) {
			k -= zeros;
			group += step;
		}
	}
	size_t word = group * WORDS;
	for (; k >= 64 - ones(b->words[word]); word++)
		k -= 64 - ones(b->words[word]);
	return (uint64_t)word * 64 + word_select_zero(b->words[word], k);
}

/* The first number >= at whose bit in words, each xor `flip`, is set. */
static uint64_t next(const struct bits *b, uint64_t at, uint64_t flip)
{
	size_t word = (size_t)(at / 64), end = b->groups * WORDS;

	if (word >= end)
		return UINT64_MAX;
	uint64_t w = (b->words[word] ^ flip) & (~0ull << (at % 64));
	while (!w) {
		if (++word == end)
			return UINT64_MAX;
		w = b->words[word] ^ flip;
	}
	return (uint64_t)word * 64 + (unsigned)__builtin_ctzll(w);
}

uint64_t bits_next_missing(const struct bits *b, uint64_t at)
{
	uint64_t found = next(b, at, ~0ull), end = b->groups * BITS_GROUP;
	if (found != UINT64_MAX)
		return found;
	return at > end ? at : end;
}

uint64_t bits_next(const struct bits *b, uint64_t at)
{
	return next(b, at, 0);
}
