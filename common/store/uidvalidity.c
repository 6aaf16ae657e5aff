/*
 * uidvalidity.c: a UIDVALIDITY that no mailbox of this store ever had.
 *
 * As Dovecot does it: the last one given away is the name of an empty file
 * "dovecot-uidvalidity.<8 hex>" in the store's root; taking the next one is renaming that
 * file, which needs no lock.  "dovecot-uidvalidity" holds the same number and tells
 * where to begin.  Ours never lies behind the clock, so it rises even if both are lost.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "dirscan.h"
#include "file.h"
#include "log.h"
#include "maildir_private.h"
#include "num.h"

#define VALIDITY_FILE "dovecot-uidvalidity"
#define VALIDITY_TRIES 10

static void name_of(uint32_t v, char out[40])
{
	snprintf(out, 40, VALIDITY_FILE ".%08x", v);
}

/* The highest "dovecot-uidvalidity.*" there is, or 0. */
static uint32_t scan_root(int dirfd)
{
	struct dirscan d;
	struct bytes name;
	enum dirscan_type type;
	uint64_t v, highest = 0;
	int fd = dir_open(dirfd, ".");

	if (fd < 0)
		return 0;
	if (dirscan_open(&d, fd) == 0)
		while (dirscan_next(&d, &name, &type) > 0)
			if (bytes_starts(name, BYTES(VALIDITY_FILE ".")) &&
			    num_parse_hex(bytes_from(name, sizeof(VALIDITY_FILE)), &v) &&
			    v <= UINT32_MAX && v > highest)
				highest = v;
	dirscan_close(&d);
	close(fd);
	return (uint32_t)highest;
}

static uint32_t last_given(int dirfd)
{
	struct buf b = BUF_INIT;
	uint64_t v = 0;

	if (file_read(dirfd, VALIDITY_FILE, 64, &b) > 0 &&
	    !(num_parse_hex(bytes_trim(bytes_sub(buf_view(&b), 0, 8)), &v) && v <= UINT32_MAX))
		v = 0;
	buf_free(&b);
	return (uint32_t)v;
}

/* Takes `next` by renaming the file of `last` (0: makes it).  1, 0 somebody was
 * faster, -1 it can't be written. */
static int take(int dirfd, uint32_t last, uint32_t next)
{
	char from[40], to[40];
	int fd;

	name_of(last, from);
	name_of(next, to);
	if (last) {
		if (file_rename_new(dirfd, from, dirfd, to) == 0)
			return 1;
		return errno == ENOENT || errno == EEXIST ? 0 : -1;
	}
	fd = file_open(dirfd, to, O_WRONLY | O_CREAT | O_EXCL, 0444);
	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	close(fd);
	return 1;
}

static void remember(int dirfd, uint32_t v)
{
	char hex[12];

	snprintf(hex, sizeof(hex), "%08x", v);
	if (file_replace(dirfd, VALIDITY_FILE, bytes_of(hex), 0600) < 0)
		log_warn("uidvalidity", "not written: %s", strerror(errno));
}

uint32_t uidvalidity_next(const char *dir)
{
	int fd = dir_open(AT_FDCWD, dir);
	uint32_t now = (uint32_t)clock_wall(), next = now, last;

	if (fd < 0)
		return now;
	last = last_given(fd);
	for (int i = 0, r = 0; i < VALIDITY_TRIES && r == 0; i++) {
		next = last >= now && last < UINT32_MAX ? last + 1 : now;
		r = take(fd, last, next);
		if (r > 0)
			remember(fd, next);
		else if (r == 0)
			last = scan_root(fd);
	}
	close(fd);
	return next;
}
