/*
 * dirscan.h: reads a directory in large pieces.
 *
 * A hundred thousand names cost some dozens of system calls instead of
 * thousands.  What others rename meanwhile may be missed or come twice.
 */
#ifndef DIRSCAN_H
#define DIRSCAN_H

#include "bytes.h"

struct dirscan {
	int fd;
	char *p;
	size_t size, pos, end;
	bool own; /* p was allocated here */
};

enum dirscan_type { DIRSCAN_FILE, DIRSCAN_DIR, DIRSCAN_LINK, DIRSCAN_OTHER, DIRSCAN_UNKNOWN };

/* From the start of an open directory, whose offset it uses.  0, or -1. */
int dirscan_open(struct dirscan *d, int dirfd) __attribute__((warn_unused_result));
/* The same in memory of the caller's, at least DIRSCAN_MIN bytes: for a few names. */
#define DIRSCAN_MIN 512 /* more than one entry takes */
int dirscan_open_in(struct dirscan *d, int dirfd, char *mem, size_t size)
	__attribute__((warn_unused_result));
/* The next entry but "." and ".."; its name is valid until the next call and NUL
 * ended.  1, 0 at the end, -1 with errno. */
int dirscan_next(struct dirscan *d, struct bytes *name, enum dirscan_type *type)
	__attribute__((warn_unused_result));
void dirscan_close(struct dirscan *d); /* the descriptor stays the caller's */

#endif
