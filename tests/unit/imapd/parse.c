/* Tokens of commands: RFC 3501 §9. */
#include "test.h"

#include "mailbox.h"
#include "parse.h"
#include "session.h"

static struct arena arena;

static void test_strings(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		bool ok;
		const char *value, *rest;
	} rows[] = {
		{ "abc def", true, "abc", " def" },
		{ "a]b", true, "a]b", "" },
		{ "NIL", true, "NIL", "" },
		{ "", false, NULL, "" },
		{ " a", false, NULL, " a" },
		{ "(a", false, NULL, "(a" },
		{ "a%", true, "a", "%" },
		{ "\xc3\xa4", false, NULL, "\xc3\xa4" },
		{ "\"\" x", true, "", " x" },
		{ "\"a b\"", true, "a b", "" },
		{ "\"a\\\"\\\\b\"c", true, "a\"\\b", "c" },
		{ "\"\xc3\xa4\"", true, "\xc3\xa4", "" },
		{ "\"a\\b\"", false, NULL, "\"a\\b\"" },
		{ "\"a", false, NULL, "\"a" },
		{ "\"a\\", false, NULL, "\"a\\" },
		{ "\"a\rb\"", false, NULL, "\"a\rb\"" },
		{ "{0}\r\n", true, "", "" },
		{ "{3}\r\na\"b c", true, "a\"b", " c" },
		{ "{3+}\r\nabc", true, "abc", "" },
		{ "{4}\r\nabc", false, NULL, "{4}\r\nabc" },
		{ "{3}abc", false, NULL, "{3}abc" },
		{ "{3+", false, NULL, "{3+" },
		{ "{}\r\n", false, NULL, "{}\r\n" },
		{ "{99999999999999999999}\r\nabc", false, NULL, "{99999999999999999999}\r\nabc" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes c = bytes_of(rows[i].in), s = { NULL, 0 };

		assert_int_equal(parse_astring(&c, &arena, &s), rows[i].ok);
		assert_true(bytes_is(c, rows[i].rest));
		if (rows[i].ok) {
			assert_non_null(s.p);
			assert_true(bytes_is(s, rows[i].value));
		}
	}
}

static void test_words(void **state)
{
	(void)state;
	struct bytes c = BYTES("fLaGs.SILENT (x)"), s;

	assert_false(parse_word(&c, "FLAGS"));
	assert_true(parse_word(&c, "FLAGS.SILENT"));
	assert_bytes(c, " (x)");
	assert_true(parse_space(&c) && parse_char(&c, '('));
	assert_false(parse_word(&c, "xy"));
	assert_true(parse_word(&c, "X"));
	assert_false(parse_end(&c));
	c = BYTES("nil");
	assert_true(parse_nstring(&c, &arena, &s));
	assert_null(s.p);
	c = BYTES("\"nil\"");
	assert_true(parse_nstring(&c, &arena, &s));
	assert_bytes(s, "nil");
	c = BYTES("a%*]b c");
	assert_true(parse_list_mailbox(&c, &arena, &s));
	assert_bytes(s, "a%*]b");
	c = BYTES("a+b x");
	assert_false(parse_tag(&c, &s));
	c = BYTES("a.b] x");
	assert_true(parse_tag(&c, &s));
	assert_bytes(s, "a.b]");
}

static void test_tag_limit(void **state)
{
	(void)state;
	char text[IMAP_TAG_MAX + 1];
	struct bytes c = { text, IMAP_TAG_MAX }, tag;

	memset(text, 'a', sizeof(text));
	assert_true(parse_tag(&c, &tag));
	c = (struct bytes){ text, IMAP_TAG_MAX + 1 };
	assert_false(parse_tag(&c, &tag));
}

static void test_numbers(void **state)
{
	(void)state;
	struct bytes c = BYTES("4294967295 007 0 4294967296 18446744073709551615");
	uint32_t n;
	uint64_t big;

	assert_true(parse_nz_number(&c, &n) && n == UINT32_MAX && parse_space(&c));
	assert_false(parse_nz_number(&c, &n));
	assert_true(parse_number(&c, &n) && n == 7 && parse_space(&c));
	assert_false(parse_nz_number(&c, &n));
	assert_true(parse_number(&c, &n) && n == 0 && parse_space(&c));
	assert_false(parse_number(&c, &n));
	assert_true(parse_number64(&c, &big) && big == 4294967296 && parse_space(&c));
	assert_true(parse_number64(&c, &big) && big == UINT64_MAX);
	assert_true(parse_end(&c));
}

static void test_mailbox(void **state)
{
	(void)state;
	static const struct {
		const char *in, *name;
	} rows[] = {
		{ "inbox", "INBOX" },
		{ "\"InBox\"", "INBOX" },
		{ "inbox.Sent", "INBOX.Sent" },
		{ "inboxes", "inboxes" },
		{ "a&AOQ-", "a\xc3\xa4" },
		{ "a&-b", "a&b" },
		{ "\"a&b\"", "\xff"
			     "a&b" },
		{ "\"\xc3\xa4\"", "\xff\xc3\xa4" },
		{ "\"\"", "" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes c = bytes_of(rows[i].in), name;

		assert_true(parse_mailbox(&c, &arena, '.', &name));
		if (!bytes_is(name, rows[i].name))
			fail_msg("%s: %.*s", rows[i].in, (int)name.n, name.p);
	}
}

static void test_flags(void **state)
{
	(void)state;
	struct flag_list fl;
	struct bytes c = BYTES("(\\Seen $Junk \\DELETED x) y");

	assert_true(parse_flags(&c, &arena, false, &fl));
	assert_int_equal(fl.flags, FLAG_SEEN | FLAG_DELETED);
	assert_int_equal(fl.nkeywords, 2);
	assert_bytes(fl.keywords[0], "$Junk");
	assert_bytes(fl.keywords[1], "x");
	assert_bytes(c, " y");
	c = BYTES("()");
	assert_true(parse_flags(&c, &arena, false, &fl) && !fl.flags && !fl.nkeywords);
	c = BYTES("\\Seen a");
	assert_false(parse_flags(&c, &arena, false, &fl));
	assert_true(parse_flags(&c, &arena, true, &fl) && fl.flags == FLAG_SEEN);
	static const char *const bad[] = { "(\\Recent)", "(\\Foo)", "(\\)", "(a", "(a  b)",
					   "(a b )",     "(\"a\")", "a ",   "",   "(\\Seenx)" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		c = bytes_of(bad[i]);
		assert_false(parse_flags(&c, &arena, true, &fl));
		assert_true(bytes_is(c, bad[i]));
	}
}

static void assert_set(const char *in, uint32_t star, const char *want)
{
	struct bytes c = bytes_of(in);
	struct seqset set;
	struct buf out = BUF_INIT;

	if (!parse_seqset(&c, &arena, star, &set) || !parse_end(&c)) {
		buf_str(&out, "bad");
	} else {
		for (size_t i = 0; i < set.n; i++)
			buf_printf(&out, "%s%u:%u", i ? "," : "", set.r[i].first, set.r[i].last);
	}
	if (strcmp(buf_cstr(&out), want) != 0)
		fail_msg("%s: %s", in, buf_cstr(&out));
	buf_free(&out);
}

static void test_seqset(void **state)
{
	(void)state;
	assert_set("1", 9, "1:1");
	assert_set("1:3", 9, "1:3");
	assert_set("3:1", 9, "1:3");
	assert_set("*", 9, "9:9");
	assert_set("*:4,5:7", 10, "4:10");
	assert_set("12:*", 9, "9:12");
	assert_set("2,4:7,9,12:*", 15, "2:2,4:7,9:9,12:15");
	assert_set("9,1,5,2", 9, "1:2,5:5,9:9");
	assert_set("1:4294967295,4294967295", 9, "1:4294967295");
	assert_set("*", 0, "");
	assert_set("5:*,3", 0, "3:3");
	static const char *const bad[] = { "",   "0",  "a",  "1:",   ":1", "1,",
					   ",1", "01", "1 ", "1::2", "-1", "4294967296" };
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_set(bad[i], 9, "bad");
}

static void test_seqset_limit(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	struct seqset set;
	struct bytes c;

	buf_char(&text, '1');
	for (size_t i = 1; i < IMAP_SEQSET_MAX; i++)
		buf_printf(&text, ",%zu", 2 * i);
	c = buf_view(&text);
	assert_true(parse_seqset(&c, &arena, 1, &set));
	assert_int_equal(set.n, IMAP_SEQSET_MAX - 1); /* 1 and 2 touch */
	assert_true(seqset_has(&set, 2) && seqset_has(&set, 4) && !seqset_has(&set, 3));
	assert_false(seqset_has(&set, 2 * IMAP_SEQSET_MAX));
	buf_str(&text, ",1");
	c = buf_view(&text);
	assert_false(parse_seqset(&c, &arena, 1, &set));
	buf_free(&text);
}

static int reset(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),   cmocka_unit_test(test_words),
		cmocka_unit_test(test_tag_limit), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_mailbox),   cmocka_unit_test(test_flags),
		cmocka_unit_test(test_seqset),    cmocka_unit_test(test_seqset_limit),
	};

	return cmocka_run_group_tests(tests, NULL, reset);
}
