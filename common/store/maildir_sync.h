/*
 * maildir_sync.h: the steps of a sync that maildir_sync.c and maildir_admit.c
 * share.  All under the mailbox lock.
 */
#ifndef MAILDIR_SYNC_H
#define MAILDIR_SYNC_H

#include "maildir_private.h"

/* What the scan says of a message the index knows. */
struct sync_change {
	uint32_t uid;
	uint32_t entry; /* of the scan */
	uint64_t keywords;
	uint16_t flags;
	bool flagged; /* flags or keywords differ */
	bool moved;   /* name or place differs */
};

struct sync {
	struct mailbox *mb;
	struct maildir *m;
	struct index_header head;
	struct maildir_state old; /* as recorded */
	struct maildir_state now; /* as found; will be recorded */
	struct scan scan;
	struct uidlist list; /* what the uidlist has beyond the recorded */
	bool list_new;       /* the uidlist changed: `list` is read */
	bool list_whole;     /* all of it */
	bool restore;        /* it is gone or useless: to be written from the index */
	bool list_locked;    /* we hold its lock, `list` is what it says now */
	bool no_uids;        /* the lock wasn't to be had: what is new must wait */
	struct buf changes;  /* struct sync_change */
	struct buf missing;  /* uint32_t: no file was found */
	bool confirmed;      /* ... and the directories stood still */
};

/* Entries that no record has: UIDs from the uidlist, or new ones, appended to it and
 * synced.  `added` gets their indexes in order of UID.  What can't have a UID now is left
 * out (STATE_LEFT_OUT).  0/-1. */
int sync_admit(struct sync *s, struct buf *added, struct error *e)
	__attribute__((warn_unused_result));
/* There are entries that neither the index nor the list knows. */
bool sync_has_unknown(struct sync *s);
/* Reads the uidlist again if it changed; its lock is held. */
int sync_refresh_list(struct sync *s, struct error *e) __attribute__((warn_unused_result));
/* The record of an entry that has a UID. */
void sync_record(const struct scan *scan, const struct scan_entry *e,
		 const struct uidlist_line *line, struct index_record *r, struct bytes *name);
/* Indexes of entries (uint32_t) without a UID in order of delivery. */
void sync_unknown(struct mailbox *mb, struct scan *scan, struct buf *out);
/* Names for the letters in use and from the file, through `set`. */
void sync_keywords(struct mailbox *mb, uint64_t used, struct maildir_state *state,
		   struct keyword_names *names);

#endif
