/* base64, hex, UTF-8 and modified UTF-7. */
#include "test.h"

#include "codec.h"
#include "utf8.h"

static void test_base64(void **state)
{
	(void)state;
	static const struct {
		struct bytes plain;
		const char *coded;
	} rows[] = {
		/* RFC 4648 §10 */
		{ { "", 0 }, "" },
		{ { "f", 1 }, "Zg==" },
		{ { "fo", 2 }, "Zm8=" },
		{ { "foo", 3 }, "Zm9v" },
		{ { "foob", 4 }, "Zm9vYg==" },
		{ { "fooba", 5 }, "Zm9vYmE=" },
		{ { "foobar", 6 }, "Zm9vYmFy" },
		{ { "\0\0\0", 3 }, "AAAA" },
		{ { "\xff\xef\xbe", 3 }, "/+++" },
		{ { "\xff\xff\xff", 3 }, "////" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = BUF_INIT;
		base64_encode(&b, rows[i].plain);
		assert_string_equal(buf_cstr(&b), rows[i].coded);
		buf_reset(&b);
		buf_char(&b, '!');
		assert_true(base64_decode(&b, bytes_of(rows[i].coded)));
		assert_true(bytes_eq(bytes_from(buf_view(&b), 1), rows[i].plain));
		buf_free(&b);
	}
}

static void test_base64_refuses(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"Z",      "Zg",       "Zg=",    "Zh==",
		"Zm9=",   "Zg==Zg==", "====",   "=",
		"Z===",   "Zm 9v",    "Zm9v\n", "Zm9v====",
		"Zg==\n", "Zm,v",     "-_-_",   "\xff\xff\xff\xff",
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = BUF_INIT;
		buf_str(&b, "kept");
		if (base64_decode(&b, bytes_of(bad[i])))
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(buf_cstr(&b), "kept");
		buf_free(&b);
	}
}

static void test_hex(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	hex_encode(&b, BYTES("\x00\x7f\xff"));
	assert_string_equal(buf_cstr(&b), "007fff");
	buf_free(&b);
}

static void test_utf8_take(void **state)
{
	(void)state;
	static const struct {
		struct bytes in;
		int32_t c;
		size_t taken;
	} rows[] = {
		{ { "a", 1 }, 'a', 1 },
		{ { "\0", 1 }, 0, 1 },
		{ { "\x7f", 1 }, 0x7f, 1 },
		{ { "\xc2\x80", 2 }, 0x80, 2 },
		{ { "\xdf\xbf", 2 }, 0x7ff, 2 },
		{ { "\xe0\xa0\x80", 3 }, 0x800, 3 },
		{ { "\xed\x9f\xbf", 3 }, 0xd7ff, 3 },
		{ { "\xee\x80\x80", 3 }, 0xe000, 3 },
		{ { "\xef\xbf\xbf", 3 }, 0xffff, 3 },
		{ { "\xf0\x90\x80\x80", 4 }, 0x10000, 4 },
		{ { "\xf4\x8f\xbf\xbf", 4 }, 0x10ffff, 4 },
		/* one beyond each */
		{ { "\x80", 1 }, -1, 1 },
		{ { "\xbf", 1 }, -1, 1 },
		{ { "\xc0\x80", 2 }, -1, 1 },
		{ { "\xc1\xbf", 2 }, -1, 1 },
		{ { "\xe0\x9f\xbf", 3 }, -1, 1 },
		{ { "\xed\xa0\x80", 3 }, -1, 1 },
		{ { "\xed\xbf\xbf", 3 }, -1, 1 },
		{ { "\xf0\x8f\xbf\xbf", 4 }, -1, 1 },
		{ { "\xf4\x90\x80\x80", 4 }, -1, 1 },
		{ { "\xf5\x80\x80\x80", 4 }, -1, 1 },
		{ { "\xff", 1 }, -1, 1 },
		/* cut */
		{ { "\xc2", 1 }, -1, 1 },
		{ { "\xe2\x82", 2 }, -1, 1 },
		{ { "\xf0\x9f\x98", 3 }, -1, 1 },
		{ { "\xe2\x41\x82", 3 }, -1, 1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *copy = malloc(rows[i].in.n);
		memcpy(copy, rows[i].in.p, rows[i].in.n);
		struct bytes b = { copy, rows[i].in.n };
		assert_int_equal(utf8_take(&b), rows[i].c);
		assert_int_equal(rows[i].in.n - b.n, rows[i].taken);
		b = (struct bytes){ copy, rows[i].in.n };
		assert_int_equal(utf8_valid(b), rows[i].c >= 0);
		free(copy);
	}
}

static void test_utf8_all(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		if (c == 0xd800)
			c = 0xe000;
		buf_reset(&b);
		utf8_put(&b, c);
		struct bytes v = buf_view(&b);
		if (utf8_take(&v) != (int32_t)c || v.n)
			fail_msg("%x", c);
	}
	buf_free(&b);
}

static void test_utf7(void **state)
{
	(void)state;
	static const struct {
		const char *utf8, *utf7;
	} rows[] = {
		{ "", "" },
		{ "INBOX", "INBOX" },
		{ "a&b", "a&-b" },
		{ "&", "&-" },
		{ "&&", "&-&-" },
		{ "~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
		{ "Entwürfe", "Entw&APw-rfe" },
		{ "ü&ü", "&APw-&-&APw-" },
		{ "😀", "&2D3eAA-" },
		{ "a😀b", "a&2D3eAA-b" },
		{ "\t", "&AAk-" },
		{ "\x7f", "&AH8-" },
		{ "-ü-", "-&APw--" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = BUF_INIT;
		assert_true(utf7_from_utf8(&b, bytes_of(rows[i].utf8)));
		assert_string_equal(buf_cstr(&b), rows[i].utf7);
		buf_reset(&b);
		assert_true(utf7_to_utf8(&b, bytes_of(rows[i].utf7)));
		assert_string_equal(buf_cstr(&b), rows[i].utf8);
		buf_free(&b);
	}
}

static void test_utf7_refuses(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"&",          "a&",
		"&AGE",       "&A-",
		"&AG-",       "&AGE-",
		"&Jjo!",      "&U,BTFw",
		"&U/BTFw-",   "&2AA-",
		"&3AA-",      "&2D0AYQ-",
		"&2D3YPQ-",   "Entw\xc3\xbcrfe",
		"a\tb",       "\x7f",
		"&APw-&APw-", "&APx-",
		"&APwA-",     "&ACY-",
		"&AP w-",     "&APw=-",
		"&3gDYPQ-",
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = BUF_INIT;
		buf_str(&b, "kept");
		if (utf7_to_utf8(&b, bytes_of(bad[i])))
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(buf_cstr(&b), "kept");
		buf_free(&b);
	}
	struct buf b = BUF_INIT;
	buf_str(&b, "kept");
	assert_false(utf7_from_utf8(&b, BYTES("ab\xff")));
	assert_false(utf7_from_utf8(&b, BYTES("\xc3\xbc\xed\xa0\x80")));
	assert_string_equal(buf_cstr(&b), "kept");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),       cmocka_unit_test(test_base64_refuses),
		cmocka_unit_test(test_hex),          cmocka_unit_test(test_utf8_take),
		cmocka_unit_test(test_utf8_all),     cmocka_unit_test(test_utf7),
		cmocka_unit_test(test_utf7_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
