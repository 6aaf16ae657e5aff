/*
 * memcpy.c: memcpy, memmove and memcmp for static musl on x86-64.
 *
 * musl's are "rep movsq" for any length, whose start costs as much as copying
 * half a kilobyte; replies are made of pieces of a few bytes.  Here short ones are
 * moved in one or two registers and only long ones by "rep movsb".  The linker
 * takes these because they come before libc; other libcs and the sanitizers
 * keep their own.  musl's memcmp goes byte by byte; file names are alike up to their end.
 * (MEMCPY_TEST: the unit test, under other names.)
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && (!defined(__GLIBC__) || defined(MEMCPY_TEST))

#define LONG 768 /* from here on "rep movsb" wins */

/* No calls of memcpy may be made of the loops. */
#define COPIER __attribute__((optimize("no-tree-loop-distribute-patterns"), no_stack_protector))

struct sixteen {
	char bytes[16];
};

static inline struct sixteen load(const char *s)
{
	struct sixteen v;
	__builtin_memcpy(&v, s, sizeof v);
	return v;
}

static inline void store(char *d, struct sixteen v)
{
	__builtin_memcpy(d, &v, sizeof v);
}

/* Both ends of width to 2 * width bytes; all is read before anything is written. */
#define COPY_ENDS(type, d, s, n)                                                  \
	do {                                                                      \
		type head_, tail_;                                                \
		__builtin_memcpy(&head_, (s), sizeof head_);                      \
		__builtin_memcpy(&tail_, (s) + (n) - sizeof tail_, sizeof tail_); \
		__builtin_memcpy((d), &head_, sizeof head_);                      \
		__builtin_memcpy((d) + (n) - sizeof tail_, &tail_, sizeof tail_); \
	} while (0)

static inline void copy_short(char *d, const char *s, size_t n)
{
	if (n >= 8)
		COPY_ENDS(uint64_t, d, s, n);
	else if (n >= 4)
		COPY_ENDS(uint32_t, d, s, n);
	else if (n >= 2)
		COPY_ENDS(uint16_t, d, s, n);
	else if (n)
		*d = *s;
}

/* Upwards; right for overlapping pieces too where d lies below s. */
static inline void copy_up(char *d, const char *s, size_t n)
{
	if (n >= LONG) {
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
		return;
	}
	char *end = d + n - 16;
	struct sixteen tail = load(s + n - 16);
	for (; end - d >= 48; d += 64, s += 64) {
		struct sixteen a = load(s), b = load(s + 16), c = load(s + 32), e = load(s + 48);
		store(d, a);
		store(d + 16, b);
		store(d + 32, c);
		store(d + 48, e);
	}
	for (; d < end; d += 16, s += 16)
		store(d, load(s));
	store(end, tail);
}

static inline void copy_down(char *d, const char *s, size_t n)
{
	struct sixteen head = load(s);
	for (; n > 16; n -= 16)
		store(d + n - 16, load(s + n - 16));
	store(d, head);
}

COPIER void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	if (n < 16)
		copy_short(to, from, n);
	else
		copy_up(to, from, n);
	return to;
}

COPIER void *memmove(void *to, const void *from, size_t n)
{
	if (n < 16)
		copy_short(to, from, n);
	else if ((uintptr_t)to - (uintptr_t)from >= n)
		copy_up(to, from, n);
	else
		copy_down(to, from, n);
	return to;
}

/* The order of the first bytes that differ is that of the numbers they begin. */
static inline int compare8(const unsigned char *a, const unsigned char *b)
{
	uint64_t x, y;

	__builtin_memcpy(&x, a, sizeof x);
	__builtin_memcpy(&y, b, sizeof y);
	if (x == y)
		return 0;
	return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
}

COPIER int memcmp(const void *one, const void *other, size_t n)
{
	const unsigned char *a = one, *b = other;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		int c = compare8(a + i, b + i);
		if (c)
			return c;
	}
	if (n >= 8 && i < n) /* the last eight, of which some are equal */
		return compare8(a + n - 8, b + n - 8);
	for (; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

#endif
