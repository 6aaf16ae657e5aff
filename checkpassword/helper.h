/* helper.h: the glibc programs that do what a static program can't. */
#ifndef HELPER_H
#define HELPER_H

#include "user.h"

/* Answers, and exit codes of the helpers. */
enum answer {
	ANSWER_OK = 0,
	ANSWER_WRONG = 1,
	ANSWER_UNKNOWN = 3,   /* no such user */
	ANSWER_EXPIRED = 4,   /* right, but the account or password has expired */
	ANSWER_FORBIDDEN = 5, /* right, but not to log in */
	ANSWER_TROUBLE = 111,
};

#define HELPER_SECONDS 60       /* then it is ended by SIGALRM; the login program waits less */
#define HELPER_REQUEST_MAX 2048 /* bytes: fits a pipe, so nobody waits for the reader */

struct helper_reply {
	char raw[USER_MAX + 1]; /* one more, to see that there is more */
	size_t n;
};

/* Starts the program of that name beside our own with the n parts, each ended by a
 * NUL, on its descriptor 0 and nothing in its environment, and waits for it.
 * What it wrote to descriptor 1 goes to *reply. */
enum answer helper_run(const char *name, const struct bytes *parts, size_t n,
		       struct helper_reply *reply) __attribute__((warn_unused_result));

/* Becomes the program of that name beside our own; returns if that is not possible, the log
 * says why. */
void helper_exec(const char *name, char **argv);

/* A helper's side: reads descriptor 0 to its end into p (size bytes) and takes it
 * apart into exactly n parts, each with a NUL behind it. */
bool helper_request(char *p, size_t size, struct bytes *parts, size_t n)
	__attribute__((warn_unused_result));

#endif
