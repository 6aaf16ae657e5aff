/*
 * bytes.c: comparing and searching views of memory.
 *
 * SEARCH goes over gigabytes with these, so chr, find and ifind look at 16
 * bytes at a time where SSE2 exists (every amd64; elsewhere byte by byte).
 * find tests the first and the last byte of the needle at 16 places at once.
 * An input made to defeat that is noticed and finished by Knuth, Morris and
 * Pratt's search, so the time stays linear whatever a stranger sends.
 */
#include "bytes.h"

#include <stdlib.h>

#include "arena.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static bool ieq(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool bytes_ieq(struct bytes a, struct bytes b)
{
	return a.n == b.n && ieq(a.p, b.p, a.n);
}

bool bytes_starts(struct bytes a, struct bytes prefix)
{
	return a.n >= prefix.n && bytes_eq(bytes_sub(a, 0, prefix.n), prefix);
}

bool bytes_istarts(struct bytes a, struct bytes prefix)
{
	return a.n >= prefix.n && bytes_ieq(bytes_sub(a, 0, prefix.n), prefix);
}

static int cmp_lengths(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

int bytes_cmp(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : cmp_lengths(a.n, b.n);
}

int bytes_icmp(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)ascii_lower(a.p[i]);
		unsigned char y = (unsigned char)ascii_lower(b.p[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return cmp_lengths(a.n, b.n);
}

size_t bytes_chr(struct bytes a, char c)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i want = _mm_set1_epi8(c);
	for (; a.n - i >= 16; i += 16) {
		__m128i here = _mm_loadu_si128((const __m128i *)(const void *)(a.p + i));
		int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(here, want));
		if (mask)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
	if (a.n >= 16 && i < a.n) { /* the last ones, once more some before them */
		const char *last = a.p + a.n - 16;
		__m128i here = _mm_loadu_si128((const __m128i *)(const void *)last);
		int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(here, want));
		return mask ? a.n - 16 + (size_t)__builtin_ctz((unsigned)mask) : BYTES_NONE;
	}
#endif
	for (; i < a.n; i++)
		if (a.p[i] == c)
			return i;
	return BYTES_NONE;
}

#ifdef __SSE2__
static bool any_control16(const char *p)
{
	const __m128i space = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f);
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, space), x);

	return _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(x, del))) != 0;
}
#endif

bool bytes_any_control(struct bytes a)
{
	size_t i = 0;
#ifdef __SSE2__
	for (; a.n - i >= 16; i += 16)
		if (any_control16(a.p + i))
			return true;
	if (a.n >= 16)
		return any_control16(a.p + a.n - 16);
#endif
	for (; i < a.n; i++)
		if ((unsigned char)a.p[i] < 0x20 || a.p[i] == 0x7f)
			return true;
	return false;
}

size_t bytes_rchr(struct bytes a, char c)
{
	for (size_t i = a.n; i > 0; i--)
		if (a.p[i - 1] == c)
			return i - 1;
	return BYTES_NONE;
}

static char folded(char c, bool fold)
{
	return fold ? ascii_lower(c) : c;
}

/* How far the needle matches itself, before each place of it. */
static uint32_t *kmp_table(struct bytes needle, bool fold)
{
	uint32_t *back = mem_alloc(needle.n * sizeof *back);
	uint32_t k = 0;

	back[0] = 0;
	for (size_t i = 1; i < needle.n; i++) {
		char c = folded(needle.p[i], fold);
		while (k && folded(needle.p[k], fold) != c)
			k = back[k - 1];
		if (folded(needle.p[k], fold) == c)
			k++;
		back[i] = k;
	}
	return back;
}

static size_t find_kmp(struct bytes hay, size_t from, struct bytes needle, bool fold)
{
	uint32_t *back = kmp_table(needle, fold);
	uint32_t k = 0;
	size_t found = BYTES_NONE;

	for (size_t i = from; i < hay.n && found == BYTES_NONE; i++) {
		char c = folded(hay.p[i], fold);
		while (k && folded(needle.p[k], fold) != c)
			k = back[k - 1];
		if (folded(needle.p[k], fold) == c)
			k++;
		if (k == needle.n)
			found = i + 1 - needle.n;
	}
	free(back);
	return found;
}

static bool match(const char *p, struct bytes needle, bool fold)
{
	return fold ? ieq(p, needle.p, needle.n) : memcmp(p, needle.p, needle.n) == 0;
}

/* Setting this bit makes both cases of a letter the same, and nothing else. */
static char case_bit(char c, bool fold)
{
	return fold && ascii_isalpha(c) ? 0x20 : 0;
}

/* True once comparing candidates has cost more than walking there. */
static bool too_costly(size_t *work, size_t n, size_t at)
{
	*work += n;
	return *work > 4096 && *work / 16 > at;
}

static size_t find(struct bytes hay, struct bytes needle, bool fold)
{
	if (needle.n == 0)
		return 0;
	if (needle.n > hay.n)
		return BYTES_NONE;

	const size_t gap = needle.n - 1, places = hay.n - gap;
	const char bit1 = case_bit(needle.p[0], fold), bit2 = case_bit(needle.p[gap], fold);
	const char first = (char)(needle.p[0] | bit1), last = (char)(needle.p[gap] | bit2);
	size_t i = 0, work = 0;
#ifdef __SSE2__
	const __m128i b1 = _mm_set1_epi8(bit1), b2 = _mm_set1_epi8(bit2);
	const __m128i f = _mm_set1_epi8(first), l = _mm_set1_epi8(last);
	for (; i < places && places >= 16; i += 16) {
		if (places - i < 16)
			i = places - 16; /* some of it a second time */
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(hay.p + i));
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(hay.p + i + gap));
		x = _mm_cmpeq_epi8(_mm_or_si128(x, b1), f);
		y = _mm_cmpeq_epi8(_mm_or_si128(y, b2), l);
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_and_si128(x, y));
		for (; mask; mask &= mask - 1) {
			size_t at = i + (size_t)__builtin_ctz(mask);
			if (match(hay.p + at, needle, fold))
				return at;
			if (too_costly(&work, needle.n, at))
				return find_kmp(hay, at + 1, needle, fold);
		}
	}
#endif
	for (; i < places; i++) {
		if ((hay.p[i] | bit1) != first || (hay.p[i + gap] | bit2) != last)
			continue;
		if (match(hay.p + i, needle, fold))
			return i;
		if (too_costly(&work, needle.n, i))
			return find_kmp(hay, i + 1, needle, fold);
	}
	return BYTES_NONE;
}

size_t bytes_find(struct bytes hay, struct bytes needle)
{
	return needle.n == 1 ? bytes_chr(hay, needle.p[0]) : find(hay, needle, false);
}

size_t bytes_ifind(struct bytes hay, struct bytes needle)
{
	return find(hay, needle, true);
}

/* One byte that may be LF or NUL: its length. */
static size_t special(char *out, char c, char before, char nul)
{
	bool lacks = c == '\n' && before != '\r';

	out[0] = '\r';
	out[lacks] = c ? c : nul;
	return 1u + lacks;
}

#ifdef __SSE2__
#define CRLF_BLOCK 64

static inline uint64_t specials16(const char *p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i lf = _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'));

	return (unsigned)_mm_movemask_epi8(
		_mm_or_si128(lf, _mm_cmpeq_epi8(x, _mm_setzero_si128())));
}

static inline void copy_block(char *out, const char *p)
{
	for (int i = 0; i < CRLF_BLOCK; i += 16)
		_mm_storeu_si128((__m128i *)(void *)(out + i),
				 _mm_loadu_si128((const __m128i *)(const void *)(p + i)));
}

/* One block, behind which another can be read and written.  Where its lines end is known
 * before any of it is copied: the processor needn't wait for one line to begin the next. */
static inline size_t block_to_crlf(char *out, const char *p, char before, char nul)
{
	uint64_t mask = specials16(p) | specials16(p + 16) << 16 | specials16(p + 32) << 32 |
			specials16(p + 48) << 48;
	size_t from = 0, n = 0;

	copy_block(out, p);
	for (; mask; mask &= mask - 1) {
		size_t at = (size_t)__builtin_ctzll(mask);
		n += at - from;
		n += special(out + n, p[at], at ? p[at - 1] : before, nul);
		from = at + 1;
		copy_block(out + n, p + from);
	}
	return n + CRLF_BLOCK - from;
}
#endif

size_t bytes_to_crlf(char *out, struct bytes in, char last, char nul)
{
	size_t i = 0, n = 0;
#ifdef __SSE2__
	for (; in.n - i >= 2 * CRLF_BLOCK; i += CRLF_BLOCK)
		n += block_to_crlf(out + n, in.p + i, i ? in.p[i - 1] : last, nul);
	const __m128i lf = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();
	while (in.n - i >= 32) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(in.p + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(in.p + i + 16));
		_mm_storeu_si128((__m128i *)(void *)(out + n), a);
		_mm_storeu_si128((__m128i *)(void *)(out + n + 16), b);
		a = _mm_or_si128(_mm_cmpeq_epi8(a, lf), _mm_cmpeq_epi8(a, zero));
		b = _mm_or_si128(_mm_cmpeq_epi8(b, lf), _mm_cmpeq_epi8(b, zero));
		unsigned mask = (unsigned)_mm_movemask_epi8(a) | (unsigned)_mm_movemask_epi8(b)
									 << 16;
		size_t plain = mask ? (size_t)__builtin_ctz(mask) : 32;
		i += plain;
		n += plain;
		if (mask) {
			n += special(out + n, in.p[i], i ? in.p[i - 1] : last, nul);
			i++;
		}
	}
#endif
	for (; i < in.n; i++)
		n += special(out + n, in.p[i], i ? in.p[i - 1] : last, nul);
	return n;
}

struct bytes bytes_trim(struct bytes a)
{
	while (a.n && ascii_isspace(a.p[a.n - 1]))
		a.n--;
	while (a.n && ascii_isspace(a.p[0])) {
		a.p++;
		a.n--;
	}
	return a;
}

bool bytes_split(struct bytes *rest, char c, struct bytes *piece)
{
	if (!rest->p)
		return false;
	size_t at = bytes_chr(*rest, c);
	if (at == BYTES_NONE) {
		*piece = *rest;
		*rest = (struct bytes){ NULL, 0 };
	} else {
		*piece = bytes_sub(*rest, 0, at);
		*rest = bytes_from(*rest, at + 1);
	}
	return true;
}
