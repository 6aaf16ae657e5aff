/* replacement.c: see replacement.h. */
#include "replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* The directory of what path leads to, and its last component in r->name. */
static int open_dir(struct replacement *r, const char *path)
{
	char *real = realpath(path, NULL), *slash;
	bool fits;

	fits = snprintf(r->path, sizeof(r->path), "%s", real ? real : path) < (int)sizeof(r->path);
	free(real);
	slash = strrchr(r->path, '/');
	r->name = slash ? slash + 1 : r->path;
	if (!fits || !*r->name) {
		errno = fits ? EISDIR : ENAMETOOLONG;
		return -1;
	}
	if (!slash)
		return dir_open(AT_FDCWD, ".");
	if (slash == r->path)
		return dir_open(AT_FDCWD, "/");
	*slash = '\0';
	r->dir = dir_open(AT_FDCWD, r->path);
	*slash = '/';
	return r->dir;
}

static bool take_owner(struct replacement *r)
{
	struct stat st;

	if (fstatat(r->dir, r->name, &st, 0) < 0)
		return errno == ENOENT;
	return fchown(r->fd, st.st_uid, st.st_gid) == 0 && fchmod(r->fd, st.st_mode & 0777) == 0;
}

int replacement_start(struct replacement *r, const char *path)
{
	int made;

	*r = (struct replacement){ .dir = -1, .fd = -1 };
	r->dir = open_dir(r, path);
	if (r->dir < 0)
		return -1;
	made = file_temp(r->dir, ".users", 0600, r->temp);
	if (made >= 0) {
		r->fd = file_open(r->dir, r->temp, O_RDWR | O_NOFOLLOW, 0);
		close(made);
	}
	if (r->fd >= 0 && take_owner(r))
		return 0;
	replacement_drop(r);
	return -1;
}

int replacement_commit(struct replacement *r)
{
	int ok = file_commit(r->dir, r->fd, r->temp, r->name);

	r->fd = -1; /* file_commit has closed it */
	replacement_drop(r);
	return ok;
}

void replacement_drop(struct replacement *r)
{
	int saved = errno;

	if (r->fd >= 0) {
		close(r->fd);
		unlinkat(r->dir, r->temp, 0);
	}
	if (r->dir >= 0)
		close(r->dir);
	r->fd = r->dir = -1;
	errno = saved;
}

int replacement_lock(const char *path, int timeout_ms)
{
	struct replacement r = { .dir = -1, .fd = -1 };
	int got;

	r.dir = open_dir(&r, path);
	if (r.dir < 0)
		return -1;
	got = file_lock(r.dir, LOCK_EX, timeout_ms);
	if (got > 0)
		return r.dir;
	if (got == 0)
		errno = EWOULDBLOCK;
	replacement_drop(&r);
	return -1;
}
