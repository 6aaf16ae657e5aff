/* Views of memory: comparing, searching, cutting. */
#include "test.h"

static void test_compare(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		int cmp, icmp;
	} rows[] = {
		{ "", "", 0, 0 },         { "", "a", -1, -1 },     { "a", "", 1, 1 },
		{ "abc", "abd", -1, -1 }, { "ABC", "abc", -1, 0 }, { "abc", "ab", 1, 1 },
		{ "\xff", "a", 1, 1 },    { "[", "{", -1, -1 },    { "@", "`", -1, -1 },
		{ "a", "B", 1, -1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes a = bytes_of(rows[i].a), b = bytes_of(rows[i].b);
		int cmp = bytes_cmp(a, b), icmp = bytes_icmp(a, b);
		assert_int_equal((cmp > 0) - (cmp < 0), rows[i].cmp);
		assert_int_equal((icmp > 0) - (icmp < 0), rows[i].icmp);
		assert_int_equal(bytes_ieq(a, b), rows[i].icmp == 0);
		assert_int_equal(bytes_eq(a, b), rows[i].cmp == 0);
	}
}

static void test_prefix(void **state)
{
	(void)state;
	assert_true(bytes_starts(BYTES("abc"), BYTES("ab")));
	assert_true(bytes_starts(BYTES("abc"), BYTES("")));
	assert_false(bytes_starts(BYTES("abc"), BYTES("AB")));
	assert_true(bytes_istarts(BYTES("abc"), BYTES("AB")));
	assert_false(bytes_istarts(BYTES("ab"), BYTES("abc")));
}

/* Exact memory, so that a sanitizer sees a look beyond the end. */
static char *exact(size_t n)
{
	char *p = malloc(n ? n : 1);
	assert_non_null(p);
	memset(p, '.', n);
	return p;
}

static void test_chr(void **state)
{
	(void)state;
	for (size_t n = 0; n < 70; n++) {
		char *p = exact(n);
		struct bytes b = { p, n };
		assert_int_equal(bytes_chr(b, 'x'), BYTES_NONE);
		assert_int_equal(bytes_rchr(b, 'x'), BYTES_NONE);
		for (size_t at = 0; at < n; at++) {
			p[at] = 'x';
			assert_int_equal(bytes_chr(b, 'x'), at);
			assert_int_equal(bytes_rchr(b, 'x'), at);
			p[n - 1] = 'x';
			assert_int_equal(bytes_chr(b, 'x'), at);
			assert_int_equal(bytes_rchr(b, 'x'), n - 1);
			p[at] = p[n - 1] = '.';
		}
		free(p);
	}
	assert_int_equal(bytes_chr((struct bytes){ "a\0b", 3 }, '\0'), 1);
}

/* Every needle length at every place of every small haystack. */
static void test_find_places(void **state)
{
	(void)state;
	static const char needle[] = "Needle[in]the{hay}stack";
	for (size_t n = 1; n < 60; n++) {
		char *p = exact(n);
		struct bytes b = { p, n };
		for (size_t len = 1; len < sizeof needle; len++) {
			struct bytes want = { needle, len };
			assert_int_equal(bytes_find(b, want), BYTES_NONE);
			assert_int_equal(bytes_ifind(b, want), BYTES_NONE);
			for (size_t at = 0; at + len <= n; at++) {
				memcpy(p + at, needle, len);
				assert_int_equal(bytes_find(b, want), at);
				p[at] = 'n';
				assert_int_equal(bytes_find(b, want), BYTES_NONE);
				assert_int_equal(bytes_ifind(b, want), at);
				memset(p, '.', n);
			}
		}
		free(p);
	}
}

static void test_find_table(void **state)
{
	(void)state;
	static const struct {
		const char *hay, *needle;
		size_t at, iat;
	} rows[] = {
		{ "", "", 0, 0 },
		{ "abc", "", 0, 0 },
		{ "", "a", BYTES_NONE, BYTES_NONE },
		{ "ab", "abc", BYTES_NONE, BYTES_NONE },
		{ "aab", "ab", 1, 1 },
		{ "xABab", "ab", 3, 1 },
		{ "a[b", "{", BYTES_NONE, BYTES_NONE },
		{ "a@b", "`", BYTES_NONE, BYTES_NONE },
		{ "mississippi mississippi mississippi!", "issip", 4, 4 },
		{ "\xc3\x84", "\xe3\x84", BYTES_NONE, BYTES_NONE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes hay = bytes_of(rows[i].hay), needle = bytes_of(rows[i].needle);
		assert_int_equal(bytes_find(hay, needle), rows[i].at);
		assert_int_equal(bytes_ifind(hay, needle), rows[i].iat);
	}
}

static size_t find_slowly(struct bytes hay, struct bytes needle)
{
	for (size_t i = 0; i + needle.n <= hay.n; i++)
		if (bytes_ieq(bytes_sub(hay, i, needle.n), needle))
			return i;
	return BYTES_NONE;
}

/* Two letters only: most places almost match, so the slow path is taken. */
static void test_find_hostile(void **state)
{
	(void)state;
	enum { HAY = 20000 };
	char *hay = exact(HAY), *needle = exact(3000);
	uint32_t random = 1;

	for (int round = 0; round < 40; round++) {
		memset(hay, 'a', HAY);
		memset(needle, 'a', 3000);
		for (int i = 0; i < round; i++) {
			random = random * 1664525 + 1013904223;
			hay[random >> 8 & 16383] = i % 2 ? 'A' : 'b';
		}
		struct bytes h = { hay, HAY }, n = { needle, 2 + (size_t)round * 70 };
		needle[n.n / 2] = 'b';
		assert_int_equal(bytes_ifind(h, n), find_slowly(h, n));
		for (size_t i = 0; i < HAY; i++)
			hay[i] = ascii_lower(hay[i]);
		assert_int_equal(bytes_find(h, n), find_slowly(h, n));
	}
	free(hay);
	free(needle);
}

static void test_find_is_linear(void **state)
{
	(void)state;
	size_t hay_n = 8 << 20, needle_n = 64 << 10;
	char *hay = exact(hay_n), *needle = exact(needle_n);

	needle[needle_n / 2] = 'x'; /* quadratic: half a billion comparisons of 32 KiB */
	struct bytes h = { hay, hay_n }, n = { needle, needle_n };
	assert_int_equal(bytes_find(h, n), BYTES_NONE);
	assert_int_equal(bytes_ifind(h, n), BYTES_NONE);
	memcpy(hay + hay_n - needle_n, needle, needle_n);
	assert_int_equal(bytes_find(h, n), hay_n - needle_n);
	assert_int_equal(bytes_ifind(h, n), hay_n - needle_n);
	free(hay);
	free(needle);
}

static void test_sub_and_trim(void **state)
{
	(void)state;
	assert_bytes(bytes_sub(BYTES("hello"), 1, 3), "ell");
	assert_bytes(bytes_sub(BYTES("hello"), 3, 9), "lo");
	assert_bytes(bytes_sub(BYTES("hello"), 9, 9), "");
	assert_bytes(bytes_from(BYTES("hello"), 5), "");
	assert_bytes(bytes_trim(BYTES(" \t\r\na b\r\n ")), "a b");
	assert_bytes(bytes_trim(BYTES(" \t ")), "");
	assert_bytes(bytes_trim(BYTES("")), "");
}

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *pieces[4];
	} rows[] = {
		{ "a,b", { "a", "b" } }, { "a", { "a" } },      { "", { "" } },
		{ "a,", { "a", "" } },   { ",a", { "", "a" } }, { ",,", { "", "", "" } },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes rest = bytes_of(rows[i].text), piece;
		size_t n = 0;
		for (; n < 4 && rows[i].pieces[n]; n++) {
			assert_true(bytes_split(&rest, ',', &piece));
			assert_true(bytes_is(piece, rows[i].pieces[n]));
		}
		assert_false(bytes_split(&rest, ',', &piece));
	}
}

static void test_control(void **state)
{
	(void)state;
	for (size_t n = 0; n < 70; n++) {
		char *p = exact(n);
		memset(p, ' ', n);
		assert_false(bytes_any_control((struct bytes){ p, n }));
		for (size_t at = 0; at < n; at++) {
			for (int c = 0; c < 256; c++) {
				p[at] = (char)c;
				assert_int_equal(bytes_any_control((struct bytes){ p, n }),
						 c < 0x20 || c == 0x7f);
			}
			p[at] = '~';
		}
		free(p);
	}
}

static size_t crlf_slowly(char *out, struct bytes in, char last, char nul)
{
	size_t n = 0;
	for (size_t i = 0; i < in.n; last = in.p[i++]) {
		if (in.p[i] == '\n' && last != '\r')
			out[n++] = '\r';
		out[n++] = in.p[i] ? in.p[i] : nul;
	}
	return n;
}

static void test_to_crlf(void **state)
{
	(void)state;
	uint32_t random = 5;
	for (size_t n = 0; n < 400; n++) {
		char *in = exact(n), *out = exact(2 * n), *want = exact(2 * n);
		for (size_t i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			in[i] = "\r\n\0abcdefgh\n"[(random >> 16) % (n % 12 + 1)];
		}
		for (int cr = 0; cr < 2; cr++) {
			struct bytes b = { in, n };
			char last = cr ? '\r' : 'x', nul = cr ? '\x80' : '\0';
			size_t len = bytes_to_crlf(out, b, last, nul);
			assert_int_equal(len, crlf_slowly(want, b, last, nul));
			assert_memory_equal(out, want, len);
		}
		memset(in, '\n', n);
		assert_int_equal(bytes_to_crlf(out, (struct bytes){ in, n }, 0, 0), 2 * n);
		free(in);
		free(out);
		free(want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_chr),
		cmocka_unit_test(test_find_places),
		cmocka_unit_test(test_find_table),
		cmocka_unit_test(test_find_hostile),
		cmocka_unit_test(test_find_is_linear),
		cmocka_unit_test(test_sub_and_trim),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_to_crlf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
