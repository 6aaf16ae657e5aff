/*
 * owner.h: whose mail it is, and becoming that user.
 */
#ifndef OWNER_H
#define OWNER_H

#include "store.h"

/* `name` is a path of a Maildir (it has a slash, or is "." or ".."), a whole
 * "maildir:..." as in MAIL, or a user.  Afterwards the process is the owner of the mail:
 * root becomes the owner of the directory, or leaves it to checkpassword(8), as for a
 * delivery, to become the user and run argv again.  Ends the process with 111 and a line that
 * says why if that is not possible. */
struct store_user owner_become(const char *name, char **argv);

#endif
