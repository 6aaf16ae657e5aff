/* clock.c: the clocks; all are read without entering the kernel. */
#include "clock.h"

#include <errno.h>

#define LATE_MS 50 /* five ticks where they are rarest (HZ 100) */
/* Who waits never wants more: further away is a clock set back meanwhile, or no time at all. */
#define WAIT_MAX_NS 1000000000

int64_t clock_wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return clock_ns_of(t);
}

int64_t clock_files_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return clock_ns_of(t);
}

int64_t clock_wall(void)
{
	return clock_wall_ns() / 1000000000;
}

int64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return clock_ns_of(t) / 1000000;
}

void clock_sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

void clock_files_wait(int64_t until)
{
	int64_t left;

	if (__builtin_sub_overflow(until, clock_files_ns(), &left) || left < 0 ||
	    left > WAIT_MAX_NS)
		return;
	clock_sleep_ms((int)(left / 1000000) + 1);
	for (int i = 0; i < LATE_MS && clock_files_ns() <= until; i++)
		clock_sleep_ms(1);
}
