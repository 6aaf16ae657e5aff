/* i;unicode-casemap. */
#include "test.h"

#include "text.h"

static const struct {
	const char *what;
	struct bytes in, out;
} cases[] = {
	{ "empty", BYTES(""), BYTES("") },
	{ "ASCII", BYTES("Hello, World {z} `a 0123456789 ~"),
	  BYTES("HELLO, WORLD {Z} `A 0123456789 ~") },
	{ "NUL and controls", BYTES("a\0b\r\n\x7f"), BYTES("A\0B\r\n\x7f") },
	/* RFC 5051 §2: U+01C4 is D z U+030C */
	{ "example", BYTES("\u01c4"), BYTES("Dz\u030c") },
	{ "its other cases", BYTES("\u01c5\u01c6"), BYTES("Dz\u030cDz\u030c") },
	{ "Latin-1", BYTES("\u00e9\u00c9\u00fc"), BYTES("E\u0301E\u0301U\u0308") },
	{ "no simple title case", BYTES("\u00df"), BYTES("\u00df") },
	{ "y diaeresis", BYTES("\u00ff"), BYTES("Y\u0308") },
	{ "micro sign", BYTES("\u00b5"), BYTES("\u039c") },
	{ "dotless i", BYTES("\u0131"), BYTES("I") },
	{ "I with dot", BYTES("\u0130"), BYTES("I\u0307") },
	{ "long s", BYTES("\u017f"), BYTES("S") },
	{ "Greek", BYTES("\u03ac\u03c3\u03c2"), BYTES("\u0391\u0301\u03a3\u03a3") },
	{ "iota subscript", BYTES("\u1fb3"), BYTES("\u0391\u0345") },
	{ "Cyrillic", BYTES("\u043f\u0440\u0438\u0432\u0435\u0442"),
	  BYTES("\u041f\u0420\u0418\u0412\u0415\u0422") },
	{ "short i", BYTES("\u0439"), BYTES("\u0418\u0306") },
	{ "Georgian has its own title case", BYTES("\u10d0"), BYTES("\u10d0") },
	{ "full width", BYTES("\uff21\uff42"), BYTES("AB") },
	{ "ligature", BYTES("\ufb01"), BYTES("fi") },
	{ "Kelvin, Angstrom", BYTES("\u212a\u212b"), BYTES("KA\u030a") },
	{ "superscript, fraction", BYTES("\u00b2\u00bd"), BYTES("21\u20442") },
	{ "no-break space", BYTES("\u00a0"), BYTES(" ") },
	{ "recursive", BYTES("\u1ea4"), BYTES("A\u0302\u0301") },
	{ "the longest", BYTES("\ufdfa"),
	  BYTES("\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 "
		"\u0648\u0633\u0644\u0645") },
	{ "Hangul", BYTES("\uac00\uac01\ud7a3"),
	  BYTES("\u1100\u1161\u1100\u1161\u11a8\u1112\u1175\u11c2") },
	{ "Han", BYTES("\u4e2d\u6587"), BYTES("\u4e2d\u6587") },
	{ "compatibility Han", BYTES("\uf900\U0002fa1d"), BYTES("\u8c48\U0002a600") },
	{ "behind the table", BYTES("\U0002fa1e\U0010ffff"), BYTES("\U0002fa1e\U0010ffff") },
	{ "mathematical", BYTES("\U0001d5ba\U0001f130"), BYTES("aA") },
	{ "Deseret", BYTES("\U00010428"), BYTES("\U00010400") },
	{ "emoji", BYTES("a\U0001f600b"), BYTES("A\U0001f600B") },
	{ "not reordered", BYTES("a\u0301\u0323"), BYTES("A\u0301\u0323") },
	/* ill-formed: as it is */
	{ "stray bytes", BYTES("a\x80\xc3z\xff"), BYTES("A\x80\xc3Z\xff") },
	{ "overlong", BYTES("\xc0\xaf\xe0\x80\xafx"), BYTES("\xc0\xaf\xe0\x80\xafX") },
	{ "surrogate", BYTES("\xed\xa0\x80\xed\xbf\xbf"), BYTES("\xed\xa0\x80\xed\xbf\xbf") },
	{ "beyond Unicode", BYTES("\xf4\x90\x80\x80"), BYTES("\xf4\x90\x80\x80") },
	{ "cut", BYTES("a\xe4\xb8"), BYTES("A\xe4\xb8") },
};

static void test_cases(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		casemap(&out, cases[i].in);
		if (!bytes_eq(buf_view(&out), cases[i].out))
			fail_msg("%s: got \"%.*s\"", cases[i].what, (int)out.n, out.p);
		buf_reset(&out);
	}
	buf_free(&out);
}

/* Every place of a character in its neighbours, so that no block of 16 or batch matters. */
static void test_places(void **state)
{
	struct buf in = BUF_INIT, want = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int before = 0; before < 70; before++) {
		for (int wide = 0; wide < 35; wide++) {
			buf_reset(&in);
			buf_reset(&want);
			buf_reset(&out);
			for (int i = 0; i < before; i++) {
				buf_char(&in, (char)('p' + i % 16));
				buf_char(&want, (char)(i % 16 < 11 ? 'P' + i % 16 : 'p' + i % 16));
			}
			for (int i = 0; i < wide; i++) {
				buf_str(&in, "\u00e9");
				buf_str(&want, "E\u0301");
			}
			buf_str(&in, "z");
			buf_str(&want, "Z");
			casemap(&out, buf_view(&in));
			assert_true(bytes_eq(buf_view(&out), buf_view(&want)));
		}
	}
	buf_free(&in);
	buf_free(&want);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
