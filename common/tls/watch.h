/* watch.h: files that are read again when they have changed. */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "buf.h"

#define WATCH_FILE_MAX (256 * 1024) /* bytes of a file of certificates: a mistake if larger */

struct watched {
	char *path;
	dev_t dev;
	ino_t ino; /* 0: there was none */
	off_t size;
	struct timespec modified;
};

struct watch {
	struct watched *files;
	size_t n;
};

/* Remembers how path is now; before it is read, so that no change is missed. */
void watch_add(struct watch *w, const char *path);
/* The same, and appends its content to *out; false: it can't be read, and that is told. */
bool watch_read(struct watch *w, const char *path, struct buf *out)
	__attribute__((warn_unused_result));
/* Remembers how all of them are now. */
void watch_renew(struct watch *w);
bool watch_changed(const struct watch *w);
void watch_free(struct watch *w);

#endif
