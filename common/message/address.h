/*
 * address.h: address lists (RFC 5322 §3.4 with the obsolete syntax of §4.4)
 * and what real mail has in their place.  Never fails: what can't be
 * understood becomes a mailbox of what stands there.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "arena.h"

#define ADDRESS_MAX 20000 /* addresses of one field looked at */

struct address {
	struct bytes name;    /* display name or trailing comment, quotes and folding undone,
				 * encoded-words kept; p == NULL: none */
	struct bytes route;   /* "@a,@b" (obs-route); p == NULL: none */
	struct bytes mailbox; /* local part; p == NULL marks the end of a group */
	struct bytes host;    /* p == NULL: marks the start of a group (mailbox is its name) */
	struct address *next;
};

/* In order, NULL when empty.  Missing parts of a bad address are empty
 * strings, so that they aren't taken for group marks (RFC 3501 §7.4.2). */
struct address *address_parse(struct arena *a, struct bytes value);

#endif
