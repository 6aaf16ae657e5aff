/* load.h: what the modes of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>

/* A number above 0 on the command line; anything else is fatal. */
unsigned load_number(const char *text);
/* User and system time of RUSAGE_SELF or RUSAGE_CHILDREN. */
uint64_t load_cpu_us(int who);

#endif
