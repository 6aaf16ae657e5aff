/* replacement.h: a file that is written beside the old one and takes its place, or not. */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include "file.h"

#define REPLACEMENT_PATH 4096

struct replacement {
	int dir;
	int fd; /* write here, and read back */
	char path[REPLACEMENT_PATH], temp[FILE_TEMP_NAME];
	const char *name;
};

/* A new file in the directory of path (where that is a link, of what it leads to), with the
 * owner and mode of the old one, 0600 where there is none.  0, or -1 with errno. */
int replacement_start(struct replacement *r, const char *path) __attribute__((warn_unused_result));
/* It takes the old one's place, on the disk: 0.  -1 with errno: all is as it was. */
int replacement_commit(struct replacement *r) __attribute__((warn_unused_result));
/* All is as it was.  Keeps errno; harmless after the others. */
void replacement_drop(struct replacement *r);

/* A lock on the file's directory, for those who read a file and then replace it: a descriptor
 * that holds it until it is closed; -1 with errno, EWOULDBLOCK: not in time. */
int replacement_lock(const char *path, int timeout_ms) __attribute__((warn_unused_result));

#endif
