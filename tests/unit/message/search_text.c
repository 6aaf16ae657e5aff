/* SEARCH's needles: what must be found, what must not, and that pieces and shortcuts
 * make no difference. */
#include "test.h"

#include "parsed.h"
#include "text.h"

/* --- texts --- */

static const struct {
	struct bytes needle, text;
	bool found;
} texts[] = {
	{ BYTES(""), BYTES(""), true },
	{ BYTES(""), BYTES("abc"), true },
	{ BYTES("a"), BYTES(""), false },
	{ BYTES("hello"), BYTES("Say HeLLo twice"), true },
	{ BYTES("HELLO"), BYTES("hell o"), false },
	{ BYTES("a b"), BYTES("A B"), true },
	{ BYTES("{"), BYTES("["), false },
	{ BYTES("@"), BYTES("`"), false },
	{ BYTES("\0b"), BYTES("a\0B"), true },
	/* marks are characters of their own behind the letter */
	{ BYTES("caf\u00e9"), BYTES("CAF\u00c9"), true },
	{ BYTES("cafe\u0301"), BYTES("caf\u00e9"), true },
	{ BYTES("cafe"), BYTES("caf\u00e9"), true },
	{ BYTES("caf\u00e9"), BYTES("cafe"), false },
	{ BYTES("\u00e9t\u00e9"), BYTES("L'\u00c9T\u00c9 indien"), true },
	{ BYTES("ete"), BYTES("L'\u00c9T\u00c9 indien"), false },
	{ BYTES("\u043f\u0440\u0438\u0432\u0435\u0442"),
	  BYTES("\u041f\u0420\u0418\u0412\u0415\u0422!"), true },
	{ BYTES("\u03c3"), BYTES("\u03bf\u03c2"), true },
	{ BYTES("\u00df"), BYTES("ss"), false },
	{ BYTES("\uac00"), BYTES("\uac01"), true },
	{ BYTES("\u4e2d\u6587"), BYTES("\u4e2d \u6587"), false },
	/* ASCII in disguise, on both sides */
	{ BYTES("abc"), BYTES("x\uff21\uff42\uff23"), true },
	{ BYTES("\uff41b"), BYTES("AB"), true },
	{ BYTES("office"), BYTES("O\ufb03ce"), true },
	{ BYTES("\ufb01"), BYTES("FIND"), true },
	{ BYTES("10k"), BYTES("10\u212a"), true },
	{ BYTES("a b"), BYTES("a\u00a0b"), true },
	{ BYTES("dz"), BYTES("\u01c4"), true },
	{ BYTES("2 cups"), BYTES("1\u00bd cups"), true },
	{ BYTES("11"), BYTES("1\u00bd cups"), true },
	{ BYTES("xe"), BYTES("x\u00e9"), true },
	{ BYTES("xe"), BYTES("\u0445\u00e9"), false },
	{ BYTES("fie"), BYTES("\ufb01\u00e9"), true },
	/* around ill-formed bytes */
	{ BYTES("ab"),
	  BYTES("\xff"
		"ab\x80"),
	  true },
	{ BYTES("ab"),
	  BYTES("a\x80"
		"b"),
	  false },
	{ BYTES("\u00e9"), BYTES("\xc3"), false },
	/* newlines are newlines */
	{ BYTES("a\r\nb"), BYTES("A\nB"), true },
	{ BYTES("a\nb"), BYTES("A\r\nB"), true },
	{ BYTES("a\nb"), BYTES("a b"), false },
	{ BYTES("a b"), BYTES("a\r\nb"), false },
};

static struct needle *needle(struct arena *a, struct bytes s)
{
	struct needle *k = needle_new(a, s, BYTES(""));
	assert_non_null(k);
	return k;
}

static void test_texts(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (needle_in_text(needle(&a, texts[i].needle), texts[i].text) != texts[i].found)
			fail_msg("\"%s\" in \"%s\"", texts[i].needle.p, texts[i].text.p);
	arena_free(&a);
}

/* Two of them apart in a long text: no edge of what is mapped at once matters. */
static void test_far_apart(void **state)
{
	static const struct {
		const char *needle, *text;
	} pairs[] = {
		{ "abcdef", "abc\uff24\uff25\uff26" },
		{ "abcdef", "\uff21"
			    "bcde\uff26" },
		{ "caf\u00e9s noirs", "CAF\u00c9S NOIRS" },
		{ "\u4e2d\u6587\u4e2d", "\u4e2d\u6587\u4e2d" },
	};
	static const char *const fillers[] = { "x",    "\u4e2d",     "\u00e9", "y\u0439",  "\xff",
					       "\x80", "\U0001f600", "ab",     "abc\u4e2d" };
	struct arena a = ARENA_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs) * COUNT(fillers); i++) {
		const char *filler = fillers[i % COUNT(fillers)];
		const char *s = pairs[i / COUNT(fillers)].text;
		struct needle *k = needle(&a, bytes_of(pairs[i / COUNT(fillers)].needle));
		bool inside = strcmp(filler, "\u4e2d") == 0 && strncmp(s, filler, 3) == 0;
		for (size_t n = 4070; n < 4110; n++) {
			buf_reset(&text);
			while (text.n < n)
				buf_str(&text, filler);
			if (!inside)
				assert_false(needle_in_text(k, buf_view(&text)));
			buf_str(&text, s);
			assert_true(needle_in_text(k, buf_view(&text)));
			while (text.n < 3 * n)
				buf_str(&text, filler);
			assert_true(needle_in_text(k, buf_view(&text)));
		}
	}
	buf_free(&text);
	arena_free(&a);
}

static void test_needle_charsets(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	struct needle *k = needle_new(&a, BYTES("\xcf\xd2\xc9"), BYTES("KOI8-R"));
	assert_true(needle_in_text(k, BYTES("\u041e\u0440\u0418")));
	k = needle_new(&a, BYTES("\xe9t\xe9"), BYTES("iso-8859-1"));
	assert_true(needle_in_text(k, BYTES("\u00c9T\u00c9")));
	assert_non_null(needle_new(&a, BYTES("abc"), BYTES("US-ASCII")));
	assert_non_null(needle_new(&a, BYTES("\u00e9"), BYTES("us-ascii")));
	assert_null(needle_new(&a, BYTES("\xe9"), BYTES("us-ascii")));
	assert_null(needle_new(&a, BYTES("\xe9"), BYTES("utf-8")));
	assert_null(needle_new(&a, BYTES("\xc3"), BYTES("")));
	assert_null(needle_new(&a, BYTES("\x93"), BYTES("Shift_JIS")));
	assert_null(needle_new(&a, BYTES("abc"), BYTES("no-such-charset")));
	assert_non_null(needle_new(&a, BYTES("\ufffd"), BYTES("utf-8")));
	arena_free(&a);
}

/* --- headers --- */

static const struct {
	struct bytes needle, value;
	bool found;
} values[] = {
	{ BYTES(""), BYTES(""), true },
	{ BYTES("foo"), BYTES(" Food"), true },
	{ BYTES("foo bar"), BYTES(" foo\r\n bar"), true },
	{ BYTES("foo bar"), BYTES(" foo\n\tbar"), true },
	{ BYTES("foo bar"), BYTES(" foo\n  bar"), false },
	{ BYTES("o b"), BYTES("=?utf-8?q?foo?= bar"), true },
	{ BYTES("foobar"), BYTES("=?utf-8?q?foo?= =?utf-8?q?bar?="), true },
	{ BYTES("utf-8"), BYTES("=?utf-8?q?foo?="), false },
	{ BYTES("caf\u00e9"), BYTES("=?iso-8859-1?q?CAF=C9?="), true },
	{ BYTES("caf\u00e9"), BYTES("caf\xe9"), true },
	{ BYTES("caf\u00e9"), BYTES("caf\xc3\xa9"), true },
	{ BYTES("caf\u00e9"), BYTES("plain cafe"), false },
	{ BYTES("=?"), BYTES("what=?"), true },
	{ BYTES("a\nb"), BYTES("a\n b"), false },
};

static void test_header_values(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		if (needle_in_header(needle(&a, values[i].needle), values[i].value) !=
		    values[i].found)
			fail_msg("\"%s\" in \"%s\"", values[i].needle.p, values[i].value.p);
	arena_free(&a);
}

/* --- messages --- */

#define PART(type, encoding, body) \
	"Content-Type: " type "\nContent-Transfer-Encoding: " encoding "\n\n" body

static const struct {
	const char *message;
	const char *body[8], *header[8], *none[8]; /* found in BODY, only in TEXT, not at all */
} messages[] = {
	{
		"Subject: A folded\n\tsubject\nTo: =?utf-8?q?J=C3=B6rg?= <j@x>\nX: last\n\n"
		"Body text\nsecond line\n",
		{ "body text", "SECOND", "text\nsecond", "text\r\nsecond" },
		{ "folded subject", "subject: a", "j\u00f6rg <J@X>", "to: J", "jo" },
		{ "text second", "utf-8", "subject to", "x: last\n", "subject\nto", "zebra",
		  "last body", "\u4e2d" },
	},
	{
		PART("text/plain; charset=utf-8", "quoted-printable",
		     "Soft li=\nne, caf=C3=A9 =3D 1\ntrail  \nend"),
		{ "soft line", "caf\u00e9 = 1", "CAFE", "trail\nend" },
		{ "quoted-printable" },
		{ "=C3", "li=\nne" },
	},
	{
		PART("text/plain; charset=\"koi8-r\"", "base64", "8NLJ18XUIO3J0iE=\n"),
		{ "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440!",
		  "\u041c\u0418\u0420" },
		{ "koi8" },
		{ "8NLJ", "base64x" },
	},
	{
		"Content-Type: text/html; charset=iso-8859-1\n\n<p>na\xefve</p>\n",
		{ "na\u00efve", "<p>nai", "naive</P>" + 5 },
		{ "html;" },
		{ "naive" },
	},
	{
		"Content-Type: text/plain; charset=shift_jis\n\n\x93\xfa\x96\x7b\x8c\xea [ok]\n",
		{ "\u65e5\u672c\u8a9e", "[OK]" },
		{ "shift_" },
		{ "{" },
	},
	{
		"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B ok\n",
		{ "\u65e5\u672c OK" },
		{ "jp" },
		{ "F|K" },
	},
	{
		"Content-Type: text/plain; charset=utf-7\n\n1 +- 1\n",
		{ "1 + 1" },
		{ "utf-7" },
		{ "+-" },
	},
	{
		"Content-Type: text/plain; charset*=us-ascii'en'iso-8859-2\n\n\xb1\xe6\n",
		{ "\u0105\u0107" },
		{ NULL },
		{ "\u00b1" },
	},
	{
		"Content-Type: text/plain\n\ncaf\xe9\n",
		{ "caf\u00e9" },
		{ NULL },
		{ "cafx" },
	},
	{
		"Content-Type: application/octet-stream\n\nsecret\n",
		{ NULL },
		{ "octet" },
		{ "secret" },
	},
	{
		"Subject: outer\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
		"preamble\n--b\n" PART("text/plain; name=inner", "7bit", "first part") "\n--b\n" PART(
			"application/pdf; name=doc", "base64",
			"c2VjcmV0") "\n--b\n"
				    "Content-Type: message/rfc822\nContent-Description: forwarded\n\n"
				    "Subject: =?utf-8?q?embedded_=C3=A9?=\nFrom: x@y\n\n"
				    "embedded body\n--b\n" PART(
					    "text/x-foo", "base64",
					    "bGFzdCBwYXJ0") "\n--b--\nepilogue\n",
		{ "first part", "embedded \u00e9", "from: x@y", "embedded body", "last part" },
		{ "outer", "name=inner", "name=doc", "description: forwarded" },
		{ "secret", "preamble", "epilogue", "part--b", "part\n--b" },
	},
	{
		"Content-Type: multipart/report; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b\n--b\n"
		"Content-Type: text/rfc822-headers\n\nSubject: lost\n--b--\n",
		{ "final-recipient: RFC822", "subject: lost" },
		{ "delivery-status" },
		{ "--b" },
	},
};

static void check_message(struct parsed *t, const char *const *strings, size_t n, bool body,
			  bool text, const char *message)
{
	for (size_t i = 0; i < n && strings[i]; i++) {
		struct needle *k = needle(&t->arena, bytes_of(strings[i]));
		if (needle_in_message(k, &t->arena, &t->m, false) != body)
			fail_msg("BODY \"%s\" in:\n%s", strings[i], message);
		if (needle_in_message(k, &t->arena, &t->m, true) != text)
			fail_msg("TEXT \"%s\" in:\n%s", strings[i], message);
	}
}

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages) * NEWLINES; i++) {
		const char *raw = messages[i / NEWLINES].message;
		struct parsed t;
		parsed_open(&t, bytes_of(raw), (enum newlines)(i % NEWLINES));
		check_message(&t, messages[i / NEWLINES].body, 8, true, true, raw);
		check_message(&t, messages[i / NEWLINES].header, 8, false, true, raw);
		check_message(&t, messages[i / NEWLINES].none, 8, false, false, raw);
		check_message(&t, (const char *const[]){ "" }, 1, true, true, raw);
		parsed_close(&t);
	}
}

/* --- long bodies: the match at every place around where pieces end --- */

static void add_qp(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '.')
			buf_char(out, '.');
		else
			buf_printf(out, "=%02X", (unsigned char)text.p[i]);
	}
}

static void add_base64(struct buf *out, struct bytes text)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < text.n; i += 3) {
		uint32_t v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < text.n ? (unsigned char)text.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_char(out, i + k > text.n ? '=' : set[v >> (18 - 6 * k) & 63]);
	}
}

static const struct {
	const char *charset;
	struct bytes match;
} longs[] = {
	{ "utf-8", BYTES("caf\u00e9 noir") },
	{ "us-ascii", BYTES("cafe\u0301 NOIR") },
	{ "iso-8859-1", BYTES("CAF\xc9 NOIR") },
	{ "utf-8", BYTES("\uff43\uff41\uff46\uff45\u0301 \uff4e\uff4f\uff49\uff52") },
	{ "utf-7", BYTES("caf+AOk noir") },
	{ "gb18030", BYTES("caf\xa8\xa6 noir") },
};

static void test_long_bodies(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf plain = BUF_INIT, raw = BUF_INIT;

	(void)state;
	struct needle *k = needle(&a, BYTES("caf\u00e9 noir")), *no = needle(&a, BYTES("noire"));
	for (size_t i = 0; i < COUNT(longs) * 3; i++) {
		size_t unit = i % 3 == 1 ? 3 : 1; /* bytes of QP for one of text */
		for (size_t at = 16384 - 3 * 40; at < 16384 + 4; at += i % 3 == 2 ? 3 : 1) {
			struct message m;
			buf_reset(&plain);
			buf_reset(&raw);
			for (size_t n = 0; n < (i % 3 == 2 ? at / 4 * 3 : at); n++)
				buf_char(&plain, '.');
			buf_bytes(&plain, longs[i / 3].match);
			buf_str(&plain, ".......");
			buf_printf(&raw, "Content-Type: text/plain; charset=%s\n",
				   longs[i / 3].charset);
			if (i % 3)
				buf_printf(&raw, "Content-Transfer-Encoding: %s\n",
					   i % 3 == 1 ? "quoted-printable" : "base64");
			buf_char(&raw, '\n');
			if (i % 3 == 0)
				buf_bytes(&raw, buf_view(&plain));
			else if (unit == 3)
				add_qp(&raw, buf_view(&plain));
			else
				add_base64(&raw, buf_view(&plain));
			message_parse(&a, buf_view(&raw), &m);
			if (!needle_in_message(k, &a, &m, false))
				fail_msg("case %zu at %zu", i, at);
			assert_false(needle_in_message(no, &a, &m, false));
		}
	}
	buf_free(&plain);
	buf_free(&raw);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),           cmocka_unit_test(test_far_apart),
		cmocka_unit_test(test_needle_charsets), cmocka_unit_test(test_header_values),
		cmocka_unit_test(test_messages),        cmocka_unit_test(test_long_bodies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
