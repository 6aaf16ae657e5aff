/* passwdfile.h: lines of /etc/roost/users, in the form of Dovecot's passwd-file. */
#ifndef PASSWDFILE_H
#define PASSWDFILE_H

#include "user.h"
#include "username.h"

struct passwdfile {
	char name[USERNAME_MAX + 1]; /* canonical; empty in a bad line without a usable one */
	struct user user;            /* views of the line; no groups */
	struct bytes groups_of;      /* a system user whose groups are meant; p NULL: not said */
};

/*
 * Takes one line (without its LF) apart: 1 and the user; 0: blank or a comment; -1: *why
 * says what is wrong.  *why with 1 is a warning: something was left out that opens
 * no door.
 */
int passwdfile_line(struct bytes line, struct passwdfile *u, const char **why)
	__attribute__((warn_unused_result));

#endif
