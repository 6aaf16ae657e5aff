/* envelope.h: envelopes inside a BODYSTRUCTURE; for the files of this directory. */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include "message.h"

/* envelope_write with at most *room addresses, which counts down: so many are
 * shown of all the messages inside a message, as each costs a client more bytes
 * than it has in the header. */
void envelope_write_upto(struct buf *out, struct arena *scratch, const struct part *p,
			 size_t *room);

#endif
