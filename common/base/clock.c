/* clock.c: the two clocks; both are read without entering the kernel. */
#include "clock.h"

#include <errno.h>

int64_t clock_wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
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
