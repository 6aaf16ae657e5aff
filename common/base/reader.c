/*
 * reader.c: buffered input with a timeout.
 *
 * Whoever has to wait for the peer flushes the tied writer first, so answers
 * to pipelined commands leave together and no handler thinks of it.  A signal
 * that is handled ends the wait: READER_ERROR with EINTR, nothing is lost and
 * the same call may be made again.
 */
#include "reader.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void reader_init(struct reader *r, int fd, char *mem, size_t cap, int timeout_ms,
		 struct writer *tied)
{
	*r = (struct reader){
		.fd = fd, .timeout_ms = timeout_ms, .tied = tied, .p = mem, .cap = cap
	};
}

/* Waits and reads at most n bytes to p; the count in *got. */
static enum reader_status read_some(struct reader *r, char *p, size_t n, size_t *got)
{
	struct pollfd pfd = { r->fd, POLLIN, 0 };

	if (r->tied && writer_flush(r->tied) < 0)
		return READER_ERROR;
	for (;;) {
		int ready = poll(&pfd, 1, r->timeout_ms);
		if (ready == 0)
			return READER_TIMEOUT;
		if (ready < 0)
			return READER_ERROR;
		ssize_t have = read(r->fd, p, n);
		if (have == 0)
			return READER_EOF;
		if (have > 0) {
			*got = (size_t)have;
			r->total += *got;
			return READER_OK;
		}
		if (errno != EAGAIN)
			return READER_ERROR;
	}
}

/* Reads more behind what is unread; there must be room once it is moved to
 * the front. */
static enum reader_status fill(struct reader *r)
{
	size_t got;

	if (r->pos == r->end)
		r->pos = r->end = 0;
	if (r->end == r->cap) {
		memmove(r->p, r->p + r->pos, r->end - r->pos);
		r->end -= r->pos;
		r->pos = 0;
	}
	enum reader_status s = read_some(r, r->p + r->end, r->cap - r->end, &got);
	if (s == READER_OK)
		r->end += got;
	return s;
}

static struct bytes unread(const struct reader *r)
{
	return (struct bytes){ r->p + r->pos, r->end - r->pos };
}

/* Takes n bytes of the buffer. */
static struct bytes take(struct reader *r, size_t n)
{
	struct bytes b = bytes_sub(unread(r), 0, n);
	r->pos += b.n;
	return b;
}

enum reader_status reader_line(struct reader *r, size_t max, struct bytes *line)
{
	size_t looked = 0;

	if (max > r->cap - 2)
		max = r->cap - 2; /* a CRLF must fit as well */
	for (;;) {
		struct bytes have = unread(r);
		size_t lf = bytes_chr(bytes_from(have, looked), '\n');
		size_t n = lf == BYTES_NONE ? have.n : looked + lf;
		if (n && have.p[n - 1] == '\r')
			n--;
		if (n > max) {
			*line = take(r, max);
			return READER_TOO_LONG;
		}
		if (lf != BYTES_NONE) {
			*line = bytes_sub(have, 0, n);
			r->pos += looked + lf + 1;
			return READER_OK;
		}
		looked = have.n;
		enum reader_status s = fill(r);
		if (s != READER_OK) {
			*line = unread(r);
			return s;
		}
	}
}

enum reader_status reader_skip_line(struct reader *r)
{
	for (;;) {
		size_t lf = bytes_chr(unread(r), '\n');
		if (lf != BYTES_NONE) {
			take(r, lf + 1);
			return READER_OK;
		}
		r->pos = r->end;
		enum reader_status s = fill(r);
		if (s != READER_OK)
			return s;
	}
}

enum reader_status reader_some(struct reader *r, size_t max, struct bytes *piece)
{
	if (!reader_pending(r)) {
		enum reader_status s = fill(r);
		if (s != READER_OK)
			return s;
	}
	*piece = take(r, max);
	return READER_OK;
}

enum reader_status reader_exact(struct reader *r, char *p, size_t n)
{
	while (n) {
		struct bytes piece;
		enum reader_status s = READER_OK;
		if (reader_pending(r) || n < r->cap) {
			s = reader_some(r, n, &piece);
			if (s == READER_OK)
				memcpy(p, piece.p, piece.n);
		} else {
			s = read_some(r, p, n, &piece.n); /* large: past the buffer */
		}
		if (s != READER_OK)
			return s;
		p += piece.n;
		n -= piece.n;
	}
	return READER_OK;
}

enum reader_status reader_skip(struct reader *r, uint64_t n)
{
	while (n) {
		struct bytes piece;
		enum reader_status s = reader_some(r, n < r->cap ? (size_t)n : r->cap, &piece);
		if (s != READER_OK)
			return s;
		n -= piece.n;
	}
	return READER_OK;
}

void reader_ack(const struct reader *r)
{
	int one = 1;

	if (!reader_pending(r))
		(void)setsockopt(r->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

int reader_wait(struct reader *r, int other, int timeout_ms)
{
	struct pollfd p[2] = { { r->fd, POLLIN, 0 }, { other, POLLIN, 0 } };

	if (reader_pending(r))
		return 1;
	if (r->tied && writer_flush(r->tied) < 0)
		return -1;
	if (poll(p, 2, timeout_ms) < 0)
		return -1;
	return (p[0].revents ? 1 : 0) | (p[1].revents ? 2 : 0);
}
