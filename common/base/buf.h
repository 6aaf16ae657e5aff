/*
 * buf.h: the one growing byte buffer.
 *
 * p is never NULL once something was added and there is always room for a
 * NUL behind n (buf_cstr puts it there).  A cap makes growth by a stranger's
 * input harmless: what would pass it is dropped and `full` stays set until
 * buf_reset.
 */
#ifndef BUF_H
#define BUF_H

#include "bytes.h"

struct buf {
	char *p;
	size_t n;
	size_t cap;
	size_t max; /* 0: no limit but memory */
	bool full;  /* something didn't fit: content is cut */
};

#define BUF_INIT ((struct buf){ 0 })
#define BUF_MAX(limit) ((struct buf){ .max = (limit) })
/* In the caller's memory of size bytes, one of them for the NUL: it holds no more, and
 * nothing is allocated or to be freed. */
#define BUF_IN(memory, size) ((struct buf){ .p = (memory), .cap = (size), .max = (size)-1 })

void buf_add(struct buf *b, const void *p, size_t n);
void buf_char(struct buf *b, char c);
void buf_bytes(struct buf *b, struct bytes s);
void buf_str(struct buf *b, const char *s);
void buf_u64(struct buf *b, uint64_t v); /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Room for n more bytes at the returned place (b->p + b->n); the caller adds
 * to b->n what it wrote.  NULL when max forbids it (full is set). */
char *buf_reserve(struct buf *b, size_t n);

static inline struct bytes buf_view(const struct buf *b)
{
	return (struct bytes){ b->p ? b->p : "", b->n };
}

const char *buf_cstr(struct buf *b);
void buf_reset(struct buf *b);             /* keeps the memory */
void buf_trim(struct buf *b, size_t keep); /* empties; memory above keep is freed */
void buf_free(struct buf *b);

#endif
