/* ENVELOPE and IMAP strings. */
#include "test.h"

#include "address.h"
#include "parsed.h"

struct row {
	const char *text, *want;
};

static void check(const char *text, const char *want, enum newlines how)
{
	struct parsed t;
	parsed_open(&t, bytes_of(text), how);
	envelope_write(&t.out, &t.arena, &t.m, t.m.root);
	if (!bytes_is(buf_view(&t.out), want))
		fail_msg("%s\ngot  %s\nwant %s", text, buf_cstr(&t.out), want);
	parsed_close(&t);
}

static void test_envelope(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* the session in RFC 3501 §8 */
		{ "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\n"
		  "From: Terry Gray <gray@cac.washington.edu>\n"
		  "Subject: IMAP4rev1 WG mtg summary and minutes\n"
		  "To: imap@cac.washington.edu\n"
		  "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\n"
		  "Message-Id: <B27397-0100000@cac.washington.edu>\n"
		  "MIME-Version: 1.0\n"
		  "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\n\n",
		  "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" "
		  "\"IMAP4rev1 WG mtg summary and minutes\" "
		  "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
		  "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
		  "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
		  "((NIL NIL \"imap\" \"cac.washington.edu\")) "
		  "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
		  "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
		  "\"<B27397-0100000@cac.washington.edu>\")" },
		{ "", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
		/* present but empty, RFC 9051 §7.5.2 */
		{ "Date:\nSubject: \nFrom:\nSender:\nReply-To: \nTo:\nCc: ,\nBcc: (x)\nIn-Reply-To:\n"
		  "Message-ID:\n\n",
		  "(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")" },
		{ "From: a@b\nSender: c@d\nReply-To: e@f\n",
		  "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) ((NIL NIL \"e\" \"f\")) NIL "
		  "NIL NIL NIL NIL)" },
		{ "From: a@b\nSender: \nReply-To: (none)\n",
		  "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL "
		  "NIL NIL NIL NIL)" },
		{ "Sender: c@d\n",
		  "(NIL NIL NIL ((NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL NIL)" },
		{ "To: undisclosed-recipients:;\nCc: G: a@b, Joe <@x,@y:c@d>;\n",
		  "(NIL NIL NIL NIL NIL ((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL)) "
		  "((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"b\")(\"Joe\" \"@x,@y\" \"c\" \"d\")(NIL NIL NIL "
		  "NIL)) NIL NIL NIL)" },
		/* several fields: addresses together, strings the first */
		{ "From: a@b\nSubject: one\nFrom: c@d\nSubject: two\nfrom :\nFROM: e@f\n",
		  "(NIL \"one\" ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")(NIL NIL \"e\" \"f\")) "
		  "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")(NIL NIL \"e\" \"f\")) "
		  "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")(NIL NIL \"e\" \"f\")) NIL NIL NIL NIL "
		  "NIL)" },
		{ "Subject: a \"quoted\" \\\n\tword\n  \nIn-Reply-To: <a@b>\n <c@d>\nBcc: root\n",
		  "(NIL \"a \\\"quoted\\\" \\\\\tword\" NIL NIL NIL NIL NIL ((NIL NIL \"root\" \"\")) "
		  "\"<a@b> <c@d>\" NIL)" },
		{ "Subject: Gr\xc3\xbc\xc3\x9f"
		  "e\nFrom: J\xfc <a@b>\n",
		  "(NIL {7}\r\nGr\xc3\xbc\xc3\x9f"
		  "e (({2}\r\nJ\xfc NIL \"a\" \"b\")) (({2}\r\nJ\xfc NIL "
		  "\"a\" \"b\")) (({2}\r\nJ\xfc NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)" },
		{ "Subject: a\rb\n", "(NIL {3}\r\na\rb NIL NIL NIL NIL NIL NIL NIL NIL)" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		for (enum newlines how = 0; how < NEWLINES; how++)
			check(rows[i].text, rows[i].want, how);
}

/* One byte that is none of QUOTED-CHAR's plain ones, wherever it stands. */
static void test_string_places(void **state)
{
	(void)state;
	static const struct {
		char c;
		const char *head, *as, *tail;
	} rows[] = {
		{ '"', "\"", "\\\"", "\"" },    { '\\', "\"", "\\\\", "\"" },
		{ '\0', "\"", "", "\"" },       { '\x1f', "\"", "\x1f", "\"" },
		{ '\x7f', "\"", "\x7f", "\"" }, { '\n', "{40}\r\n", "\n", "" },
		{ '\r', "{40}\r\n", "\r", "" }, { '\xc3', "{40}\r\n", "\xc3", "" },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		for (size_t at = 0; at < 40; at++) {
			struct buf out = BUF_INIT, want = BUF_INIT;
			char text[40];
			memset(text, 'a', sizeof(text));
			text[at] = rows[r].c;
			buf_str(&want, rows[r].head);
			buf_add(&want, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", at);
			buf_str(&want, rows[r].as);
			buf_add(&want, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 39 - at);
			buf_str(&want, rows[r].tail);
			imap_string_write(&out, (struct bytes){ text, sizeof(text) });
			assert_true(bytes_eq(buf_view(&out), buf_view(&want)));
			buf_free(&out);
			buf_free(&want);
		}
	}
}

static void test_strings(void **state)
{
	(void)state;
	static const struct {
		struct bytes s;
		const char *want;
	} rows[] = {
		{ { NULL, 0 }, "NIL" },
		{ { "", 0 }, "\"\"" },
		{ { "NIL", 3 }, "\"NIL\"" },
		{ { "\"\\", 2 }, "\"\\\"\\\\\"" },
		{ { "\t\x7f\x01", 3 }, "\"\t\x7f\x01\"" },
		{ { "a\0b", 3 }, "\"ab\"" },
		{ { "\0", 1 }, "\"\"" },
		{ { "a\nb", 3 }, "{3}\r\na\nb" },
		{ { "a\rb", 3 }, "{3}\r\na\rb" },
		{ { "\0a\0\0\x80\0", 6 }, "{2}\r\na\x80" },
		{ { "\"\\\xff", 3 }, "{3}\r\n\"\\\xff" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out = BUF_INIT;
		buf_str(&out, "<");
		imap_string_write(&out, rows[i].s);
		buf_str(&out, ">");
		struct bytes got = bytes_sub(buf_view(&out), 1, out.n - 2);
		if (!bytes_is(got, rows[i].want))
			fail_msg("%zu: %s", i, buf_cstr(&out));
		buf_free(&out);
	}
}

/* A buffer with a cap is cut, and says so. */
static void test_cap(void **state)
{
	(void)state;
	struct parsed t;
	parsed_open(&t, bytes_of("From: a@b\nSubject: some words\n\n"), LF);
	envelope_write(&t.out, &t.arena, &t.m, t.m.root);
	for (size_t max = 1; max < 300; max++) {
		struct buf out = BUF_MAX(max);
		envelope_write(&out, &t.arena, &t.m, t.m.root);
		assert_true(out.n <= max);
		assert_true(out.full || bytes_eq(buf_view(&out), buf_view(&t.out)));
		assert_true(!out.full || max < 2 * t.out.n);
		buf_free(&out);
	}
	parsed_close(&t);
}

static size_t count(struct bytes hay, const char *needle)
{
	size_t n = 0, at;
	while ((at = bytes_find(hay, bytes_of(needle))) != BYTES_NONE) {
		hay = bytes_from(hay, at + 1);
		n++;
	}
	return n;
}

/* Ten thousand fields of two addresses: no more than ADDRESS_MAX are shown. */
static void test_limit(void **state)
{
	(void)state;
	for (size_t fields = ADDRESS_MAX / 2 - 1; fields <= ADDRESS_MAX / 2 + 1; fields++) {
		struct buf text = BUF_INIT;
		for (size_t i = 0; i < fields; i++)
			buf_str(&text, "To: a@b, c@d\n");
		struct parsed t;
		parsed_open(&t, buf_view(&text), LF);
		envelope_write(&t.out, &t.arena, &t.m, t.m.root);
		size_t want = fields * 2 < ADDRESS_MAX ? fields * 2 : ADDRESS_MAX;
		assert_int_equal(count(buf_view(&t.out), "(NIL NIL"), want + 1);
		parsed_close(&t);
		buf_free(&text);
	}
}

/* The same for all messages inside a message; a group is never left open. */
static void test_nested_limit(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	struct parsed t;
	buf_str(&text, "Content-Type: multipart/digest; boundary=b\n\n");
	for (size_t i = 0; i < ADDRESS_MAX / 10; i++)
		buf_str(&text, "--b\n\nTo: g: a@b, c@d, e@f, g@h, i@j, k@l, m@n, o@p, q@r;\n\n");
	parsed_open(&t, buf_view(&text), LF);
	bodystructure_write(&t.out, &t.arena, &t.m, false);
	assert_int_equal(count(buf_view(&t.out), "\"g\" NIL)"), ADDRESS_MAX / 11 + 1);
	assert_int_equal(count(buf_view(&t.out), "(NIL NIL NIL NIL)"), ADDRESS_MAX / 11 + 1);
	parsed_close(&t);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope), cmocka_unit_test(test_string_places),
		cmocka_unit_test(test_strings),  cmocka_unit_test(test_cap),
		cmocka_unit_test(test_limit),    cmocka_unit_test(test_nested_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
