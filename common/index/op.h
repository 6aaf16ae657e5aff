/*
 * op.h: one operation of a transaction, as it stands in a journal frame.
 *
 *	8 bytes   kind, mask, length of the name (2), uid (4)
 *	          ADD: flags (2), driver (1), 0 (5), keywords, internal date,
 *	          save date, vsize, cache_at (8 each)
 *	          CHANGE: flags (2), driver (1), 0 (5), keywords (8)
 *	n bytes   name (OP_DRIVER: the words)
 *
 * All values are absolute.  Within a frame the messages rise by uid, each
 * at most once.
 */
#ifndef OP_H
#define OP_H

#include "buf.h"
#include "index_format.h"

enum op_kind {
	OP_ADD = 1,
	OP_CHANGE,
	OP_KEYWORD, /* mask: its number */
	OP_UIDNEXT, /* uid: the value */
	OP_RECENT,  /* uid: the value */
	OP_DRIVER,
};

enum {                    /* mask of OP_CHANGE */
       OP_FLAGS = 1 << 0, /* flags and keywords */
       OP_PLACE = 1 << 1, /* driver and name */
       OP_EXPUNGE = 1 << 2,
};

struct op {
	uint8_t kind, mask;
	uint32_t uid;
	struct index_record r; /* the fields listed above */
	struct bytes name;     /* into the frame */
};

void op_put(struct buf *out, const struct op *op);
/* Takes one off the front: false if it isn't a whole, valid one. */
bool op_take(struct bytes *rest, struct op *op);

#endif
