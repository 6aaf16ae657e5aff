/*
 * parsed.h: messages written in the tests with "\n", parsed as stored with LF,
 * with CRLF, or with both.
 */
#ifndef PARSED_H
#define PARSED_H

#include "message.h"

enum newlines { LF, CRLF, MIXED, NEWLINES };

struct parsed {
	struct arena arena;
	struct buf raw;
	struct message m;
	struct buf out;
};

static inline void parsed_store(struct buf *raw, struct bytes text, enum newlines how)
{
	size_t lines = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' && (how == CRLF || (how == MIXED && lines++ % 3 == 1)))
			buf_char(raw, '\r');
		buf_char(raw, text.p[i]);
	}
}

/* The bytes are a copy of their own size, so that tools see a look beyond. */
static inline void parsed_open(struct parsed *t, struct bytes text, enum newlines how)
{
	struct buf raw = BUF_INIT;
	*t = (struct parsed){ 0 };
	parsed_store(&raw, text, how);
	struct bytes copy = arena_bytes(&t->arena, buf_view(&raw));
	buf_free(&raw);
	message_parse(&t->arena, copy, &t->m);
}

static inline void parsed_close(struct parsed *t)
{
	buf_free(&t->out);
	arena_free(&t->arena);
}

#endif
