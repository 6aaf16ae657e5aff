/*
 * inject.c: runs a program and fails one of its system calls, or kills it there.
 *
 *	inject [-l LIST] [-p KIND:CALL:N -a ACTION] PROGRAM ARGUMENT...
 *
 * Every call that changes what is on disk (or maps it) and whose file is none of the
 * program's first three descriptors is a point.  It is named by the kind of its file, the
 * call, and how many of these there were: "journal:pwrite64:2" is the same step in each
 * run of the same work, also when some other file was scanned once more.  LIST gets a
 * line "point POINT PATH" for each, and "hit POINT ACTION" where the action was done.
 *
 * ACTION is EIO, ENOSPC, EDQUOT (the call isn't made and fails), short (a write takes half),
 * full (a write takes half, the next one to that file fails with ENOSPC), before or after
 * (SIGKILL there).
 *
 * Done from outside by ptrace: the program under test is the static release build, in which
 * nothing can be preloaded, and is tested as it is.  A seccomp filter stops it at points
 * only, so that it costs little.  User notification would do for errors, not for
 * "killed after the call" nor for a shorter length.  A filter of the program's own that
 * kills wins over ours: imapd is run with CAGE=no.
 *
 * Exits as the program does, 128 + signal if one ended it, 125 for trouble of its own, 77
 * where a program can't be traced.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TROUBLE 125
#define IMPOSSIBLE 77
#define PATH_SIZE 4096
#define KINDS_MAX 256 /* of (file, call) */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__x86_64__)

/* Where a call has its file: a descriptor, or the last directory and name. */
static const struct watched {
	const char *name;
	unsigned nr;
	int fd;     /* number of the argument that is the file; -1: none */
	int dir;    /* of the directory, the path behind it; -1: none */
	int length; /* of the bytes to write; -1: no write */
} calls[] = {
	{ "write", SYS_write, 0, -1, 2 },
	{ "pwrite64", SYS_pwrite64, 0, -1, 2 },
	{ "writev", SYS_writev, 0, -1, -1 },
	{ "pwritev", SYS_pwritev, 0, -1, -1 },
	{ "sendfile", SYS_sendfile, 0, -1, 3 },
	{ "copy_file_range", SYS_copy_file_range, 2, -1, 4 },
	{ "fsync", SYS_fsync, 0, -1, -1 },
	{ "fdatasync", SYS_fdatasync, 0, -1, -1 },
	{ "sync_file_range", SYS_sync_file_range, 0, -1, -1 },
	{ "msync", SYS_msync, -1, -1, -1 },
	{ "ftruncate", SYS_ftruncate, 0, -1, -1 },
	{ "fallocate", SYS_fallocate, 0, -1, -1 },
	{ "mmap", SYS_mmap, 4, -1, -1 },
	{ "openat", SYS_openat, -1, 0, -1 },
	{ "mkdir", SYS_mkdir, -1, -1, -1 },
	{ "mkdirat", SYS_mkdirat, -1, 0, -1 },
	{ "mknodat", SYS_mknodat, -1, 0, -1 },
	{ "rename", SYS_rename, -1, -1, -1 },
	{ "renameat", SYS_renameat, -1, 2, -1 },
	{ "renameat2", SYS_renameat2, -1, 2, -1 },
	{ "linkat", SYS_linkat, -1, 2, -1 },
	{ "symlinkat", SYS_symlinkat, -1, 1, -1 },
	{ "unlinkat", SYS_unlinkat, -1, 0, -1 },
	{ "utimensat", SYS_utimensat, 0, -1, -1 },
};

static struct {
	const char *list, *point, *action;
	FILE *out;
	pid_t child;
	unsigned long long full_fd; /* the next write there fails */
	bool hit, full;
} run;

static struct {
	char name[64];
	unsigned n;
} seen[KINDS_MAX];

typedef unsigned long long word;

static int trouble(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	return TROUBLE;
}

/* --- what is stopped --- */

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

/* openat only where it may make a file. */
static size_t write_filter(struct sock_filter *f)
{
	size_t n = 0;

	f[n++] = (struct sock_filter)LOAD(arch);
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)LOAD(nr);
	for (size_t i = 0; i < COUNT(calls); i++) {
		if (calls[i].nr == SYS_openat)
			continue;
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].nr, 0, 1);
		f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_TRACE);
	}
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0);
	f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)LOAD(args[2]);
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
					      O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0, 1);
	f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_TRACE);
	f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	return n;
}

static void be_traced(char **argv)
{
	struct sock_filter f[2 * COUNT(calls) + 16];
	struct sock_fprog p = { .filter = f };

	p.len = (unsigned short)write_filter(f);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 || raise(SIGSTOP) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0)
		_exit(IMPOSSIBLE);
	execv(argv[0], argv);
	_exit(TROUBLE);
}

/* --- which file --- */

static word argument(const struct user_regs_struct *r, int n)
{
	const word all[] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	return all[n];
}

/* Of a descriptor or, AT_FDCWD, of nothing. */
static void path_of(int fd, char out[PATH_SIZE])
{
	char link[64];
	ssize_t n = -1;

	snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)run.child, fd);
	if (fd >= 0)
		n = readlink(link, out, PATH_SIZE - 1);
	out[n > 0 ? n : 0] = '\0';
}

static void string_of(word at, char *out, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) { /* a page at a time: the next one may not be there */
		size_t part = 4096 - (at + n) % 4096;
		if (part > size - 1 - n)
			part = size - 1 - n;
		struct iovec to = { out + n, part }, from = { (void *)(at + n), part };
		if (process_vm_readv(run.child, &to, 1, &from, 1, 0) <= 0)
			break;
		if (memchr(out + n, '\0', part))
			return;
		n += part;
	}
	out[n] = '\0';
}

/* Calls without a directory have their last path as the last argument. */
static void file_of(const struct watched *w, const struct user_regs_struct *r, char out[PATH_SIZE])
{
	char name[PATH_SIZE / 2];

	out[0] = '\0';
	if (w->fd >= 0) {
		path_of((int)argument(r, w->fd), out);
		return;
	}
	if (w->nr == SYS_msync)
		return;
	int at = w->dir >= 0 ? w->dir + 1 : w->nr == SYS_rename;
	string_of(argument(r, at), name, sizeof name);
	if (name[0] != '/' && w->dir >= 0)
		path_of((int)argument(r, w->dir), out);
	size_t n = strlen(out);
	if (n < PATH_SIZE / 2 - 1)
		snprintf(out + n, PATH_SIZE - n, "%s%s", n ? "/" : "", name);
}

/* The kind of a file, by its name and the directory that it is in. */
static const char *kind_of(const char *path)
{
	static const char *const names[][2] = {
		{ "roost.index", "index" },
		{ "roost.journal", "journal" },
		{ "roost.cache", "cache" },
		{ "roost.bell", "bell" },
		{ "dovecot-uidlist.lock", "uidlist-lock" },
		{ "dovecot-uidlist", "uidlist" },
		{ "dovecot-keywords", "keywords" },
		{ "dovecot-uidvalidity", "uidvalidity" },
		{ "subscriptions.lock", "subscriptions-lock" },
		{ "subscriptions", "subscriptions" },
		{ "maildirfolder", "folder" },
		{ "..roost-removed", "removed" },
		{ "#", "nameless" }, /* O_TMPFILE, as a link of /proc shows it */
	};
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; i < COUNT(names); i++)
		if (strncmp(base, names[i][0], strlen(names[i][0])) == 0)
			return names[i][1];
	if (strstr(path, "/..roost-removed"))
		return "removed";
	if (strstr(path, "/cur/") || strcmp(base, "cur") == 0)
		return "cur";
	if (strstr(path, "/new/") || strcmp(base, "new") == 0)
		return "new";
	if (strstr(path, "/tmp/") || strcmp(base, "tmp") == 0)
		return "tmp";
	return base[0] == '.' || strcmp(base, "Maildir") == 0 ? "folder" : "other";
}

/* A file that matters: not the peer, the log, nor memory without a file. */
static bool is_point(const struct watched *w, const struct user_regs_struct *r)
{
	int fd = w->fd >= 0 ? (int)argument(r, w->fd) : 3;

	return fd > 2 || (w->nr == SYS_utimensat && fd >= 0);
}

static unsigned next_number(const char *name)
{
	for (size_t i = 0; i < KINDS_MAX; i++) {
		if (!seen[i].n)
			snprintf(seen[i].name, sizeof seen[i].name, "%s", name);
		if (strcmp(seen[i].name, name) == 0)
			return ++seen[i].n;
	}
	return 0;
}

/* --- what is done there --- */

static void fail(struct user_regs_struct *r, int error)
{
	r->orig_rax = (word)-1;
	r->rax = (word)-error;
	ptrace(PTRACE_SETREGS, run.child, 0, r);
}

static bool shorten(const struct watched *w, struct user_regs_struct *r)
{
	word *length = w->length == 2 ? &r->rdx : w->length == 3 ? &r->r10 : &r->r8;

	if (w->length < 0 || *length < 2)
		return false;
	*length /= 2;
	ptrace(PTRACE_SETREGS, run.child, 0, r);
	return true;
}

static int error_named(const char *name)
{
	return strcmp(name, "EIO") == 0      ? EIO
	       : strcmp(name, "ENOSPC") == 0 ? ENOSPC
	       : strcmp(name, "EDQUOT") == 0 ? EDQUOT
					     : 0;
}

/* Up to the end of the call that is about to be made. */
static void finish_call(void)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, run.child, 0, 0) == 0)
		waitpid(run.child, &status, 0);
}

static void act(const struct watched *w, struct user_regs_struct *r)
{
	int error = error_named(run.action);

	run.hit = true;
	if (error) {
		fail(r, error);
	} else if (strcmp(run.action, "short") == 0 || strcmp(run.action, "full") == 0) {
		if (!shorten(w, r))
			return;
		run.full = run.action[0] == 'f';
		run.full_fd = r->rdi;
	} else {
		if (strcmp(run.action, "after") == 0)
			finish_call();
		kill(run.child, SIGKILL);
	}
	fprintf(run.out, "hit %s %s\n", run.point, run.action);
}

static void at_call(void)
{
	struct user_regs_struct r;
	char path[PATH_SIZE], name[64], point[96];
	const struct watched *w = calls;

	if (ptrace(PTRACE_GETREGS, run.child, 0, &r) < 0)
		return;
	while (w->nr != r.orig_rax)
		if (++w == calls + COUNT(calls))
			return;
	if (!is_point(w, &r))
		return;
	file_of(w, &r, path);
	snprintf(name, sizeof name, "%s:%s", kind_of(path), w->name);
	snprintf(point, sizeof point, "%s:%u", name, next_number(name));
	fprintf(run.out, "point %s %s\n", point, path);
	if (run.full) { /* who goes on writing does it at once */
		run.full = false;
		if (w->length >= 0 && r.rdi == run.full_fd)
			fail(&r, ENOSPC);
	} else if (run.point && !run.hit && strcmp(point, run.point) == 0) {
		act(w, &r);
	}
	fflush(run.out);
}

/* --- from start to end --- */

static int start(char **argv)
{
	int status;

	run.child = fork();
	if (run.child < 0)
		return trouble("fork");
	if (run.child == 0)
		be_traced(argv);
	if (waitpid(run.child, &status, 0) < 0)
		return trouble("wait");
	if (!WIFSTOPPED(status))
		return IMPOSSIBLE;
	if (ptrace(PTRACE_SETOPTIONS, run.child, 0,
		   PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC) < 0)
		return trouble("ptrace");
	/* Only the program itself has the peer. */
	close(0);
	close(1);
	return ptrace(PTRACE_CONT, run.child, 0, 0) < 0 ? trouble("ptrace") : 0;
}

/* The signal to hand on after a stop. */
static int at_stop(int status)
{
	int event = status >> 16;

	if (event == PTRACE_EVENT_SECCOMP)
		at_call();
	return event || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
}

static int follow(void)
{
	int status;

	for (;;) {
		if (waitpid(run.child, &status, 0) < 0)
			return trouble("wait");
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		ptrace(PTRACE_CONT, run.child, 0, at_stop(status));
	}
}

int main(int argc, char **argv)
{
	int option, r;

	while ((option = getopt(argc, argv, "+l:p:a:")) != -1) {
		if (option == 'l')
			run.list = optarg;
		else if (option == 'p')
			run.point = optarg;
		else if (option == 'a')
			run.action = optarg;
		else
			return TROUBLE;
	}
	if (optind >= argc || !run.point != !run.action)
		return fprintf(stderr, "inject: see the head of inject.c\n"), TROUBLE;
	run.out = fopen(run.list ? run.list : "/dev/null", "ae");
	if (!run.out)
		return trouble("open");
	r = start(argv + optind);
	return r ? r : follow();
}

#else
int main(void)
{
	printf("SKIP no ptrace for this processor here\n");
	return IMPOSSIBLE;
}
#endif
