/*
 * fault.h: named points where a test may kill the process or make a step fail.
 * Nothing in the release flavour.
 */
#ifndef FAULT_H
#define FAULT_H

#ifdef INDEX_FAULTS
void store_fault(const char *point) __attribute__((weak));
#define FAULT(point)                        \
	do {                                \
		if (store_fault)            \
			store_fault(point); \
	} while (0)
#else
#define FAULT(point) ((void)0)
#endif

#endif
