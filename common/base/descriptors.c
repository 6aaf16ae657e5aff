/* descriptors.c: close_range(2), Linux 5.9; before it one by one. */
#include "descriptors.h"

#include <sys/syscall.h>
#include <unistd.h>

#define MANY 1024 /* the usual limit, for kernels without close_range */

static void close_range_of(unsigned from, unsigned to)
{
	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	for (unsigned fd = from; fd < MANY && fd <= to; fd++)
		close((int)fd);
}

void descriptors_close(const int *keep, size_t n)
{
	unsigned from = 3;

	for (;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= (int)from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next == ~0U)
			break;
		close_range_of(from, next - 1);
		from = next + 1;
	}
	close_range_of(from, ~0U);
}
