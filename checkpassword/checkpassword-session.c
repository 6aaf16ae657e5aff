/*
 * checkpassword-session.c: checkpassword with PAM in it, for PAM_SESSION=yes.
 *
 * A user that PAM knows gets a session around the handler:
 *
 *	login program ── keeper (this, root) ─┬─ handler
 *	                                      └─ guard (a copy of it)
 *
 * The keeper opens the session, hands SIGTERM on, and closes the session when the handler is
 * gone; it ends as the handler did.  Should the keeper be killed, the guard ends the
 * handler and closes the session.  Modules find neither the client on descriptors 0 and
 * 1, nor LOGINFD, nor our environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admit.h"
#include "auth.h"
#include "hash.h"
#include "log.h"
#include "loginfd.h"
#include "nss.h"
#include "pam.h"
#include "signals.h"

#define OWN_FD 10     /* descriptors of ours begin here */
#define GRACE_MS 5000 /* for a handler between SIGTERM and SIGKILL, when its keeper was killed */
#define CLOSED 'C'    /* from the keeper to the guard: nothing is left to do */

static struct pam_login login; /* of who may log in; without a handle: not by PAM */
static struct {
	bool now;
	int in, out, loginfd;
	char **environment;
} hidden;

/* What is the peer's or the handler's is nothing for modules. */
static void hide(void)
{
	static char *nothing[] = { NULL };
	int null;

	if (hidden.now)
		return;
	hidden.in = fcntl(0, F_DUPFD_CLOEXEC, OWN_FD);
	hidden.out = fcntl(1, F_DUPFD_CLOEXEC, OWN_FD);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (hidden.in < 0 || hidden.out < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) {
		log_error("session", "descriptors: %m");
		admit_leave(ADMIT_LATER);
	}
	close(null);
	hidden.loginfd = loginfd_number();
	if (hidden.loginfd >= 0)
		fcntl(hidden.loginfd, F_SETFD, FD_CLOEXEC);
	hidden.environment = environ;
	environ = nothing;
	hidden.now = true;
}

static void show(void)
{
	if (!hidden.now)
		return;
	hidden.now = false;
	if (dup2(hidden.in, 0) < 0 || dup2(hidden.out, 1) < 0)
		admit_leave(ADMIT_LATER);
	close(hidden.in);
	close(hidden.out);
	if (hidden.loginfd >= 0)
		fcntl(hidden.loginfd, F_SETFD, 0);
	environ = hidden.environment;
}

static enum answer ask(const struct question *q, struct user *u)
{
	static struct buf record; /* *u points into it */
	const char *service = pam_service(), *peer = getenv("TCPREMOTEIP");
	struct account_rule rule = account_rule();
	int64_t since = hash_spent();
	const struct passwd *known;
	enum answer a;

	if (!service || !nss_find(q->name.p, &known))
		return ANSWER_TROUBLE;
	hide();
	alarm(HELPER_SECONDS);
	login = (struct pam_login){ .name = q->name.p, .pass = q->pass.p, .vouched = q->vouched };
	a = pam_login_check(&login, service, peer ? peer : "");
	a = nss_judge(a, known, &rule, since, PAM_LOGIN_HASHES, q->pass.p);
	if (a != ANSWER_WRONG && a != ANSWER_UNKNOWN && a != ANSWER_TROUBLE &&
	    (!nss_record(known, &record) || !user_decode(buf_view(&record), u)))
		a = ANSWER_TROUBLE;
	if (a != ANSWER_OK)
		pam_login_end(&login);
	show();
	return a;
}

/* The rest of what a module may say to the handler is left out: it could be a setting. */
static void take_environment(void)
{
	char **list = pam_getenvlist(login.handle), *equals;

	for (char **p = list; p && *p; p++) {
		struct bytes pair = bytes_of(*p);

		equals = strchr(*p, '=');
		if (!equals || (!bytes_starts(pair, BYTES("XDG_")) &&
				!bytes_starts(pair, BYTES("KRB5CCNAME="))))
			continue;
		*equals = '\0';
		setenv(*p, equals + 1, 1);
	}
}

/* Of what modules have opened nothing is the handler's. */
static void close_others(int slot)
{
	const int kept[] = { hidden.loginfd, slot };

	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		log_error("session", "close_range: %m");
		admit_leave(ADMIT_LATER);
	}
	for (size_t i = 0; i < 2; i++)
		if (kept[i] >= 0)
			fcntl(kept[i], F_SETFD, 0);
}

static void close_session(void)
{
	signals_restore();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN); /* of a guard that is gone */
	alarm(HELPER_SECONDS);
	pam_login_close(&login);
	pam_login_end(&login);
	alarm(0);
}

static void guard(int keeper, int handler) __attribute__((noreturn));
static void guard(int keeper, int handler)
{
	struct pollfd gone = { .fd = handler, .events = POLLIN };
	char word = '\0'; /* as it stays when the keeper is killed */

	setsid(); /* what is sent to the keeper's group ends it, not us */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	while (read(keeper, &word, 1) < 0 && errno == EINTR)
		;
	if (word == CLOSED)
		_exit(0);
	pidfd_send_signal(handler, SIGTERM, NULL, 0);
	if (poll(&gone, 1, GRACE_MS) == 0)
		pidfd_send_signal(handler, SIGKILL, NULL, 0);
	poll(&gone, 1, GRACE_MS);
	log_warn("session", "closed for a keeper that was killed");
	close_session();
	_exit(0);
}

/* Our end of a pipe to the guard, or -1: there is none. */
static int start_guard(pid_t handler, pid_t *pid)
{
	int pair[2], watched = pidfd_open(handler, 0);

	*pid = -1;
	if (watched < 0 || pipe2(pair, O_CLOEXEC) < 0) {
		log_warn("session", "nobody will close it if this process is killed: %m");
		return -1;
	}
	*pid = fork();
	if (*pid == 0) {
		close(pair[1]);
		guard(pair[0], watched);
	}
	close(pair[0]);
	close(watched);
	return pair[1];
}

/* As the handler ended. */
static void end_alike(int status) __attribute__((noreturn));
static void end_alike(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : ADMIT_LATER);
}

static void keep(pid_t handler, int slot) __attribute__((noreturn));
static void keep(pid_t handler, int slot)
{
	static const char closed = CLOSED;
	bool told = false;
	int status, to_guard;
	pid_t guarding;

	alarm(0);
	close(hidden.in);
	close(hidden.out);
	if (hidden.loginfd >= 0)
		close(hidden.loginfd);
	if (slot >= 0)
		close(slot);
	malloc_trim(0); /* what modules have used stays for hours */
	to_guard = start_guard(handler, &guarding);
	while (waitpid(handler, &status, WNOHANG) == 0) {
		if (signals_stop && !told) {
			kill(handler, SIGTERM);
			told = true;
		}
		signals_wait(NULL, 0, INT64_MAX);
	}
	close_session();
	if (guarding > 0 && write(to_guard, &closed, 1) == 1)
		waitpid(guarding, NULL, 0);
	end_alike(status);
}

static void session(struct account *a, int slot)
{
	enum answer answer;
	pid_t pid;
	int n;

	if (!login.handle)
		return;
	hide();
	if (slot >= 0)
		fcntl(slot, F_SETFD, FD_CLOEXEC);
	/* The user's, so that a module can add to them. */
	if (setgroups(a->n_groups, a->groups) < 0)
		admit_leave(ADMIT_LATER);
	answer = pam_login_open(&login);
	n = getgroups(ACCOUNT_GROUPS, a->groups);
	if (answer != ANSWER_OK || n < 0) {
		pam_login_end(&login);
		show();
		if (answer == ANSWER_FORBIDDEN)
			admit_refuse_with("AUTHORIZATIONFAILED");
		admit_leave(ADMIT_LATER);
	}
	a->n_groups = (size_t)n;
	signals_catch();
	pid = fork();
	if (pid > 0)
		keep(pid, slot);
	if (pid < 0) {
		log_error("session", "fork: %m");
		close_session();
		admit_leave(ADMIT_LATER);
	}
	signals_restore();
	alarm(0);
	show();
	take_environment();
	close_others(slot);
}

int main(int argc, char **argv)
{
	admit_start("checkpassword-session", argc);
	if (geteuid() == 0 && !admit_lookup())
		auth_use_pam(ask);
	admit(argv + 1, session);
}
