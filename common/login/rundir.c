/*
 * rundir.c: see rundir.h.
 *
 * Whoever may write to the directory could put a file of his own in the place of
 * one of ours, and whoever may write to a file could make the gate wait, so both are
 * looked at every time.  That costs two fstat.
 */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "conf.h"
#include "file.h"
#include "log.h"

#define PATH_LENGTH 4096

/* Of root or of us, and nobody else may write. */
static bool is_ours(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & 022);
}

static void tell(const char *what, int error)
{
	static bool told;

	if (!told)
		log_write(geteuid() ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "limits", "off: %s/%s: %s",
			  conf_str("RUN_DIR", RUN_DIR), what,
			  error ? strerror(error) : "others may write to it");
	told = true;
}

static int move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, RUN_FD);

	close(fd);
	return up;
}

int run_dir(const char *name)
{
	char path[PATH_LENGTH];
	struct stat st;
	int fd;

	if (!name)
		name = "";
	if (snprintf(path, sizeof path, "%s/%s", conf_str("RUN_DIR", RUN_DIR), name) >=
	    (int)sizeof path) {
		tell(name, ENAMETOOLONG);
		return -1;
	}
	fd = dir_open(AT_FDCWD, path);
	if (fd >= 0)
		fd = move_up(fd);
	if (fd < 0) {
		tell(name, errno);
		return -1;
	}
	if (fstat(fd, &st) == 0 && is_ours(&st))
		return fd;
	tell(name, 0);
	close(fd);
	return -1;
}

/* The file as it is, or a new one with O_CREAT; -1 with errno, EPERM: it is not ours. */
static int open_once(int dir, const char *name, int flags)
{
	struct stat st;
	int fd = file_open(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, 0600);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 077) && st.st_nlink == 1)
		return move_up(fd);
	close(fd);
	errno = EPERM;
	return -1;
}

/* What open_once says of something else in the place of our file. */
static bool foreign(int error)
{
	return error == EPERM || error == ELOOP || error == ENXIO || error == EISDIR;
}

int run_file(const char *name)
{
	int dir = run_dir(NULL), fd;

	if (dir < 0)
		return -1;
	fd = open_once(dir, name, 0);
	if (fd < 0 && foreign(errno)) {
		log_warn("limits", "%s/%s was not ours alone: made anew",
			 conf_str("RUN_DIR", RUN_DIR), name);
		unlinkat(dir, name, 0);
		errno = ENOENT;
	}
	if (fd < 0 && errno == ENOENT)
		fd = open_once(dir, name, O_CREAT);
	if (fd < 0)
		tell(name, errno);
	close(dir);
	return fd;
}
