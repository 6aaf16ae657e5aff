/*
 * cage.h: a handler shuts itself into one user's mail before it reads a byte of the peer's.
 *
 * Whoever takes it over later finds this user's mail, the connection and the log.  Files:
 * Landlock grants the roots that MAIL names and the targets of folders that are
 * symbolic links, as they are now; nothing else is opened, made, renamed or removed.
 * Calls: a list of what store and session need; all else kills (SIGSYS).  No core, no
 * ptrace, no new privileges.
 */
#ifndef CAGE_H
#define CAGE_H

#include "store.h"

/* Settings, log and time zone are read, other descriptors closed before.  0: shut in, or not
 * as far as the kernel doesn't know how or CAGE=no says so, which the log tells; -1 with the
 * reason. */
int cage_enter(struct store *s, struct error *e) __attribute__((warn_unused_result));

#endif
