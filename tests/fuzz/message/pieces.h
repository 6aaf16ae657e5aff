/* pieces.h: cuts an input into pieces whose lengths a byte decides. */
#ifndef PIECES_H
#define PIECES_H

#include "bytes.h"

struct pieces {
	struct bytes rest;
	uint32_t seed;
};

/* The next piece, 1 to 8 bytes or now and then many; false at the end. */
static inline bool pieces_next(struct pieces *s, struct bytes *piece)
{
	if (s->rest.n == 0)
		return false;
	s->seed = s->seed * 1103515245 + 12345;
	uint32_t r = s->seed >> 16;
	*piece = bytes_sub(s->rest, 0, r % 16 == 0 ? r % 4096 + 1 : r % 8 + 1);
	s->rest = bytes_from(s->rest, piece->n);
	return true;
}

#endif
