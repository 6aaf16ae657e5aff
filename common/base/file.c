/*
 * file.c: files relative to an open directory, replaced atomically.
 *
 * file_replace and file_commit are the only way a file of ours gets new
 * content as a whole.  Crash points: before the rename the old file is whole
 * and a temp is left over; after it the new one is whole, and its name is
 * durable once the directory was synced.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

int file_open(int dirfd, const char *name, int flags, mode_t mode)
{
	int fd;
	do
		fd = openat(dirfd, name, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int dir_open(int dirfd, const char *name)
{
	return file_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
}

/* What a call that failed means: true to try again. */
static bool interrupted(ssize_t result)
{
	return result < 0 && errno == EINTR;
}

int file_write_all(int fd, const void *data, size_t n)
{
	for (const char *p = data; n;) {
		ssize_t put = write(fd, p, n);
		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0) {
			p += put;
			n -= (size_t)put;
		}
	}
	return 0;
}

int file_pwrite_all(int fd, const void *data, size_t n, off_t at)
{
	for (const char *p = data; n;) {
		ssize_t put = pwrite(fd, p, n, at);
		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0) {
			p += put;
			at += put;
			n -= (size_t)put;
		}
	}
	return 0;
}

ssize_t file_pread_all(int fd, void *data, size_t n, off_t at)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(fd, (char *)data + have, n - have, at + (off_t)have);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
	}
	return (ssize_t)have;
}

/* Appends fd to *b: 1, or -1. */
static int read_whole(int fd, size_t max, struct buf *b)
{
	struct stat st;
	size_t start = b->n;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	/* A file of /proc says 0; a file may grow while it is read. */
	size_t hint = st.st_size > 0 && (uint64_t)st.st_size < max ? (size_t)st.st_size : 512;
	for (;;) {
		char *to = buf_reserve(b, hint + 1);
		ssize_t got = to ? read(fd, to, hint + 1) : (errno = EFBIG, -1);
		if (interrupted(got))
			continue;
		if (got > 0 && b->n - start + (size_t)got > max)
			errno = EFBIG, got = -1;
		if (got <= 0)
			return got < 0 ? (b->n = start, -1) : 1;
		b->n += (size_t)got;
	}
}

int file_read(int dirfd, const char *name, size_t max, struct buf *b)
{
	int fd = file_open(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	int result = read_whole(fd, max, b);
	int saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int file_temp(int dirfd, const char *prefix, mode_t mode, char out[FILE_TEMP_NAME])
{
	for (int tries = 0; tries < 16; tries++) {
		uint32_t random;
		num_random(&random, sizeof random);
		snprintf(out, FILE_TEMP_NAME, "%.40s.%lld.%ld.%08lx", prefix,
			 (long long)clock_wall(), (long)getpid(), (unsigned long)random);
		int fd = file_open(dirfd, out, O_WRONLY | O_CREAT | O_EXCL, mode);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

/* Takes the last part behind a dot off *name. */
static struct bytes take_part(struct bytes *name)
{
	size_t dot = bytes_rchr(*name, '.');
	struct bytes part = dot == BYTES_NONE ? BYTES("") : bytes_from(*name, dot + 1);

	*name = bytes_sub(*name, 0, dot == BYTES_NONE ? 0 : dot);
	return part;
}

bool file_is_temp(struct bytes name, int64_t before)
{
	struct bytes random = take_part(&name), pid = take_part(&name), made = take_part(&name);
	uint64_t n, seconds;

	return name.n && random.n == 8 && num_parse_hex(random, &n) &&
	       num_parse(pid, INT32_MAX, &n) && num_parse(made, INT64_MAX, &seconds) &&
	       (int64_t)seconds < before;
}

/* Closes, removes the temp, keeps errno: -1. */
static int give_up(int dirfd, int fd, const char *temp)
{
	int saved = errno;
	if (fd >= 0)
		close(fd);
	unlinkat(dirfd, temp, 0);
	errno = saved;
	return -1;
}

int file_commit(int dirfd, int fd, const char *temp, const char *name)
{
	if (file_sync(fd) < 0)
		return give_up(dirfd, fd, temp);
	if (close(fd) < 0 && errno != EINTR)
		return give_up(dirfd, -1, temp);
	if (renameat(dirfd, temp, dirfd, name) < 0)
		return give_up(dirfd, -1, temp);
	return dir_sync(dirfd);
}

int file_stage(int dirfd, const char *name, const struct bytes content[2], mode_t mode,
	       struct file_stage *s)
{
	s->fd = file_temp(dirfd, name, mode, s->temp);
	if (s->fd < 0)
		return -1;
	if (file_write_all(s->fd, content[0].p, content[0].n) < 0 ||
	    file_write_all(s->fd, content[1].p, content[1].n) < 0)
		return give_up(dirfd, s->fd, s->temp);
	/* Where that isn't possible the fsync does it all. */
	(void)sync_file_range(s->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

void file_unstage(int dirfd, struct file_stage *s)
{
	(void)give_up(dirfd, s->fd, s->temp);
}

int file_replace(int dirfd, const char *name, struct bytes content, mode_t mode)
{
	struct bytes all[2] = { content, BYTES("") };
	struct file_stage s;

	if (file_stage(dirfd, name, all, mode, &s) < 0)
		return -1;
	return file_commit(dirfd, s.fd, s.temp, name);
}

int file_rename_new(int fromdir, const char *from, int todir, const char *to)
{
	if (syscall(SYS_renameat2, fromdir, from, todir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return -1;
	/* Between the two a crash leaves both names, which loses nothing. */
	if (linkat(fromdir, from, todir, to, 0) < 0)
		return -1;
	return unlinkat(fromdir, from, 0);
}

int file_sync(int fd)
{
	int result;
	do
		result = fsync(fd);
	while (interrupted(result));
	return result;
}

int file_datasync(int fd)
{
	int result;
	do
		result = fdatasync(fd);
	while (interrupted(result));
	return result;
}

int dir_sync(int dirfd)
{
	return file_sync(dirfd);
}

bool file_is_local(int fd)
{
	static const uint32_t local[] = {
		0x0000ef53, /* ext2, ext3, ext4 */
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0x01021994, /* tmpfs */
		0x858458f6, /* ramfs */
		0x2fc12fc1, /* zfs */
		0xf2f52010, /* f2fs */
		0xca451a4e, /* bcachefs */
		0x794c7630, /* overlayfs */
		0x3153464a, /* jfs */
		0x52654973, /* reiserfs */
		0x0000f15f, /* ecryptfs */
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		if ((uint32_t)fs.f_type == local[i])
			return true;
	return false;
}

/* The first n bytes of a file of the system, or "".  Each session reads two: no memory is
 * asked for. */
static void read_id(const char *path, char *id, size_t n)
{
	int fd = file_open(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0);

	if (fd < 0)
		return;
	id[file_pread_all(fd, id, n, 0) == (ssize_t)n ? n : 0] = '\0';
	close(fd);
}

const char *file_boot_id(void)
{
	static char id[37];
	if (!id[0])
		read_id("/proc/sys/kernel/random/boot_id", id, 36);
	return id;
}

const char *file_machine_id(void)
{
	static char id[33];
	if (!id[0])
		read_id("/etc/machine-id", id, 32);
	return id;
}
