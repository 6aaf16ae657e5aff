/* The clock of files, and waiting for it. */
#include "test.h"

#include "clock.h"

#define HOUR_NS 3600000000000ll

/* Nobody who changes a file gets a time before what was read. */
static void test_files(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t before = clock_files_ns(), wall = clock_wall_ns();
		assert_true(before <= wall);
		assert_true(clock_files_ns() >= before);
	}
}

static void test_wait(void **state)
{
	(void)state;
	int64_t until = clock_wall_ns() + 5000000;
	for (int i = 0; i < 100 && clock_files_ns() <= until; i++)
		clock_files_wait(until); /* once is enough where ticks come in time */
	assert_true(clock_files_ns() > until);
	until = clock_files_ns() - 1;
	clock_files_wait(until);
	assert_true(clock_files_ns() > until);
}

/* A clock that was set back, numbers of a file that are none: nobody waits for them. */
static void test_wait_in_vain(void **state)
{
	(void)state;
	const int64_t far[] = { INT64_MIN, INT64_MIN + 1, -1, 0, clock_wall_ns() + HOUR_NS,
				INT64_MAX };
	int64_t began = clock_ms();

	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		clock_files_wait(far[i]);
	assert_true(clock_ms() - began < 60000); /* one of them would take an hour */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_in_vain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
