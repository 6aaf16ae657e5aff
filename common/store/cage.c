/*
 * cage.c: what a handler may do once a client can speak to it (cage.h).
 *
 * Folders that are symbolic links keep working: their targets are granted.  That is no way
 * out for who took over an earlier session, because no call of the list makes a link.
 * What Landlock doesn't judge, a path's stat and an inotify watch, may be used on any path:
 * that a file is there, how large and how old it is, can be learned from inside, not
 * what is in it.
 */
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "dirscan.h"
#include "file.h"
#include "landlock.h"
#include "log.h"
#include "pages.h"
#include "sanitized.h"
#include "seccomp.h"
#include "store_private.h"

#define NAMES 2048 /* bytes of a directory read at once */

/* --- files --- */

static int open_dir(int at, const char *path)
{
	return file_open(at, path, O_PATH | O_DIRECTORY, 0);
}

/* 1; 0 with errno where there is no such directory; -1 with errno. */
static int grant(const struct landlock *l, const char *path)
{
	int fd = open_dir(AT_FDCWD, path), r;

	if (fd < 0)
		return 0;
	r = landlock_grant(l, fd) < 0 ? -1 : 1;
	int saved = errno;
	close(fd);
	errno = saved;
	return r;
}

/* A link that leads to no Maildir is no folder. */
static int grant_link(const struct landlock *l, int root, const char *name)
{
	int fd = open_dir(root, name), r = 0;
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstatat(fd, "cur", &st, 0) == 0 && S_ISDIR(st.st_mode))
		r = landlock_grant(l, fd);
	close(fd);
	return r;
}

static bool is_link(int root, const char *name, enum dirscan_type type)
{
	struct stat st;

	if (name[0] != '.' || (type != DIRSCAN_LINK && type != DIRSCAN_UNKNOWN))
		return false;
	return type == DIRSCAN_LINK ||
	       (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
}

/* A root that may be entered but not read has no folders to list either. */
static int grant_links(const struct landlock *l, const char *mail)
{
	int root = dir_open(AT_FDCWD, mail), r = 0;
	char names[NAMES];
	enum dirscan_type type;
	struct dirscan d;
	struct bytes name;

	if (root < 0)
		return 0;
	if (dirscan_open_in(&d, root, names, sizeof names) == 0) {
		while (r == 0 && dirscan_next(&d, &name, &type) > 0)
			if (is_link(root, name.p, type))
				r = grant_link(l, root, name.p);
		dirscan_close(&d);
	}
	close(root);
	return r;
}

/* An index root that could not be made is done without (store.c). */
static int grant_store(const struct landlock *l, const struct store *s)
{
	if (grant(l, s->mail) <= 0 || grant_links(l, s->mail) < 0)
		return -1;
	if (s->control != s->mail && grant(l, s->control) <= 0)
		return -1;
	return s->index == s->mail || grant(l, s->index) >= 0 ? 0 : -1;
}

static int shut_files(const struct store *s, struct error *e)
{
	struct landlock l;
	int r = landlock_begin(&l);

	if (r == 0) {
		log_info("cage",
			 l.abi ? "the kernel's Landlock is too old (ABI %d): files are not shut off"
			       : "the kernel has no Landlock: files are not shut off",
			 l.abi);
		return 0;
	}
	if (r > 0) {
		int granted = grant_store(&l, s), saved = errno;

		r = landlock_close(&l);
		if (granted < 0)
			r = -1, errno = saved;
	}
	return r < 0 ? error_errno(e, "Internal error", "Landlock (CAGE=no does without)") : 0;
}

/* --- calls --- */

#define SET_ID (S_ISUID | S_ISGID)

static const struct seccomp_rule calls[] = {
	/* Files.  Which, Landlock judges as they are opened; what it doesn't judge goes only
	 * through descriptors that were (times, owner, mode), and nothing may be made that
	 * runs with the user's rights for others. */
	SECCOMP_WITHOUT(openat, 3, SET_ID),
	SECCOMP_ALLOW(close),
	SECCOMP_ALLOW(read),
	SECCOMP_ALLOW(pread64),
	SECCOMP_ALLOW(write),
	SECCOMP_ALLOW(pwrite64),
	SECCOMP_ALLOW(lseek),
	SECCOMP_ALLOW(getdents64),
	SECCOMP_ALLOW(fstat),
	SECCOMP_ALLOW(newfstatat),
	SECCOMP_ALLOW(faccessat),
	SECCOMP_ALLOW(fstatfs),
	SECCOMP_ALLOW(ftruncate),
	SECCOMP_ALLOW(fallocate),
	SECCOMP_ALLOW(fsync),
	SECCOMP_ALLOW(fdatasync),
	SECCOMP_ALLOW(sync_file_range),
	SECCOMP_ALLOW(mkdirat),
	SECCOMP_ALLOW(unlinkat),
	SECCOMP_ALLOW(linkat),
	SECCOMP_ALLOW(renameat),
	SECCOMP_ALLOW(renameat2),
#ifdef SYS_stat /* only in older architectures; C libraries use them where they are */
	SECCOMP_ALLOW(stat),
	SECCOMP_ALLOW(lstat),
	SECCOMP_ALLOW(mkdir),
	SECCOMP_ALLOW(rename),
#endif
	SECCOMP_NULL(utimensat, 1),
	SECCOMP_WITHOUT(fchmod, 1, SET_ID),
	SECCOMP_ONLY(fchown, 1, -1),

	/* Locks; kill asks whether the owner of a dotlock still lives. */
	SECCOMP_ALLOW(flock),
	SECCOMP_ONLY(kill, 1, 0),
	SECCOMP_ALLOW(uname),
	SECCOMP_ALLOW(sched_yield),
	SECCOMP_ALLOW(nanosleep),
	SECCOMP_ALLOW(clock_nanosleep),

	/* The doorbell and the other news of IDLE.  fcntl only by these commands: F_SETOWN
	 * would send any signal to any process of the user. */
	{ .call = SYS_mknodat, .arg = 2, .mask = S_IFMT | SET_ID, .value = S_IFIFO },
	SECCOMP_ONLY(fcntl, 1, F_DUPFD_CLOEXEC),
	SECCOMP_ONLY(fcntl, 1, F_GETFD),
	SECCOMP_ONLY(fcntl, 1, F_SETFD),
	SECCOMP_ONLY(fcntl, 1, F_GETFL),
	SECCOMP_ALLOW(epoll_create1),
	SECCOMP_ALLOW(epoll_ctl),
	SECCOMP_ALLOW(epoll_pwait),
	SECCOMP_ALLOW(inotify_init1),
	SECCOMP_ALLOW(inotify_add_watch),
	SECCOMP_ALLOW(inotify_rm_watch),

	/* The peer: descriptors 0 and 1 as they are; no call makes a socket, names an
	 * address on one (the log's may be a datagram socket) or connects it anew. */
	{ .call = SYS_sendmsg,
	  .arg = 2,
	  .mask = MSG_FASTOPEN,
	  .value = MSG_FASTOPEN,
	  .error = EOPNOTSUPP },
	SECCOMP_ONLY(sendmsg, 0, 1),
	SECCOMP_ONLY(setsockopt, 2, TCP_QUICKACK), /* nothing of weight at other levels */
	SECCOMP_ALLOW(ppoll),
#ifdef SYS_poll
	SECCOMP_ALLOW(poll),
	SECCOMP_ALLOW(epoll_wait),
#endif

	/* Memory, none of it to run. */
	SECCOMP_WITHOUT(mmap, 2, PROT_EXEC),
	SECCOMP_WITHOUT(mprotect, 2, PROT_EXEC),
	SECCOMP_ALLOW(munmap),
	SECCOMP_ALLOW(mremap),
	SECCOMP_ALLOW(madvise),
	SECCOMP_ALLOW(brk),

	/* Time, signals to itself, the end.  writev is assert's. */
	SECCOMP_ALLOW(clock_gettime),
	SECCOMP_ALLOW(setitimer),
	SECCOMP_ALLOW(getpid),
	SECCOMP_ALLOW(getrandom),
	SECCOMP_ALLOW(rt_sigaction),
	SECCOMP_ALLOW(rt_sigprocmask),
	SECCOMP_ALLOW(rt_sigpending),
	SECCOMP_ALLOW(rt_sigtimedwait),
	SECCOMP_ALLOW(rt_sigreturn),
	SECCOMP_ALLOW(restart_syscall),
	SECCOMP_ALLOW(writev),
	SECCOMP_ALLOW(exit),
	SECCOMP_ALLOW(exit_group),
};

#define CALLS (sizeof calls / sizeof calls[0])

static int shut_calls(struct error *e)
{
	struct seccomp_rule rules[CALLS + 1];

	for (size_t i = 0; i < CALLS; i++)
		rules[i] = calls[i];
	/* abort() */
	rules[CALLS] = (struct seccomp_rule)SECCOMP_ONLY(tkill, 0, getpid());
	if (seccomp_confine(rules, CALLS + 1))
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return error_errno(e, "Internal error", "seccomp (CAGE=no does without)");
	log_info("cage", "the kernel has no seccomp filters: system calls are not shut off");
	return 0;
}

/* --- all of it --- */

/* What is read once, and lies outside. */
static void read_before(void)
{
	tzset();
	file_boot_id();
	file_machine_id();
}

/* Memory holds mail, and nobody's mistake may spread it.  Leaks can't be looked for in a
 * process that nobody may trace. */
static int keep_private(struct error *e)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == 0 &&
	    (SANITIZED || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0))
		return 0;
	return error_errno(e, "Internal error", "no core, no ptrace");
}

int cage_enter(struct store *s, struct error *e)
{
	read_before();
	if (!conf_bool("CAGE", true)) {
		log_warn("cage", "CAGE=no: not shut in");
		return 0;
	}
	if (keep_private(e) < 0 || shut_files(s, e) < 0)
		return -1;
	if (shut_calls(e) < 0)
		return -1;
	pages_release_stack(); /* making the list took some */
	return 0;
}
