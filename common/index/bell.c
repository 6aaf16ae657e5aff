/*
 * bell.c: rings those that idle in a mailbox, through a FIFO.
 *
 * Listeners hold the FIFO open for reading and writing (with a writer of its own it
 * never hangs up, so that only rings wake them) in an edge-triggered epoll
 * of their own: each byte written is news to each of them, also while older ones
 * are unread.  A listener never reads: what it took would be missing for one that
 * was woken and hasn't looked yet.  When the FIFO is full the ringer takes
 * half of it out, never all, for the same reason, and rings again.
 *
 * The directory is the user's own, still nothing found under the name is trusted:
 * no symlink is followed, nothing but a FIFO is used, and a listener puts one in
 * the place of anything else.  It watches the FIFO itself, because one that was
 * deleted or replaced would stay silent.
 */
#include "bell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"

#define FIFO_DRAIN (32 * 1024) /* half of what a pipe holds */
#define FIFO_TRIES 3
#define FOREIGN (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)

struct bell {
	int dirfd; /* a descriptor of our own */
	int fifo;  /* -1: could not be made */
	int epoll;
	int inotify; /* -1: none to be had */
	int fifo_watch;
};

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The FIFO of that name, or -1; ENXIO: nobody listens. */
static int open_fifo(int dirfd, int mode)
{
	struct stat st;
	int fd = file_open(dirfd, BELL_FILE, mode | O_NONBLOCK | O_NOFOLLOW, 0);

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)))
		return fd;
	close(fd);
	errno = EEXIST;
	return -1;
}

/* --- ringing --- */

static void drain_half(int dirfd)
{
	char junk[4096];
	int fd = open_fifo(dirfd, O_RDONLY);

	if (fd < 0)
		return;
	for (size_t n = 0; n < FIFO_DRAIN; n += sizeof junk)
		if (read(fd, junk, sizeof junk) <= 0)
			break;
	close(fd);
}

static bool put_byte(int fd)
{
	ssize_t n;
	do
		n = write(fd, "", 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The last listener may go between our open and our write: SIGPIPE is held
 * back, and taken out of the way if it was ours. */
static void put_byte_or_drain(int dirfd, int fd)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t pipe_signal, before, pending;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &pipe_signal, &before);
	bool done = put_byte(fd);
	for (int i = 0; !done && errno == EAGAIN && i < FIFO_TRIES; i++) {
		drain_half(dirfd);
		done = put_byte(fd);
	}
	if (!done && errno == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe_signal, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void bell_ring(int dirfd)
{
	int saved = errno, fd = open_fifo(dirfd, O_WRONLY);

	if (fd >= 0) {
		put_byte_or_drain(dirfd, fd);
		close(fd);
	}
	errno = saved;
}

/* --- listening --- */

/* The group of the directory may ring as well if it may write there. */
static void set_mode(int dirfd, int fd)
{
	struct stat dir, fifo;

	if (fstat(dirfd, &dir) < 0 || fstat(fd, &fifo) < 0)
		return;
	bool shared = dir.st_mode & S_IWGRP;
	if (shared && fifo.st_gid != dir.st_gid && fchown(fd, (uid_t)-1, dir.st_gid) < 0)
		shared = false;
	mode_t mode = shared ? 0660 : 0600;
	if ((fifo.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return;
}

/* A symlink, a socket, anything that isn't a FIFO. */
static bool is_in_the_way(int error)
{
	return error == EEXIST || error == ELOOP || error == ENXIO;
}

/* Opens the FIFO, first making it where it isn't.  Of two that make it at once
 * one finds the other's. */
static int make_fifo(int dirfd)
{
	for (int i = 0; i < FIFO_TRIES; i++) {
		int fd = open_fifo(dirfd, O_RDWR);
		if (fd >= 0)
			return fd;
		if (errno != ENOENT && !is_in_the_way(errno))
			return -1;
		if (errno != ENOENT && unlinkat(dirfd, BELL_FILE, 0) < 0 && errno != ENOENT)
			return -1;
		if (mkfifoat(dirfd, BELL_FILE, 0600) < 0)
			continue;
		fd = open_fifo(dirfd, O_RDWR);
		if (fd >= 0) {
			set_mode(dirfd, fd);
			return fd;
		}
	}
	return -1;
}

static int watch(int inotify, int fd, uint32_t events)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return inotify_add_watch(inotify, path, events);
}

/* Waits on a new FIFO instead of the old one. */
static void use_fifo(struct bell *b)
{
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET, .data.fd = 0 };

	if (b->fifo >= 0) {
		close(b->fifo); /* leaves the epoll by itself */
		if (b->inotify >= 0 && b->fifo_watch >= 0)
			inotify_rm_watch(b->inotify, b->fifo_watch);
	}
	b->fifo_watch = -1;
	b->fifo = make_fifo(b->dirfd);
	edge.data.fd = b->fifo;
	if (b->fifo < 0 || epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->fifo, &edge) < 0)
		return;
	if (b->inotify >= 0)
		b->fifo_watch = watch(b->inotify, b->fifo, IN_ATTRIB | IN_MOVE_SELF);
}

static void use_inotify(struct bell *b, int watch1, int watch2)
{
	struct epoll_event level = { .events = EPOLLIN };
	const int dirs[2] = { watch1, watch2 };

	if (watch1 < 0 && watch2 < 0)
		return;
	b->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (b->inotify < 0)
		return;
	level.data.fd = b->inotify;
	bool ok = epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->inotify, &level) == 0;
	for (int i = 0; i < 2; i++)
		if (dirs[i] >= 0 && watch(b->inotify, dirs[i], FOREIGN) < 0)
			ok = false;
	if (ok)
		return;
	close(b->inotify);
	b->inotify = -1;
}

struct bell *bell_listen(int dirfd, int watch1, int watch2)
{
	struct bell *b = mem_alloc(sizeof *b);
	struct epoll_event was_there[2];

	*b = (struct bell){ .fifo = -1, .inotify = -1, .fifo_watch = -1 };
	b->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (b->dirfd < 0 || b->epoll < 0) {
		bell_close(b);
		return NULL;
	}
	use_inotify(b, watch1, watch2);
	use_fifo(b);
	/* Bytes of earlier rings: no news, the caller looks once after this. */
	epoll_wait(b->epoll, was_there, 2, 0);
	return b;
}

int bell_fd(const struct bell *b)
{
	return b->epoll;
}

bool bell_watches(const struct bell *b)
{
	return b->inotify >= 0;
}

/* All that is there, so that many changes make one piece of news. */
static void drain_inotify(struct bell *b)
{
	char events[4096];
	while (read(b->inotify, events, sizeof events) > 0)
		continue;
}

/* The name leads to what we wait on. */
static bool fifo_is_named(const struct bell *b)
{
	struct stat ours, named;

	return b->fifo >= 0 && fstat(b->fifo, &ours) == 0 &&
	       fstatat(b->dirfd, BELL_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       same_file(&ours, &named);
}

bool bell_heard(struct bell *b)
{
	struct epoll_event e[2];
	int n = epoll_wait(b->epoll, e, 2, 0);

	for (int i = 0; i < n; i++)
		if (e[i].data.fd == b->inotify)
			drain_inotify(b);
	if (fifo_is_named(b))
		return n > 0;
	/* Who rang meanwhile rang another one, or none. */
	use_fifo(b);
	if (b->inotify >= 0)
		drain_inotify(b);
	return true;
}

void bell_close(struct bell *b)
{
	if (!b)
		return;
	const int fds[] = { b->fifo, b->inotify, b->epoll, b->dirfd };
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(b);
}
