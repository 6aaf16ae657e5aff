/*
 * messages.h: from the set a client wrote to messages of the view.
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "parse.h"
#include "session.h"

/* The UID of the last message, what `*` means; 0: there is none. */
uint32_t messages_last_uid(struct session *s);

/* Takes a set of sequence numbers or (uid) UIDs off *args: *set becomes the ranges
 * of sequence numbers of those that are in the view.  A sequence number beyond the
 * mailbox makes it BAD (RFC 3501 §9 seq-number); unknown UIDs are passed over (RFC
 * 3501 §6.4.8).  NULL: done, else the text for BAD. */
const char *messages_ranges(struct session *s, struct bytes *args, bool uid, struct seqset *set);

/* The same for the first argument of a command, the space before it as well, one by one:
 * sequence numbers in rising order, in the command arena. */
const char *messages_parse(struct session *s, struct command *c, uint32_t **seqs, size_t *n);
/* Their UIDs, in the command arena. */
uint32_t *messages_uids(struct session *s, const uint32_t *seqs, size_t n);

#endif
