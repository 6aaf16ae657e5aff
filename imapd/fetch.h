/* fetch.h: FETCH data items, RFC 3501 §6.4.5 and §7.4.2, parsed and written. */
#ifndef FETCH_H
#define FETCH_H

#include "session.h"

/* The untagged FETCH of one message with flags (and UID), for STORE's reply. */
void fetch_write_flags(struct session *s, uint32_t seq, const struct index_record *r, bool uid);

#endif
