/*
 * charset_cjk.c: double-byte charsets, with and without escapes.
 *
 * The C library's iconv is asked for single characters only, and only for those
 * that a double-byte set has room for: it fills the rows of the sets below
 * as they are needed.  It never sees a byte of a message.  That is faster, the
 * same with every library, and doesn't trust decoders that have been wrong
 * (musl 1.2.5 and before: CVE-2025-26519, Shift_JIS trail bytes, four-byte GB18030).
 *
 * Left out: JIS X 0212, the CNS planes of ISO-2022-CN, EUC-TW.
 */
#include "charset_cjk.h"

#include <iconv.h>

#include "arena.h"
#include "ascii.h"
#include "charset_table.h"
#include "pages.h"
#include "utf8.h"

#define ROW_FIRST 0x81
#define ROW_LAST 0xfe
#define CELL_FIRST 0x40
#define CELL_LAST 0xfe
#define CELLS (CELL_LAST - CELL_FIRST + 1)

/* --- the sets, in the form that EUC, GBK and Big5 give them --- */

struct set {
	const char *names[2]; /* for iconv */
	unsigned first;       /* lowest byte */
	bool opened;
	iconv_t cd;
	uint32_t *rows[ROW_LAST - ROW_FIRST + 1];
};

#define UNASKED UINT32_MAX /* in a row: iconv wasn't asked for this character yet */

static struct set sets[] = {
	[CJK_JIS] = { .names = { "EUC-JP", "EUCJP" }, .first = 0xa1 },
	[CJK_KSC] = { .names = { "EUC-KR", "EUCKR" }, .first = 0xa1 },
	[CJK_GB] = { .names = { "GB18030", "GBK" }, .first = CELL_FIRST },
	[CJK_BIG5] = { .names = { "BIG5-HKSCS", "BIG5" }, .first = CELL_FIRST },
};

/* 0: none, or more than one. */
static uint32_t ask_iconv(iconv_t cd, unsigned row, unsigned cell)
{
	char pair[2] = { (char)row, (char)cell }, utf[16];
	char *in = pair, *to = utf;
	size_t nin = sizeof pair, room = sizeof utf;

	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &in, &nin, &to, &room) == (size_t)-1 || nin)
		return 0;
	iconv(cd, NULL, NULL, &to, &room); /* Big5-HKSCS looks ahead */
	struct bytes got = { utf, sizeof utf - room };
	int32_t c = got.n ? utf8_take(&got) : 0;
	return c > 0 && got.n == 0 ? (uint32_t)c : 0;
}

static uint32_t ask(struct set *s, unsigned row, unsigned cell)
{
	if (!s->opened) {
		s->opened = true;
		s->cd = iconv_open("UTF-8", s->names[0]);
		if (s->cd == (iconv_t)-1)
			s->cd = iconv_open("UTF-8", s->names[1]);
	}
	if (row < s->first || cell < s->first || cell == 0x7f || s->cd == (iconv_t)-1)
		return 0;
	return ask_iconv(s->cd, row, cell);
}

/* The character, or 0. */
static uint32_t set_char(enum cjk_set set, unsigned row, unsigned cell)
{
	struct set *s = &sets[set];

	if (row < ROW_FIRST || row > ROW_LAST || cell < CELL_FIRST || cell > CELL_LAST)
		return 0;
	uint32_t **cells = &s->rows[row - ROW_FIRST];
	if (!*cells) {
		*cells = mem_alloc(CELLS * sizeof **cells);
		memset(*cells, 0xff, CELLS * sizeof **cells);
	}
	uint32_t *c = &(*cells)[cell - CELL_FIRST];
	if (*c == UNASKED)
		*c = ask(s, row, cell);
	return *c;
}

/* JIS X 0208 with the rows that vendors filled; row and cell as in EUC-JP. */
static uint32_t jis_char(unsigned row, unsigned cell)
{
	if (row == 0xa0 + 13)
		return jis_row_13[cell - 0xa1];
	if (row >= 0xa0 + 89 && row <= 0xa0 + 92)
		return jis_rows_89_92[(row - 0xa0 - 89) * 94 + cell - 0xa1];
	return set_char(CJK_JIS, row, cell);
}

/* --- decoders --- */

static unsigned byte(struct bytes in, size_t i)
{
	return (unsigned char)in.p[i];
}

static bool within(unsigned b, unsigned from, unsigned to)
{
	return b >= from && b <= to;
}

/* How many bytes an ill-formed pair takes: a trail byte that is ASCII is shown. */
static size_t pair_taken(struct bytes in, uint32_t c)
{
	return c || byte(in, 1) >= 0x80 ? 2 : 1;
}

static size_t pair_of(enum cjk_set set, struct bytes in, uint32_t *c)
{
	*c = 0;
	if (!within(byte(in, 0), ROW_FIRST, ROW_LAST))
		return 1;
	if (in.n < 2)
		return 0;
	*c = set_char(set, byte(in, 0), byte(in, 1));
	return pair_taken(in, *c);
}

static size_t big5(struct bytes in, uint32_t *c)
{
	return pair_of(CJK_BIG5, in, c);
}

/* Half-width katakana. */
static uint32_t kana(unsigned b)
{
	return within(b, 0xa1, 0xdf) ? 0xff61 + b - 0xa1 : 0;
}

static size_t eucjp(struct bytes in, uint32_t *c)
{
	unsigned lead = byte(in, 0);
	bool two = lead == 0x8e || within(lead, 0xa1, 0xfe), three = lead == 0x8f;

	*c = 0;
	if (!two && !three)
		return 1;
	if (in.n < 2)
		return 0;
	if (!within(byte(in, 1), 0xa1, 0xfe))
		return 1;
	if (three) /* JIS X 0212 */
		return in.n < 3 ? 0 : within(byte(in, 2), 0xa1, 0xfe) ? 3 : 1;
	*c = lead == 0x8e ? kana(byte(in, 1)) : jis_char(lead, byte(in, 1));
	return 2;
}

/* What Shift_JIS packs into a pair of bytes: two rows of JIS X 0208 per lead,
 * and IBM's characters. */
static uint32_t shiftjis_pair(unsigned lead, unsigned trail)
{
	unsigned place = trail - 0x40 - (trail > 0x7f); /* 0 to 187 */

	if (!within(trail, 0x40, 0xfc) || trail == 0x7f)
		return 0;
	if (lead >= 0xf0) {
		unsigned ibm = (lead - 0xfa) * 188 + place;
		return lead >= 0xfa && ibm < 388 ? jis_ibm[ibm] : 0;
	}
	unsigned row = (lead - (lead < 0xa0 ? 0x81 : 0xc1)) * 2 + place / 94;
	return jis_char(0xa1 + row, 0xa1 + place % 94);
}

static size_t shiftjis(struct bytes in, uint32_t *c)
{
	unsigned lead = byte(in, 0);

	*c = kana(lead);
	if (!within(lead, 0x81, 0x9f) && !within(lead, 0xe0, 0xfc))
		return 1;
	if (in.n < 2)
		return 0;
	*c = shiftjis_pair(lead, byte(in, 1));
	return pair_taken(in, *c);
}

/* --- Korea: KS X 1001, and the syllables only code page 949 has ---
 *
 * Those lie outside the rows of KS X 1001, in the order of Unicode. */

#define HANGUL_FIRST 0xac00
#define HANGUL_COUNT 11172
#define HANGUL_EXTRA 8822

static const uint16_t *hangul_extra(void)
{
	PAGES_APART static uint16_t extra[HANGUL_EXTRA];
	bool known[HANGUL_COUNT] = { false };

	if (extra[0])
		return extra;
	for (unsigned row = 0xb0; row <= 0xc8; row++) {
		for (unsigned cell = 0xa1; cell <= 0xfe; cell++) {
			uint32_t c = set_char(CJK_KSC, row, cell) - HANGUL_FIRST;
			if (c < HANGUL_COUNT)
				known[c] = true;
		}
	}
	for (unsigned i = 0, n = 0; i < HANGUL_COUNT && n < HANGUL_EXTRA; i++)
		if (!known[i])
			extra[n++] = (uint16_t)(HANGUL_FIRST + i);
	return extra;
}

static uint32_t extra_syllable(unsigned lead, unsigned trail)
{
	unsigned row = lead - 0x81, cell;

	if (within(trail, 'A', 'Z'))
		cell = trail - 'A';
	else if (within(trail, 'a', 'z'))
		cell = trail - 'a' + 26;
	else if (within(trail, 0x81, lead <= 0xa0 ? 0xfe : 0xa0))
		cell = trail - 0x81 + 52;
	else
		return 0;
	unsigned place = row < 32 ? row * 178 + cell : 32 * 178 + (row - 32) * 84 + cell;
	return place < HANGUL_EXTRA ? hangul_extra()[place] : 0;
}

static size_t euckr(struct bytes in, uint32_t *c)
{
	unsigned lead = byte(in, 0);

	*c = 0;
	if (!within(lead, 0x81, 0xfd))
		return 1;
	if (in.n < 2)
		return 0;
	if (lead >= 0xa1 && byte(in, 1) >= 0xa1)
		*c = set_char(CJK_KSC, lead, byte(in, 1));
	else
		*c = extra_syllable(lead, byte(in, 1));
	return pair_taken(in, *c);
}

/* --- China --- */

/* A four-byte form stands for the n-th character that has no pair. */
static uint32_t gb18030_bmp(uint32_t place)
{
	size_t low = 0, high = sizeof gb18030_place / sizeof gb18030_place[0];

	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (gb18030_place[middle] <= place)
			low = middle;
		else
			high = middle;
	}
	return gb18030_char[low] + place - gb18030_place[low];
}

static uint32_t gb18030_four(struct bytes in)
{
	uint32_t place = (byte(in, 0) - 0x81) * 10 + byte(in, 1) - '0';
	place = (place * 126 + byte(in, 2) - 0x81) * 10 + byte(in, 3) - '0';

	if (place < 39420)
		return gb18030_bmp(place);
	uint32_t c = place - 189000 + 0x10000;
	return place >= 189000 && c <= 0x10ffff ? c : 0;
}

static size_t gb18030(struct bytes in, uint32_t *c)
{
	*c = 0;
	if (in.n < 2 || !within(byte(in, 0), ROW_FIRST, ROW_LAST) || !within(byte(in, 1), '0', '9'))
		return pair_of(CJK_GB, in, c);
	if (in.n > 2 && !within(byte(in, 2), 0x81, 0xfe))
		return 1;
	if (in.n > 3 && !within(byte(in, 3), '0', '9'))
		return 1;
	if (in.n < 4)
		return 0;
	*c = gb18030_four(in);
	return *c ? 4 : 1;
}

cjk_decoder *cjk_find(struct bytes name)
{
	static const struct {
		const char *name;
		cjk_decoder *decoder;
	} all[] = {
		{ "SHIFT_JIS", shiftjis }, { "EUC-JP", eucjp }, { "EUC-KR", euckr },
		{ "GB18030", gb18030 },    { "BIG5", big5 },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (bytes_is(name, all[i].name))
			return all[i].decoder;
	return NULL;
}

/* --- escapes --- */

static const struct {
	const char *bytes; /* behind ESC */
	enum cjk_set set;
} escapes[] = {
	{ "(B", CJK_ASCII }, { "(J", CJK_ROMAN },  { "(H", CJK_ROMAN },  { "(I", CJK_KANA },
	{ "$@", CJK_JIS },   { "$B", CJK_JIS },    { "$A", CJK_GB },     { "$(@", CJK_JIS },
	{ "$(B", CJK_JIS },  { "$(C", CJK_KSC },   { "$(D", CJK_OTHER }, { "$)C", CJK_KSC },
	{ "$)A", CJK_GB },   { "$)G", CJK_OTHER }, { "$)E", CJK_OTHER },
};

/* Length of the escape in begins with; 0: in is too short to tell; 1: none. */
static size_t escape(struct cjk_shift *s, struct bytes in, uint32_t *c)
{
	bool begun = false;

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		struct bytes e = bytes_of(escapes[i].bytes), rest = bytes_from(in, 1);
		if (bytes_starts(e, rest) && rest.n < e.n)
			begun = true;
		if (!bytes_starts(rest, e))
			continue;
		if (e.p[1] == ')')
			s->g1 = escapes[i].set;
		else
			s->set = escapes[i].set;
		*c = CJK_NOTHING;
		return 1 + e.n;
	}
	*c = 0;
	return begun ? 0 : 1;
}

/* '~' in HZ. */
static size_t tilde(struct cjk_shift *s, struct bytes in, uint32_t *c)
{
	if (in.n < 2)
		return 0;
	*c = CJK_NOTHING;
	if (in.p[1] == '{')
		s->set = CJK_GB;
	else if (in.p[1] == '}')
		s->set = CJK_ASCII;
	else if (in.p[1] == '~')
		*c = '~';
	else if (in.p[1] != '\n')
		*c = 0;
	return *c ? 2 : 1;
}

/* A byte that isn't in a double-byte set. */
static uint32_t single(enum cjk_set set, unsigned b)
{
	if (b >= 0x80)
		return kana(b);
	if (set == CJK_ROMAN && b == '\\')
		return 0xa5;
	if (set == CJK_ROMAN && b == '~')
		return 0x203e;
	if (set == CJK_KANA && within(b, 0x21, 0x5f))
		return kana(b + 0x80);
	return b;
}

size_t cjk_shift(struct cjk_shift *s, struct bytes in, uint32_t *c)
{
	unsigned b = byte(in, 0);
	bool wide = s->set >= CJK_JIS && within(b, 0x21, 0x7e);

	if (b == 0x1b && !s->hz)
		return escape(s, in, c);
	if (b == '~' && s->hz)
		return tilde(s, in, c);
	if ((b == 0x0e && s->g1) || (b == 0x0f && s->set)) {
		s->set = b == 0x0e ? s->g1 : CJK_ASCII;
		*c = CJK_NOTHING;
		return 1;
	}
	if (b == '\n') /* every one of them begins a line in ASCII */
		s->set = CJK_ASCII;
	*c = wide ? 0 : single(s->set, b);
	if (!wide)
		return 1;
	if (in.n < 2)
		return 0;
	if (!within(byte(in, 1), 0x21, 0x7e))
		return 1;
	unsigned row = b | 0x80, cell = byte(in, 1) | 0x80;
	if (s->set == CJK_JIS)
		*c = jis_char(row, cell);
	else if (s->set != CJK_OTHER)
		*c = set_char(s->set, row, cell);
	return 2;
}
