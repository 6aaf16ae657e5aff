/*
 * reader.h: the one way in from the peer.
 *
 * A buffer of fixed size over a descriptor; whoever waits flushes the tied
 * writer first.  Never holds more than the buffer, whatever the peer sends.
 */
#ifndef READER_H
#define READER_H

#include "writer.h"

enum reader_status {
	READER_OK,
	READER_EOF,
	READER_TIMEOUT,
	READER_TOO_LONG, /* the line has more than max bytes; see below */
	READER_ERROR,    /* errno; EINTR: a signal was handled, the call may be repeated */
};

struct reader {
	int fd;
	int timeout_ms;
	struct writer *tied; /* may be NULL */
	char *p;
	size_t pos, end, cap;
	uint64_t total; /* bytes read since init, for the log */
};

/* Uses mem (cap bytes, caller's). */
void reader_init(struct reader *r, int fd, char *mem, size_t cap, int timeout_ms,
		 struct writer *tied);

/* The next line without its LF or CRLF, in the buffer, valid until the next
 * call.  At most max bytes (and cap - 2); a longer one is READER_TOO_LONG with
 * its first bytes in *line, and reader_skip_line drops the rest. */
enum reader_status reader_line(struct reader *r, size_t max, struct bytes *line);
/* Reads up to and with the next LF, throwing it away. */
enum reader_status reader_skip_line(struct reader *r);

/* Some bytes, at least 1, at most max, in the buffer, valid until the next
 * call: for literals that are streamed to disk. */
enum reader_status reader_some(struct reader *r, size_t max, struct bytes *piece);
/* Exactly n bytes to p. */
enum reader_status reader_exact(struct reader *r, char *p, size_t n);
/* Throws n bytes away. */
enum reader_status reader_skip(struct reader *r, uint64_t n);

/* Acknowledges over TCP now, if nothing is unread, what the kernel would acknowledge within
 * 40 ms: many clients send what follows a literal apart, and theirs (Nagle's algorithm)
 * holds it back so long.  Any other descriptor is left alone. */
void reader_ack(const struct reader *r);

/* Unread bytes are in the buffer: waiting with poll would miss them. */
static inline bool reader_pending(const struct reader *r)
{
	return r->pos < r->end;
}

/* Waits until fd, or other (-1: none), is readable, or timeout_ms passed.
 * Bit 0: the reader; bit 1: other; 0: time; -1: error.  Flushes first. */
int reader_wait(struct reader *r, int other, int timeout_ms);

#endif
