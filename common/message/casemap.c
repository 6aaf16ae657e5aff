/*
 * casemap.c: i;unicode-casemap (RFC 5051): title case, then the full
 * compatibility decomposition, per character.
 *
 * The tables come from casemap_gen.py; runs of ASCII touch none of them.
 * Marks are not reordered: the RFC doesn't ask for it.
 */
#include "ascii.h"
#include "casemap_table.h"
#include "text.h"
#include "utf8.h"

#define BATCH 16 /* characters for which room is made at once */

static void upper_add(struct buf *out, struct bytes in)
{
	char *to = buf_reserve(out, in.n);
	size_t i = 0;

	if (!to)
		return;
#ifdef __SSE2__
	const __m128i before_a = _mm_set1_epi8('a' - 1), after_z = _mm_set1_epi8('z' + 1);
	for (; in.n - i >= 16; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(in.p + i));
		__m128i lower =
			_mm_and_si128(_mm_cmpgt_epi8(x, before_a), _mm_cmplt_epi8(x, after_z));
		x = _mm_xor_si128(x, _mm_and_si128(lower, _mm_set1_epi8(0x20)));
		_mm_storeu_si128((__m128i *)(void *)(to + i), x);
	}
#endif
	for (; i < in.n; i++)
		to[i] = ascii_upper(in.p[i]);
	out->n += in.n;
}

static char *put3(char *to, uint32_t c)
{
	*to++ = (char)(0xe0 | c >> 12);
	*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* UnicodeData.txt has no entry for a Hangul syllable; NFKD takes it apart by
 * arithmetic (The Unicode Standard, section 3.12). */
static char *hangul(char *to, uint32_t c)
{
	uint32_t s = c - 0xac00, tail = s % 28;
	to = put3(to, 0x1100 + s / 588);
	to = put3(to, 0x1161 + s % 588 / 28);
	return tail ? put3(to, 0x11a7 + tail) : to;
}

/* Writes what the character c, which stood in `as` bytes at p, becomes. */
static char *map(char *to, int32_t c, const char *p, size_t as)
{
	if (c >= 0xac00 && c <= 0xd7a3)
		return hangul(to, (uint32_t)c);
	if (c >= 0 && c < CASEMAP_END) {
		uint16_t place = casemap_place[casemap_block[c / 64]][c % 64];
		if (place) {
			as = casemap_pool[place];
			p = (const char *)&casemap_pool[place + 1];
		}
	}
	for (size_t i = 0; i < as; i++)
		to[i] = p[i];
	return to + as;
}

void casemap(struct buf *out, struct bytes utf8)
{
	while (utf8.n) {
		size_t plain = ascii_span(utf8);
		upper_add(out, bytes_sub(utf8, 0, plain));
		utf8 = bytes_from(utf8, plain);

		char *to = buf_reserve(out, BATCH * CASEMAP_LONGEST);
		if (!to)
			return;
		for (int i = 0; i < BATCH && utf8.n && !ascii_is(utf8.p[0]); i++) {
			const char *p = utf8.p;
			int32_t c = utf8_take(&utf8);
			to = map(to, c, p, (size_t)(utf8.p - p));
		}
		out->n = (size_t)(to - out->p);
	}
}
