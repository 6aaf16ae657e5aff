/* usersdb.h: makes users.cdb, and hashes for it. */
#ifndef USERSDB_H
#define USERSDB_H

#include "replacement.h"
#include "user.h"

struct usersdb_result {
	size_t users, bad; /* bad: lines complained about */
};

#define USERSDB_HASH 512

/* From the text of a passwd-file to a database in r's new file, which the caller commits;
 * each bad line is told on descriptor 2 with its number and the file's name.  0, or -1:
 * the new file is no good (errno where no line was bad). */
int usersdb_make(struct bytes text, const char *file, const struct replacement *r,
		 struct usersdb_result *result) __attribute__((warn_unused_result));
/* The password's hash by PASSWORD_SCHEME, with {SCHEME} in front. */
bool usersdb_hash(const char *password, char out[USERSDB_HASH]) __attribute__((warn_unused_result));

#endif
