/*
 * client.c: IMAP replies, RFC 3501 §7, as far as a measurement needs them.
 *
 * One pass over the bytes as they come: a response is its first line, and as long as a line
 * ends in {n}, n bytes and one more line.  No response is ever held whole.
 */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"

/* The part of a line that says what it is: "* 4294967295 EXPUNGE", "t123 NO text". */
#define HEAD_MAX 256
#define TAIL_MAX 32 /* "{18446744073709551615}\r" */

struct line {
	char head[HEAD_MAX + 1];
	size_t head_n;
	char tail[TAIL_MAX];
	size_t tail_n;
};

uint64_t client_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)clock_ns_of(t) / 1000;
}

void client_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
	exit(1);
}

bool client_pending(struct client *c, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	return c->pos < c->end || poll(&p, 1, ms) > 0;
}

/* At least one byte is there afterwards; false at the end of the connection. */
static bool fill(struct client *c)
{
	ssize_t n;

	if (c->pos < c->end)
		return true;
	n = recv(c->fd, c->p, sizeof c->p, 0);
	if (n < 0 && errno != ECONNRESET)
		client_die("recv");
	c->pos = 0;
	c->end = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void need(struct client *c)
{
	errno = 0;
	if (!fill(c))
		client_die("the server closed the connection");
}

/* Numbers of a SEARCH response, which may be cut anywhere by the buffer. */
struct numbers {
	uint64_t value;
	bool in;
};

static void count_hits(struct numbers *s, struct reply *r, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= '0' && p[i] <= '9') {
			s->value = s->value * 10 + (uint64_t)(p[i] - '0');
			s->in = true;
		} else if (s->in) {
			r->hits++;
			r->hits_hash += num_hash(&s->value, sizeof s->value);
			*s = (struct numbers){ 0 };
		}
	}
}

static void keep_tail(struct line *l, const char *p, size_t n)
{
	if (n >= TAIL_MAX) {
		memcpy(l->tail, p + n - TAIL_MAX, TAIL_MAX);
		l->tail_n = TAIL_MAX;
		return;
	}
	if (l->tail_n + n > TAIL_MAX) {
		size_t drop = l->tail_n + n - TAIL_MAX;

		memmove(l->tail, l->tail + drop, l->tail_n - drop);
		l->tail_n -= drop;
	}
	memcpy(l->tail + l->tail_n, p, n);
	l->tail_n += n;
}

/* One line up to LF; its beginning goes to head (first line of a response), its end to tail. */
static void read_line(struct client *c, struct line *l, struct reply *r, bool first)
{
	static const char search[] = "* SEARCH";
	struct numbers numbers = { 0 };
	bool over = false, hits = false;

	l->tail_n = 0;
	if (first)
		l->head_n = 0;
	while (!over) {
		need(c);
		const char *p = c->p + c->pos;
		const char *lf = memchr(p, '\n', c->end - c->pos);
		size_t n = lf ? (size_t)(lf - p) + 1 : c->end - c->pos, skip = 0;

		if (first && l->head_n < HEAD_MAX) {
			skip = n < HEAD_MAX - l->head_n ? n : HEAD_MAX - l->head_n;
			memcpy(l->head + l->head_n, p, skip);
			l->head_n += skip;
			if (l->head_n == HEAD_MAX || lf) {
				hits = l->head_n > sizeof search &&
				       memcmp(l->head, search, sizeof search - 1) == 0;
				if (hits)
					count_hits(&numbers, r, l->head, l->head_n);
			}
		}
		if (hits)
			count_hits(&numbers, r, p + skip, n - skip);
		keep_tail(l, p, n);
		c->pos += n;
		r->bytes += n;
		over = lf != NULL;
	}
	l->head[l->head_n] = '\0';
}

/* The line ends in {n}: n literal bytes follow. */
static bool announces(const struct line *l, uint64_t *size)
{
	struct bytes tail = { l->tail, l->tail_n };
	size_t at = bytes_rchr(tail, '{');

	if (at == BYTES_NONE)
		return false;
	tail = bytes_from(tail, at + 1);
	return num_take(&tail, UINT64_MAX, size) && bytes_is(tail, "}\r\n");
}

static void skip_literal(struct client *c, uint64_t n, struct reply *r)
{
	r->bytes += n;
	r->literals += n;
	while (n) {
		need(c);
		size_t some = c->end - c->pos;

		if (some > n)
			some = (size_t)n;
		c->pos += some;
		n -= some;
	}
}

static void count(const struct line *l, struct reply *r)
{
	struct bytes rest = { l->head + 2, l->head_n - 2 };
	uint64_t n;

	if (!num_take(&rest, UINT64_MAX, &n))
		return;
	r->fetches += bytes_starts(rest, BYTES(" FETCH "));
	r->expunges += bytes_starts(rest, BYTES(" EXPUNGE"));
	if (bytes_starts(rest, BYTES(" EXISTS")))
		r->exists = n;
}

/* One whole response; true: it was a tagged one. */
static bool response(struct client *c, struct reply *r)
{
	struct line l;
	uint64_t size;

	read_line(c, &l, r, true);
	errno = 0;
	if (l.head_n < 3)
		client_die("a line without meaning");
	if (l.head[0] == '*' && l.head[1] == ' ')
		count(&l, r);
	while (announces(&l, &size)) {
		skip_literal(c, size, r);
		read_line(c, &l, r, false);
	}
	r->continued = l.head[0] == '+';
	if (l.head[0] == '*' || r->continued)
		return false;
	l.head[strcspn(l.head, "\r\n")] = '\0';
	const char *status = strchr(l.head, ' ');
	snprintf(r->status, sizeof r->status, "%.*s", (int)sizeof r->status - 1,
		 status ? status + 1 : l.head);
	return true;
}

void client_begin(struct reply *r)
{
	*r = (struct reply){ .us = client_now_us() };
}

void client_send(struct client *c, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);

		if (sent < 0)
			client_die("send");
		p += sent;
		n -= (size_t)sent;
	}
}

void client_until_tagged(struct client *c, struct reply *r)
{
	uint64_t began = r->us;

	while (!response(c, r))
		;
	r->us = client_now_us() - began;
}

void client_one_line(struct client *c, struct reply *r)
{
	response(c, r);
}

void client_command(struct client *c, const char *command, struct reply *r)
{
	char text[8192];
	int n = snprintf(text, sizeof text, "t%u %s\r\n", ++c->tag, command);

	errno = EMSGSIZE;
	if (n < 0 || (size_t)n >= sizeof text)
		client_die(command);
	client_begin(r);
	client_send(c, text, (size_t)n);
	client_until_tagged(c, r);
}

void client_must(struct client *c, const char *command, struct reply *r)
{
	client_command(c, command, r);
	if (strncmp(r->status, "OK", 2) == 0)
		return;
	fprintf(stderr, "load: %.60s: %s\n", command, r->status);
	exit(1);
}

void client_open(struct client *c, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = CLIENT_TIMEOUT_MS / 1000 };
	struct reply r;
	int one = 1;

	c->tag = 0;
	c->pos = c->end = 0;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0)
		client_die("connect");
	/* As mail clients do: a command in two pieces doesn't wait for an ACK. */
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
	    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
	    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		client_die("setsockopt");
	client_begin(&r);
	client_one_line(c, &r);
}

void client_close(struct client *c)
{
	while (fill(c))
		c->pos = c->end;
	close(c->fd);
}
