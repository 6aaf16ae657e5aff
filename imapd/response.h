/*
 * response.h: pieces of responses that several commands write.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "session.h"

#define IMAP_CAPABILITIES \
	"IMAP4rev1 LITERAL+ ID ENABLE IDLE NAMESPACE CHILDREN UNSELECT UIDPLUS MOVE SPECIAL-USE"

/* A mailbox name as an astring: modified UTF-7, quoted if it must be. */
void response_mailbox(struct session *s, struct bytes name);
/* The separator as LIST and NAMESPACE have it: "." in quotes. */
void response_separator(struct session *s);
/* Untagged FLAGS and PERMANENTFLAGS of the selected mailbox (RFC 3501 §7.2.6, §7.1); remembers
 * which keywords were told. */
void response_flags(struct session *s);
/* The same if keywords exist that were not told. */
void response_new_keywords(struct session *s);

#endif
