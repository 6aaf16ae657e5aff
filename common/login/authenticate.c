/*
 * authenticate.c: the authenticator as checkpassword(8) has it, and the table of its exits.
 *
 * It finds `user\0password\0stamp\0` on fd 3, LOGINFD names a descriptor that speaks
 * to us in messages (lines `user=NAME`, `code=WORD`, `R`), and the tag stands in the
 * environment for the handler.  The password goes through a pipe whose buffer holds
 * all of it before the child exists, and is wiped then.
 */
#include "authenticate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "environment.h"
#include "file.h"
#include "log.h"
#include "signals.h"

#define RECORD_FD 3
#define LOGIN_FD 4
#define LOGIN_FD_TEXT "4"
#define EXIT_NO_USER 3 /* what a lookup says */
#define EXIT_TEMPORARY 111
#define MESSAGE_MAX 1024
#define TOLD_MAX 128 /* bytes of "IMAPTAG=" and its like with a tag */
_Static_assert(TOLD_MAX > LOGIN_TAG_MAX + 32, "and the name of the variable");
#define GRACE_MS 2000 /* between SIGTERM and SIGKILL */

static int add(char *out, size_t *n, const char *field)
{
	size_t len = strlen(field) + 1;

	if (len > LOGIN_AUTH_MAX - *n)
		return -1;
	memcpy(out + *n, field, len);
	*n += len;
	return 0;
}

/* A pipe with the record in it, writing end closed: the descriptor, or -1. */
static int record_pipe(const struct record *r)
{
	char out[LOGIN_AUTH_MAX], stamp[LOGIN_STAMP_MAX];
	int fd[2], result = -1;
	size_t n = 0;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	snprintf(stamp, sizeof stamp, "<%ld.%lld@roost>", (long)getpid(), (long long)clock_wall());
	if (add(out, &n, r->user) == 0 && add(out, &n, r->password) == 0 &&
	    add(out, &n, stamp) == 0)
		result = file_write_all(fd[1], out, n);
	explicit_bzero(out, sizeof out);
	close(fd[1]);
	if (result == 0)
		return fd[0];
	close(fd[0]);
	return -1;
}

/* What the child finds in its environment besides ours. */
struct told {
	char tag[TOLD_MAX];
	struct environment environment;
};

/* Whoever doesn't understand AUTHORIZED sees an empty password, and a handler of ours that finds
 * AUTHORIZED=1 was started by one who didn't, see handler.c. */
static void tell(struct told *f, const char *tag_variable, const struct record *r)
{
	static char login_fd[] = "LOGINFD=" LOGIN_FD_TEXT, authorized[] = "AUTHORIZED=1",
		    external[] = "AUTHMECH=EXTERNAL";
	char *ours[] = { login_fd, f->tag, authorized, external };
	size_t n = r->method == METHOD_EXTERNAL ? 4 : 2;

	snprintf(f->tag, sizeof f->tag, "%s=%s", tag_variable, r->tag);
	environment_make(&f->environment, ours, n);
}

/* Between vfork and exec: the memory is still the gate's, which waits.  Not part of start(), where
 * it could change variables that the gate still uses. */
static void become(int record, int login, char **argv, char **environment)
	__attribute__((noreturn, noinline));
static void become(int record, int login, char **argv, char **environment)
{
	/* Both may be 3 or 4 themselves: first out of the way. */
	record = fcntl(record, F_DUPFD_CLOEXEC, 10);
	login = fcntl(login, F_DUPFD_CLOEXEC, 10);
	if (record < 0 || login < 0 || dup2(record, RECORD_FD) < 0 || dup2(login, LOGIN_FD) < 0)
		_exit(EXIT_TEMPORARY);
	if (!isatty(0))
		setpgid(0, 0); /* what it leaves running can be ended with it */
	signals_restore();
	execvpe(argv[0], argv, environment);
	log_error("exec", "%s: %s", argv[0], strerror(errno));
	_exit(EXIT_TEMPORARY);
}

static int start(struct attempt *a, struct record *r, const char *tag_variable, char **argv)
{
	int pair[2], record = record_pipe(r);
	struct told told;

	explicit_bzero(r->password, sizeof r->password);
	if (record < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		close(record);
		return -1;
	}
	tell(&told, tag_variable, r);
	a->pid = vfork();
	if (a->pid == 0)
		become(record, pair[1], argv, told.environment.all);
	environment_free(&told.environment);
	close(record);
	close(pair[1]);
	a->fd = pair[0];
	if (a->pid > 0)
		return 0;
	close(a->fd);
	return -1;
}

static void take_user(struct attempt *a, struct bytes name)
{
	if (*a->user || !record_name_valid(name))
		return; /* the first one, from whom was not yet the user */
	memcpy(a->user, name.p, name.n);
	a->user[name.n] = '\0';
}

void attempt_message(struct attempt *a, struct bytes message)
{
	struct bytes line;

	a->heard = true;
	while (!a->ready && a->refusal == OUTCOME_READY && bytes_split(&message, '\n', &line)) {
		if (bytes_is(line, "R"))
			a->ready = true;
		else if (bytes_starts(line, BYTES("user=")))
			take_user(a, bytes_from(line, 5));
		else if (bytes_starts(line, BYTES("code=")))
			a->refusal = outcome_of_code(bytes_from(line, 5));
	}
}

enum outcome attempt_outcome(const struct attempt *a)
{
	if (a->refusal != OUTCOME_READY)
		return a->refusal;
	if (a->ready)
		return OUTCOME_READY;
	if (WIFEXITED(a->status) && WEXITSTATUS(a->status) == 0)
		return OUTCOME_CLOSED;
	if (WIFEXITED(a->status) && WEXITSTATUS(a->status) == 1 && !a->heard)
		return OUTCOME_FAILED;
	if (a->vouched && WIFEXITED(a->status) && WEXITSTATUS(a->status) == EXIT_NO_USER)
		return OUTCOME_FAILED;
	return OUTCOME_UNAVAILABLE;
}

/* What waits on LOGINFD now; false at its end. */
static bool listen_once(struct attempt *a)
{
	char text[MESSAGE_MAX];
	ssize_t n = recv(a->fd, text, sizeof text, MSG_DONTWAIT);

	if (n > 0)
		attempt_message(a, (struct bytes){ text, (size_t)n });
	return n > 0;
}

/* The child has ended, but its pid is still its own; reaped is it by end(). */
static bool gone(const struct attempt *a, siginfo_t *how)
{
	how->si_pid = 0;
	return waitid(P_PID, (id_t)a->pid, how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       how->si_pid == a->pid;
}

/* The child is gone afterwards, and so is what it left behind unless it ended well. */
static void end(struct attempt *a)
{
	int64_t deadline = clock_ms() + GRACE_MS;
	siginfo_t how;
	bool ended = gone(a, &how);

	if (!ended && a->refusal == OUTCOME_READY) /* who refused is about to end by itself */
		kill(a->pid, SIGTERM);
	while (!ended && clock_ms() < deadline) {
		signals_wait(NULL, 0, deadline);
		ended = gone(a, &how);
	}
	if (!ended || how.si_code != CLD_EXITED || how.si_status != 0) {
		kill(-a->pid, SIGKILL);
		kill(a->pid, SIGKILL);
	}
	while (waitpid(a->pid, &a->status, 0) < 0 && errno == EINTR)
		;
}

/* Until it is decided; false: time is over, or we are to stop. */
static bool watch(struct attempt *a, int64_t deadline)
{
	struct pollfd p = { .fd = a->fd, .events = POLLIN };

	while (clock_ms() < deadline && !signals_stop) {
		siginfo_t how;
		bool ended = gone(a, &how); /* first: what it said before it went counts */

		while (!a->ready && a->refusal == OUTCOME_READY && listen_once(a))
			;
		if (ended || a->ready || a->refusal != OUTCOME_READY)
			return true;
		signals_wait(&p, 1, deadline);
		if (p.revents & POLLHUP)
			p.fd = -1; /* nobody can speak any more: only the exit is left */
	}
	return false;
}

/* The administrator hears of what is not the client's fault. */
static void log_trouble(const struct attempt *a)
{
	if (a->refusal != OUTCOME_READY)
		return; /* it knew what it said */
	if (WIFSIGNALED(a->status))
		log_error("authenticator", "died of signal %d", WTERMSIG(a->status));
	else
		log_error("authenticator", "exit %d%s", WEXITSTATUS(a->status),
			  a->heard ? " after it had spoken on LOGINFD" : "");
}

enum outcome authenticate(struct attempt *a, struct record *r, const char *tag_variable,
			  char **argv, int timeout_ms)
{
	bool decided;

	*a = (struct attempt){ .refusal = OUTCOME_READY, .vouched = r->method == METHOD_EXTERNAL };
	if (start(a, r, tag_variable, argv) < 0) {
		log_error("authenticator", "can't start: %s", strerror(errno));
		return OUTCOME_UNAVAILABLE;
	}
	decided = watch(a, clock_ms() + timeout_ms);
	if (decided && a->ready && a->refusal == OUTCOME_READY)
		return OUTCOME_READY;
	end(a);
	close(a->fd);
	if (decided) {
		enum outcome o = attempt_outcome(a);
		if (o == OUTCOME_UNAVAILABLE)
			log_trouble(a);
		return o;
	}
	if (signals_stop)
		return OUTCOME_STOPPED;
	log_error("authenticator", "no answer within %d ms", timeout_ms);
	return OUTCOME_UNAVAILABLE;
}
