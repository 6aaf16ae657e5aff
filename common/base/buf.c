/*
 * buf.c: a growing byte buffer with a cap.
 *
 * Memory doubles, so that adding is cheap however small the pieces are.
 * One byte more than asked for is always there: the NUL of buf_cstr.
 */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "num.h"

#define BUF_FIRST 64

/* Makes room for n more and a NUL. */
static void grow(struct buf *b, size_t n)
{
	size_t want;
	if (!num_add(b->n, n, &want) || !num_add(want, 1, &want))
		want = SIZE_MAX; /* fails in mem_realloc, with a line in the log */
	if (want <= b->cap)
		return;
	size_t cap = b->cap > SIZE_MAX / 2 ? SIZE_MAX : b->cap * 2;
	if (cap < BUF_FIRST)
		cap = BUF_FIRST;
	if (b->max && cap > b->max + 1)
		cap = b->max + 1;
	if (cap < want)
		cap = want;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

static size_t room(const struct buf *b)
{
	return b->max == 0 ? SIZE_MAX : b->max > b->n ? b->max - b->n : 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (n > room(b)) {
		b->full = true;
		return NULL;
	}
	grow(b, n);
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n > room(b)) {
		b->full = true;
		n = room(b);
	}
	grow(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_char(struct buf *b, char c)
{
	if (b->n + 1 < b->cap && b->n != b->max)
		b->p[b->n++] = c;
	else
		buf_add(b, &c, 1);
}

void buf_bytes(struct buf *b, struct bytes s)
{
	buf_add(b, s.p, s.n);
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[NUM_DIGITS];
	buf_add(b, digits, num_format(digits, v));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	size_t n = (size_t)len;
	if (n > room(b)) {
		b->full = true;
		n = room(b);
	}
	grow(b, n);
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, n + 1, fmt, ap);
	va_end(ap);
	b->n += n;
}

const char *buf_cstr(struct buf *b)
{
	grow(b, 0);
	b->p[b->n] = '\0';
	return b->p;
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

void buf_trim(struct buf *b, size_t keep)
{
	buf_reset(b);
	if (b->cap > keep)
		buf_free(b);
}

void buf_free(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
	b->full = false;
}
