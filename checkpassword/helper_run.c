/*
 * helper_run.c: starts a helper and asks it one question.
 *
 * The helper lies beside our own program, wherever that is installed, so no
 * setting and no environment decides what runs with the password.  Question
 * and answer each fit a pipe: written whole, then closed.  The helper dies
 * with us.  Anything but an exit code of the agreement is trouble.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "helper.h"
#include "log.h"
#include "loginfd.h"
#include "pages.h"

#define HELPER_PATH 4096 /* bytes, with the NUL */

struct pipes {
	int to[2], from[2];
};

static bool helper_path(const char *name, char path[HELPER_PATH])
{
	ssize_t n = readlink("/proc/self/exe", path, HELPER_PATH - 1);
	char *slash;

	if (n <= 0 || n >= HELPER_PATH - 1)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	size_t room = (size_t)(path + HELPER_PATH - slash) - 1;
	return (size_t)snprintf(slash + 1, room, "%s", name) < room;
}

void helper_exec(const char *name, char **argv)
{
	PAGES_APART static char path[HELPER_PATH];

	if (helper_path(name, path)) {
		argv[0] = path;
		execv(path, argv);
	}
	log_error("helper", "can't run %s: %m", name);
}

static bool open_pipes(struct pipes *p)
{
	if (pipe(p->to) < 0)
		return false;
	if (pipe(p->from) == 0)
		return true;
	close(p->to[0]);
	close(p->to[1]);
	return false;
}

static void child(const char *path, const struct pipes *p, pid_t parent) __attribute__((noreturn));
static void child(const char *path, const struct pipes *p, pid_t parent)
{
	char *argv[] = { (char *)path, NULL }, *envp[] = { NULL };
	int loginfd = loginfd_number();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	if (getppid() == parent && dup2(p->to[0], 0) == 0 && dup2(p->from[1], 1) == 1) {
		close(p->to[0]);
		close(p->to[1]);
		close(p->from[0]);
		close(p->from[1]);
		if (loginfd >= 0)
			close(loginfd);
		alarm(HELPER_SECONDS);
		execve(path, argv, envp);
	}
	_exit(ANSWER_TROUBLE);
}

static bool ask(int fd, const struct bytes *parts, size_t n)
{
	char request[HELPER_REQUEST_MAX];
	size_t used = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		ok = parts[i].n < sizeof(request) - used;
		if (ok && parts[i].n)
			memcpy(request + used, parts[i].p, parts[i].n);
		if (ok) {
			request[used + parts[i].n] = '\0';
			used += parts[i].n + 1;
		}
	}
	ok = ok && file_write_all(fd, request, used) == 0;
	explicit_bzero(request, sizeof(request));
	return ok;
}

static bool listen_to(int fd, struct helper_reply *reply)
{
	reply->n = 0;
	while (reply->n < sizeof(reply->raw)) {
		ssize_t got = read(fd, reply->raw + reply->n, sizeof(reply->raw) - reply->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		reply->n += (size_t)got;
	}
	return false;
}

static enum answer ending(pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ANSWER_TROUBLE;
	if (WIFSIGNALED(status))
		log_error("helper", "%s was ended by signal %d", name, WTERMSIG(status));
	if (!WIFEXITED(status))
		return ANSWER_TROUBLE;
	switch (WEXITSTATUS(status)) {
	case ANSWER_OK:
	case ANSWER_WRONG:
	case ANSWER_UNKNOWN:
	case ANSWER_EXPIRED:
	case ANSWER_FORBIDDEN:
		return (enum answer)WEXITSTATUS(status);
	}
	log_error("helper", "%s could not answer, exit %d", name, WEXITSTATUS(status));
	return ANSWER_TROUBLE;
}

enum answer helper_run(const char *name, const struct bytes *parts, size_t n,
		       struct helper_reply *reply)
{
	char path[HELPER_PATH];
	struct pipes p;
	pid_t pid, parent = getpid();

	if (!helper_path(name, path) || !open_pipes(&p)) {
		log_error("helper", "can't start %s: %m", name);
		return ANSWER_TROUBLE;
	}
	pid = fork();
	if (pid == 0)
		child(path, &p, parent);
	close(p.to[0]);
	close(p.from[1]);
	bool ok = pid > 0 && ask(p.to[1], parts, n);
	close(p.to[1]);
	ok = ok && listen_to(p.from[0], reply);
	close(p.from[0]);
	enum answer answer = pid > 0 ? ending(pid, name) : ANSWER_TROUBLE;
	return ok ? answer : ANSWER_TROUBLE;
}
