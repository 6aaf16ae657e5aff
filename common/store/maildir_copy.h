/*
 * maildir_copy.h: a COPY or MOVE under way.
 */
#ifndef MAILDIR_COPY_H
#define MAILDIR_COPY_H

#include "maildir_append.h"

struct copying {
	struct mailbox *from, *to;
	struct maildir_append *ap;
	struct keyword_names names; /* of the source */
	uint32_t *uids;             /* of what was copied, beside ap->messages */
	struct index_record *records;
	size_t n;
	bool direct; /* links straight into the target's cur */
};

/* Flags, date and name of a message that was found under `name`. */
void copying_take(struct copying *c, const struct index_record *r, struct bytes name,
		  const char *unique, struct append_message *m);

/* Two mailboxes of one filesystem. */
bool maildir_can_rename(struct mailbox *from, struct mailbox *to);
/* Moves by rename, in batches.  UIDs that no longer exist are passed over.  *done and
 * *expunged tell what was moved, also after an error. */
int maildir_move(struct copying *c, const uint32_t *uids, size_t n, struct append_result *done,
		 struct change_result *expunged, struct error *e);

#endif
