/*
 * num.h: numbers in text, in files and in sums that a stranger chose.
 */
#ifndef NUM_H
#define NUM_H

#include "bytes.h"

/* Sums and products that say when they don't fit: true = ok. */
static inline bool num_add(size_t a, size_t b, size_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool num_mul(size_t a, size_t b, size_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

static inline bool num_add64(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

/* The whole of b as a decimal number without sign, at most max.  Leading
 * zeros are allowed, an empty b is not. */
bool num_parse(struct bytes b, uint64_t max, uint64_t *value);
bool num_parse_u32(struct bytes b, uint32_t *value);
bool num_parse_hex(struct bytes b, uint64_t *value); /* 1 to 16 digits */

/* Takes leading digits off *b; false if there is none or it passes max. */
bool num_take(struct bytes *b, uint64_t max, uint64_t *value);

#define NUM_DIGITS 20
/* Writes v in decimal at p (NUM_DIGITS bytes are always enough), returns the
 * number of bytes; no NUL. */
size_t num_format(char *p, uint64_t v);

/* Little-endian numbers at any alignment. */
static inline uint16_t get_le16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, 2);
	return v;
}
static inline uint32_t get_le32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}
static inline uint64_t get_le64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}
static inline void put_le16(void *p, uint16_t v)
{
	memcpy(p, &v, 2);
}
static inline void put_le32(void *p, uint32_t v)
{
	memcpy(p, &v, 4);
}
static inline void put_le64(void *p, uint64_t v)
{
	memcpy(p, &v, 8);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian");

/* CRC-32C (Castagnoli), as iSCSI and ext4 have it; crc of what came before,
 * 0 at first. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

/* A good hash for tables (not for secrets): the same in every process.  Seeded
 * with something secret nobody can prepare collisions. */
uint64_t num_hash(const void *p, size_t n);
uint64_t num_hash_seeded(uint64_t seed, const void *p, size_t n);

/* n bytes the kernel says nobody can guess. */
void num_random(void *p, size_t n);

#endif
