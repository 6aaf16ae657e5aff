/* Header values: RFC 2047 §8, RFC 2231 §5, and what mailers make of them. */
#include "test.h"

#include "text.h"

static const struct {
	struct bytes in, out;
} cases[] = {
	{ BYTES(""), BYTES("") },
	{ BYTES("plain text"), BYTES("plain text") },

	/* RFC 2047 §8 */
	{ BYTES("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>"),
	  BYTES("Keith Moore <moore@cs.utk.edu>") },
	{ BYTES("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>"),
	  BYTES("Keld J\u00f8rn Simonsen <keld@dkuug.dk>") },
	{ BYTES("=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>"),
	  BYTES("Andr\u00e9 Pirard <PIRARD@vm1.ulg.ac.be>") },
	{ BYTES("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n"
		" =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?="),
	  BYTES("If you can read this you understand the example.") },
	{ BYTES("=?ISO-8859-1?Q?Olle_J=E4rnefors?= <ojarnef@admin.kth.se>"),
	  BYTES("Olle J\u00e4rnefors <ojarnef@admin.kth.se>") },
	{ BYTES("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se>"),
	  BYTES("Patrik F\u00e4ltstr\u00f6m <paf@nada.kth.se>") },
	{ BYTES("Nathaniel Borenstein <nsb@thumper.bellcore.com>\r\n"
		"      (=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=)"),
	  BYTES("Nathaniel Borenstein <nsb@thumper.bellcore.com>"
		"      (\u05dd\u05d5\u05dc\u05e9 \u05df\u05d1 \u05d9\u05dc\u05d8\u05e4\u05e0)") },
	{ BYTES("(=?ISO-8859-1?Q?a?=)"), BYTES("(a)") },
	{ BYTES("(=?ISO-8859-1?Q?a?= b)"), BYTES("(a b)") },
	{ BYTES("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)"), BYTES("(ab)") },
	{ BYTES("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)"), BYTES("(ab)") },
	{ BYTES("(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)"), BYTES("(ab)") },
	{ BYTES("(=?ISO-8859-1?Q?a_b?=)"), BYTES("(a b)") },
	{ BYTES("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)"), BYTES("(a b)") },

	/* RFC 2231 §5 */
	{ BYTES("From: =?US-ASCII*EN?Q?Keith_Moore?= <moore@cs.utk.edu>"),
	  BYTES("From: Keith Moore <moore@cs.utk.edu>") },
	{ BYTES("=?utf-8*?q?=C3=A9?="), BYTES("\u00e9") },

	/* unfolding */
	{ BYTES("one\r\n two\n three"), BYTES("one two three") },
	{ BYTES("one\r\n\ttwo\tthree"), BYTES("one two\tthree") },
	{ BYTES("=?utf-8?q?a?=\r\n\tb"), BYTES("a b") },
	{ BYTES("one\r\ntwo\r\n"), BYTES("one two") },
	{ BYTES("one\n \n\t\ttwo\rx"), BYTES("one  \ttwo\rx") },
	{ BYTES("b\r\n =?utf-8?q?a?="), BYTES("b a") },

	/* charsets */
	{ BYTES("=?iso-8859-2?Q?Za=BF=F3=B3=E6_g=EA=B6l=B1?="),
	  BYTES("Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105") },
	{ BYTES("=?KOI8-R?B?8NLJ18XU?="), BYTES("\u041f\u0440\u0438\u0432\u0435\u0442") },
	{ BYTES("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?="), BYTES("\u65e5\u672c\u8a9e") },
	{ BYTES("=?GB18030?B?1tDOxIE57jg=?="), BYTES("\u4e2d\u6587\u33ff") },
	{ BYTES("=?gb2312?B?1tDOxA==?="), BYTES("\u4e2d\u6587") },
	{ BYTES("=?utf-7?Q?Hi_Mom_-+Jjo--!?="), BYTES("Hi Mom -\u263a-!") },
	{ BYTES("=?utf-8?B?4oKs?="), BYTES("\u20ac") },

	/* a character cut in two, as UTF-8 and as GB2312, between words of one charset */
	{ BYTES("=?utf-8?Q?=E2=82?=\r\n =?UTF-8?Q?=AC?="), BYTES("\u20ac") },
	{ BYTES("=?utf-8?B?4oI=?= =?utf-8?B?rA==?="), BYTES("\u20ac") },
	{ BYTES("=?utf-8?Q?=E2?= =?utf-8?B?gqw=?="), BYTES("\u20ac") },
	{ BYTES("=?gb2312?B?1tDO?= =?gb2312?B?xA==?="), BYTES("\u4e2d\u6587") },
	{ BYTES("=?utf-8?Q?=E2=82?= =?iso-8859-1?Q?=AC?="), BYTES("\ufffd\ufffd\u00ac") },
	{ BYTES("=?utf-8?Q?=E2=82?= x =?utf-8?Q?=AC?="), BYTES("\ufffd\ufffd x \ufffd") },
	/* each word begins in ASCII again where the one before ended there */
	{ BYTES("=?ISO-2022-JP?B?GyRCRnwbKEI=?= =?ISO-2022-JP?B?GyRCS1wbKEI=?="),
	  BYTES("\u65e5\u672c") },

	/* not quite encoded-words, but sent */
	{ BYTES("=?utf-8?Q?a b?="), BYTES("a b") },
	{ BYTES("=?utf-8?Q?a\r\n b?="), BYTES("a b") },
	{ BYTES("=?utf-8?Q?What?\?="), BYTES("What?") },
	{ BYTES("=?utf-8?Q?a =?="), BYTES("a =") },
	{ BYTES("=?utf-8?Q?=C3=A9=?="), BYTES("\u00e9=") },
	{ BYTES("=?utf-8?Q?=zz=4?="), BYTES("=zz=4") },
	{ BYTES("=?utf-8?B?YQ?= =?utf-8?B?Yg?="), BYTES("ab") },
	{ BYTES("=?utf-8?B?Y Q=\n =?="), BYTES("a") },
	{ BYTES("=?utf-8?q?\?="), BYTES("") },
	{ BYTES("x=?utf-8?q?y?=z"), BYTES("xyz") },
	{ BYTES("=?utf-8?q?y?==?utf-8?q?z?="), BYTES("yz") },
	{ BYTES("\"=?utf-8?q?quoted?=\" <a@b>"), BYTES("\"quoted\" <a@b>") },
	{ BYTES("=?utf-8?q?"
		"012345678901234567890123456789012345678901234567890123456789012345678901234?="),
	  BYTES("012345678901234567890123456789012345678901234567890123456789012345678901234") },
	/* an unknown charset: what can be guessed */
	{ BYTES("=?x-unknown?Q?caf=E9?="), BYTES("caf\u00e9") },
	{ BYTES("=?unknown-8bit?Q?caf=C3=A9?="), BYTES("caf\u00e9") },
	/* no line break comes out */
	{ BYTES("=?utf-8?Q?a=0D=0AX:_b=00?="), BYTES("a  X: b ") },

	/* no encoded-words */
	{ BYTES("=?utf-8?X?a?="), BYTES("=?utf-8?X?a?=") },
	{ BYTES("=??Q?a?="), BYTES("=??Q?a?=") },
	{ BYTES("=?utf-8?Q?open"), BYTES("=?utf-8?Q?open") },
	{ BYTES("=?utf-8?Q?open =?utf-8?Q?a?="), BYTES("=?utf-8?Q?open a") },
	{ BYTES("=?u t?Q?a?="), BYTES("=?u t?Q?a?=") },
	{ BYTES("=?utf-8?Q"), BYTES("=?utf-8?Q") },
	{ BYTES("=?"), BYTES("=?") },
	{ BYTES("a = b ?= c =? d"), BYTES("a = b ?= c =? d") },
	{ BYTES("=?utf-8?Q?a?= ="), BYTES("a =") },

	/* raw 8-bit */
	{ BYTES("caf\xc3\xa9 =?utf-8?q?=C3=A9?= caf\xe9"), BYTES("caf\u00e9 \u00e9 caf\u00e9") },
	{ BYTES("\x93quoted\x94"), BYTES("\u201cquoted\u201d") },
	{ BYTES("caf\xc3\r\n x"), BYTES("caf\u00c3 x") },
};

static void test_cases(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		header_decode(&out, cases[i].in);
		if (!bytes_eq(buf_view(&out), cases[i].out))
			fail_msg("\"%s\": got \"%.*s\"", cases[i].in.p, (int)out.n, out.p);
		buf_reset(&out);
	}
	buf_free(&out);
}

/* Beginnings of words without end must not cost their number squared. */
static void test_hostile(void **state)
{
	static const char *const units[] = { "=?u?q?x", "=?u?q?x \t", "=?u?q", " =?u?q?x" };
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		buf_reset(&in);
		buf_reset(&out);
		for (int k = 0; k < 200000; k++)
			buf_str(&in, units[i]);
		header_decode(&out, buf_view(&in));
		assert_true(bytes_eq(buf_view(&out), buf_view(&in)));
	}
	buf_free(&in);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
