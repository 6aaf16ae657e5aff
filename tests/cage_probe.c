/*
 * cage_probe.c: does from inside the handler's cage what a hostile handler would try.
 *
 *	cage_probe ACT [ARGUMENT...]
 *
 * opens the store as imapd does, shuts itself in (unless CAGE=no) and tries one thing.
 * Exit 0: it was possible; else errno.  A call that isn't on the list ends it with SIGSYS.
 * The test that runs it knows what to expect; tests/session/cage.test.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cage.h"
#include "conf.h"
#include "log.h"
#include "sanitized.h"

#define MISUSED 120
#define BROKEN 121 /* not even this far */

static int outcome(long r)
{
	return r < 0 ? errno : 0;
}

static pid_t pid_of(char **a)
{
	return (pid_t)atol(a[0]);
}

/* --- paths --- */

static int try_read(char **a)
{
	return outcome(openat(AT_FDCWD, a[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

static int try_write(char **a)
{
	return outcome(openat(AT_FDCWD, a[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_append(char **a)
{
	return outcome(openat(AT_FDCWD, a[0], O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int try_cut(char **a)
{
	return outcome(openat(AT_FDCWD, a[0], O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static int try_nameless(char **a)
{
	return outcome(openat(AT_FDCWD, a[0], O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
}

/* O_PATH is no opening; what is opened through it is. */
static int try_through(char **a)
{
	int fd = openat(AT_FDCWD, a[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? BROKEN : outcome(openat(fd, a[1], O_RDONLY | O_CLOEXEC));
}

static int try_reopen(char **a)
{
	char self[64];
	int fd = openat(AT_FDCWD, a[0], O_PATH | O_CLOEXEC);

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return fd < 0 ? BROKEN : outcome(openat(AT_FDCWD, self, O_RDONLY | O_CLOEXEC));
}

static int try_mkdir(char **a)
{
	return outcome(mkdirat(AT_FDCWD, a[0], 0700));
}

static int try_unlink(char **a)
{
	return outcome(unlinkat(AT_FDCWD, a[0], 0));
}

static int try_rmdir(char **a)
{
	return outcome(unlinkat(AT_FDCWD, a[0], AT_REMOVEDIR));
}

static int try_rename(char **a)
{
	return outcome(renameat(AT_FDCWD, a[0], AT_FDCWD, a[1]));
}

static int try_exchange(char **a)
{
	return outcome(syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], 2));
}

static int try_link(char **a)
{
	return outcome(linkat(AT_FDCWD, a[0], AT_FDCWD, a[1], 0));
}

static int try_symlink(char **a)
{
	return outcome(symlinkat(a[0], AT_FDCWD, a[1]));
}

static int try_fifo(char **a)
{
	return outcome(mknodat(AT_FDCWD, a[0], S_IFIFO | 0600, 0));
}

static int try_device(char **a)
{
	return outcome(mknodat(AT_FDCWD, a[0], S_IFCHR | 0600, 0x103));
}

static int try_socket_file(char **a)
{
	return outcome(mknodat(AT_FDCWD, a[0], S_IFSOCK | 0600, 0));
}

static int try_chmod(char **a)
{
	return outcome(fchmodat(AT_FDCWD, a[0], 0777, 0));
}

static int try_chown(char **a)
{
	return outcome(fchownat(AT_FDCWD, a[0], (uid_t)-1, getegid(), 0));
}

static int try_utimes(char **a)
{
	return outcome(utimensat(AT_FDCWD, a[0], NULL, 0));
}

static int try_setxattr(char **a)
{
	return outcome(setxattr(a[0], "user.roost", "x", 1, 0));
}

static int try_readlink(char **a)
{
	char to[256];

	return outcome(readlinkat(AT_FDCWD, a[0], to, sizeof to));
}

static int try_truncate(char **a)
{
	return outcome(truncate(a[0], 0));
}

static int try_chdir(char **a)
{
	return outcome(chdir(a[0]));
}

static int try_stat(char **a)
{
	struct stat st;

	return outcome(fstatat(AT_FDCWD, a[0], &st, 0));
}

static int try_watch(char **a)
{
	return outcome(inotify_add_watch(inotify_init1(IN_CLOEXEC), a[0], IN_CREATE));
}

/* --- through a descriptor of a file that may be opened --- */

static int own_file(char **a)
{
	int fd = openat(AT_FDCWD, a[0], O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		exit(BROKEN);
	return fd;
}

static int try_fchmod(char **a)
{
	return outcome(fchmod(own_file(a), 0640));
}

static int try_set_uid(char **a)
{
	return outcome(fchmod(own_file(a), 04755));
}

static int try_create_set_uid(char **a)
{
	return outcome(openat(AT_FDCWD, a[0], O_RDWR | O_CREAT | O_CLOEXEC, 04755));
}

static int try_give_away(char **a)
{
	return outcome(fchown(own_file(a), getuid(), (gid_t)-1));
}

static int try_futimes(char **a)
{
	return outcome(futimens(own_file(a), NULL));
}

static int try_map_file(char **a)
{
	int fd = own_file(a);

	if (ftruncate(fd, 4096) < 0)
		return BROKEN;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED ? errno : 0;
}

/* --- programs and memory --- */

static int try_exec(char **a)
{
	return outcome(execv(a[0], a));
}

static int try_exec_fd(char **a)
{
	char *const none[] = { NULL };
	int fd = openat(AT_FDCWD, a[0], O_PATH | O_CLOEXEC);

	return outcome(syscall(SYS_execveat, fd, "", a, none, AT_EMPTY_PATH));
}

static int try_fork(char **a)
{
	pid_t pid = fork();

	(void)a;
	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int try_map_exec(char **a)
{
	(void)a;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

static int try_make_exec(char **a)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)a;
	return p == MAP_FAILED ? BROKEN : outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int try_personality(char **a)
{
	(void)a;
	return outcome(personality(READ_IMPLIES_EXEC));
}

static int try_memfd(char **a)
{
	(void)a;
	return outcome(memfd_create("x", MFD_CLOEXEC));
}

static int try_dumpable(char **a)
{
	(void)a;
	return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int try_limits(char **a)
{
	struct rlimit r;

	(void)a;
	return outcome(getrlimit(RLIMIT_NOFILE, &r));
}

static int try_abort(char **a)
{
	(void)a;
	abort();
}

/* --- others --- */

static int try_kill(char **a)
{
	return outcome(kill(pid_of(a), SIGCONT));
}

static int try_exists(char **a)
{
	return outcome(kill(pid_of(a), 0));
}

static int try_thread_kill(char **a)
{
	return outcome(syscall(SYS_tkill, pid_of(a), SIGCONT));
}

/* The kernel sends the signal in our name. */
static int try_own(char **a)
{
	return outcome(fcntl(0, F_SETOWN, pid_of(a)));
}

static int try_signal_of(char **a)
{
	(void)a;
	return outcome(fcntl(0, F_SETSIG, SIGCONT));
}

static int try_pidfd(char **a)
{
	return outcome(syscall(SYS_pidfd_open, pid_of(a), 0));
}

static int try_ptrace(char **a)
{
	return outcome(ptrace(PTRACE_SEIZE, pid_of(a), NULL, NULL));
}

static int try_peek(char **a)
{
	char c;
	struct iovec to = { &c, 1 }, from = { (void *)&try_peek, 1 };

	return outcome(syscall(SYS_process_vm_readv, pid_of(a), &to, 1, &from, 1, 0));
}

static int try_socket(char **a)
{
	return outcome(socket(atoi(a[0]), SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_pair(char **a)
{
	int pair[2];

	(void)a;
	return outcome(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

static int try_send(char **a)
{
	char byte = 0;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return outcome(sendmsg(atoi(a[0]), &m, MSG_NOSIGNAL));
}

static int try_fast_open(char **a)
{
	char byte = 0;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	(void)a;
	return outcome(sendmsg(1, &m, MSG_NOSIGNAL | MSG_FASTOPEN));
}

/* Any call by its number, with arguments that make sense to none. */
static int try_call(char **a)
{
	syscall(atol(a[0]), -1L, -1L, -1L, -1L, -1L, -1L);
	return 0;
}

static int try_nothing(char **a)
{
	(void)a;
	return 0;
}

#define ACT(name_, arguments_)                                        \
	{                                                             \
		.name = #name_, .n = (arguments_), .act = try_##name_ \
	}

static const struct {
	const char *name;
	int n;
	int (*act)(char **arguments);
} acts[] = {
	ACT(read, 1),           ACT(write, 1),       ACT(append, 1),    ACT(cut, 1),
	ACT(nameless, 1),       ACT(through, 2),     ACT(reopen, 1),    ACT(mkdir, 1),
	ACT(unlink, 1),         ACT(rmdir, 1),       ACT(rename, 2),    ACT(exchange, 2),
	ACT(link, 2),           ACT(symlink, 2),     ACT(fifo, 1),      ACT(device, 1),
	ACT(socket_file, 1),    ACT(chmod, 1),       ACT(chown, 1),     ACT(utimes, 1),
	ACT(setxattr, 1),       ACT(readlink, 1),    ACT(truncate, 1),  ACT(chdir, 1),
	ACT(stat, 1),           ACT(watch, 1),       ACT(fchmod, 1),    ACT(set_uid, 1),
	ACT(create_set_uid, 1), ACT(give_away, 1),   ACT(futimes, 1),   ACT(map_file, 1),
	ACT(exec, 1),           ACT(exec_fd, 1),     ACT(fork, 0),      ACT(map_exec, 0),
	ACT(make_exec, 0),      ACT(personality, 0), ACT(memfd, 0),     ACT(dumpable, 0),
	ACT(limits, 0),         ACT(abort, 0),       ACT(kill, 1),      ACT(exists, 1),
	ACT(thread_kill, 1),    ACT(own, 1),         ACT(signal_of, 0), ACT(pidfd, 1),
	ACT(ptrace, 1),         ACT(peek, 1),        ACT(socket, 1),    ACT(pair, 0),
	ACT(send, 1),           ACT(fast_open, 0),   ACT(call, 1),      ACT(nothing, 0),
};

static void enter(void)
{
	struct store_user u = { getenv("USER"), getenv("HOME"), getenv("MAIL") };
	struct store *s;
	struct error e;
	const char *path;

	if (!u.user || !u.home || conf_ready(&path) < 0)
		exit(MISUSED);
	if (store_open(&s, &u, &e) < 0 || cage_enter(s, &e) < 0) {
		fprintf(stderr, "%s\n", e.log);
		exit(BROKEN);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "sanitized") == 0)
		return SANITIZED;
	log_open("cage_probe");
	for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++) {
		if (strcmp(argv[1], acts[i].name) != 0 || argc - 2 != acts[i].n)
			continue;
		enter();
		return acts[i].act(argv + 2);
	}
	return MISUSED;
}
