/* codec.h: base64 and hex (RFC 4648), for wire tokens and file names.  MIME's
 * forgiving decoders are in message/transfer.h. */
#ifndef CODEC_H
#define CODEC_H

#include "buf.h"

void base64_encode(struct buf *out, struct bytes in);
/* Strict: padding right, nothing foreign.  False leaves *out as it was. */
bool base64_decode(struct buf *out, struct bytes in);
/* The alphabet of modified UTF-7 (',' for '/', no padding), RFC 3501 §5.1.3. */
void base64_encode_utf7(struct buf *out, struct bytes in);
bool base64_decode_utf7(struct buf *out, struct bytes in);
void hex_encode(struct buf *out, struct bytes in); /* lower case */

#endif
