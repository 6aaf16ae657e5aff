/*
 * signals.c: a pause is never shorter than was asked for, and SIGTERM ends it.
 */
#include "signals.h"

#include <unistd.h>

#include "clock.h"
#include "test.h"

#define PAUSES 100
#define PAUSE_MS 3

/* Also when something is done first that takes a part of it. */
static void test_pause(void **state)
{
	(void)state;
	for (int i = 0; i < PAUSES; i++) {
		struct timespec begin, end, part = { 0, i * 1000000L / PAUSES };

		clock_gettime(CLOCK_MONOTONIC, &begin);
		int64_t since = clock_ms();
		nanosleep(&part, NULL);
		signals_pause(since, PAUSE_MS);
		clock_gettime(CLOCK_MONOTONIC, &end);
		if (clock_ns_of(end) - clock_ns_of(begin) < PAUSE_MS * 1000000)
			fail_msg("%lld ns", (long long)(clock_ns_of(end) - clock_ns_of(begin)));
	}
}

/* What has passed already is not waited for again. */
static void test_passed(void **state)
{
	int64_t begin = clock_ms();

	(void)state;
	signals_pause(begin - 3600000, 3600000 - 1);
	signals_pause(begin, 0);
	assert_in_range(clock_ms() - begin, 0, 20000);
}

static void test_stopped(void **state)
{
	int64_t begin = clock_ms();

	(void)state;
	signals_catch();
	kill(getpid(), SIGTERM);
	signals_pause(begin, 3600000);
	assert_true(signals_stop);
	assert_in_range(clock_ms() - begin, 0, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
