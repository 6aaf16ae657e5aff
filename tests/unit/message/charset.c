/* Charsets: names, samples, ill-formed text, pieces. */
#include "test.h"

#include "text.h"

static const struct {
	const char *name;
	struct bytes in, out;
} cases[] = {
	{ "utf-8", BYTES("a\u00e9\u20ac\U0001f600"), BYTES("a\u00e9\u20ac\U0001f600") },
	{ "utf-8", BYTES("\xff\xc3\x41\xe2\x82"), BYTES("\ufffd\ufffd\x41\ufffd\ufffd") },
	{ "utf-8", BYTES("\xed\xa0\x80"), BYTES("\ufffd\ufffd\ufffd") },
	{ "us-ascii", BYTES("caf\xe9 \xc3\xa9 \xe2\x82"), BYTES("caf\u00e9 \u00e9 \u00e2\u201a") },
	{ "iso-8859-1", BYTES("\xe9\x80\x92\xff"), BYTES("\u00e9\u20ac\u2019\u00ff") },
	{ "iso-8859-2", BYTES("\xb1\xe6"), BYTES("\u0105\u0107") },
	{ "iso-8859-15", BYTES("\xa4"), BYTES("\u20ac") },
	{ "windows-1251", BYTES("\xcf\xf0\xe8"), BYTES("\u041f\u0440\u0438") },
	{ "cp1255", BYTES("\xf9\xc8"), BYTES("\u05e9\u05b8") },
	{ "windows-1258", BYTES("\xea\xec"), BYTES("\u00ea\u0301") },
	{ "koi8-r", BYTES("\xf0\xd2"), BYTES("\u041f\u0440") },
	{ "koi8-u", BYTES("\xa4"), BYTES("\u0454") },
	{ "cp850", BYTES("\x82"), BYTES("\u00e9") },
	{ "ibm852", BYTES("\xa5"), BYTES("\u0105") },
	{ "macintosh", BYTES("\x8e"), BYTES("\u00e9") },
	{ "windows-874", BYTES("\xa1\x80\x81"), BYTES("\u0e01\u20ac\ufffd") },
	/* RFC 2152 */
	{ "utf-7", BYTES("A+ImIDkQ."), BYTES("A\u2262\u0391.") },
	{ "utf-7", BYTES("Hi Mom -+Jjo--!"), BYTES("Hi Mom -\u263a-!") },
	{ "utf-7", BYTES("+ZeVnLIqe-"), BYTES("\u65e5\u672c\u8a9e") },
	{ "utf-7", BYTES("1 +- 2 +AGE"), BYTES("1 + 2 a") },
	{ "utf-7", BYTES("+2D3eAA-"), BYTES("\U0001f600") },
	{ "utf-7", BYTES("+2D0-x +3gA- + \xe9"), BYTES("\ufffdx \ufffd + \ufffd") },
	{ "utf-16", BYTES("\xff\xfe\x61\0\xac\x20"), BYTES("a\u20ac") },
	{ "utf-16", BYTES("\0a\x20\xac"), BYTES("a\u20ac") },
	{ "utf-16", BYTES("\xfe\xff\xd8\x3d\xde\0\xde\0\0"), BYTES("\U0001f600\ufffd\ufffd") },
	{ "utf-16le", BYTES("\xfe\xff\x3d\xd8"), BYTES("\ufffe\ufffd") },
	/* Japan */
	{ "shift_jis", BYTES("\x93\xfa\x96{\x8c\xea\xb1~"), BYTES("\u65e5\u672c\u8a9e\uff71~") },
	{ "shift_jis", BYTES("\x87\x40\xfb\xfc\xed\x40"), BYTES("\u2460\u9ad9\u7e8a") },
	{ "shift_jis", BYTES("\x81\n\x81\xff\x80\xa0\xfd\x93"),
	  BYTES("\ufffd\n\ufffd\ufffd\ufffd\ufffd\ufffd") },
	{ "euc-jp", BYTES("\xc6\xfc\xcb\xdc\x8e\xb1\xad\xa1"), BYTES("\u65e5\u672c\uff71\u2460") },
	{ "euc-jp", BYTES("\x8f\xb0\xa1x\xc6x\xc6"), BYTES("\ufffdx\ufffdx\ufffd") },
	{ "iso-2022-jp", BYTES("a\x1b$BF|K\\\x1b(Bb"),
	  BYTES("a\u65e5\u672c"
		"b") },
	{ "iso-2022-jp", BYTES("\x1b$B-!\x1b(I1\x1b(J\\~\x1b(B\\"),
	  BYTES("\u2460\uff71\u00a5\u203e\\") },
	{ "iso-2022-jp", BYTES("\x1b$BF|\nF|"), BYTES("\u65e5\nF|") },
	{ "iso-2022-jp", BYTES("\x1b$BF|\x1b$(C0!\x1b$A0!\x1b(B"), BYTES("\u65e5\uac00\u554a") },
	{ "iso-2022-jp", BYTES("\x1b$BF|F\x1b(B\x1b[1m"), BYTES("\u65e5\ufffd\ufffd[1m") },
	{ "iso-2022-jp", BYTES("\0\x1b$(D0!\x1b(B\x0e\x0f\xb1"), BYTES("\0\ufffd\x0e\x0f\uff71") },
	/* Korea */
	{ "euc-kr", BYTES("\xb0\xa1\xc7\xd1"), BYTES("\uac00\ud55c") },
	{ "ks_c_5601-1987", BYTES("\x81\x41\xc6\x52\xa0\xfe\xa1\x41"),
	  BYTES("\uac02\ud7a3\uc8a4\uc8a5") },
	{ "euc-kr", BYTES("\xc6\x53\xc7\x41\xfe\xa1\x80\xff\xb0"),
	  BYTES("\ufffdS\ufffd"
		"A\ufffd\ufffd\ufffd\ufffd") },
	{ "iso-2022-kr",
	  BYTES("\x1b$)C\x0e"
		"0!\x0f"
		"a\x0e"
		"0!\n0!"),
	  BYTES("\uac00a\uac00\n0!") },
	/* China */
	{ "gb2312", BYTES("\xd6\xd0\xce\xc4\x81\x40"), BYTES("\u4e2d\u6587\u4e02") },
	{ "gb18030", BYTES("\x81\x30\x81\x30\x81\x36\xa5\x31\x84\x31\xa4\x39"),
	  BYTES("\xc2\x80\u200f\uffff") },
	{ "gb18030", BYTES("\x94\x39\xfc\x36\x90\x30\x81\x30\xe3\x32\x9a\x35"),
	  BYTES("\U0001f600\U00010000\U0010ffff") },
	{ "gb18030", BYTES("\xe3\x32\x9a\x36"),
	  BYTES("\ufffd"
		"2\ufffd"
		"6") },
	{ "gb18030", BYTES("\x81\x30z\x81\x30\x81z\xff\x81\x30\x81"),
	  BYTES("\ufffd"
		"0z\ufffd"
		"0\u4e83\ufffd\ufffd"
		"0\ufffd") },
	{ "big5", BYTES("\xa4\xa4\xa4\xe5"), BYTES("\u4e2d\u6587") },
	{ "big5", BYTES("\xa4\n\xff"), BYTES("\ufffd\n\ufffd") },
	{ "hz-gb-2312", BYTES("a~{VPND~}~~b~\nc~{VP\nVP"), BYTES("a\u4e2d\u6587~bc\u4e2d\nVP") },
};

static bool replaced(struct bytes out)
{
	return bytes_find(out, BYTES("\ufffd")) != BYTES_NONE;
}

static void check(size_t i, struct buf *got)
{
	if (!bytes_eq(buf_view(got), cases[i].out))
		fail_msg("%s, case %zu: got \"%.*s\", want \"%s\"", cases[i].name, i, (int)got->n,
			 got->p, cases[i].out.p);
	buf_reset(got);
}

static void test_cases(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct charset *c = charset_find(bytes_of(cases[i].name));
		if (!c)
			fail_msg("%s is unknown", cases[i].name);
		if (charset_text(c, cases[i].in, &out) && replaced(buf_view(&out)))
			fail_msg("%s, case %zu passed for well-formed", cases[i].name, i);
		check(i, &out);
	}
	buf_free(&out);
}

static void test_pieces(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct charset *c = charset_find(bytes_of(cases[i].name));
		struct bytes in = cases[i].in;
		for (size_t at = 0; at <= in.n; at++) {
			charset_to_utf8(c, bytes_sub(in, 0, at), false, &out);
			charset_to_utf8(c, bytes_from(in, at), true, &out);
			check(i, &out);
		}
		for (size_t at = 0; at < in.n; at++)
			charset_to_utf8(c, bytes_sub(in, at, 1), at + 1 == in.n, &out);
		check(i, &out);
	}
	buf_free(&out);
}

static void test_names(void **state)
{
	static const char *const same[][2] = {
		{ "utf8", "UTF-8" },
		{ "unicode-1-1-utf-8", "UTF-8" },
		{ "csUTF8", "utf-8" },
		{ "ansi_x3.4-1968", "us-ascii" },
		{ "US-ASCII", "ascii" },
		{ "unicode-1-1-utf-7", "utf-7" },
		{ "latin1", "ISO-8859-1" },
		{ "Windows-1252", "cp1252" },
		{ "ISO_8859-2:1987", "latin2" },
		{ "iso-8859-8-i", "iso-8859-8" },
		{ "iso8859-15", "latin9" },
		{ "x-cp1250", "windows-1250" },
		{ "win-1251", "cp-1251" },
		{ "cp-850", "ibm850" },
		{ "x-sjis", "Shift_JIS" },
		{ "csShiftJIS", "windows-31j" },
		{ "x-euc-jp", "EUC-JP" },
		{ "ks_c_5601-1987", "euc-kr" },
		{ "CP949", "KSC5601" },
		{ "x-gbk", "gb18030" },
		{ "gb_2312-80", "gb2312" },
		{ "cn-big5", "Big5-HKSCS" },
		{ "ISO-8859-11", "tis-620" },
	};
	static const char *const unknown[] = {
		"",
		"x-unknown",
		"foo",
		"8bit",
		"iso-8859-99",
		"cp99999",
		"WCHAR_T",
		"ISO-8859-1//TRANSLIT/../x",
		"../../etc/x",
		"INTERNAL",
		"char",
		"a-name-that-is-longer-than-any-name-of-a-charset-which-exists",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		struct charset *c = charset_find(bytes_of(same[i][0]));
		if (!c || c != charset_find(bytes_of(same[i][1])))
			fail_msg("%s isn't %s", same[i][0], same[i][1]);
	}
	for (size_t i = 0; i < COUNT(unknown); i++)
		if (charset_find(bytes_of(unknown[i])))
			fail_msg("\"%s\" is known", unknown[i]);
}

static void test_all_named_in_rfcs(void **state)
{
	(void)state;
	for (int i = 1; i <= 16; i++) {
		char name[32];
		snprintf(name, sizeof name, "ISO-8859-%d", i);
		assert_int_equal(charset_find(bytes_of(name)) != NULL, i != 12);
	}
	for (int i = 1250; i <= 1258; i++) {
		char name[32];
		snprintf(name, sizeof name, "windows-%d", i);
		assert_non_null(charset_find(bytes_of(name)));
	}
}

static void test_is_utf8(void **state)
{
	(void)state;
	assert_true(charset_is_utf8(charset_find(BYTES("utf-8")), BYTES("\xff")));
	assert_true(charset_is_utf8(charset_find(BYTES("koi8-r")), BYTES("abc")));
	assert_false(charset_is_utf8(charset_find(BYTES("koi8-r")), BYTES("\xff")));
	assert_true(charset_is_utf8(charset_guess(), BYTES("\u00e9")));
	assert_false(charset_is_utf8(charset_guess(), BYTES("\xe9")));
	assert_false(charset_is_utf8(charset_find(BYTES("utf-7")), BYTES("abc")));
	assert_false(charset_is_utf8(charset_find(BYTES("iso-2022-jp")), BYTES("abc")));
}

/* What one text left unfinished is no part of the next. */
static void test_reset(void **state)
{
	struct buf out = BUF_INIT;
	struct charset *c = charset_find(BYTES("iso-2022-jp"));

	(void)state;
	charset_to_utf8(c, BYTES("\x1b$BF"), false, &out);
	charset_reset(c);
	buf_reset(&out);
	charset_to_utf8(c, BYTES("F|"), true, &out);
	assert_bytes(buf_view(&out), "F|");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),   cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_names),   cmocka_unit_test(test_all_named_in_rfcs),
		cmocka_unit_test(test_is_utf8), cmocka_unit_test(test_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
