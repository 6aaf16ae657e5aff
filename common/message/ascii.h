/*
 * ascii.h: how far text is pure ASCII; 16 bytes at a time where SSE2 exists.
 * Most mail is, and then no table of characters is touched.
 */
#ifndef ASCII_H
#define ASCII_H

#include "bytes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool ascii_is(char c)
{
	return (unsigned char)c < 0x80;
}

/* The number of bytes below 0x80 that b begins with. */
static inline size_t ascii_span(struct bytes b)
{
	size_t i = 0;
#ifdef __SSE2__
	for (; b.n - i >= 64; i += 64) {
		const __m128i *p = (const __m128i *)(const void *)(b.p + i);
		__m128i x = _mm_or_si128(_mm_loadu_si128(p), _mm_loadu_si128(p + 1));
		__m128i y = _mm_or_si128(_mm_loadu_si128(p + 2), _mm_loadu_si128(p + 3));
		if (_mm_movemask_epi8(_mm_or_si128(x, y)))
			break;
	}
	for (; b.n - i >= 16; i += 16) {
		int mask = _mm_movemask_epi8(
			_mm_loadu_si128((const __m128i *)(const void *)(b.p + i)));
		if (mask)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
#endif
	while (i < b.n && ascii_is(b.p[i]))
		i++;
	return i;
}

static inline bool ascii_only(struct bytes b)
{
	return ascii_span(b) == b.n;
}

/* The number of bytes above 0x7f that b begins with. */
static inline size_t ascii_none_span(struct bytes b)
{
	size_t i = 0;
	while (i < b.n && !ascii_is(b.p[i]))
		i++;
	return i;
}

#endif
