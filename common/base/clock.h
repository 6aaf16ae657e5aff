/* clock.h: time, in nanoseconds since the epoch or milliseconds of a clock
 * that never jumps. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_wall_ns(void); /* CLOCK_REALTIME */
int64_t clock_wall(void);    /* seconds */
int64_t clock_ms(void);      /* CLOCK_MONOTONIC: for timeouts */
void clock_sleep_ms(int ms);

static inline int64_t clock_ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif
