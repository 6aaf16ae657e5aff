/*
 * bits.c: rank, select and next against counting by hand, over sets of every
 * density and at the borders of words and groups.
 */
#include "test.h"

#include <string.h>

#include "bits.h"

#define SIZE 6000

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

static void check(const struct bits *b, const bool *model)
{
	uint64_t missing = 0, in = 0;

	for (uint64_t i = 0; i < SIZE; i++) {
		assert_int_equal(bits_has(b, i), model[i]);
		assert_int_equal(bits_rank_missing(b, i), missing);
		if (!model[i])
			assert_int_equal(bits_select_missing(b, missing), i);
		missing += !model[i];
		in += model[i];
	}
	assert_int_equal(b->n, in);
	uint64_t next_in = UINT64_MAX, next_missing = SIZE;
	for (uint64_t i = SIZE; i-- > 0;) {
		if (model[i])
			next_in = i;
		else
			next_missing = i;
		assert_int_equal(bits_next(b, i), next_in);
		assert_int_equal(bits_next_missing(b, i), next_missing);
	}
}

static void test_empty(void **state)
{
	(void)state;
	struct bits b = BITS_INIT;

	assert_false(bits_has(&b, 0));
	assert_int_equal(bits_rank_missing(&b, 1000000), 1000000);
	assert_int_equal(bits_select_missing(&b, 77), 77);
	assert_int_equal(bits_next_missing(&b, 77), 77);
	assert_int_equal(bits_next(&b, 0), UINT64_MAX);
	assert_null(b.words);
	bits_free(&b);
}

static void test_borders(void **state)
{
	(void)state;
	static const uint64_t at[] = { 0,    1,    63,   64,   127,  128,  511,  512, 513,
				       1023, 1024, 4095, 4096, 4607, 4608, 5119, 5120 };
	bool model[SIZE] = { false };
	struct bits b = BITS_INIT;

	for (size_t i = 0; i < COUNT(at); i++) {
		bits_add(&b, at[i]);
		bits_add(&b, at[i]);
		model[at[i]] = true;
		check(&b, model);
	}
	bits_free(&b);
	assert_int_equal(b.n, 0);
	assert_int_equal(bits_rank_missing(&b, 5), 5);
}

static void test_densities(void **state)
{
	(void)state;
	static const uint32_t percent[] = { 1, 10, 50, 90, 99, 100 };

	for (size_t d = 0; d < COUNT(percent); d++) {
		bool model[SIZE] = { false };
		struct bits b = BITS_INIT;
		for (uint64_t i = 0; i < SIZE; i++)
			if (rnd(100) < percent[d]) {
				model[i] = true;
				bits_add(&b, i);
			}
		check(&b, model);
		bits_free(&b);
	}
}

static void test_random_order(void **state)
{
	(void)state;
	bool model[SIZE] = { false };
	struct bits b = BITS_INIT;

	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 150; i++) {
			uint32_t at = rnd(round % 3 ? SIZE : SIZE / 4);
			model[at] = true;
			bits_add(&b, at);
		}
		check(&b, model);
	}
	bits_free(&b);
}

static void test_memory(void **state)
{
	(void)state;
	struct bits b = BITS_INIT;

	bits_add(&b, 1000000);
	assert_true(b.groups * (BITS_GROUP / 8 + sizeof *b.tree) < 1000000 / 8 * 5 / 4);
	bits_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),     cmocka_unit_test(test_borders),
		cmocka_unit_test(test_densities), cmocka_unit_test(test_random_order),
		cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
