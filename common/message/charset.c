/*
 * charset.c: text in any charset to UTF-8, in pieces.
 *
 * UTF-8, UTF-7 (RFC 2152) and UTF-16 (RFC 2781) are done here, double-byte
 * charsets in charset_cjk.c.  A charset of single bytes is a table of 128
 * characters, filled by iconv when it is first asked for, so that iconv sees no
 * byte of a message.  Left out: EBCDIC, UTF-32, Vietnamese charsets with
 * combining bytes.
 */
#include "charset_cjk.h"
#include "charset_name.h"
#include "charset_table.h"

#include <assert.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "arena.h"
#include "ascii.h"
#include "text.h"
#include "utf8.h"

#define CHARSETS_MAX 128 /* opened by one process; iconv knows fewer in musl */
#define HELD_MAX 8       /* bytes of an incomplete character or escape */
#define BATCH 64         /* characters for which room is made at once */
#define REPLACEMENT 0xfffd

enum kind { KIND_UTF8, KIND_GUESS, KIND_UTF7, KIND_UTF16, KIND_BYTES, KIND_PAIRS, KIND_SHIFT };
enum order { ORDER_UNKNOWN, ORDER_BIG, ORDER_LITTLE };

struct charset {
	enum kind kind;
	struct charset *next;
	char name[CHARSET_NAME_MAX + 1];
	uint16_t high[128];    /* KIND_BYTES: of 0x80 to 0xff; 0: none */
	cjk_decoder *pairs;    /* KIND_PAIRS */
	bool hz;               /* KIND_SHIFT */
	enum order byte_order; /* KIND_UTF16 */

	/* of the text under way */
	bool bad; /* something was ill-formed */
	size_t nheld;
	char held[HELD_MAX];
	struct cjk_shift shift;
	enum order order;
	uint32_t surrogate;  /* UTF-16: the first half of a pair */
	bool shifted, fresh; /* UTF-7: inside "+...", right behind the '+' */
	uint32_t bits, nbits;
};

static struct charset utf8 = { .kind = KIND_UTF8, .name = "UTF-8" };
static struct charset guess = { .kind = KIND_GUESS, .name = "US-ASCII" };
static struct charset *charsets;

/* 0x80 to 0x9f; the five that have no character are control characters. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static uint16_t latin1(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 0x80 && u < 0xa0 ? windows_1252[u - 0x80] : u;
}

/* --- opening --- */

/* One byte alone: its character, 0 if it has none, -1 if it is part of more. */
static int32_t byte_alone(iconv_t cd, char c)
{
	char utf[8], *in = &c, *to = utf;
	size_t nin = 1, nto = sizeof utf;

	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &in, &nin, &to, &nto) == (size_t)-1)
		return errno == EILSEQ ? 0 : -1;
	struct bytes got = { utf, sizeof utf - nto };
	int32_t ch = got.n ? utf8_take(&got) : -1;
	return got.n ? -1 : ch;
}

/* False: it is no superset of ASCII, or not of single bytes. */
static bool fill_high(struct charset *c, iconv_t cd)
{
	for (int i = 0; i < 128; i++) {
		int32_t ch = byte_alone(cd, (char)(i + 128));
		if (byte_alone(cd, (char)i) != i || ch < 0 || ch > 0xffff)
			return false;
		c->high[i] = (uint16_t)ch;
	}
	return true;
}

static bool open_bytes(struct charset *c)
{
	static const struct {
		const char *name;
		const uint16_t *high;
	} tables[] = {
		{ "CP852", high_cp852 },         { "CP855", high_cp855 },
		{ "CP862", high_cp862 },         { "CP874", high_cp874 },
		{ "CP1255", high_cp1255 },       { "CP1258", high_cp1258 },
		{ "MACINTOSH", high_mac_roman }, { "MAC-CYRILLIC", high_mac_cyrillic },
	};

	c->kind = KIND_BYTES;
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		if (strcmp(c->name, tables[i].name) == 0) {
			memcpy(c->high, tables[i].high, sizeof c->high);
			return true;
		}
	}
	iconv_t cd = iconv_open("UTF-8", c->name);
	if (cd == (iconv_t)-1)
		return false;
	bool ok = fill_high(c, cd);
	iconv_close(cd);
	return ok;
}

static bool open_utf16(struct charset *c, enum order order)
{
	c->kind = KIND_UTF16;
	c->byte_order = order;
	return true;
}

static bool open_latin1(struct charset *c)
{
	c->kind = KIND_BYTES;
	for (int i = 0; i < 128; i++)
		c->high[i] = latin1((char)(i + 128));
	return true;
}

static bool open_named(struct charset *c, struct bytes name)
{
	c->hz = bytes_is(name, "HZ");
	c->pairs = cjk_find(name);
	c->kind = c->pairs ? KIND_PAIRS : bytes_is(name, "UTF-7") ? KIND_UTF7 : KIND_SHIFT;
	if (c->pairs || c->kind == KIND_UTF7 || c->hz || bytes_is(name, "ISO-2022"))
		return true;
	if (bytes_is(name, "UTF-16"))
		return open_utf16(c, ORDER_UNKNOWN);
	if (bytes_is(name, "UTF-16BE"))
		return open_utf16(c, ORDER_BIG);
	if (bytes_is(name, "UTF-16LE"))
		return open_utf16(c, ORDER_LITTLE);
	if (bytes_is(name, "WINDOWS-1252"))
		return open_latin1(c);
	return open_bytes(c);
}

static struct charset *find(struct bytes name)
{
	size_t n = 0;

	if (bytes_is(name, utf8.name))
		return &utf8;
	if (bytes_is(name, guess.name))
		return &guess;
	for (struct charset *c = charsets; c; c = c->next, n++)
		if (bytes_is(name, c->name))
			return c;
	if (n == CHARSETS_MAX || name.n > CHARSET_NAME_MAX)
		return NULL;
	struct charset *c = mem_alloc(sizeof *c);
	*c = (struct charset){ .next = charsets };
	memcpy(c->name, name.p, name.n);
	if (!open_named(c, name)) {
		free(c);
		return NULL;
	}
	charset_reset(c);
	return charsets = c;
}

struct charset *charset_find(struct bytes name)
{
	struct buf canonical = BUF_INIT;
	struct charset *c = NULL;

	if (bytes_iis(name, "utf-8"))
		return &utf8;
	if (charset_name(&canonical, name))
		c = find(buf_view(&canonical));
	buf_free(&canonical);
	return c;
}

struct charset *charset_guess(void)
{
	return &guess;
}

/* A byte below 0x80 that begins a character is ASCII. */
static bool ascii_inside(const struct charset *c)
{
	return c->kind != KIND_UTF7 && c->kind != KIND_UTF16 && c->kind != KIND_SHIFT;
}

bool charset_is_utf8(const struct charset *c, struct bytes in)
{
	return c->kind == KIND_UTF8 || (ascii_inside(c) && ascii_only(in)) ||
	       (c->kind == KIND_GUESS && utf8_valid(in));
}

/* --- converting ---
 *
 * Each of these takes at least one character off in and returns how many
 * bytes it has taken; 0: in ends inside the first character. */

static void replace(struct charset *c, struct buf *out)
{
	c->bad = true;
	utf8_put(out, REPLACEMENT);
}

/* A byte that belongs to no UTF-8 character. */
static void replace_byte(struct charset *c, char byte, struct buf *out)
{
	if (c->kind != KIND_GUESS)
		replace(c, out);
	else
		utf8_put(out, latin1(byte));
	c->bad = true;
}

/* Length of the character that a lead byte announces. */
static size_t utf8_length(char lead)
{
	unsigned char u = (unsigned char)lead;
	return u < 0xc2 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : u < 0xf5 ? 4 : 1;
}

/* Up to the next ASCII. */
static size_t from_utf8(struct charset *c, struct bytes in, struct buf *out)
{
	struct bytes rest = in;

	while (rest.n && !ascii_is(rest.p[0]) && utf8_length(rest.p[0]) <= rest.n) {
		struct bytes here = rest;
		if (utf8_take(&rest) >= 0)
			buf_bytes(out, bytes_sub(here, 0, here.n - rest.n));
		else
			replace_byte(c, here.p[0], out);
	}
	return in.n - rest.n;
}

static char *put(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c >= 0x10000) {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
	} else if (c >= 0x800) {
		*to++ = (char)(0xe0 | c >> 12);
	}
	*to++ = (char)(c < 0x800 ? 0xc0 | c >> 6 : 0x80 | (c >> 6 & 0x3f));
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

static size_t from_bytes(struct charset *c, struct bytes in, struct buf *out)
{
	size_t n = ascii_none_span(bytes_sub(in, 0, BATCH));
	char *to = buf_reserve(out, BATCH * 4);

	for (size_t i = 0; to && i < n; i++) {
		uint16_t ch = c->high[(unsigned char)in.p[i] & 0x7f];
		c->bad |= ch == 0;
		to = put(to, ch ? ch : REPLACEMENT);
	}
	if (to)
		out->n = (size_t)(to - out->p);
	return n;
}

static size_t from_pairs(struct charset *c, struct bytes in, struct buf *out)
{
	struct bytes rest = in;
	char *to = buf_reserve(out, BATCH * 4);

	for (int i = 0; i < BATCH && rest.n && !ascii_is(rest.p[0]); i++) {
		uint32_t ch;
		size_t n = c->pairs(rest, &ch);
		if (n == 0)
			break;
		rest = bytes_from(rest, n);
		c->bad |= ch == 0;
		if (to)
			to = put(to, ch ? ch : REPLACEMENT);
	}
	if (to)
		out->n = (size_t)(to - out->p);
	return in.n - rest.n;
}

static size_t from_shift(struct charset *c, struct bytes in, struct buf *out)
{
	uint32_t ch;
	size_t n = cjk_shift(&c->shift, in, &ch);

	if (n && ch == 0 && in.p[0] != '\0')
		replace(c, out);
	else if (n && ch != CJK_NOTHING)
		utf8_put(out, ch);
	return n;
}

/* --- UTF-16 and UTF-7 --- */

static void utf16_unit(struct charset *c, uint32_t unit, struct buf *out)
{
	bool high = unit >= 0xd800 && unit < 0xdc00, low = unit >= 0xdc00 && unit < 0xe000;

	if (c->surrogate && low)
		utf8_put(out, 0x10000 + ((c->surrogate & 0x3ff) << 10 | (unit & 0x3ff)));
	else if (c->surrogate || low)
		replace(c, out);
	if (!high && !low)
		utf8_put(out, unit);
	c->surrogate = high ? unit : 0;
}

/* Without a mark it is big-endian (RFC 2781 §4.3). */
static size_t from_utf16(struct charset *c, struct bytes in, struct buf *out)
{
	size_t i = 0;

	for (; in.n - i >= 2; i += 2) {
		uint32_t a = (unsigned char)in.p[i], b = (unsigned char)in.p[i + 1];
		bool first = c->order == ORDER_UNKNOWN;
		if (first)
			c->order = a == 0xff && b == 0xfe ? ORDER_LITTLE : ORDER_BIG;
		uint32_t unit = c->order == ORDER_BIG ? a << 8 | b : b << 8 | a;
		if (!first || unit != 0xfeff)
			utf16_unit(c, unit, out);
	}
	return i;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_isdigit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Leaves a "+..." run.  A '+' before something else than base64 or '-' is
 * ill-formed; it is shown as it stands. */
static void utf7_unshift(struct charset *c, bool minus, struct buf *out)
{
	if (c->fresh)
		buf_char(out, '+');
	c->bad |= (c->fresh && !minus) || c->nbits >= 6 || (c->bits & ((1u << c->nbits) - 1));
	if (c->surrogate)
		replace(c, out);
	c->shifted = c->fresh = false;
	c->surrogate = c->bits = c->nbits = 0;
}

static void utf7_shifted(struct charset *c, uint32_t v, struct buf *out)
{
	c->fresh = false;
	c->bits = c->bits << 6 | v;
	c->nbits += 6;
	if (c->nbits >= 16) {
		c->nbits -= 16;
		utf16_unit(c, c->bits >> c->nbits & 0xffff, out);
	}
}

static size_t from_utf7(struct charset *c, struct bytes in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		char ch = in.p[i];
		int v = c->shifted ? sextet(ch) : -1;
		bool absorbed = c->shifted && ch == '-';

		if (v >= 0) {
			utf7_shifted(c, (uint32_t)v, out);
			continue;
		}
		if (c->shifted)
			utf7_unshift(c, absorbed, out);
		if (ch == '+')
			c->shifted = c->fresh = true;
		else if (!ascii_is(ch))
			replace(c, out);
		else if (!absorbed)
			buf_char(out, ch);
	}
	return in.n;
}

/* --- all of them --- */

static size_t step(struct charset *c, struct bytes in, struct buf *out)
{
	switch (c->kind) {
	case KIND_UTF8:
	case KIND_GUESS:
		return from_utf8(c, in, out);
	case KIND_UTF7:
		return from_utf7(c, in, out);
	case KIND_UTF16:
		return from_utf16(c, in, out);
	case KIND_BYTES:
		return from_bytes(c, in, out);
	case KIND_PAIRS:
		return from_pairs(c, in, out);
	case KIND_SHIFT:
		break;
	}
	return from_shift(c, in, out);
}

/* What is left behind the last complete character is held. */
static void convert(struct charset *c, struct bytes in, struct buf *out)
{
	bool ascii = ascii_inside(c);

	while (in.n) {
		size_t n = ascii ? ascii_span(in) : 0;
		if (n)
			buf_bytes(out, bytes_sub(in, 0, n));
		else
			n = step(c, in, out);
		if (n == 0)
			break;
		in = bytes_from(in, n);
	}
	assert(in.n < HELD_MAX);
	if (in.n)
		memmove(c->held, in.p, in.n);
	c->nheld = in.n;
}

/* The text is over, perhaps inside a character. */
static void finish(struct charset *c, struct buf *out)
{
	for (size_t i = 0; i < c->nheld; i++) {
		if (ascii_inside(c) && ascii_is(c->held[i]))
			buf_char(out, c->held[i]);
		else
			replace_byte(c, c->held[i], out);
	}
	if (c->shifted)
		utf7_unshift(c, !c->fresh, out);
	else if (c->surrogate)
		replace(c, out);
}

void charset_reset(struct charset *c)
{
	c->bad = c->shifted = c->fresh = false;
	c->nheld = 0;
	c->bits = c->nbits = c->surrogate = 0;
	c->order = c->byte_order;
	c->shift = (struct cjk_shift){ .hz = c->hz };
}

void charset_to_utf8(struct charset *c, struct bytes in, bool last, struct buf *out)
{
	while (c->nheld && in.n) {
		c->held[c->nheld++] = in.p[0];
		in = bytes_from(in, 1);
		convert(c, (struct bytes){ c->held, c->nheld }, out);
	}
	if (in.n)
		convert(c, in, out);
	if (last) {
		finish(c, out);
		charset_reset(c);
	}
}

bool charset_text(struct charset *c, struct bytes in, struct buf *out)
{
	charset_reset(c);
	charset_to_utf8(c, in, false, out);
	finish(c, out);
	bool ok = !c->bad;
	charset_reset(c);
	return ok;
}
