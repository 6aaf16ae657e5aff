/*
 * charset.c: charsets to UTF-8.
 *
 * Charsets of single bytes become a table of 128 characters when they are
 * first asked for; UTF-8, UTF-7 (RFC 2152) and EUC-KR are done here; the rest
 * is iconv's.  Names are taken as mail writes them: case, punctuation and
 * "x-" don't matter, and the aliases are those seen in mail.  As every
 * browser does, ISO-8859-1 is read as windows-1252 and GB2312 as GB18030.
 */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "arena.h"
#include "ascii.h"
#include "text.h"
#include "utf8.h"

#define NAME_LONGEST 40  /* of IANA's names: 45, none of the long ones in use */
#define CHARSETS_MAX 128 /* opened at most by one process */
#define HELD_MAX 16      /* bytes of an incomplete character or escape */
#define WINDOW 256       /* bytes given to iconv at once */
#define REPLACEMENT 0xfffd

enum kind { KIND_UTF8, KIND_GUESS, KIND_UTF7, KIND_BYTES, KIND_EUCKR, KIND_ICONV };

struct charset {
	struct charset *next;
	enum kind kind;
	bool ascii; /* a byte below 0x80 that begins a character is ASCII */
	bool bad;   /* something was ill-formed since the last reset */
	char name[NAME_LONGEST + 1];
	iconv_t cd;
	uint16_t *high; /* KIND_BYTES: of 0x80 to 0xff; 0: none */
	size_t nheld;
	char held[HELD_MAX];
	/* UTF-7 */
	bool shifted, fresh; /* inside "+...", right behind the '+' */
	uint32_t bits, nbits, surrogate;
};

static struct charset utf8 = { .kind = KIND_UTF8, .ascii = true, .name = "UTF-8" };
static struct charset guess = { .kind = KIND_GUESS, .ascii = true, .name = "US-ASCII" };
static struct charset *charsets;

/* 0x80 to 0x9f of windows-1252. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static uint32_t latin1(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 0x80 && u < 0xa0 ? windows_1252[u - 0x80] : u;
}

/* --- names --- */

/* What to open (the first that iconv knows), then its other names, normalised:
 * lower case, letters and digits only. */
static const char *const aliases[] = {
	"UTF-8 utf8 unicode11utf8 unicode20utf8 utf8mb4 cp65001",
	"US-ASCII usascii ascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 us cp367 646",
	"UTF-7 utf7 unicode11utf7 unicode20utf7 cp65000",
	"WINDOWS-1252 iso88591 latin1 l1 cp819 isoir100 iso885911987 isolatin1 windows1252 cp1252 ansi",
	"ISO-8859-2 latin2 l2 isolatin2 isoir101 iso885921987",
	"ISO-8859-3 latin3 l3 isolatin3 isoir109 iso885931988",
	"ISO-8859-4 latin4 l4 isolatin4 isoir110 iso885941988",
	"ISO-8859-5 cyrillic isolatincyrillic isoir144 iso885951988",
	"ISO-8859-6 arabic isolatinarabic isoir127 iso885961987 iso88596i iso88596e asmo708",
	"ISO-8859-7 greek greek8 isolatingreek isoir126 iso885971987 ecma118",
	"ISO-8859-8 hebrew isolatinhebrew isoir138 iso885981988 iso88598i iso88598e logical visual",
	"ISO-8859-9 latin5 l5 isolatin5 isoir148 iso885991989",
	"ISO-8859-10 latin6 l6 isolatin6 isoir157 iso8859101992",
	"ISO-8859-13 latin7 l7",
	"ISO-8859-14 latin8 l8 isoceltic isoir199 iso8859141998",
	"ISO-8859-15 latin9 l9 iso885915 csiso885915",
	"ISO-8859-16 latin10 l10 isoir226 iso8859162001",
	"ISO-8859-11|TIS-620 tis620 cp874 thai",
	"KOI8-R koi8r koi8 koi cp878",
	"KOI8-U koi8u koi8ru cp21866",
	"CP866 866 866ru dosru",
	"MACINTOSH macintosh mac macroman",
	"MAC-CYRILLIC maccyrillic macukrainian cp10007",
	"CP932|SHIFT_JIS shiftjis sjis mskanji cp932 windows31j mscp932 eucsjis",
	"EUC-JP-MS|EUC-JP eucjp eucjpms extendedunixcodepackedformatforjapanese cp51932 cp20932 ujis eucpkdfmtjapanese",
	"ISO-2022-JP-3|ISO-2022-JP iso2022jp iso2022jp1 iso2022jp3 iso2022jp2004 iso2022jpms "
	"cp50220 cp50221 cp50222",
	"ISO-2022-JP-2|ISO-2022-JP iso2022jp2",
	"EUC-KR euckr ksc5601 ksc56011987 ksc56011989 ksx1001 korean cp949 uhc cp51949 isoir149",
	"GB18030 gb18030 gb2312 gb231280 gbk cp936 euccn gb chinese isoir58 cp54936 cngb",
	"BIG5-HKSCS|BIG5 big5 big5hkscs cp950 cnbig5 big5eten",
	"UTF-16 utf16 unicode iso10646ucs2 ucs2",
};

/* True if list has word; its own first word (names for iconv) goes to *names. */
static bool listed(const char *list, struct bytes word, struct bytes *names)
{
	struct bytes rest = bytes_of(list), one;

	bytes_split(&rest, ' ', names);
	while (bytes_split(&rest, ' ', &one))
		if (bytes_eq(one, word))
			return true;
	return false;
}

/* Lower case letters and digits of name; 0 when there are none, or too many. */
static size_t normalise(struct bytes name, char out[NAME_LONGEST])
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (!ascii_isalnum(name.p[i]))
			continue;
		if (n == NAME_LONGEST)
			return 0;
		out[n++] = ascii_lower(name.p[i]);
	}
	return n;
}

/* "win1250", "ibm850", "iso88592" as iconv writes them.  False if it is none. */
static bool numbered(struct bytes word, struct buf *out)
{
	static const char *const prefixes[][2] = {
		{ "windows", "CP" },
		{ "win", "CP" },
		{ "cp", "CP" },
		{ "ibm", "CP" },
		{ "ms", "CP" },
		{ "dos", "CP" },
		{ "iso8859", "ISO-8859-" },
	};

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		struct bytes digits = bytes_from(word, strlen(prefixes[i][0]));
		if (!bytes_starts(word, bytes_of(prefixes[i][0])) || !digits.n || digits.n > 5)
			continue;
		if (!ascii_isdigit(digits.p[0]) || !ascii_isdigit(digits.p[digits.n - 1]))
			continue;
		buf_str(out, prefixes[i][1]);
		buf_bytes(out, digits);
		return true;
	}
	return false;
}

static bool alias(struct bytes word, struct buf *out)
{
	struct bytes names;

	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
		if (listed(aliases[i], word, &names)) {
			buf_bytes(out, names);
			return true;
		}
	}
	return false;
}

/* True if iconv may see the name: no path, no suffix such as //TRANSLIT, and none of
 * the names that mean a program's inner form. */
static bool harmless(struct bytes name, struct bytes word)
{
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isalnum(name.p[i]) && !memchr("-_.:+()", name.p[i], 7))
			return false;
	return !bytes_is(word, "char") && !bytes_is(word, "wchart") && !bytes_is(word, "internal");
}

/* Appends the names to try, '|' between them.  False: nothing worth trying. */
static bool resolve(struct bytes name, struct buf *out)
{
	char word_of[NAME_LONGEST], canonical[NAME_LONGEST];
	struct bytes word = { word_of, normalise(name, word_of) };
	struct buf number = BUF_INIT;

	if (word.n == 0)
		return false;
	for (int strip = 0; strip < 3; strip++) { /* "x-sjis", "csSHIFTJIS" */
		static const char *const prefix[] = { "", "x", "cs" };
		if (!bytes_starts(word, bytes_of(prefix[strip])))
			continue;
		struct bytes rest = bytes_from(word, strlen(prefix[strip]));
		if (alias(rest, out))
			return true;
		if (!numbered(rest, &number))
			continue;
		struct bytes digits = { canonical, normalise(buf_view(&number), canonical) };
		if (!alias(digits, out))
			buf_bytes(out, buf_view(&number));
		buf_free(&number);
		return true;
	}
	if (!harmless(name, word))
		return false;
	buf_bytes(out, name);
	return true;
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

/* Tells what sort of charset iconv has here, and makes a table if it can. */
static void classify(struct charset *c)
{
	uint16_t high[128];

	c->ascii = true;
	for (int i = 0; i < 128; i++)
		if (byte_alone(c->cd, (char)i) != i)
			c->ascii = false;
	for (int i = 0; c->ascii && i < 128; i++) {
		int32_t ch = byte_alone(c->cd, (char)(i + 128));
		if (ch < 0 || ch > 0xffff)
			return;
		high[i] = (uint16_t)ch;
	}
	if (!c->ascii)
		return;
	iconv_close(c->cd);
	c->kind = KIND_BYTES;
	c->high = mem_alloc(sizeof high);
	memcpy(c->high, high, sizeof high);
}

static bool open_iconv(struct charset *c, struct bytes names)
{
	struct bytes one;
	char name[NAME_LONGEST + 1];

	while (bytes_split(&names, '|', &one)) {
		if (one.n > NAME_LONGEST)
			continue;
		memcpy(name, one.p, one.n);
		name[one.n] = '\0';
		c->cd = iconv_open("UTF-8", name);
		if (c->cd != (iconv_t)-1)
			return true;
	}
	return false;
}

static struct charset *open_charset(struct bytes names)
{
	struct charset *c = mem_alloc(sizeof *c);

	*c = (struct charset){ .kind = KIND_ICONV };
	memcpy(c->name, names.p, names.n);
	if (bytes_is(names, "UTF-7")) {
		c->kind = KIND_UTF7;
	} else if (bytes_is(names, "WINDOWS-1252")) {
		c->kind = KIND_BYTES;
		c->ascii = true;
		c->high = mem_alloc(128 * sizeof *c->high);
		for (int i = 0; i < 128; i++)
			c->high[i] = (uint16_t)latin1((char)(i + 128));
	} else if (!open_iconv(c, names)) {
		free(c);
		return NULL;
	} else if (bytes_is(names, "EUC-KR")) {
		c->kind = KIND_EUCKR;
		c->ascii = true;
	} else {
		classify(c);
	}
	return c;
}

static struct charset *find(struct bytes names)
{
	size_t n = 0;

	if (bytes_is(names, utf8.name))
		return &utf8;
	if (bytes_is(names, guess.name))
		return &guess;
	for (struct charset *c = charsets; c; c = c->next, n++)
		if (bytes_iis(names, c->name))
			return c;
	if (n >= CHARSETS_MAX || names.n > NAME_LONGEST)
		return NULL;
	struct charset *c = open_charset(names);
	if (c) {
		c->next = charsets;
		charsets = c;
	}
	return c;
}

struct charset *charset_find(struct bytes name)
{
	struct buf names = BUF_INIT;
	struct charset *c = NULL;

	if (bytes_iis(name, "utf-8"))
		return &utf8;
	if (resolve(name, &names))
		c = find(buf_view(&names));
	buf_free(&names);
	return c;
}

struct charset *charset_guess(void)
{
	return &guess;
}

bool charset_is_utf8(const struct charset *c, struct bytes in)
{
	return c->kind == KIND_UTF8 || (c->ascii && ascii_only(in)) ||
	       (c->kind == KIND_GUESS && utf8_valid(in));
}

/* --- converting ---
 *
 * Each of these takes what it can off in, returns how much, and leaves at
 * most an incomplete character. */

static void replace(struct charset *c, struct buf *out)
{
	c->bad = true;
	utf8_put(out, REPLACEMENT);
}

/* Length of the character that a lead byte announces. */
static size_t utf8_length(char lead)
{
	unsigned char u = (unsigned char)lead;
	return u < 0xc2 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : u < 0xf5 ? 4 : 1;
}

static size_t from_utf8(struct charset *c, struct bytes in, struct buf *out)
{
	size_t all = in.n;

	while (in.n) {
		struct bytes here = in;
		if (utf8_length(in.p[0]) > in.n)
			break;
		if (utf8_take(&in) >= 0) {
			buf_bytes(out, bytes_sub(here, 0, here.n - in.n));
		} else if (c->kind == KIND_GUESS) {
			c->bad = true;
			utf8_put(out, latin1(here.p[0]));
		} else {
			replace(c, out);
		}
		if (in.n && ascii_is(in.p[0]))
			break;
	}
	return all - in.n;
}

static size_t from_bytes(struct charset *c, struct bytes in, struct buf *out)
{
	size_t n = ascii_none_span(in);

	for (size_t i = 0; i < n; i++) {
		uint16_t ch = c->high[(unsigned char)in.p[i] & 0x7f];
		if (ch)
			utf8_put(out, ch);
		else
			replace(c, out);
	}
	return n;
}

/* At most a window.  Nothing taken: the character is incomplete. */
static size_t from_iconv(struct charset *c, struct bytes in, struct buf *out)
{
	char *from = (char *)(uintptr_t)in.p; /* iconv's prototype; it writes nothing there */
	size_t n = in.n < WINDOW ? in.n : WINDOW, left = n, room = WINDOW * 6;
	char *to = buf_reserve(out, room);

	if (!to)
		return n;
	int e = iconv(c->cd, &from, &left, &to, &room) == (size_t)-1 ? errno : 0;
	out->n = (size_t)(to - out->p);
	if (e == EILSEQ || (e == EINVAL && left >= HELD_MAX)) {
		replace(c, out);
		left--;
	}
	return n - left;
}

/* What iconv keeps until it knows what follows. */
static void iconv_rest(struct charset *c, struct buf *out)
{
	size_t room = WINDOW;
	char *to = buf_reserve(out, room);

	if (to && iconv(c->cd, NULL, NULL, &to, &room) != (size_t)-1)
		out->n = (size_t)(to - out->p);
}

/* --- UTF-7 --- */

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

/* Leaves a "+..." run.  A '+' before something else than base64 or '-' is
 * ill-formed; it is shown as it stands. */
static void utf7_unshift(struct charset *c, bool minus, struct buf *out)
{
	if (c->fresh)
		buf_char(out, '+');
	c->bad = c->bad || (c->fresh && !minus) || c->nbits >= 6 ||
		 (c->bits & ((1u << c->nbits) - 1));
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

/* --- EUC-KR, with the syllables that only Windows code page 949 has ---
 *
 * Those have double bytes outside the rows of KS X 1001 and are in the order of
 * Unicode.  iconv sees only what lies in those rows: musl 1.2.5 and before
 * can be led astray by the others (CVE-2025-26519), and is slow on them. */

#define HANGUL_FIRST 0xac00
#define HANGUL_COUNT 11172
#define HANGUL_EXTRA 8822

/* Marks the syllables that KS X 1001 has: rows 16 to 40. */
static void hangul_known(struct charset *c, bool known[HANGUL_COUNT])
{
	struct buf b = BUF_INIT;

	for (int row = 0xb0; row <= 0xc8; row++) {
		for (int cell = 0xa1; cell <= 0xfe; cell++) {
			char pair[2] = { (char)row, (char)cell };
			buf_reset(&b);
			from_iconv(c, (struct bytes){ pair, 2 }, &b);
			struct bytes one = buf_view(&b);
			int32_t ch = one.n ? utf8_take(&one) : -1;
			if (ch >= HANGUL_FIRST && ch < HANGUL_FIRST + HANGUL_COUNT)
				known[ch - HANGUL_FIRST] = true;
		}
	}
	buf_free(&b);
}

static const uint16_t *hangul_extra(struct charset *c)
{
	static uint16_t extra[HANGUL_EXTRA];
	bool known[HANGUL_COUNT] = { false };

	if (extra[0])
		return extra;
	hangul_known(c, known);
	for (int i = 0, n = 0; i < HANGUL_COUNT && n < HANGUL_EXTRA; i++)
		if (!known[i])
			extra[n++] = (uint16_t)(HANGUL_FIRST + i);
	return extra;
}

/* The place of a double byte in that order, or -1. */
static int extra_place(int lead, int trail)
{
	int row = lead - 0x81, cell;

	if (trail >= 'A' && trail <= 'Z')
		cell = trail - 'A';
	else if (trail >= 'a' && trail <= 'z')
		cell = trail - 'a' + 26;
	else if (trail >= 0x81 && trail <= (lead <= 0xa0 ? 0xfe : 0xa0))
		cell = trail - 0x81 + 52;
	else
		return -1;
	int place = row < 32 ? row * 178 + cell : 32 * 178 + (row - 32) * 84 + cell;
	return place < HANGUL_EXTRA ? place : -1;
}

static bool ksx1001(struct bytes in, size_t at)
{
	unsigned char lead = (unsigned char)in.p[at], trail = (unsigned char)in.p[at + 1];
	return lead >= 0xa1 && lead <= 0xfd && trail >= 0xa1 && trail <= 0xfe;
}

static size_t from_euckr(struct charset *c, struct bytes in, struct buf *out)
{
	size_t n = 0;
	int lead = (unsigned char)in.p[0];

	if (in.n == 1 && lead >= 0x81 && lead <= 0xfe)
		return 0;
	while (n < WINDOW && in.n - n >= 2 && ksx1001(in, n))
		n += 2;
	if (n)
		return from_iconv(c, bytes_sub(in, 0, n), out);
	int place = in.n >= 2 && lead >= 0x81 ? extra_place(lead, (unsigned char)in.p[1]) : -1;
	if (place < 0) {
		replace(c, out);
		return 1;
	}
	utf8_put(out, hangul_extra(c)[place]);
	return 2;
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
	case KIND_BYTES:
		return from_bytes(c, in, out);
	case KIND_EUCKR:
		return from_euckr(c, in, out);
	case KIND_ICONV:
		break;
	}
	return from_iconv(c, in, out);
}

/* Returns what is left: an incomplete character. */
static struct bytes convert(struct charset *c, struct bytes in, struct buf *out)
{
	while (in.n) {
		size_t n = c->ascii ? ascii_span(in) : 0;
		if (n) {
			if (c->kind == KIND_ICONV)
				iconv_rest(c, out);
			buf_bytes(out, bytes_sub(in, 0, n));
		} else {
			n = step(c, in, out);
		}
		if (n == 0)
			break;
		in = bytes_from(in, n);
	}
	return in;
}

static void hold(struct charset *c, struct bytes rest)
{
	if (rest.n)
		memmove(c->held, rest.p, rest.n);
	c->nheld = rest.n;
}

/* The text ends inside a character. */
static void finish(struct charset *c, struct buf *out)
{
	for (size_t i = 0; i < c->nheld; i++) {
		if (c->kind == KIND_GUESS)
			utf8_put(out, latin1(c->held[i]));
		else
			replace(c, out);
		c->bad = true;
	}
	if (c->shifted)
		utf7_unshift(c, !c->fresh, out);
	if (c->kind == KIND_ICONV)
		iconv_rest(c, out);
}

void charset_reset(struct charset *c)
{
	if (c->kind == KIND_ICONV || c->kind == KIND_EUCKR)
		iconv(c->cd, NULL, NULL, NULL, NULL);
	c->nheld = 0;
	c->shifted = c->fresh = c->bad = false;
	c->bits = c->nbits = c->surrogate = 0;
}

void charset_to_utf8(struct charset *c, struct bytes in, bool last, struct buf *out)
{
	while (c->nheld && in.n) {
		c->held[c->nheld++] = in.p[0];
		in = bytes_from(in, 1);
		hold(c, convert(c, (struct bytes){ c->held, c->nheld }, out));
	}
	if (in.n)
		hold(c, convert(c, in, out));
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
