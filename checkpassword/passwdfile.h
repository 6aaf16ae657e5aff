/* passwdfile.h: lines of /etc/roost/users, in the form of Dovecot's passwd-file. */
#ifndef PASSWDFILE_H
#define PASSWDFILE_H

#include "user.h"
#include "username.h"

/*
 * Takes one line (without its LF) apart: 1 and the user, as views of the line, with
 * the canonical name; 0: blank or a comment; -1: *why says what is wrong.  *why
 * with 1 is a warning: something was left out that opens no door.
 */
int passwdfile_line(struct bytes line, char name[USERNAME_MAX + 1], struct user *u,
		    const char **why) __attribute__((warn_unused_result));

#endif
