/*
 * login_probe.c: what an attacker would do who owns a process of a login.
 *
 *	login_probe WHERE ACT          tries one thing: inside the jail of the parser, of the
 *	                               waiter (the gate after login) or of the relay
 *	                               (tls-server), or free, without any
 *	login_probe lie AUTHENTICATOR... HANDLER...
 *	                               the gate of the real login programs with a parser that
 *	                               tells it the lie in the environment variable LIE
 *
 * Prints "0" where the thing was possible, else errno or "signal N".  The test that runs it
 * knows what to expect; tests/session/jail.test.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "gate.h"
#include "jail.h"
#include "sanitized.h"
#include "signals.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MISUSED 120
#define TCP_PORT 9 /* nobody is there */

static pid_t other; /* a process that is none of ours */
static pid_t parent;
static int keep;    /* the descriptor that the jail leaves */
static int held[2]; /* descriptors from before that it must not leave */

static long result(long r)
{
	return r < 0 ? errno : 0;
}

/* Files. */
static long act_open(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static long act_open_up(void)
{
	return result(open("../../../../../../etc/passwd", O_RDONLY));
}

static long act_open_proc(void)
{
	return result(open("/proc/self/mem", O_RDWR));
}

static long act_create(void)
{
	return result(open("/tmp", O_WRONLY | O_TMPFILE, 0600));
}

static long act_handle(void)
{
	struct {
		struct file_handle h;
		char room[128];
	} f = { .h.handle_bytes = sizeof f.room };
	int mount;

	return result(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &f, &mount, 0));
}

static long act_chroot(void)
{
	return result(chroot("/"));
}

static long act_mount(void)
{
	return result(mount("none", "/", "tmpfs", MS_REMOUNT | MS_BIND, NULL));
}

/* Processes. */
static long act_fork(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static long act_thread(void)
{
	return result(syscall(SYS_clone3, NULL, 0)) == EINVAL ? 0 : errno;
}

static long act_exec(void)
{
	char *const argv[] = { NULL };

	return result(execve("/bin/true", argv, argv));
}

static long act_exec_fd(void)
{
	char *const argv[] = { NULL };

	return result(syscall(SYS_execveat, keep, "", argv, argv, AT_EMPTY_PATH)) == EACCES ? 0
											    : errno;
}

static long act_kill_gate(void)
{
	return result(kill(parent, 0));
}

static long act_kill_other(void)
{
	return result(kill(other, 0));
}

static long act_kill_all(void)
{
	return result(kill(-1, 0));
}

static long act_pidfd(void)
{
	return result(syscall(SYS_pidfd_open, parent, 0));
}

static long act_ptrace(void)
{
	return result(ptrace(PTRACE_SEIZE, other, 0, 0));
}

static long act_read_memory(void)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { &keep, 1 };

	return result(process_vm_readv(parent, &to, 1, &from, 1, 0));
}

static long act_new_namespace(void)
{
	return result(unshare(CLONE_NEWUTS));
}

/* Users. */
static long act_root(void)
{
	return result(syscall(SYS_setuid, 0));
}

static long act_group(void)
{
	return result(syscall(SYS_setgid, 0));
}

static long act_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static long act_limits(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	return result(setrlimit(RLIMIT_CORE, &r));
}

/* The network. */
static long act_tcp(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static long act_unix(void)
{
	return result(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static long act_pair(void)
{
	int pair[2];

	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static struct sockaddr_in loopback(void)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(TCP_PORT),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static long act_connect(void)
{
	struct sockaddr_in a = loopback();

	return result(connect(0, (struct sockaddr *)&a, sizeof a));
}

/* A datagram, or a connection by MSG_FASTOPEN, through a socket that is there. */
static long act_send_to(void)
{
	struct sockaddr_in a = loopback();

	return result(sendto(keep, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a)) ==
			       EISCONN
		       ? 0
		       : errno;
}

static long act_fast_open(void)
{
	struct sockaddr_in a = loopback();
	char byte = 'x';
	struct iovec v = { &byte, 1 };
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &v, .msg_iovlen = 1
	};

	return result(sendmsg(keep, &m, MSG_FASTOPEN | MSG_NOSIGNAL)) == EISCONN ? 0 : errno;
}

static long act_receive_fds(void)
{
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return result(recvmsg(keep, &m, MSG_DONTWAIT)) == EAGAIN ? 0 : errno;
}

/* Memory and descriptors. */
static long map(int prot, size_t n)
{
	return result(mmap(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
											    : 0);
}

static long act_map_code(void)
{
	return map(PROT_READ | PROT_EXEC, 4096);
}

static long act_make_code(void)
{
	static char page[8192];
	char *p = page + 4096 - (size_t)page % 4096;

	return result(mprotect(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static long act_much_memory(void)
{
	return map(PROT_READ | PROT_WRITE, 32 << 20);
}

static long act_old_fds(void)
{
	return write(held[1], "x", 1) < 0 && read(held[0], &keep, 1) < 0 ? errno : 0;
}

static long act_peer(void)
{
	char byte;

	return result(read(0, &byte, 0));
}

static long act_more_fds(void)
{
	return result(dup(0));
}

static long act_ioctl(void)
{
	int n;

	return result(syscall(SYS_ioctl, keep, 0x541b /* FIONREAD */, &n));
}

static long act_bpf(void)
{
	return result(syscall(SYS_bpf, 0, NULL, 0)) == ENOSYS ? 0 : errno;
}

static long act_io_uring(void)
{
	char parameters[120] = { 0 };

	return result(syscall(SYS_io_uring_setup, 1, parameters));
}

#ifdef __x86_64__
static long act_x32(void)
{
	return result(syscall(0x40000000 | SYS_getpid)) == ENOSYS ? 0 : errno;
}
#endif

static long act_allocate(void)
{
	char *p = malloc(100000);

	if (!p)
		return ENOMEM;
	p[99999] = 1;
	free(p);
	return 0;
}

/* What each must be able to do. */
static long act_say(void)
{
	return result(write(1, "", 0));
}

static long act_log(void)
{
	return result(write(2, "probe: event=failure ip=192.0.2.66\n", 35));
}

static long act_wait(void)
{
	struct timespec t = { 0, 1000 };

	return result(ppoll(NULL, 0, &t, NULL));
}

static long act_shut_down(void)
{
	return result(shutdown(keep, SHUT_WR));
}

static long act_kill_child(void)
{
	return result(kill(other, SIGTERM));
}

static const struct act {
	const char *name;
	long (*act)(void);
} acts[] = {
	{ "open", act_open },
	{ "open-up", act_open_up },
	{ "open-proc", act_open_proc },
	{ "create", act_create },
	{ "handle", act_handle },
	{ "chroot", act_chroot },
	{ "mount", act_mount },
	{ "fork", act_fork },
	{ "thread", act_thread },
	{ "exec", act_exec },
	{ "exec-fd", act_exec_fd },
	{ "kill-gate", act_kill_gate },
	{ "kill-other", act_kill_other },
	{ "kill-all", act_kill_all },
	{ "pidfd", act_pidfd },
	{ "ptrace", act_ptrace },
	{ "read-memory", act_read_memory },
	{ "namespace", act_new_namespace },
	{ "root", act_root },
	{ "group", act_group },
	{ "dumpable", act_dumpable },
	{ "limits", act_limits },
	{ "tcp", act_tcp },
	{ "unix", act_unix },
	{ "pair", act_pair },
	{ "connect", act_connect },
	{ "send-to", act_send_to },
	{ "fast-open", act_fast_open },
	{ "receive-fds", act_receive_fds },
	{ "map-code", act_map_code },
	{ "make-code", act_make_code },
	{ "much-memory", act_much_memory },
	{ "allocate", act_allocate },
	{ "old-fds", act_old_fds },
	{ "more-fds", act_more_fds },
	{ "peer", act_peer },
	{ "ioctl", act_ioctl },
	{ "bpf", act_bpf },
	{ "io-uring", act_io_uring },
#ifdef __x86_64__
	{ "x32", act_x32 },
#endif
	{ "say", act_say },
	{ "log", act_log },
	{ "wait", act_wait },
	{ "shut-down", act_shut_down },
	{ "kill-child", act_kill_child },
};

static const struct act *find(const char *name)
{
	for (size_t i = 0; i < COUNT(acts); i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	fprintf(stderr, "no act %s\n", name);
	_exit(MISUSED);
}

static void as_relay(void)
{
	struct confine c;

	confine_find(&c);
	confine(&c, &keep, 1, other);
}

/* The child that tries it; 0 to 119 is errno. */
static void inside(const char *where, const struct act *a) __attribute__((noreturn));
static void inside(const char *where, const struct act *a)
{
	struct jail j;

	jail_find(&j);
	if (strcmp(where, "parser") == 0)
		jail_parser(&j, keep, parent);
	else if (strcmp(where, "waiter") == 0)
		jail_waiter(&j, keep, other);
	else if (strcmp(where, "relay") == 0)
		as_relay();
	else if (strcmp(where, "free") != 0)
		_exit(MISUSED);
	_exit((int)a->act());
}

static int try(const char *where, const struct act *a)
{
	int pair[2], status;
	pid_t child;

	parent = getpid();
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	if (other < 0 || pipe(held) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return MISUSED;
	keep = pair[1];
	child = fork();
	if (child == 0)
		inside(where, a);
	waitpid(child, &status, 0);
	kill(other, SIGKILL);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("%d\n", WEXITSTATUS(status));
	return 0;
}

/* Lies; t->gate is a parser's end of the control socket. */
static void say(const struct talk *t, const void *p, size_t n)
{
	(void)!write(t->gate, p, n);
}

/* What the gate answers, on the connection. */
static void hear(const struct talk *t)
{
	struct answer a;
	ssize_t n = recv(t->gate, &a, sizeof a, 0);
	char text[64];

	snprintf(text, sizeof text, n == sizeof a ? "answer %s\r\n" : "no answer\r\n",
		 n == sizeof a && a.outcome < OUTCOME_REFUSALS ? outcome_code(a.outcome) : "?");
	(void)!write(1, text, strlen(text));
}

static size_t request(char *out, const char *tag, const char *user, const char *password)
{
	struct record r;

	if (!record_fill(&r, bytes_of(tag), bytes_of(user), bytes_of(password)))
		_exit(MISUSED);
	return record_put(&r, out);
}

static void lie_bytes(const struct talk *t, const char *p, size_t n)
{
	say(t, p, n);
	hear(t);
}

static void lie_empty(const struct talk *t)
{
	lie_bytes(t, "", 0);
}

static void lie_garbage(const struct talk *t)
{
	lie_bytes(t, "\xff\xff\xff\xff\xff", 5);
}

static void lie_kind(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	size_t n = request(p, "a", "ann", "pw");

	p[0] = 'D';
	lie_bytes(t, p, n);
}

static void lie_short(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	lie_bytes(t, p, request(p, "a", "ann", "pw") - 1);
}

static void lie_long(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX + 1];
	size_t n = request(p, "a", "ann", "pw");

	p[n] = '\0';
	lie_bytes(t, p, n + 1);
}

static void lie_huge(const struct talk *t)
{
	static char p[100000];

	(void)request(p, "a", "ann", "pw");
	lie_bytes(t, p, sizeof p);
}

/* The length of the first field leads behind the end. */
static void lie_length(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	size_t n = request(p, "a", "ann", "pw");

	p[1] = p[2] = '\xff';
	lie_bytes(t, p, n);
}

static void lie_nul(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	size_t n = request(p, "a", "ann", "pw");

	p[n - 1] = '\0';
	lie_bytes(t, p, n);
}

static void lie_tag(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	size_t n = request(p, "aaaa", "ann", "pw");

	memcpy(memchr(p, 'a', n), "a\r\nb", 4);
	lie_bytes(t, p, n);
}

static void lie_two_in_one(const struct talk *t)
{
	char p[2 * LOGIN_RECORD_MAX];
	size_t n = request(p, "a", "ann", "pw");

	lie_bytes(t, p, n + request(p + n, "b", "bob", "pw"));
}

static void lie_control(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	lie_bytes(t, p, request(p, "a", "ann\nuser=root", "pw"));
}

static void lie_no_password(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	lie_bytes(t, p, request(p, "a", "ann", ""));
}

/* Three at once, while an authenticator is at work for the first. */
static void lie_at_once(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	for (int i = 0; i < 3; i++)
		say(t, p, request(p, "a", i < 2 ? "slow" : "ann", i < 2 ? "wrong" : "pw"));
	for (int i = 0; i < 3; i++)
		hear(t);
}

/* More than are allowed, no answer read. */
static void lie_flood(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	size_t n = request(p, "a", "ann", "trouble");

	for (int i = 0; i < 1000; i++)
		if (write(t->gate, p, n) < 0)
			return;
}

/* A good request that carries descriptors. */
static void lie_descriptors(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	union {
		char room[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec v = { p, request(p, "a", "ann", "pw") };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control.room,
			    .msg_controllen = sizeof control.room };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fds[3] = { 0, 1, t->gate };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	(void)!sendmsg(t->gate, &m, MSG_NOSIGNAL);
	hear(t);
}

/* Asks and is gone before the answer. */
static void lie_gone(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	say(t, p, request(p, "a", "slow", "wrong"));
}

/* Writes to the log, then goes on to be asked. */
static void lie_log(const struct talk *t)
{
	act_log();
	lie_no_password(t);
}

/* Never ends, whatever it is told. */
static void lie_stay(const struct talk *t)
{
	char byte;

	(void)t;
	for (;;)
		(void)!recv(0, &byte, 1, MSG_PEEK);
}

static void lie_crash(const struct talk *t)
{
	(void)t;
	(void)!open("/etc/passwd", O_RDONLY);
}

/* A login like any other, but it speaks on, also to who thinks he speaks to the handler. */
static void lie_go_on(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	say(t, p, request(p, "a", "ann", "pw"));
	for (;;)
		(void)!write(1, "!", 1);
}

/* Asks for TLS; where there is none, that is no request. */
static void lie_tls(const struct talk *t)
{
	lie_bytes(t, "S", 1);
}

/* Is told that TLS begins, and talks on in the clear, to the client and to the gate. */
static void lie_tls_stay(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];

	if (talk_starttls(t) != 1)
		return;
	say(t, p, request(p, "a", "ann", "pw"));
	for (;;)
		(void)!write(1, "!", 1);
}

/* Is told that TLS begins, and ends as if it had told the client, who knows nothing of it. */
static void lie_tls_silent(const struct talk *t)
{
	if (talk_starttls(t) == 1)
		_exit(TALK_STARTTLS);
}

/* Somebody whom no certificate names, or not this client's. */
static void lie_external(const struct talk *t)
{
	char p[LOGIN_RECORD_MAX];
	size_t n = request(p, "a", "root", "pw");

	*p = 'E';
	lie_bytes(t, p, n);
}

static enum talk_end lie(const struct talk *t)
{
	static const struct {
		const char *name;
		void (*lie)(const struct talk *t);
	} lies[] = {
		{ "empty", lie_empty },
		{ "garbage", lie_garbage },
		{ "kind", lie_kind },
		{ "short", lie_short },
		{ "long", lie_long },
		{ "huge", lie_huge },
		{ "length", lie_length },
		{ "nul", lie_nul },
		{ "tag", lie_tag },
		{ "two-in-one", lie_two_in_one },
		{ "control", lie_control },
		{ "no-password", lie_no_password },
		{ "at-once", lie_at_once },
		{ "flood", lie_flood },
		{ "descriptors", lie_descriptors },
		{ "gone", lie_gone },
		{ "log", lie_log },
		{ "stay", lie_stay },
		{ "crash", lie_crash },
		{ "go-on", lie_go_on },
		{ "external", lie_external },
		{ "tls", lie_tls },
		{ "tls-stay", lie_tls_stay },
		{ "tls-silent", lie_tls_silent },
	};
	const char *name = getenv("LIE");

	for (size_t i = 0; name && i < COUNT(lies); i++)
		if (strcmp(lies[i].name, name) == 0) {
			lies[i].lie(t);
			return TALK_EOF;
		}
	return TALK_LOGOUT;
}

int main(int argc, char **argv)
{
	static const struct protocol liar = { "login-probe", "imap", "IMAPTAG", lie };

	if (argc > 1 && strcmp(argv[1], "sanitized") == 0)
		return SANITIZED;
	if (argc > 2 && strcmp(argv[1], "lie") == 0)
		return gate_main(&liar, argc - 1, argv + 1);
	if (argc == 3)
		return try(argv[1], find(argv[2]));
	return MISUSED;
}
