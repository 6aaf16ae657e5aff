/*
 * peek.h: reading from the peer without taking a byte too many.
 *
 * Whatever stands behind the login command belongs to the handler, so it stays
 * in the socket: a line is looked at (MSG_PEEK) before it is read up to its end,
 * and what is no socket is read byte by byte.
 */
#ifndef PEEK_H
#define PEEK_H

#include <signal.h>

#include "bytes.h"

enum peek_status {
	PEEK_OK,
	PEEK_EOF,
	PEEK_SILENT,   /* nothing for silence_ms */
	PEEK_EXPIRED,  /* the time before login is over */
	PEEK_TOO_LONG, /* max bytes were taken, and no end of line */
	PEEK_TLS,      /* a TLS record where a line should begin */
	PEEK_STOP,     /* *stop was set, or `other` has something to say */
	PEEK_ERROR,
};

struct peek {
	int fd;
	int other;                         /* looked at while waiting; -1: none */
	bool no_socket;                    /* known after the first read */
	int silence_ms;                    /* longest wait for the next byte */
	int64_t deadline;                  /* clock_ms() at which all ends */
	const volatile sig_atomic_t *stop; /* set by a handler of a signal that is blocked ... */
	sigset_t waiting;                  /* ... but while waiting, with this mask */
};

/* A line to p without its LF or CRLF; at most max bytes with it. */
enum peek_status peek_line(struct peek *in, char *p, size_t max, size_t *n)
	__attribute__((warn_unused_result));
/* Throws away what has come, at most PEEK_DRAIN_MAX bytes: a socket that is closed with unread
 * bytes in it takes our last words with it.  Nothing if fd is no socket. */
#define PEEK_DRAIN_MAX 65536
void peek_drain(struct peek *in);
/* Exactly n bytes to p. */
enum peek_status peek_exact(struct peek *in, char *p, size_t n) __attribute__((warn_unused_result));

#endif
