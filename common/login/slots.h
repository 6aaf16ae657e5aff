/*
 * slots.h: how many sessions a user may have from one address at the same time.
 *
 * A session holds a lock on a byte of a file that user and address share, through a
 * descriptor that the handler inherits.  The kernel frees it with the handler, however that
 * ends.
 *
 * RUN_DIR/sessions/HH/H...: the hash of canonical name and address_key, 2 and 30
 * hexadecimal digits.  The files stay empty.  Slot i is the bytes 2i and 2i + 1: who
 * wants it locks both exclusively, and holds it with a shared lock on the second one; for
 * that a descriptor will do with which nothing can be written.
 */
#ifndef SLOTS_H
#define SLOTS_H

#define SLOTS_DEFAULT 30   /* SESSIONS_MAX: two devices with a dozen folders open each */
#define SLOTS_HIGHEST 4096 /* a search for a free one costs a system call each */
#define SLOT_FD 5          /* where a handler finds it */

enum slot_status {
	SLOT_TAKEN,
	SLOT_NONE_FREE,
	SLOT_OFF, /* no limit is set, or there is no place to count: not root, no RUN_DIR */
};

/* Takes a slot for the user (canonical) from the address ("" or NULL: none is known).
 * With SLOT_TAKEN *fd, open across exec, holds it: SLOT_FD, or another where LOGINFD is
 * that; else *fd is -1.  What is off is in the log. */
enum slot_status slot_take(const char *user, const char *ip, int *fd)
	__attribute__((warn_unused_result));
/* Removes from this directory the files of whom nobody has a session; called by
 * slot_take every now and then. */
void slots_clean(int dir);

#endif
