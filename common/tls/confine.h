/*
 * confine.h: the wall around the relay, which reads what strangers send to OpenSSL.
 *
 * As root: the user TLS_USER without groups or capabilities, in an empty root directory.
 * Always: no_new_privs, a list of allowed system calls, resource limits, not traceable, no
 * descriptor but those named; it writes no log.  Without root that is all there is between
 * a relay that was taken over and the key: other processes of its uid can't trace it,
 * but the files are as near to it as to its user.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include "drop.h"

struct confine {
	bool root; /* there is root to give up */
	struct drop_user user;
	const char *run_dir;
};

/* From TLS_USER and RUN_DIR; as root a user that doesn't exist ends the process. */
void confine_find(struct confine *c);
/* The caller keeps 0 and these descriptors, and may send SIGTERM to `chain` and wait for it
 * (0: to nobody).  A wall that doesn't stand ends it with 111. */
void confine(const struct confine *c, const int *keep, size_t n, pid_t chain);

#endif
