/*
 * lock.c: flock with a timeout, and dotlocks (declared in file.h).
 *
 * Locks here are held for microseconds, so who waits first yields, then
 * sleeps a fifth of a millisecond, doubling: waiting ends soon after the lock
 * is free and costs next to nothing.  A stale dotlock is taken over under a
 * flock on the file itself, so that of two who see it stale only one removes
 * it, and never the fresh one that the other made.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"

#define LOCK_YIELDS 4
#define LOCK_SLEEP_MIN 200 /* microseconds */
#define FLOCK_SLEEP_MAX 5000
#define DOTLOCK_SLEEP_MAX 50000
#define DOTLOCK_TEXT 320 /* "pid:host" */

struct wait {
	int64_t until; /* clock_ms */
	int yields;
	long sleep, sleep_max; /* microseconds */
};

static struct wait wait_for(int timeout_ms, long sleep_max)
{
	return (struct wait){ clock_ms() + timeout_ms, 0, LOCK_SLEEP_MIN, sleep_max };
}

/* Waits a little; false when the time is over. */
static bool wait_more(struct wait *w)
{
	if (clock_ms() >= w->until)
		return false;
	if (w->yields++ < LOCK_YIELDS) {
		sched_yield();
		return true;
	}
	struct timespec t = { 0, w->sleep * 1000 };
	nanosleep(&t, NULL);
	w->sleep = w->sleep * 2 < w->sleep_max ? w->sleep * 2 : w->sleep_max;
	return true;
}

int file_lock(int fd, int op, int timeout_ms)
{
	if (flock(fd, op | LOCK_NB) == 0)
		return 1;
	struct wait w = wait_for(timeout_ms, FLOCK_SLEEP_MAX);
	do {
		if (flock(fd, op | LOCK_NB) == 0)
			return 1;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
	} while (wait_more(&w));
	return 0;
}

void file_unlock(int fd)
{
	flock(fd, LOCK_UN);
}

/* "pid:host" of this process; the length. */
static size_t our_mark(char out[DOTLOCK_TEXT])
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	return (size_t)snprintf(out, DOTLOCK_TEXT, "%ld:%s", (long)getpid(), host);
}

/* The text says a process of this host that is no more. */
static bool owner_is_gone(struct bytes text)
{
	char ours[DOTLOCK_TEXT];
	struct bytes host, mark = { ours, our_mark(ours) };
	uint64_t pid;

	bytes_split(&mark, ':', &host);
	host = mark;
	return num_take(&text, INT32_MAX, &pid) && pid > 0 && bytes_starts(text, BYTES(":")) &&
	       bytes_eq(bytes_trim(bytes_from(text, 1)), host) && kill((pid_t)pid, 0) < 0 &&
	       errno == ESRCH;
}

static bool is_stale(int fd, const struct stat *st, int stale_s)
{
	char text[DOTLOCK_TEXT];
	ssize_t n = file_pread_all(fd, text, sizeof text, 0);
	if (n > 0 && owner_is_gone((struct bytes){ text, (size_t)n }))
		return true;
	int64_t changed = st->st_mtime > st->st_ctime ? st->st_mtime : st->st_ctime;
	return clock_wall() - changed > stale_s;
}

/* The name still means the file that fd is. */
static bool same_name(int dirfd, const char *name, const struct stat *st)
{
	struct stat now;
	return fstatat(dirfd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == st->st_ino &&
	       now.st_dev == st->st_dev;
}

static void remove_if_stale(int dirfd, const char *name, int stale_s)
{
	struct stat st;
	int fd = file_open(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    is_stale(fd, &st, stale_s) && same_name(dirfd, name, &st))
		unlinkat(dirfd, name, 0);
	close(fd);
}

/* Writes our mark into fd and closes it. */
static int write_mark(int fd)
{
	char mark[DOTLOCK_TEXT];
	int written = file_write_all(fd, mark, our_mark(mark));
	int saved = errno;

	if (close(fd) == 0 && written == 0)
		return 0;
	if (written < 0)
		errno = saved;
	return -1;
}

/* By O_EXCL alone: killed before the mark is written, the lock stands empty until it
 * is stale by age.  1 made, 0 somebody has it, -1. */
static int dotlock_make_plain(int dirfd, const char *name)
{
	int fd = file_open(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	if (write_mark(fd) == 0)
		return 1;
	int saved = errno;
	unlinkat(dirfd, name, 0);
	errno = saved;
	return -1;
}

/* A nameless file gets its mark, then the name: whoever is killed when, a lock always says
 * whose it is.  1, 0, -1 as above. */
static int dotlock_make(int dirfd, const char *name)
{
	char mark[DOTLOCK_TEXT], self[64];
	int fd = file_open(dirfd, ".", O_WRONLY | O_TMPFILE, 0644);

	if (fd < 0)
		return dotlock_make_plain(dirfd, name);
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	int r = file_write_all(fd, mark, our_mark(mark));
	if (r == 0)
		r = linkat(AT_FDCWD, self, dirfd, name, AT_SYMLINK_FOLLOW);
	int saved = errno;
	close(fd);
	errno = saved;
	if (r == 0)
		return 1;
	if (saved == EEXIST)
		return 0;
	return saved == ENOSPC || saved == EDQUOT ? -1 : dotlock_make_plain(dirfd, name);
}

int dotlock_take(int dirfd, const char *name, int timeout_ms, int stale_s)
{
	struct wait w = wait_for(timeout_ms, DOTLOCK_SLEEP_MAX);
	int made;

	while ((made = dotlock_make(dirfd, name)) == 0) {
		remove_if_stale(dirfd, name, stale_s);
		made = dotlock_make(dirfd, name);
		if (made != 0 || !wait_more(&w))
			break;
	}
	return made;
}

void dotlock_release(int dirfd, const char *name)
{
	char mark[DOTLOCK_TEXT], text[DOTLOCK_TEXT];
	size_t n = our_mark(mark);
	int fd = file_open(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return;
	/* Somebody may have taken it over because we were too slow. */
	ssize_t have = file_pread_all(fd, text, sizeof text, 0);
	close(fd);
	if (have != (ssize_t)n || memcmp(text, mark, n) != 0)
		return;
	/* Others would wait for it as long as we live, so it's tried twice. */
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		unlinkat(dirfd, name, 0);
}
