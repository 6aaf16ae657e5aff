/*
 * store_private.h: what the files of the store layer share about a store.
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include <limits.h>

#include "buf.h"

#include "store.h"

struct store_driver;

struct store {
	struct arena arena;
	char *mail;    /* the root: the INBOX's Maildir */
	char *index;   /* INDEX=, else as mail */
	char *control; /* CONTROL=, else as mail */
	char separator;
	struct bytes prefix;
	bool shared_dirs; /* neither INDEX= nor CONTROL= */
	bool odd_told;    /* that a directory has no valid name is in the log */
};

/* Where a folder lives.  The INBOX is the root itself, a folder "A.B" is
 * ".A.B" in it; below INDEX= and CONTROL= the INBOX is ".INBOX", as Dovecot
 * has it. */
struct folder_dirs {
	char mail[PATH_MAX], index[PATH_MAX], control[PATH_MAX];
};

/* 0, or -1 for a name that store_name_check refuses.  Nothing is created. */
int store_folder_dirs(struct store *s, struct bytes name, struct folder_dirs *out, struct error *e)
	__attribute__((warn_unused_result));

/* Makes a directory and its missing parents (0700); 0 also if it is there. */
int store_make_dirs(const char *path, struct error *e) __attribute__((warn_unused_result));

/* The name on disk of a folder without its leading dot ("A.B", modified UTF-7),
 * or "" for INBOX; -1 as above.  Appended to out. */
int folder_disk_name(struct store *s, struct bytes name, struct buf *out, struct error *e)
	__attribute__((warn_unused_result));
/* The way back, from "A.B": false if a folder can't have that name. */
bool folder_from_disk(struct store *s, struct bytes disk, struct buf *out);

/* Of what a program left in a Maildir it is sure after 36 hours that it was killed, as all
 * who write Maildirs agree. */
#define STORE_LEFT_AGE_S (36 * 3600)

/* Removes folders in the root that were deleted by who was killed at it, so long ago; by a
 * clock that was set back since then, so long ahead. */
void folder_remove_left(int root);

/* Subscribed names in the order of the file, as folder names (prefix
 * included). */
int subscriptions_read(struct store *s, struct arena *a, struct bytes **names, size_t *n,
		       struct error *e) __attribute__((warn_unused_result));

/* Special-use attributes for a sorted list of folders (RFC 6154). */
void special_use_mark(struct store *s, struct folder *list, size_t n);

#endif
