/*
 * driver.h: what a mail format must be able to do; inside the store layer.
 *
 * A driver reconciles its files with the index and reads and writes messages.
 * Results and errors are those of the functions of mailbox.h of the same
 * name.  mailbox.c does what is the same for all: view, \Recent, keyword
 * names, status, what was learned.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "check.h"
#include "inspect.h"
#include "mailbox.h"
#include "store_private.h"

/* The driver's own begins with it. */
struct append {
	struct mailbox *mb;
};

struct driver {
	const char *name;

	/* Opens the files; sets lockfd, indexfd, private, readonly, data of mb (all
	 * closed by close, also after a failed open). */
	int (*open)(struct mailbox *mb, const struct folder_dirs *dirs, struct error *e);
	void (*close)(struct mailbox *mb);

	/* Brings store and index together: afterwards the index is usable. */
	int (*sync)(struct mailbox *mb, enum mailbox_sync how, struct error *e);
	/* What is better done while nobody waits.  `closing`: the last chance. */
	void (*settle)(struct mailbox *mb, bool closing);
	/* Flag changes made so far are on disk.  0/-1. */
	int (*durable)(struct mailbox *mb, struct error *e);
	/* This session takes the messages that none saw yet (Maildir: new -> cur), told by
	 * mailbox_add_recent; 1 there may be more, 0 that was all, -1. */
	int (*claim)(struct mailbox *mb, struct error *e);
	/* There is something to claim besides what the header says. */
	bool (*unclaimed)(struct mailbox *mb, const struct index_header *h);

	int (*store_flags)(struct mailbox *mb, struct arena *a, const uint32_t *uids, size_t n,
			   enum flag_mode mode, const struct flag_list *fl,
			   uint64_t unchanged_since, struct change_result *r, struct error *e);
	int (*expunge)(struct mailbox *mb, const uint32_t *uids, size_t n, bool any,
		       struct change_result *r, struct error *e);

	/* By uid; *r as last read.  1, 0 gone, -1.  `head`: its header with the empty line is
	 * enough, however much follows; without such a line it comes whole. */
	int (*mail)(struct mailbox *mb, const struct index_record *r, bool head, struct mail *m,
		    struct error *e);
	void (*mail_close)(struct mailbox *mb, struct mail *m);
	/* What the store knows without reading the message; 1, 0 gone, -1.  *size may stay
	 * INDEX_SIZE_UNKNOWN. */
	int (*size)(struct mailbox *mb, const struct index_record *r, uint64_t *size);
	int (*date)(struct mailbox *mb, const struct index_record *r, int64_t *date);
	/* A hash of the name's part that never changes. */
	uint64_t (*identity)(struct bytes name);

	int (*append_begin)(struct mailbox *mb, struct append **out, struct error *e);
	int (*append_start)(struct append *ap, const struct flag_list *fl, int64_t date,
			    struct error *e);
	int (*append_write)(struct append *ap, struct bytes piece, struct error *e);
	int (*append_end)(struct append *ap, struct error *e);
	int (*append_commit)(struct append *ap, struct append_result *r, struct error *e);
	void (*append_free)(struct append *ap);

	/* Both of this driver. */
	int (*copy)(struct mailbox *mb, struct mailbox *to, struct arena *a, const uint32_t *uids,
		    size_t n, bool move, struct copy_result *r, struct error *e);

	/* For tools (check.h), opened with MAILBOX_LOOK.  Compares with the index (NULL: looks at
	 * the store alone); the lock is held at first, and free afterwards. */
	int (*check)(struct mailbox *mb, struct inspect *in, struct check *c, struct error *e);
	uint32_t (*uidvalidity)(struct mailbox *mb); /* as the store has it; 0: it hasn't */
	/* The index anew; the lock is held. */
	int (*build)(struct mailbox *mb, struct error *e);

	/* Descriptors that foreign programs change. */
	void (*watch)(struct mailbox *mb, int *watch1, int *watch2);
};

extern const struct driver maildir_driver;

#endif
