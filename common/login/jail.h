/*
 * jail.h: the walls around who talks to strangers and around who merely waits.
 *
 * As root: another uid without groups or capabilities, an empty root directory.  Always:
 * no_new_privs, a list of allowed system calls, resource limits, not traceable, no
 * descriptor but those named.  Whoever can't put up a wall ends with 111.
 */
#ifndef JAIL_H
#define JAIL_H

#include "drop.h"

struct jail {
	bool root; /* there is root to give up; else nobody becomes anybody */
	struct drop_user parser, waiter;
	const char *run_dir;
};

/* From LOGIN_USER, WAIT_USER and RUN_DIR.  As root a user that doesn't exist ends
 * the process, see drop_find. */
void jail_find(struct jail *j);
/* The caller, a child of `gate`, keeps 0, 1 and `keep`, can read and write there and nothing
 * else, and ends with the gate.  Its 2 leads nowhere: who was taken over writes no log lines. */
void jail_parser(const struct jail *j, int keep, pid_t gate);
/* The caller keeps 2 and `keep`; it can wait, write to 2, receive from and shut down
 * `keep`, and send signals to the process `child`. */
void jail_waiter(const struct jail *j, int keep, pid_t child);
/* No core file, no ptrace by others of our uid: it handles passwords. */
void jail_private(void);

#endif
