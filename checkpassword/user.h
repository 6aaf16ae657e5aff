/*
 * user.h: what a source of users knows about one of them.
 *
 * On disk (values of users.cdb, the canonical name is the key) and on the pipe
 * from a helper it is USER_FORMAT, then each field of the enumeration in its
 * order, each ended by a NUL.  The key "" holds, instead of a user, a hash that
 * is checked when nobody has the name asked for (in `pass`).
 */
#ifndef USER_H
#define USER_H

#include "buf.h"

#define USER_FORMAT "1"
#define USER_MAX 4096 /* bytes of a record: a page, and less than a pipe holds */

enum user_field {
	USER_PASS,    /* {SCHEME}hash, or a hash of crypt(3); empty: no password fits */
	USER_UID,     /* decimal; empty: MAIL_UID */
	USER_GID,     /* decimal; empty: MAIL_GID */
	USER_HOME,    /* absolute; empty: MAIL_HOME */
	USER_SHELL,   /* may be empty */
	USER_MAIL,    /* place of the mail; empty: the setting MAIL */
	USER_NOLOGIN, /* "1": mail is delivered, nobody logs in */
	USER_GROUPS,  /* decimal, a space behind each; empty: gid only */
	USER_FIELDS
};

struct user {
	struct bytes field[USER_FIELDS]; /* views of the record */
};

void user_encode(const struct user *u, struct buf *out);
/* False: not such a record to its last byte. */
bool user_decode(struct bytes record, struct user *u) __attribute__((warn_unused_result));

#endif
