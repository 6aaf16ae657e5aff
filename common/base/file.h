/*
 * file.h: files and locks, always relative to an open directory.
 *
 * Every call is CLOEXEC and retries EINTR.  Names are single path components
 * given by the caller.  0/-1 with errno unless said otherwise.
 */
#ifndef FILE_H
#define FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "buf.h"

int file_open(int dirfd, const char *name, int flags, mode_t mode)
	__attribute__((warn_unused_result));
int dir_open(int dirfd, const char *name); /* O_DIRECTORY | O_RDONLY */

/* All of it or -1. */
int file_write_all(int fd, const void *p, size_t n) __attribute__((warn_unused_result));
int file_pwrite_all(int fd, const void *p, size_t n, off_t at) __attribute__((warn_unused_result));
/* n bytes at `at` unless the file ends: the count, or -1. */
ssize_t file_pread_all(int fd, void *p, size_t n, off_t at) __attribute__((warn_unused_result));

/* Appends a whole file to *b: 1; 0 if it does not exist; -1 (EFBIG when it
 * is longer than max). */
int file_read(int dirfd, const char *name, size_t max, struct buf *b)
	__attribute__((warn_unused_result));

/* A new file of a name that was free ("<prefix>.<time>.<pid>.<random>"),
 * O_EXCL, open for writing; the name goes to out. */
#define FILE_TEMP_NAME 96
int file_temp(int dirfd, const char *prefix, mode_t mode, char out[FILE_TEMP_NAME])
	__attribute__((warn_unused_result));

/* The file `name` has this content afterwards, or is as it was: temp, write,
 * fsync, rename, fsync of the directory. */
int file_replace(int dirfd, const char *name, struct bytes content, mode_t mode)
	__attribute__((warn_unused_result));
/* The same in two steps: a temp with that content, which the kernel begins to put on disk
 * while the caller goes on; then file_commit or file_unstage. */
struct file_stage {
	int fd;
	char temp[FILE_TEMP_NAME];
};
int file_stage(int dirfd, const char *name, const struct bytes content[2], mode_t mode,
	       struct file_stage *s) __attribute__((warn_unused_result));
void file_unstage(int dirfd, struct file_stage *s);
/* Second half for who wrote the temp itself: fsync, close, rename, fsync of
 * the directory; the temp is gone on failure. */
int file_commit(int dirfd, int fd, const char *temp, const char *name)
	__attribute__((warn_unused_result));

/* rename that never replaces (RENAME_NOREPLACE; link+unlink where the
 * filesystem has no such thing).  EEXIST when `to` is there. */
int file_rename_new(int fromdir, const char *from, int todir, const char *to)
	__attribute__((warn_unused_result));

int file_sync(int fd) __attribute__((warn_unused_result)); /* fsync */
int file_datasync(int fd) __attribute__((warn_unused_result));
int dir_sync(int dirfd) __attribute__((warn_unused_result));

/* flock(2), LOCK_SH or LOCK_EX; waits at most timeout_ms (0: tries once).
 * 1 locked, 0 not in time, -1. */
int file_lock(int fd, int op, int timeout_ms) __attribute__((warn_unused_result));
void file_unlock(int fd);

/* A dotlock: O_EXCL file holding "pid:host", as Dovecot writes it.  One older
 * than stale_s whose file doesn't change, or whose pid on this host is gone,
 * is taken over.  1 locked, 0 not in time, -1. */
int dotlock_take(int dirfd, const char *name, int timeout_ms, int stale_s)
	__attribute__((warn_unused_result));
void dotlock_release(int dirfd, const char *name);

/* The name is one that file_temp gave before that time (seconds, by the clock then). */
bool file_is_temp(struct bytes name, int64_t before);

/* True on ext4, xfs, btrfs, tmpfs, zfs, f2fs...: mmap is shared and flock
 * works between the processes that see the file. */
bool file_is_local(int fd);

const char *file_boot_id(void);    /* 36 characters, or "" if unknown */
const char *file_machine_id(void); /* 32 hex characters, or "" */

#endif
