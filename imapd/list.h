/* list.h: patterns of LIST and LSUB. */
#ifndef LIST_H
#define LIST_H

#include "bytes.h"

/* Does a name match, RFC 3501 §6.3.8: "*" anything, "%" anything but the separator; the
 * case of INBOX, as the whole or first part, doesn't matter.  Both in UTF-8. */
bool list_match(struct bytes pattern, struct bytes name, char separator);

#endif
