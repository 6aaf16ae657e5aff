/*
 * loginrecord.c: `user NUL password NUL timestamp NUL` from descriptor 3.
 *
 * The interface of the checkpassword(8) family: at most 512 bytes up to the
 * end of file.  Exactly three fields and nothing behind them: a password with
 * a NUL in it must not turn into a shorter one.  The bytes stay in the one
 * place they were read into.
 */
#include "loginrecord.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"

bool loginrecord_parse(struct loginrecord *r)
{
	struct bytes rest = { r->raw, r->n };

	if (r->n == 0 || r->n > LOGINRECORD_MAX || r->raw[r->n - 1] != '\0')
		return false;
	rest.n--; /* its last NUL ends the third field */
	return bytes_split(&rest, '\0', &r->user) && bytes_split(&rest, '\0', &r->pass) &&
	       bytes_split(&rest, '\0', &r->stamp) && !rest.p;
}

/* 1: there is something to read, or the end; 0: not in time; -1. */
static int wait_for(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got;

	do {
		int64_t left = deadline - clock_ms();

		got = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (got < 0 && errno == EINTR);
	if (got > 0 && p.revents & POLLNVAL) {
		errno = EBADF;
		return -1;
	}
	return got;
}

enum loginrecord_status loginrecord_read(struct loginrecord *r, int fd, int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;

	r->n = 0;
	while (r->n < sizeof(r->raw)) {
		int ready = wait_for(fd, deadline);
		ssize_t got;

		if (ready <= 0)
			return ready < 0 ? LOGINRECORD_ERROR : LOGINRECORD_LATE;
		got = read(fd, r->raw + r->n, sizeof(r->raw) - r->n);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return LOGINRECORD_ERROR;
		if (got == 0)
			break;
		r->n += (size_t)got;
	}
	return loginrecord_parse(r) ? LOGINRECORD_OK : LOGINRECORD_MISUSED;
}

void loginrecord_wipe(struct loginrecord *r)
{
	explicit_bzero(r, sizeof(*r));
}
