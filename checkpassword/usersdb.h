/* usersdb.h: makes users.cdb, and hashes for it. */
#ifndef USERSDB_H
#define USERSDB_H

#include "file.h"
#include "user.h"

struct usersdb_result {
	size_t users, bad; /* bad: lines complained about */
};

#define USERSDB_HASH 512

/* From the text of a passwd-file to a database at path; each bad line is told on
 * descriptor 2 with its number and the file's name.  0, or -1: nothing changed
 * (errno where no line was bad). */
int usersdb_make(struct bytes text, const char *file, const char *path, struct usersdb_result *r)
	__attribute__((warn_unused_result));
/* A new file in the place of path, with its owner and mode (new: 0600). */
int usersdb_replace(const char *path, struct bytes content) __attribute__((warn_unused_result));
/* The password's hash by PASSWORD_SCHEME, with {SCHEME} in front. */
bool usersdb_hash(const char *password, char out[USERSDB_HASH]) __attribute__((warn_unused_result));

#endif
