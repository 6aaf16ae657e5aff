/* memcpy, memmove and memcmp of the release flavour: all lengths, all overlaps. */
#include "test.h"

void *tested_memcpy(void *restrict to, const void *restrict from, size_t n);
void *tested_memmove(void *to, const void *from, size_t n);
int tested_memcmp(const void *one, const void *other, size_t n);

#define MEMCPY_TEST
#undef memcpy
#undef memmove
#undef memcmp
#define memcpy tested_memcpy
#define memmove tested_memmove
#define memcmp tested_memcmp
#include "memcpy.c"

#ifdef __x86_64__
#define SIZE 4096

static unsigned char got[SIZE], want[SIZE], from[SIZE];

static void fill(void)
{
	for (size_t i = 0; i < SIZE; i++)
		got[i] = want[i] = from[i] = (unsigned char)(i * 131 >> 3 ^ i);
}

static void check(size_t at, size_t source, size_t n)
{
	for (size_t i = 0; i < n; i++)
		want[at + i] = from[source + i];
	for (size_t i = 0; i < SIZE; i++)
		if (got[i] != want[i])
			fail_msg("%zu bytes from %zu to %zu: byte %zu", n, source, at, i);
}

static void test_copy(void **state)
{
	(void)state;
	for (size_t n = 0; n < 1000; n += n < 100 ? 1 : 37) {
		for (size_t shift = 0; shift < 20; shift++) {
			fill();
			assert_ptr_equal(tested_memcpy(got + 2000 + shift, from + 7, n),
					 got + 2000 + shift);
			check(2000 + shift, 7, n);
		}
	}
}

static void test_move(void **state)
{
	(void)state;
	for (size_t n = 0; n < 1000; n += n < 70 ? 1 : 53) {
		for (size_t shift = 0; shift < 90; shift++) {
			fill();
			assert_ptr_equal(tested_memmove(got + 1000 + shift, got + 1045, n),
					 got + 1000 + shift);
			check(1000 + shift, 1045, n);
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_compare(void **state)
{
	(void)state;
	for (size_t n = 0; n < 70; n++) {
		fill();
		assert_int_equal(tested_memcmp(got, want, n), 0);
		for (size_t at = 0; at < n; at++) {
			got[at] = (unsigned char)(want[at] + 0x81);
			got[n - 1] ^= at < n - 1; /* a later difference decides nothing */
			int c = sign(tested_memcmp(got, want, n));
			assert_int_equal(c, got[at] < want[at] ? -1 : 1);
			assert_int_equal(sign(tested_memcmp(want, got, n)), -c);
			fill();
		}
	}
}
#endif

int main(void)
{
#ifdef __x86_64__
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_compare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	return 0;
#endif
}
