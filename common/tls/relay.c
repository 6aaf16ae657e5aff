/*
 * relay.c: see relay.h.
 *
 * Two buffers, each filled by one side and emptied by the other before it is filled again, so
 * a side that doesn't read stops the other from being read: no queue grows.  Either direction
 * may end first (half-close): the client's close_notify becomes an end of file for the chain,
 * whose replies still go out; the chain's end becomes close_notify after its last byte.
 * At the end what the client still sends is read and dropped for a while: closing a socket
 * with unread bytes would make the kernel throw away what is on its way to the client.
 *
 * A relay that waits has given its buffers back, here and in OpenSSL.
 */
#include "relay.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "clock.h"
#include "signals.h"

#define PAGE 4096
#define UP_SIZE 16384   /* one record of TLS */
#define DOWN_SIZE 65536 /* four: one read for many replies */

struct half {
	char *p;
	size_t size, at, n; /* bytes at to n wait for the other side */
	bool ended;         /* no more come */
	bool closed;        /* the other side knows */
};

struct state {
	struct relay *r;
	struct half up, down;
	short peer_wants; /* events that OpenSSL waits for */
	bool from_wanted, to_wanted;
	bool broken;      /* nothing can be said to the peer any more */
	bool told_stop;   /* the chain was asked to end */
	bool used;        /* since memory was given back */
	int64_t stop_at;  /* when SIGTERM was seen; 0: not */
	int64_t progress; /* when a byte went on last */
};

static _Alignas(PAGE) char up_buffer[UP_SIZE], down_buffer[DOWN_SIZE];

static bool empty(const struct half *h)
{
	return h->at == h->n;
}

static void filled(struct state *s, struct half *h, size_t n)
{
	h->at = 0;
	h->n = n;
	s->used = true;
}

/* What OpenSSL says after a call that gave nothing: true if it is worth waiting. */
static bool ssl_waits(struct state *s, int result)
{
	switch (SSL_get_error(s->r->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		s->peer_wants |= POLLIN;
		return true;
	case SSL_ERROR_WANT_WRITE:
		s->peer_wants |= POLLOUT;
		return true;
	default:
		return false;
	}
}

static bool would_block(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* From the peer. */
static bool fill_up(struct state *s)
{
	int n;

	ERR_clear_error();
	n = SSL_read(s->r->ssl, s->up.p, (int)s->up.size);
	if (n > 0) {
		filled(s, &s->up, (size_t)n);
		return true;
	}
	if (SSL_get_error(s->r->ssl, n) == SSL_ERROR_ZERO_RETURN)
		s->up.ended = true;
	else if (!ssl_waits(s, n))
		s->up.ended = s->broken = true;
	return s->up.ended;
}

/* To the chain. */
static bool drain_up(struct state *s)
{
	ssize_t n = write(s->r->to, s->up.p + s->up.at, s->up.n - s->up.at);

	if (would_block(n)) {
		s->to_wanted = true;
		return false;
	}
	if (n < 0)
		s->up.at = s->up.n; /* it reads no more; it may still write */
	else
		s->up.at += (size_t)n;
	return true;
}

static void end_up(struct state *s)
{
	s->up.closed = true;
	if (shutdown(s->r->to, SHUT_WR) == 0 || s->r->to == s->r->from)
		return;
	close(s->r->to); /* a pipe */
	s->r->to = -1;
}

static bool go_up(struct state *s)
{
	if (!empty(&s->up))
		return drain_up(s);
	if (!s->up.ended)
		return fill_up(s);
	if (!s->up.closed)
		end_up(s);
	return false;
}

/* From the chain. */
static bool fill_down(struct state *s)
{
	ssize_t n = read(s->r->from, s->down.p, s->down.size);

	if (would_block(n)) {
		s->from_wanted = true;
		return false;
	}
	if (n > 0)
		filled(s, &s->down, (size_t)n);
	else
		s->down.ended = true;
	return true;
}

/* To the peer. */
static bool drain_down(struct state *s)
{
	int n;

	ERR_clear_error();
	n = SSL_write(s->r->ssl, s->down.p + s->down.at, (int)(s->down.n - s->down.at));
	if (n > 0) {
		s->down.at += (size_t)n;
		return true;
	}
	if (!ssl_waits(s, n))
		s->broken = true;
	return false;
}

/* close_notify, and no more after it. */
static bool end_down(struct state *s)
{
	int result;

	ERR_clear_error();
	result = SSL_shutdown(s->r->ssl);
	if (result < 0 && ssl_waits(s, result))
		return false;
	s->down.closed = true;
	shutdown(s->r->peer, SHUT_WR);
	return true;
}

static bool go_down(struct state *s)
{
	if (!empty(&s->down))
		return drain_down(s);
	if (!s->down.ended)
		return fill_down(s);
	return !s->down.closed && end_down(s);
}

/* SIGTERM: the chain ends in its own words; a chain that nobody told sees its input end. */
static void ask_to_stop(struct state *s)
{
	int64_t now = clock_ms();

	if (!s->stop_at) {
		s->stop_at = now;
		if (s->r->chain > 0)
			kill(s->r->chain, SIGTERM);
	}
	if (!s->told_stop && now - s->stop_at >= RELAY_STOP_MS) {
		s->told_stop = true;
		s->up.at = s->up.n;
		s->up.ended = true;
	}
	if (now - s->stop_at >= RELAY_KILL_MS)
		s->broken = true;
}

/* When the wait must end though nothing happens. */
static int64_t deadline(const struct state *s)
{
	if (s->stop_at)
		return s->stop_at + (s->told_stop ? RELAY_KILL_MS : RELAY_STOP_MS);
	if (s->down.ended)
		return s->progress + RELAY_STALL_MS;
	return s->used ? s->progress + RELAY_IDLE_MS : INT64_MAX;
}

/* Heap and buffers back to the kernel; they come back as zeros when they are touched. */
static void give_back(struct state *s)
{
	if (empty(&s->up))
		madvise(up_buffer, sizeof up_buffer, MADV_DONTNEED);
	if (empty(&s->down))
		madvise(down_buffer, sizeof down_buffer, MADV_DONTNEED);
	malloc_trim(0);
	s->used = false;
}

static void wait_for_more(struct state *s)
{
	struct pollfd p[3] = {
		{ .fd = s->peer_wants ? s->r->peer : -1, .events = s->peer_wants },
		{ .fd = s->from_wanted ? s->r->from : -1, .events = POLLIN },
		{ .fd = s->to_wanted ? s->r->to : -1, .events = POLLOUT },
	};
	int got = signals_wait(p, 3, deadline(s));

	if (got == 0 && s->used && clock_ms() - s->progress >= RELAY_IDLE_MS)
		give_back(s);
	if (s->down.ended && clock_ms() - s->progress >= RELAY_STALL_MS)
		s->broken = true;
}

static bool step(struct state *s)
{
	bool up, down;

	s->peer_wants = 0;
	s->from_wanted = s->to_wanted = false;
	up = go_up(s);
	down = !s->broken && go_down(s);
	if (up || down)
		s->progress = clock_ms();
	return up || down;
}

/* Until the peer has closed as well: it has read everything then. */
static void linger(struct state *s)
{
	int64_t until = clock_ms() + RELAY_LINGER_MS;
	struct pollfd p = { .fd = s->r->peer, .events = POLLIN };

	while (!s->broken && clock_ms() < until && !signals_stop) {
		ssize_t n = recv(s->r->peer, up_buffer, sizeof up_buffer, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && !would_block(n)))
			return;
		if (n < 0)
			signals_wait(&p, 1, until);
	}
}

void relay_run(struct relay *r)
{
	struct state s = { .r = r, .used = true, .progress = clock_ms() };

	s.up = (struct half){ .p = up_buffer, .size = sizeof up_buffer };
	s.down = (struct half){ .p = down_buffer, .size = sizeof down_buffer };
	while (!s.broken && !s.down.closed) {
		if (signals_stop)
			ask_to_stop(&s);
		if (!step(&s) && !s.broken && !s.down.closed)
			wait_for_more(&s);
	}
	if (r->to >= 0 && r->to != r->from)
		close(r->to);
	close(r->from);
	linger(&s);
}
