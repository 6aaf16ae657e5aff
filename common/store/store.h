/*
 * store.h: a user's mail, whatever keeps it: folders, names, subscriptions.
 *
 * The formats stand behind one table of functions (driver.h); nobody above
 * this layer knows which it is.  Folder names here are UTF-8 with the store's
 * separator ("INBOX" for the inbox in any case); imapd turns them into modified
 * UTF-7 and back, the driver into what stands on disk.
 */
#ifndef STORE_H
#define STORE_H

#include "arena.h"
#include "error.h"

struct store;

#define STORE_NAME_MAX 1000 /* bytes of a folder name, UTF-8 */
#define STORE_DEPTH_MAX 50  /* levels of hierarchy */

struct store_user {
	const char *user; /* login name: %u %n %d */
	const char *home; /* %h and ~ */
	const char *mail; /* MAIL's value; NULL or "": maildir:~/Maildir */
};

/* MAIL: "maildir:DIR[:INDEX=DIR][:CONTROL=DIR]", or a bare path; %u %n %d %h
 * %% and ~ are expanded (never from anything the client sent).  The directory is made
 * if missing.  Settings: MAIL_SEPARATOR (default "."), MAIL_PREFIX
 * (default ""; "INBOX." shows folders as Courier does). */
int store_open(struct store **out, const struct store_user *u, struct error *e)
	__attribute__((warn_unused_result));
/* The same for tools: the directory must be there, nothing is made. */
int store_open_there(struct store **out, const struct store_user *u, struct error *e)
	__attribute__((warn_unused_result));
void store_close(struct store *s);
/* The setting MAIL for store_user, or NULL.  sshd and login(1) set it to the path of a spool
 * file: that is none. */
const char *store_mail_setting(void);

char store_separator(const struct store *s);
const char *store_prefix(const struct store *s);

/* Attributes of a folder. */
enum {
	FOLDER_NOSELECT = 1 << 0, /* exists only as the parent of others */
	FOLDER_CHILDREN = 1 << 1,
	FOLDER_SUBSCRIBED = 1 << 2,
	FOLDER_NONEXISTENT = 1 << 3, /* subscribed, but not there */
	FOLDER_MARKED = 1 << 4,      /* mail waits in it that no session saw */
	FOLDER_UNMARKED = 1 << 5,
	/* RFC 6154, by name or by setting (SPECIAL_SENT=...) */
	FOLDER_DRAFTS = 1 << 8,
	FOLDER_SENT = 1 << 9,
	FOLDER_TRASH = 1 << 10,
	FOLDER_JUNK = 1 << 11,
	FOLDER_ARCHIVE = 1 << 12,
};

struct folder {
	struct bytes name; /* UTF-8, prefix included, NUL-ended */
	unsigned attrs;
};

/* All folders, INBOX first, then sorted with children behind their parents;
 * parents that don't exist themselves are in it as NOSELECT.  Subscribed names that
 * don't exist are in it with NONEXISTENT.  `marked`: also looks for mail in new
 * (a system call or two per folder). */
int store_list(struct store *s, struct arena *a, bool marked, struct folder **list, size_t *n,
	       struct error *e) __attribute__((warn_unused_result));

/* Is it a name that could exist?  0, or -1 with the reason (empty part, control character,
 * ill-formed UTF-8, too long, too deep, on-disk characters that can't be kept). */
int store_name_check(struct store *s, struct bytes name, struct error *e);
/* 1 a selectable folder, 0 not. */
int store_exists(struct store *s, struct bytes name);

int store_create(struct store *s, struct bytes name, struct error *e);
/* RFC 3501 §6.3.4: with children it becomes \Noselect; INBOX: CANNOT. */
int store_delete(struct store *s, struct bytes name, struct error *e);
/* RFC 3501 §6.3.5: children move along; INBOX's messages move into a new folder. */
int store_rename(struct store *s, struct bytes from, struct bytes to, struct error *e);
/* Any valid name, existing or not (RFC 3501 §6.3.6); 0 also if it was so. */
int store_subscribe(struct store *s, struct bytes name, bool on, struct error *e);

#endif
