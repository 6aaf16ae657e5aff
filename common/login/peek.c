/*
 * peek.c: lines and literals before login, see peek.h.
 *
 * Two clocks run: silence, and the time in all, which a peer that sends a byte
 * now and then can't stretch.
 */
#include "peek.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define TLS_HANDSHAKE 0x16 /* the first byte of a TLS connection, RFC 8446 §5.1; no line's */

/* Until fd is readable, or a signal came: PEEK_OK with *ready false. */
static enum peek_status wait_readable(struct peek *in, bool *ready)
{
	struct pollfd p[2] = { { .fd = in->fd, .events = POLLIN },
			       { .fd = in->other, .events = POLLIN } };
	int64_t left = in->deadline - clock_ms();
	bool silence = left > in->silence_ms;
	int64_t ms = silence ? in->silence_ms : left;
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	if (*in->stop)
		return PEEK_STOP;
	if (left <= 0)
		return PEEK_EXPIRED;
	int got = ppoll(p, 2, &t, &in->waiting);
	*ready = got > 0 && p[0].revents;
	if (got < 0)
		return errno == EINTR ? PEEK_OK : PEEK_ERROR;
	if (p[1].revents)
		return PEEK_STOP;
	if (*ready)
		return PEEK_OK;
	return silence ? PEEK_SILENT : PEEK_EXPIRED;
}

/* Some bytes, at most max; with `line` none behind the first LF. */
static ssize_t take(struct peek *in, char *p, size_t max, bool line)
{
	ssize_t got;

	if (!in->no_socket && line) {
		got = recv(in->fd, p, max, MSG_PEEK | MSG_DONTWAIT);
		if (got > 0) {
			const char *lf = memchr(p, '\n', (size_t)got);
			max = lf ? (size_t)(lf - p) + 1 : (size_t)got;
		} else if (got == 0 || errno != ENOTSOCK) {
			return got;
		}
		in->no_socket = got < 0;
	}
	return read(in->fd, p, in->no_socket && line ? 1 : max);
}

static enum peek_status some(struct peek *in, char *p, size_t max, bool line, size_t *n)
{
	for (;;) {
		bool ready = false;
		enum peek_status status = wait_readable(in, &ready);
		ssize_t got;

		if (status != PEEK_OK)
			return status;
		if (!ready)
			continue;
		got = take(in, p, max, line);
		if (got > 0) {
			*n = (size_t)got;
			return PEEK_OK;
		}
		if (got == 0)
			return PEEK_EOF;
		if (errno != EAGAIN && errno != EINTR)
			return errno == ECONNRESET ? PEEK_EOF : PEEK_ERROR;
	}
}

enum peek_status peek_line(struct peek *in, char *p, size_t max, size_t *n)
{
	size_t have = 0;

	*n = 0;
	while (have < max) {
		size_t got;
		enum peek_status status = some(in, p + have, max - have, true, &got);

		if (status != PEEK_OK)
			return status;
		if (have == 0 && p[0] == TLS_HANDSHAKE)
			return PEEK_TLS;
		have += got;
		if (p[have - 1] == '\n') {
			have--;
			*n = have && p[have - 1] == '\r' ? have - 1 : have;
			return PEEK_OK;
		}
	}
	*n = have;
	return PEEK_TOO_LONG;
}

void peek_drain(struct peek *in)
{
	char piece[1024];

	for (size_t n = 0; !in->no_socket && n < PEEK_DRAIN_MAX; n += sizeof piece)
		if (recv(in->fd, piece, sizeof piece, MSG_DONTWAIT) <= 0)
			return;
}

enum peek_status peek_exact(struct peek *in, char *p, size_t n)
{
	while (n) {
		size_t got;
		enum peek_status status = some(in, p, n, false, &got);

		if (status != PEEK_OK)
			return status;
		p += got;
		n -= got;
	}
	return PEEK_OK;
}
