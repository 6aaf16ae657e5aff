/*
 * fault.h: named points where a test may kill the process or make a step fail.
 * Nothing in the release flavour.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdint.h>

#ifdef INDEX_FAULTS
void store_fault(const char *point) __attribute__((weak));
#define FAULT(point)                        \
	do {                                \
		if (store_fault)            \
			store_fault(point); \
	} while (0)
/* Tests keep times as coarsely as other kernels and filesystems do. */
void store_fault_time(int64_t *ns) __attribute__((weak));
#define FAULT_TIME(ns)                        \
	do {                                  \
		if (store_fault_time)         \
			store_fault_time(ns); \
	} while (0)
#else
#define FAULT(point) ((void)0)
#define FAULT_TIME(ns) ((void)0)
#endif

#endif
