/*
 * maildir_append.h: messages on their way into a Maildir; appends and copies
 * become visible by the same commit.
 */
#ifndef MAILDIR_APPEND_H
#define MAILDIR_APPEND_H

#include "maildir_private.h"

struct append_message {
	char *temp;  /* its name in tmp, or in from_dir */
	bool moved;  /* it stands in another mailbox: from_dir is its cur or new */
	bool linked; /* the same, and stays there: it is shown by a link */
	int from_dir;
	char *stem;             /* in cur */
	int fd;                 /* written, not synced yet; else -1 */
	struct flag_list flags; /* in the arena of the append */
	uint64_t keywords;      /* bits of the target, at commit */
	int64_t date;
	uint64_t size, vsize;
	uint32_t uid;
	bool collect; /* make its cache entry */
};

struct maildir_append {
	struct append base;
	struct arena arena;
	struct append_message *messages;
	size_t n, cap;
	size_t synced, open; /* messages before `synced` are on disk */
	bool committed;
	bool unlinked; /* a file was not where it was, or there can be no link to it */
	/* the message being written */
	struct buf pending;
	uint64_t size, octets;
	char last;
	int fd;
};

int maildir_append_begin(struct mailbox *mb, struct append **out, struct error *e);
int maildir_append_start(struct append *ap, const struct flag_list *fl, int64_t date,
			 struct error *e);
int maildir_append_write(struct append *ap, struct bytes piece, struct error *e);
int maildir_append_end(struct append *ap, struct error *e);
int maildir_append_commit(struct append *ap, struct append_result *r, struct error *e);
void maildir_append_free(struct append *ap);
/* Shows some messages; the mailbox lock is held.  -1: none of them is shown, moved ones
 * stand where they stood. */
int maildir_append_show(struct maildir_append *ap, struct append_message *messages, size_t n,
			struct error *e);
/* One more message, zeroed but for what isn't known. */
struct append_message *append_new(struct maildir_append *ap);
/* Flags and keyword names, copied to the arena. */
void append_flags(struct maildir_append *ap, const struct flag_list *fl, struct append_message *m);

int maildir_store_flags(struct mailbox *mb, struct arena *a, const uint32_t *uids, size_t n,
			enum flag_mode mode, const struct flag_list *fl, uint64_t unchanged_since,
			struct change_result *r, struct error *e);
int maildir_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool any,
		    struct change_result *r, struct error *e);
int maildir_copy(struct mailbox *mb, struct mailbox *to, struct arena *a, const uint32_t *uids,
		 size_t n, bool move, struct copy_result *r, struct error *e);

#endif
