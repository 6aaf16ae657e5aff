/* utf8.h: RFC 3629. */
#ifndef UTF8_H
#define UTF8_H

#include "buf.h"

/* Decodes one character at b->p (b->n > 0) and takes it off: its code point,
 * or -1 for an ill-formed sequence, of which one byte is taken. */
int32_t utf8_take(struct bytes *b);
void utf8_put(struct buf *out, uint32_t c);
bool utf8_valid(struct bytes b);
/* Modified UTF-7 of mailbox names, RFC 3501 §5.1.3.  False: not valid (a name
 * that is not the shortest form of itself is not). */
bool utf7_to_utf8(struct buf *out, struct bytes in);
bool utf7_from_utf8(struct buf *out, struct bytes in);

#endif
