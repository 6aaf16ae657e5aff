/* memcpy and memmove of the release flavour: all lengths, all overlaps. */
#include "test.h"

void *tested_memcpy(void *restrict to, const void *restrict from, size_t n);
void *tested_memmove(void *to, const void *from, size_t n);

#define MEMCPY_TEST
#undef memcpy
#undef memmove
#define memcpy tested_memcpy
#define memmove tested_memmove
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
#endif

int main(void)
{
#ifdef __x86_64__
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_move),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	return 0;
#endif
}
