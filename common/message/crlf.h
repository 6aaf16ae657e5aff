/* crlf.h: counting newlines fast; for the files of this directory. */
#ifndef CRLF_H
#define CRLF_H

#include "bytes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct crlf_count {
	uint64_t lf;   /* newlines */
	uint64_t bare; /* those without a CR before them */
};

/* Adds the newlines of p[0..n) to *c.  p is the start of a line. */
void crlf_count(const char *p, size_t n, struct crlf_count *c);
/* The same up to the first line, other than the one at p, that begins with
 * "--"; returns its offset, or n. */
size_t crlf_count_dashes(const char *p, size_t n, struct crlf_count *c);

/* Offset of the first LF in p[0..n), or n. */
static inline size_t crlf_find_lf(const char *p, size_t n)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i lf = _mm_set1_epi8('\n');
	for (; n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		int hits = _mm_movemask_epi8(_mm_cmpeq_epi8(v, lf));
		if (hits)
			return i + (size_t)__builtin_ctz((unsigned)hits);
	}
#endif
	while (i < n && p[i] != '\n')
		i++;
	return i;
}

/* Length of the newline at p[0..n): 1 for LF, 2 for CRLF, else 0. */
static inline size_t crlf_newline(const char *p, size_t n)
{
	if (n >= 1 && p[0] == '\n')
		return 1;
	return n >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* A line without the newline at its end, if it has one. */
static inline struct bytes crlf_chomp(struct bytes line)
{
	if (line.n && line.p[line.n - 1] == '\n') {
		line.n--;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
	}
	return line;
}

#endif
