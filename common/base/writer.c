/*
 * writer.c: buffered output with a timeout and a sticky error.
 *
 * A large piece leaves together with what is buffered before it in one
 * system call, without being copied.  No call blocks in the kernel: sockets
 * are written with MSG_DONTWAIT, anything else after poll and in pieces that
 * a pipe takes whole, so that the timeout holds whatever flags the descriptor
 * came with.  Pipes raise SIGPIPE: a program that may get one ignores it.
 */
#include "writer.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arena.h"
#include "num.h"

void writer_init(struct writer *w, int fd, char *mem, size_t cap, int timeout_ms)
{
	*w = (struct writer){ .fd = fd, .p = mem, .cap = cap, .timeout_ms = timeout_ms };
}

void writer_no_delay(int fd)
{
	int one = 1;

	/* No socket, or one that isn't TCP: it never waited. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static bool wait_writable(struct writer *w)
{
	struct pollfd p = { w->fd, POLLOUT, 0 };
	int n;

	do
		n = poll(&p, 1, w->timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

/* One write of some of both pieces; its length, or -1. */
static ssize_t write_some(struct writer *w, struct iovec v[2])
{
	if (!w->no_socket) {
		struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
		ssize_t n = sendmsg(w->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
		w->no_socket = true;
	}
	if (!wait_writable(w))
		return -1;
	struct iovec *first = v[0].iov_len ? &v[0] : &v[1];
	return write(w->fd, first->iov_base, first->iov_len < PIPE_BUF ? first->iov_len : PIPE_BUF);
}

/* Takes up to n bytes off *v; what is left of n. */
static size_t advance(struct iovec *v, size_t n)
{
	size_t k = n < v->iov_len ? n : v->iov_len;
	v->iov_base = (char *)v->iov_base + k;
	v->iov_len -= k;
	return n - k;
}

/* Sends the buffer and, behind it, n bytes from p. */
static void send_with(struct writer *w, const void *p, size_t n)
{
	struct iovec v[2] = { { w->p, w->n }, { (void *)(uintptr_t)p, n } };

	if (w->before && !w->error && (v[0].iov_len || v[1].iov_len))
		w->error = w->before(w->before_ctx);
	while (!w->error && (v[0].iov_len || v[1].iov_len)) {
		ssize_t sent = write_some(w, v);
		if (sent >= 0)
			advance(&v[1], advance(&v[0], (size_t)sent));
		else if (errno == EAGAIN ? !wait_writable(w) : errno != EINTR)
			w->error = errno;
	}
	w->n = 0;
}

void writer_put_any(struct writer *w, const void *p, size_t n)
{
	if (w->error || n == 0)
		return;
	w->total += n;
	if (n > w->cap - w->n) {
		if (n >= w->cap / 2) {
			send_with(w, p, n);
			return;
		}
		size_t head = w->cap - w->n;
		memcpy(w->p + w->n, p, head);
		w->n = w->cap;
		send_with(w, "", 0);
		p = (const char *)p + head;
		n -= head;
		if (w->error)
			return;
	}
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

void writer_str(struct writer *w, const char *s)
{
	writer_put(w, s, strlen(s));
}

void writer_u64(struct writer *w, uint64_t v)
{
	char *p = writer_room(w, NUM_DIGITS);
	writer_wrote(w, num_format(p, v));
}

void writer_printf(struct writer *w, const char *fmt, ...)
{
	char small[512], *p = small;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof small) {
		p = mem_alloc((size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	if (n > 0)
		writer_put(w, p, (size_t)n);
	if (p != small)
		free(p);
}

/* Index of the first LF without CR, or the length. */
static size_t bare_lf(struct bytes b, char last)
{
	for (size_t i = 0;;) {
		size_t at = bytes_chr(bytes_from(b, i), '\n');
		if (at == BYTES_NONE)
			return b.n;
		i += at;
		if ((i ? b.p[i - 1] : last) != '\r')
			return i;
		i++;
	}
}

/* What has its CRs already goes out without being copied. */
void writer_crlf(struct writer *w, struct bytes b, char *last)
{
	size_t fine = bare_lf(b, *last);

	writer_put(w, b.p, fine);
	if (fine)
		*last = b.p[fine - 1];
	for (size_t at = fine; at < b.n && !w->error;) {
		char *out = writer_room(w, 256);
		struct bytes piece = bytes_sub(b, at, (w->cap - w->n - 16) / 2);
		writer_wrote(w, bytes_to_crlf(out, piece, *last, '\0'));
		*last = piece.p[piece.n - 1];
		at += piece.n;
	}
	if (b.n)
		*last = b.p[b.n - 1];
}

char *writer_room(struct writer *w, size_t n)
{
	if (w->error)
		w->n = 0; /* what is written into it is dropped */
	else if (n > w->cap - w->n)
		send_with(w, "", 0);
	return w->p + w->n;
}

int writer_flush(struct writer *w)
{
	if (w->n && !w->error)
		send_with(w, "", 0);
	if (!w->error)
		return 0;
	w->n = 0;
	errno = w->error;
	return -1;
}
