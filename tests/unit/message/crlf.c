/* Octets as a client counts them. */
#include "test.h"

#include "crlf.h"
#include "parsed.h"

static void test_octets(void **state)
{
	(void)state;
	static const struct {
		struct bytes b;
		uint64_t want;
	} rows[] = {
		{ { "", 0 }, 0 },       { { "a", 1 }, 1 },          { { "\n", 1 }, 2 },
		{ { "\r\n", 2 }, 2 },   { { "\r", 1 }, 1 },         { { "\n\n", 2 }, 4 },
		{ { "\r\r\n", 3 }, 3 }, { { "\n\r", 2 }, 3 },       { { "a\nb\r\nc", 6 }, 7 },
		{ { "\0\n", 2 }, 3 },   { { "\r\n\n\r\n", 5 }, 6 },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(crlf_octets(rows[i].b), rows[i].want);
}

/* A small generator: the tests are the same each time. */
static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void fill(char *p, size_t n, uint32_t seed, const char *alphabet)
{
	size_t letters = strlen(alphabet);
	for (size_t i = 0; i < n; i++)
		p[i] = alphabet[next(&seed) % letters];
}

/* What crlf_octets and the counters must say, a byte at a time. */
static struct crlf_count slow_count(const char *p, size_t n)
{
	struct crlf_count c = { 0 };
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\n')
			continue;
		c.lf++;
		c.bare += i == 0 || p[i - 1] != '\r';
	}
	return c;
}

static size_t slow_dashes(const char *p, size_t n)
{
	for (size_t i = 1; i + 1 < n; i++) {
		if (p[i - 1] == '\n' && p[i] == '-' && p[i + 1] == '-')
			return i;
	}
	return n;
}

/* All lengths around a block, all alignments. */
static void test_blocks(void **state)
{
	(void)state;
	static const char *const alphabets[] = { "\r\n", "\r\na", "\n-", "\r\n-ab", "abcdefgh\n-" };
	char room[300];

	for (uint32_t seed = 0; seed < 2000; seed++) {
		size_t n = seed % 200, shift = seed % 17;
		char *p = room + shift;
		fill(p, n, seed, alphabets[seed % COUNT(alphabets)]);
		struct crlf_count got = { 0 }, want = slow_count(p, n);
		crlf_count(p, n, &got);
		assert_int_equal(got.lf, want.lf);
		assert_int_equal(got.bare, want.bare);
		assert_int_equal(crlf_octets((struct bytes){ p, n }), n + want.bare);

		struct crlf_count upto = { 0 };
		size_t at = crlf_count_dashes(p, n, &upto);
		assert_int_equal(at, slow_dashes(p, n));
		want = slow_count(p, at);
		assert_int_equal(upto.lf, want.lf);
		assert_int_equal(upto.bare, want.bare);

		size_t lf = crlf_find_lf(p, n);
		const char *found = n ? memchr(p, '\n', n) : NULL;
		assert_int_equal(lf, found ? (size_t)(found - p) : n);
	}
}

static void test_find_offset(void **state)
{
	(void)state;
	static const struct {
		const char *stored;
		uint64_t skip;
		size_t at;
		bool split;
	} rows[] = {
		{ "a\nb", 0, 0, false },   { "a\nb", 1, 1, false },
		{ "a\nb", 2, 1, true },    { "a\nb", 3, 2, false },
		{ "a\nb", 4, 3, false },   { "a\nb", 5, 3, false },
		{ "a\r\nb", 1, 1, false }, { "a\r\nb", 2, 2, false },
		{ "a\r\nb", 3, 3, false }, { "\n\n", 1, 0, true },
		{ "\n\n", 2, 1, false },   { "\n\n", 3, 1, true },
		{ "\n\n", 4, 2, false },   { "", 0, 0, false },
		{ "", 9, 0, false },       { "\n", UINT64_MAX, 1, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool split = true;
		size_t at = crlf_offset(bytes_of(rows[i].stored), rows[i].skip, &split);
		if (at != rows[i].at || split != rows[i].split)
			fail_msg("%zu: %zu %d", i, at, split);
	}
}

/* Every octet of a long text, its newlines at the places where blocks end. */
static void test_every_offset(void **state)
{
	(void)state;
	enum { N = 9000 };
	char stored[N];
	struct buf sent = BUF_INIT;

	fill(stored, N, 1, "\r\nab");
	stored[4095] = '\r';
	stored[4096] = '\n';
	stored[8191] = 'a';
	stored[8192] = '\n';
	for (size_t i = 0; i < N; i++) {
		if (stored[i] == '\n' && (i == 0 || stored[i - 1] != '\r'))
			buf_char(&sent, '\r');
		buf_char(&sent, stored[i]);
	}
	assert_int_equal(crlf_octets((struct bytes){ stored, N }), sent.n);
	for (size_t skip = 0; skip < sent.n; skip++) {
		bool split;
		size_t at = crlf_offset((struct bytes){ stored, N }, skip, &split);
		bool bare = stored[at] == '\n' && (at == 0 || stored[at - 1] != '\r');
		char first = bare && !split ? '\r' : stored[at];
		assert_int_equal(first, sent.p[skip]);
		assert_int_equal(crlf_octets((struct bytes){ stored, at }) + split, skip);
	}
	buf_free(&sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_find_offset),
		cmocka_unit_test(test_every_offset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
