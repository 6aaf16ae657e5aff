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

#define BATCH 64 /* characters for which room is made at once */
#define PLAIN 16 /* so many ASCII characters are left to upper_add */

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

/* Takes a character off the front, as utf8_take does; the usual ones faster. */
static inline int32_t take(struct bytes *b)
{
	const unsigned char *p = (const unsigned char *)b->p;
	size_t n = 0;
	int32_t c = 0;

	if (b->n >= 2 && p[0] >= 0xc2 && p[0] < 0xe0 && (p[1] & 0xc0) == 0x80) {
		n = 2;
		c = (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	} else if (b->n >= 3 && p[0] > 0xe0 && p[0] < 0xf0 && p[0] != 0xed &&
		   (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
		n = 3;
		c = (p[0] & 0xf) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	} else {
		struct bytes copy = *b; /* lets *b stay in registers */
		c = utf8_take(&copy);
		*b = copy;
		return c;
	}
	b->p += n;
	b->n -= n;
	return c;
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

/* Its place in casemap_pool, or 0. */
static uint16_t place_of(int32_t c)
{
	return c >= 0 && c < CASEMAP_END ? casemap_place[casemap_block[c / 64]][c % 64] : 0;
}

/* Writes what the character c, which stood at p in `as` bytes of `readable`, becomes;
 * four bytes at once, because a loop is mispredicted. */
static inline char *map(char *to, int32_t c, const char *p, size_t as, size_t readable)
{
	uint16_t place = place_of(c);

	if (c >= 0xac00 && c <= 0xd7a3)
		return hangul(to, (uint32_t)c);
	if (!place && readable < 4) {
		for (size_t i = 0; i < as; i++)
			to[i] = p[i];
		return to + as;
	}
	p = place ? (const char *)&casemap_pool[place + 1] : p;
	as = place ? casemap_pool[place] & 0x7f : as;
	memcpy(to, p, 4);
	for (size_t i = 4; i < as; i++)
		to[i] = p[i];
	return to + as;
}

/* Some characters, with the short runs of ASCII that are between them. */
static char *map_some(char *to, struct bytes *text)
{
	struct bytes rest = *text;
	int plain = 0;

	for (int i = 0; i < BATCH && rest.n && plain < PLAIN; i++) {
		struct bytes here = rest;
		if (ascii_is(*here.p)) {
			*to++ = ascii_upper(*here.p);
			rest.p++;
			rest.n--;
			plain++;
		} else {
			int32_t c = take(&rest);
			to = map(to, c, here.p, here.n - rest.n, here.n);
			plain = 0;
		}
	}
	*text = rest;
	return to;
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
		to = map_some(to, &utf8);
		out->n = (size_t)(to - out->p);
	}
}

/* The next byte that begins such a character, or text.n. */
static size_t next_lead(struct bytes text, size_t i)
{
#ifdef __SSE2__
	const __m128i trail = _mm_set1_epi8((char)0xbf);
	for (; text.n - i >= 16; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(text.p + i));
		unsigned high = (unsigned)_mm_movemask_epi8(x);
		unsigned leads = high & (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(x, trail));
		for (; leads; leads &= leads - 1) {
			size_t at = i + (size_t)__builtin_ctz(leads);
			if (casemap_lead[(unsigned char)text.p[at]])
				return at;
		}
	}
#endif
	while (i < text.n && !casemap_lead[(unsigned char)text.p[i]])
		i++;
	return i;
}

size_t casemap_hidden(struct bytes text, size_t from, size_t *length, struct bytes *mapping)
{
	size_t i = from;

	while (i < text.n && (i = next_lead(text, i)) < text.n) {
		struct bytes rest = bytes_from(text, i);
		uint16_t place = place_of(take(&rest));
		*length = text.n - rest.n - i;
		if (casemap_pool[place] & 0x80) {
			*mapping = (struct bytes){ (const char *)&casemap_pool[place + 1],
						   casemap_pool[place] & 0x7f };
			return i;
		}
		i += *length;
	}
	return BYTES_NONE;
}
