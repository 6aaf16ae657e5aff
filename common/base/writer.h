/*
 * writer.h: the one way out to the peer.
 *
 * Buffered; the first error sticks and is told by writer_flush, so nobody
 * checks each piece.  Nobody calls flush but who is about to wait (the
 * reader's refill does it), so replies to pipelined commands go out together.
 * A socket never raises SIGPIPE; a program whose fd 1 may be a pipe ignores it.
 */
#ifndef WRITER_H
#define WRITER_H

#include <sys/types.h>

#include "bytes.h"

struct writer {
	int fd;
	int timeout_ms; /* longest wait for the peer to take bytes */
	int error;      /* errno of the first failure; then all is dropped */
	bool no_socket; /* known only after the first write */
	char *p;
	size_t n, cap;
	/* Before bytes leave, if set: what they acknowledge goes to disk here, once for
	 * all replies that leave together.  Not 0: the error, and nothing leaves. */
	int (*before)(void *ctx);
	void *before_ctx;
	uint64_t total; /* bytes accepted since init, for the log */
};

/* A TCP socket sends what it is given at once from now on: what is written is whole answers,
 * and the last piece of a long one would wait 40 ms for the ACK of the one before it.
 * Any other descriptor is left alone. */
void writer_no_delay(int fd);

/* Uses mem (cap bytes, caller's, at least 512). */
void writer_init(struct writer *w, int fd, char *mem, size_t cap, int timeout_ms);
void writer_put_any(struct writer *w, const void *p, size_t n);
static inline void writer_put(struct writer *w, const void *p, size_t n);
static inline void writer_bytes(struct writer *w, struct bytes b);
void writer_str(struct writer *w, const char *s);
static inline void writer_char(struct writer *w, char c);
void writer_u64(struct writer *w, uint64_t v);
void writer_printf(struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Like writer_put, but every LF not after a CR gets one, and a lone CR stays:
 * messages stored with LF leave with CRLF.  *last is the byte before p (start
 * with 0), updated. */
void writer_crlf(struct writer *w, struct bytes b, char *last);
/* At least n contiguous bytes (n <= cap) to write into; then writer_wrote. */
char *writer_room(struct writer *w, size_t n);
static inline void writer_wrote(struct writer *w, size_t n)
{
	w->n += n;
	w->total += n;
}
/* What fits is most of it: replies are made of small pieces. */
static inline void writer_put(struct writer *w, const void *p, size_t n)
{
	if (n == 0 || n > w->cap - w->n || w->error) {
		writer_put_any(w, p, n);
		return;
	}
	memcpy(w->p + w->n, p, n);
	writer_wrote(w, n);
}
static inline void writer_bytes(struct writer *w, struct bytes b)
{
	writer_put(w, b.p, b.n);
}
static inline void writer_char(struct writer *w, char c)
{
	writer_put(w, &c, 1);
}
/* 0, or -1 if anything failed since init (errno = w->error). */
int writer_flush(struct writer *w);

#endif
