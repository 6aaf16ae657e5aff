/* authenticate.h: one attempt: starts the authenticator, tells what came of it. */
#ifndef AUTHENTICATE_H
#define AUTHENTICATE_H

#include <sys/types.h>

#include "record.h"

struct attempt {
	pid_t pid;                     /* of the authenticator, later the handler */
	int status;                    /* of waitpid, once it is gone */
	int fd;                        /* our end of LOGINFD */
	char user[LOGIN_USER_MAX + 1]; /* canonical, as it said; "" */
	enum outcome refusal;          /* of a code=, else OUTCOME_READY */
	bool heard;                    /* anything at all on LOGINFD */
	bool ready;                    /* R */
	bool vouched;                  /* it was asked without a password */
};

/* Runs argv with the record on fd 3 and waits, at most timeout_ms, until it is the handler,
 * is gone, or we are told to stop.  With OUTCOME_READY a->pid is the handler and a->fd
 * open; with any other outcome nothing of it is left.  r's password is wiped.
 *
 * With METHOD_EXTERNAL the user was proved to us: the record has no password, and
 * AUTHORIZED=1 and AUTHMECH=EXTERNAL say so in the environment. */
enum outcome authenticate(struct attempt *a, struct record *r, const char *tag_variable,
			  char **argv, int timeout_ms);
/* Takes in what one message on LOGINFD says. */
void attempt_message(struct attempt *a, struct bytes message);
/* The table of exits, once a->status is known. */
enum outcome attempt_outcome(const struct attempt *a);

#endif
