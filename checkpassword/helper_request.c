/*
 * helper_request.c: the question as a helper gets it on descriptor 0.
 *
 * Exactly the parts that were agreed on, to the last byte: a missing or an
 * additional NUL is a broken caller, not a shorter password.
 */
#include <errno.h>
#include <unistd.h>

#include "helper.h"

static bool read_all(char *p, size_t size, size_t *n)
{
	*n = 0;
	while (*n < size) {
		ssize_t got = read(0, p + *n, size - *n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		*n += (size_t)got;
	}
	return false;
}

bool helper_request(char *p, size_t size, struct bytes *parts, size_t n)
{
	struct bytes rest = { p, 0 };

	if (!read_all(p, size, &rest.n) || rest.n == 0 || p[rest.n - 1] != '\0')
		return false;
	rest.n--;
	for (size_t i = 0; i < n; i++)
		if (!bytes_split(&rest, '\0', &parts[i]))
			return false;
	return !rest.p;
}
