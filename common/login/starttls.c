/*
 * starttls.c: see starttls.h.
 *
 * What is said on the control descriptor is believed in its form only (facts.h), and what
 * the environment said of TLS before is gone: a variable that somebody forged doesn't
 * make a connection safe, nor its client somebody.  Nothing that was read before TLS
 * is here to be taken for something said under it: the gate reads nothing, and the
 * parser that did is dead when this begins.
 */
#include "starttls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "facts.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "pages.h"
#include "signals.h"

#define CERT_FILE SYSCONFDIR "/roost/tls.pem"
#define PROGRAM "tls-server" /* beside our own */
#define OWN_FD 10            /* descriptors of ours begin here */
#define CONTROL_FD 3         /* of tls-server */
#define PLAIN_FD 4
#define CONTROL_FD_TEXT "3"
#define PLAIN_FD_TEXT "4"

static const char *const variables[] = { "SSLCTLFD", "SSLREADFD", "SSLWRITEFD" };

const char *starttls_certificates(void)
{
	const char *set = conf_get("TLS_CERT");

	if (set)
		return set;
	return access(CERT_FILE, F_OK) == 0 ? CERT_FILE : "";
}

/* The descriptor that a variable names, moved; -1. */
static int take(const char *name)
{
	const char *value = getenv(name);
	uint32_t fd;

	if (!value || !num_parse_u32(bytes_of(value), &fd) || fd < 3 || fd > INT_MAX)
		return -1;
	return fcntl((int)fd, F_DUPFD_CLOEXEC, OWN_FD);
}

void starttls_find(struct starttls *t)
{
	bool named = getenv(variables[0]) != NULL;

	*t = (struct starttls){ .control = take(variables[0]),
				.from = take(variables[1]),
				.to = take(variables[2]) };
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	unsetenv("UCSPITLS");
	if (t->control >= 0 && t->from >= 0 && t->to >= 0) {
		t->offered = true;
		return;
	}
	if (named)
		log_warn("tls", "SSLCTLFD, SSLREADFD and SSLWRITEFD are not all open descriptors");
	t->control = t->from = t->to = -1;
	t->ours = t->offered = *starttls_certificates() != '\0';
}

static bool beside_us(const char *name, char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;
	size_t room;

	if (n <= 0 || n >= PATH_MAX - 1)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	room = (size_t)(path + PATH_MAX - slash) - 1;
	return (size_t)snprintf(slash + 1, room, "%s", name) < room;
}

/* tls-server has the client on 0 and 1, as we do. */
static void become(const char *path, int control, int plain, const char *protocol)
	__attribute__((noreturn));
static void become(const char *path, int control, int plain, const char *protocol)
{
	char name[] = PROGRAM, option[] = "-a", word[32];
	char *argv[] = { name, option, word, NULL };

	snprintf(word, sizeof word, "%s", protocol);
	if (dup2(control, CONTROL_FD) < 0 || dup2(plain, PLAIN_FD) < 0 ||
	    setenv(variables[0], CONTROL_FD_TEXT, 1) < 0 ||
	    setenv(variables[1], PLAIN_FD_TEXT, 1) < 0 ||
	    setenv(variables[2], PLAIN_FD_TEXT, 1) < 0)
		_exit(111);
	signals_restore();
	execv(path, argv);
	log_error("exec", "%s: %s", path, strerror(errno));
	_exit(111);
}

static bool make_pair(int pair[2])
{
	int up;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	for (int i = 0; i < 2; i++) {
		up = fcntl(pair[i], F_DUPFD_CLOEXEC, OWN_FD);
		close(pair[i]);
		pair[i] = up;
	}
	return pair[0] >= 0 && pair[1] >= 0;
}

static bool start(struct starttls *t, const char *protocol)
{
	int control[2], plain[2];
	char path[PATH_MAX];

	if (!beside_us(PROGRAM, path) || !make_pair(control) || !make_pair(plain)) {
		log_error("tls", "can't start %s: %s", PROGRAM, strerror(errno));
		return false;
	}
	t->relay = fork();
	if (t->relay == 0)
		become(path, control[1], plain[1], protocol);
	close(control[1]);
	close(plain[1]);
	t->control = control[0];
	t->from = t->to = plain[0];
	if (t->relay > 0)
		return true;
	t->relay = 0;
	log_error("tls", "fork: %s", strerror(errno));
	return false;
}

/* Something to read on the control descriptor. */
static bool wait_control(const struct starttls *t, int64_t deadline)
{
	struct pollfd p = { .fd = t->control, .events = POLLIN };

	while (!signals_stop && clock_ms() < deadline)
		if (signals_wait(&p, 1, deadline) > 0)
			return true;
	return false;
}

bool starttls_ready(struct starttls *t, const char *protocol)
{
	char byte = 0;

	if (!t->ours)
		return true;
	if (!start(t, protocol))
		return false;
	if (wait_control(t, clock_ms() + STARTTLS_READY_S * 1000) &&
	    read(t->control, &byte, 1) == 1 && byte == 'R')
		return true;
	if (!signals_stop)
		log_error("tls", "%s is not ready to serve", PROGRAM);
	return false;
}

/* The handshake failed: true, and it is in the log. */
static bool told_failure(struct bytes message)
{
	struct bytes name, value;

	if (!facts_next(&message, &name, &value) || !bytes_is(name, FACTS_FAILURE))
		return false;
	log_info("tls", "handshake: %.*s", (int)value.n, value.p);
	return true;
}

static bool listen_for_facts(const struct starttls *t, struct facts *f, int64_t deadline)
{
	enum facts_status status = FACTS_MORE;

	while (status == FACTS_MORE && wait_control(t, deadline))
		status = facts_read(f, t->control);
	if (status == FACTS_WHOLE)
		return !told_failure((struct bytes){ f->raw, f->n });
	if (!signals_stop)
		log_info("tls", status == FACTS_BAD ? "no facts of a handshake"
						    : "the handshake took too long");
	return false;
}

void starttls_close(struct starttls *t)
{
	if (t->control >= 0)
		close(t->control);
	if (t->from >= 0)
		close(t->from);
	if (t->to >= 0 && t->to != t->from)
		close(t->to);
	t->control = t->from = t->to = -1;
}

bool starttls_begin(struct starttls *t, int64_t deadline)
{
	PAGES_APART static struct facts f;
	const char *version;

	if (deadline > clock_ms() + STARTTLS_HANDSHAKE_S * 1000)
		deadline = clock_ms() + STARTTLS_HANDSHAKE_S * 1000;
	if (file_write_all(t->control, "Y", 1) < 0 || !listen_for_facts(t, &f, deadline)) {
		if (t->relay > 0)
			kill(t->relay, SIGTERM);
		return false;
	}
	facts_export((struct bytes){ f.raw, f.n });
	version = getenv("SSL_PROTOCOL");
	if (!version || !*version || dup2(t->from, 0) < 0 || dup2(t->to, 1) < 0) {
		log_error("tls", "a handshake without a protocol");
		return false;
	}
	starttls_close(t);
	return true;
}

void starttls_end(const struct starttls *t)
{
	while (t->relay > 0 && waitpid(t->relay, NULL, WNOHANG) == 0)
		signals_wait(NULL, 0, INT64_MAX);
}
