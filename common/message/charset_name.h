/* charset_name.h: what mail means by the name of a charset. */
#ifndef CHARSET_NAME_H
#define CHARSET_NAME_H

#include "buf.h"

#define CHARSET_NAME_MAX 40 /* the long ones in IANA's registry aren't in use */

/* Appends the one name by which a charset is opened.  False: it can't be one. */
bool charset_name(struct buf *out, struct bytes name);

#endif
