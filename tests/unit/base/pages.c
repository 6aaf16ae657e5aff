/* Memory given back: whole pages only, and what stands beside them stays. */
#include "test.h"

#include "pages.h"

static _Alignas(4096) char memory[4 * 4096];

static void test_release(void **state)
{
	(void)state;
	memset(memory, 'x', sizeof memory);
	pages_release(memory + 1, 2 * 4096); /* one whole page lies in it */
	assert_int_equal(memory[0], 'x');
	assert_int_equal(memory[4095], 'x');
	assert_int_equal(memory[4096], 0);
	assert_int_equal(memory[8191], 0);
	assert_int_equal(memory[8192], 'x');
	pages_release(memory, 4095);
	pages_release(memory + 1, 0);
	assert_int_equal(memory[0], 'x');
	pages_release(memory, sizeof memory);
	assert_int_equal(memory[sizeof memory - 1], 0);
}

static void test_release_stack(void **state)
{
	(void)state;
	char local[3 * 4096];
	memset(local, 'x', sizeof local);
	pages_release_stack();
	for (size_t i = 0; i < sizeof local; i++)
		assert_int_equal(local[i], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_release_stack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
