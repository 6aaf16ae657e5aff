/* clock.h: time, in nanoseconds since the epoch or milliseconds of a clock
 * that never jumps. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_wall_ns(void); /* CLOCK_REALTIME */
int64_t clock_wall(void);    /* seconds */
/* CLOCK_REALTIME_COARSE, from which the kernel takes the times of files: none that is changed
 * after this call gets an earlier one.  It moves with the tick, so it is behind clock_wall_ns
 * by as much as that, and by more where ticks come late (a virtual machine that has to wait). */
int64_t clock_files_ns(void);
/* Sleeps until that clock is beyond `until`, a second from now at most: not at all where that is
 * further away, and no longer than it should take (a clock set back, ticks that don't come). */
void clock_files_wait(int64_t until);
int64_t clock_ms(void); /* CLOCK_MONOTONIC: for timeouts */
void clock_sleep_ms(int ms);

static inline int64_t clock_ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif
