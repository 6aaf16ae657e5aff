/* Numbers, checksums, hashes and the table that uses them. */
#include "test.h"

#include "hashmap.h"
#include "num.h"

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t value;
	} rows[] = {
		{ "0", 0, true, 0 },
		{ "1", 0, false, 0 },
		{ "007", 10, true, 7 },
		{ "00000000000000000000000000000007", 10, true, 7 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "1x", 10, false, 0 },
		{ "9", 9, true, 9 },
		{ "10", 9, false, 0 },
		{ "255", 255, true, 255 },
		{ "256", 255, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "18446744073709551610", UINT64_MAX - 5, true, UINT64_MAX - 5 },
		{ "18446744073709551611", UINT64_MAX - 5, false, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t v = 77;
		assert_int_equal(num_parse(bytes_of(rows[i].text), rows[i].max, &v), rows[i].ok);
		assert_int_equal(v, rows[i].ok ? rows[i].value : 77);
	}
	uint32_t v32;
	assert_true(num_parse_u32(BYTES("4294967295"), &v32));
	assert_int_equal(v32, UINT32_MAX);
	assert_false(num_parse_u32(BYTES("4294967296"), &v32));
}

static void test_take(void **state)
{
	(void)state;
	struct bytes b = BYTES("12:34");
	uint64_t v;
	assert_true(num_take(&b, 100, &v));
	assert_int_equal(v, 12);
	assert_bytes(b, ":34");
	assert_false(num_take(&b, 100, &v));
	b = bytes_from(b, 1);
	assert_false(num_take(&b, 33, &v));
	assert_bytes(b, "34");
	assert_true(num_take(&b, 34, &v));
	assert_bytes(b, "");
}

static void test_hex(void **state)
{
	(void)state;
	uint64_t v;
	assert_true(num_parse_hex(BYTES("fF0"), &v));
	assert_int_equal(v, 0xff0);
	assert_true(num_parse_hex(BYTES("ffffffffffffffff"), &v));
	assert_int_equal(v, UINT64_MAX);
	assert_false(num_parse_hex(BYTES("00000000000000001"), &v));
	assert_false(num_parse_hex(BYTES(""), &v));
	assert_false(num_parse_hex(BYTES("g"), &v));
	assert_false(num_parse_hex(BYTES("0x1"), &v));
}

static void test_format(void **state)
{
	(void)state;
	static const uint64_t values[] = { 0, 9, 10, 99, 100, UINT32_MAX, UINT64_MAX };
	for (size_t i = 0; i < COUNT(values); i++) {
		char got[NUM_DIGITS], want[32];
		size_t n = num_format(got, values[i]);
		snprintf(want, sizeof want, "%llu", (unsigned long long)values[i]);
		assert_int_equal(n, strlen(want));
		assert_memory_equal(got, want, n);
	}
}

static void test_sums(void **state)
{
	(void)state;
	size_t n;
	uint64_t v;
	assert_true(num_add(SIZE_MAX - 1, 1, &n));
	assert_false(num_add(SIZE_MAX, 1, &n));
	assert_true(num_mul(SIZE_MAX / 2, 2, &n));
	assert_false(num_mul(SIZE_MAX / 2 + 1, 2, &n));
	assert_true(num_add64(UINT64_MAX, 0, &v));
	assert_false(num_add64(UINT64_MAX, 1, &v));
}

static void test_little_endian(void **state)
{
	(void)state;
	unsigned char p[9] = { 0 };
	put_le64(p + 1, 0x0102030405060708);
	assert_int_equal(p[1], 8);
	assert_int_equal(get_le64(p + 1), 0x0102030405060708);
	assert_int_equal(get_le32(p + 1), 0x05060708);
	assert_int_equal(get_le16(p + 1), 0x0708);
	put_le32(p + 1, 1);
	put_le16(p + 5, 2);
	assert_int_equal(get_le64(p + 1), 0x0102000200000001);
}

static uint32_t crc_slowly(uint32_t crc, const unsigned char *p, size_t n)
{
	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* Runs in both ways: enough bytes for the instruction to be asked for. */
static void test_crc32c(void **state)
{
	(void)state;
	enum { N = 600 };
	unsigned char *p = malloc(N);
	uint32_t random = 7;

	for (size_t i = 0; i < N; i++) {
		random = random * 1664525 + 1013904223;
		p[i] = (unsigned char)(random >> 24);
	}
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283); /* RFC 3720's check value */
	assert_int_equal(crc32c(0, "", 0), 0);
	for (int round = 0; round < 3; round++)
		for (size_t n = 0; n < N; n += n < 40 ? 1 : 37) {
			uint32_t want = crc_slowly(0, p + N - n, n);
			assert_int_equal(crc32c(0, p + N - n, n), want);
			uint32_t half = crc32c(0, p + N - n, n / 2);
			assert_int_equal(crc32c(half, p + N - n + n / 2, n - n / 2), want);
		}
	static char large[100000];
	assert_int_equal(crc32c(0, large, sizeof large),
			 crc_slowly(0, (unsigned char *)large, sizeof large));
	free(p);
}

/* Each bit of the input changes about half of the bits of the hash. */
static void test_hash(void **state)
{
	(void)state;
	for (size_t n = 1; n < 50; n++) {
		char *p = calloc(1, n);
		uint64_t first = num_hash(p, n);
		assert_int_equal(first, num_hash(p, n));
		assert_int_not_equal(first, num_hash(p, n - 1));
		assert_int_not_equal(first, num_hash_seeded(1, p, n));
		for (size_t bit = 0; bit < n * 8; bit++) {
			p[bit / 8] = (char)(1u << bit % 8);
			assert_in_range(__builtin_popcountll(num_hash(p, n) ^ first), 8, 56);
			p[bit / 8] = 0;
		}
		free(p);
	}
}

static void test_random(void **state)
{
	(void)state;
	char a[32] = { 0 }, b[32] = { 0 };
	num_random(a, sizeof a);
	num_random(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
}

static void test_hashmap(void **state)
{
	(void)state;
	enum { N = 3000 };
	static char keys[N][8];
	struct hashmap m = HASHMAP_INIT;
	bool found;

	assert_null(hashmap_get(&m, BYTES("x")));
	for (size_t i = 0; i < N; i++) {
		snprintf(keys[i], sizeof keys[i], "%zu", i);
		uint64_t *v = hashmap_put(&m, bytes_of(keys[i]), &found);
		assert_false(found);
		assert_int_equal(*v, 0);
		*v = i + 1;
	}
	assert_int_equal(m.n, N);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(*hashmap_get(&m, bytes_of(keys[i])), i + 1);
		assert_int_equal(*hashmap_put(&m, bytes_of(keys[i]), &found), i + 1);
		assert_true(found);
	}
	assert_int_equal(m.n, N);
	assert_null(hashmap_get(&m, BYTES("3000")));
	assert_null(hashmap_get(&m, BYTES("")));
	*hashmap_put(&m, (struct bytes){ NULL, 0 }, NULL) = 5;
	assert_int_equal(*hashmap_get(&m, BYTES("")), 5);
	hashmap_free(&m);
	assert_null(hashmap_get(&m, BYTES("1")));
}

static void test_hashmap_reserve(void **state)
{
	(void)state;
	struct hashmap m = HASHMAP_INIT;
	hashmap_reserve(&m, 1000);
	size_t cap = m.cap;
	static char keys[1000][8];
	for (size_t i = 0; i < 1000; i++) {
		snprintf(keys[i], sizeof keys[i], "%zu", i);
		hashmap_put(&m, bytes_of(keys[i]), NULL);
	}
	assert_int_equal(m.cap, cap);
	hashmap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_crc32c),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_hashmap),
		cmocka_unit_test(test_hashmap_reserve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
