/* admit.h: checkpassword from the record on descriptor 3 to the next program. */
#ifndef ADMIT_H
#define ADMIT_H

#include "account.h"

enum { ADMIT_REFUSED = 1, ADMIT_MISUSED = 2, ADMIT_NO_USER = 3, ADMIT_LATER = 111 };

#define ADMIT_RECORD_S 30 /* RECORD_TIMEOUT: for descriptor 3 to be closed */

/* What is called as root in a login, when all is decided; it returns in the process that
 * becomes the user.  slot: a descriptor only for that one, or -1. */
typedef void admit_session(struct account *a, int slot);

/* Prepares the process: the log, no core file, descriptors 0 to 2; ends it where the command
 * line or the environment makes no sense. */
void admit_start(const char *program, int argc);
/* AUTHORIZED=1: nobody logs in, a user is asked for. */
bool admit_lookup(void);
/* Ends the process, or runs argv as the user.  session may be NULL. */
void admit(char **argv, admit_session *session) __attribute__((noreturn));
/* Ends the process with nothing of the password left in it. */
void admit_leave(int code) __attribute__((noreturn));
/* Ends it with a code (RFC 5530) for the login program. */
void admit_refuse_with(const char *code) __attribute__((noreturn));

#endif
