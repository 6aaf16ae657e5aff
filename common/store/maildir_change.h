/*
 * maildir_change.h: messages that are there are changed, their flags or that they are.
 *
 * In batches: each is one holding of the mailbox lock.  What is not where the index says
 * was changed by a stranger; a scan tells where it is, and it's tried again.
 */
#ifndef MAILDIR_CHANGE_H
#define MAILDIR_CHANGE_H

#include "maildir_private.h"

struct change {
	struct mailbox *mb;
	struct maildir *m;
	struct change_result *r;
	/* Changes these between change_begin and change_end; 0/-1. */
	int (*batch)(struct change *c, const uint32_t *uids, size_t n, struct error *e);
	bool insist; /* what three scans don't find is an error */
	/* of one batch */
	struct buf lost; /* UIDs: not where they should be */
	bool changed;
	struct own_change own;
};

/* All of them; *r is reset before and belongs to the caller, who rings.  What was done
 * before an error stays done. */
int change_all(struct change *c, const uint32_t *uids, size_t n, struct error *e)
	__attribute__((warn_unused_result));

/* The transaction of a batch.  change_end: 0/-1 as r, or -1 if that can't be written. */
int change_begin(struct change *c, struct error *e) __attribute__((warn_unused_result));
int change_end(struct change *c, int r, struct error *e) __attribute__((warn_unused_result));

/* The record of a message; false if it is missing, or lost because the index is damaged. */
bool change_record(struct change *c, uint32_t uid, struct index_record *r);
void change_lost(struct change *c, uint32_t uid);

#endif
