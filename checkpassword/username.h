/* username.h: one spelling of a user's name. */
#ifndef USERNAME_H
#define USERNAME_H

#include "bytes.h"

#define USERNAME_MAX 255 /* bytes: a file name has no more */

/*
 * The canonical name of what somebody typed, or an MTA asks for, ended by a NUL:
 * lower case, without detail, domain according to settings (see the .c file).
 * It is safe as part of a path and of a log line.  False: nobody has that name.
 * Canonical names stay as they are.
 */
bool username_canonical(struct bytes typed, char out[USERNAME_MAX + 1])
	__attribute__((warn_unused_result));

/* Replaces %u, %n, %d and %% of a setting; false: it doesn't fit into size. */
bool username_expand(const char *name, const char *pattern, char *out, size_t size)
	__attribute__((warn_unused_result));

#endif
