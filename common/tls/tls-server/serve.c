/*
 * serve.c: relay and chain of one connection, see serve.h.
 *
 * The process that the listener started becomes the relay and is the last to exit.  The chain
 * is its child, forked before the walls go up: it keeps the uid we were started with, waits for
 * the facts, believes only their form (facts.h), and executes the command line with the
 * plain side of the relay as its 0 and 1.  If the handshake fails it says so in
 * the log, because the relay can't, and ends.
 */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "descriptors.h"
#include "facts.h"
#include "file.h"
#include "handshake.h"
#include "identity.h"
#include "tally.h"
#include "log.h"
#include "num.h"
#include "proxy.h"
#include "relay.h"
#include "signals.h"
#include "tickets.h"

#define OWN_FD 10 /* descriptors of ours begin here */
#define EXIT_TEMPORARY 111

/* The relay's side of the chain, or of whoever asked for it. */
struct link {
	int control;        /* the question for TLS, and the facts */
	int from, to;       /* plain bytes; the same where one descriptor has both */
	struct tally tally; /* of those who wait for a login, while we shake hands */
};

static int move_up(int fd, int how)
{
	int up = fcntl(fd, how, OWN_FD);

	if (up < 0)
		log_die("start", "descriptors: %s", strerror(errno));
	close(fd);
	return up;
}

static void make_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		log_die("start", "socketpair: %s", strerror(errno));
	pair[0] = move_up(pair[0], F_DUPFD_CLOEXEC);
	pair[1] = move_up(pair[1], F_DUPFD_CLOEXEC);
}

static void execute(char **chain) __attribute__((noreturn));
static void execute(char **chain)
{
	signals_restore();
	execvp(chain[0], chain);
	log_error("exec", "%s: %s", chain[0], strerror(errno));
	_exit(EXIT_TEMPORARY);
}

/* The handshake failed: true, and it is in the log. */
static bool told_failure(struct bytes message)
{
	struct bytes name, value;

	if (!facts_next(&message, &name, &value) || !bytes_is(name, FACTS_FAILURE))
		return false;
	log_info("closed", "handshake: %.*s", (int)value.n, value.p);
	return true;
}

/* The chain's process until it is the chain. */
static void chain_after_facts(struct server *s, int plain, int control) __attribute__((noreturn));
static void chain_after_facts(struct server *s, int plain, int control)
{
	static struct facts f;
	enum facts_status status = FACTS_MORE;
	struct bytes message;

	if (dup2(plain, 0) < 0 || dup2(plain, 1) < 0)
		_exit(EXIT_TEMPORARY);
	while (status == FACTS_MORE)
		status = facts_read(&f, control);
	message = (struct bytes){ f.raw, f.n };
	if (status != FACTS_WHOLE)
		log_error("closed", "the relay went away without a word");
	if (status != FACTS_WHOLE || told_failure(message))
		_exit(0);
	facts_export(message);
	execute(s->chain);
}

static void set_number(const char *name, int n)
{
	char text[16];

	snprintf(text, sizeof text, "%d", n);
	if (setenv(name, text, 1) < 0)
		_exit(EXIT_TEMPORARY);
}

/* UCSPI-TLS: the chain has the peer, and asks for TLS when it wants to. */
static void chain_at_once(struct server *s, int plain, int control) __attribute__((noreturn));
static void chain_at_once(struct server *s, int plain, int control)
{
	plain = move_up(plain, F_DUPFD);
	set_number("SSLCTLFD", move_up(control, F_DUPFD));
	set_number("SSLREADFD", plain);
	set_number("SSLWRITEFD", plain);
	set_number("UCSPITLS", 1);
	execute(s->chain);
}

static pid_t start_chain(struct server *s, struct link *l)
{
	int plain[2], control[2];
	pid_t pid;

	make_pair(plain);
	make_pair(control);
	pid = fork();
	if (pid < 0)
		log_die("start", "fork: %s", strerror(errno));
	if (pid == 0) {
		close(plain[0]);
		close(control[0]);
		if (s->delayed)
			chain_at_once(s, plain[1], control[1]);
		chain_after_facts(s, plain[1], control[1]);
	}
	close(plain[1]);
	close(control[1]);
	l->from = l->to = plain[0];
	l->control = control[0];
	return pid;
}

/* The byte on the control descriptor: 'y', 'Y', or 0 if there is none to come. */
static char asked_for(const struct link *l, pid_t chain)
{
	struct pollfd p = { .fd = l->control, .events = POLLIN };
	bool told = false;
	char byte;

	for (;;) {
		if (signals_wait(&p, 1, INT64_MAX) > 0) {
			ssize_t n = read(l->control, &byte, 1);

			if (n == 1 && (byte == 'y' || byte == 'Y'))
				return byte;
			if (n >= 0 || errno != EINTR)
				return 0;
		}
		if (signals_stop && chain == 0)
			return 0;
		if (signals_stop && !told)
			kill(chain, SIGTERM);
		told = told || signals_stop;
	}
}

static bool load(struct server *s)
{
	if (!s->context) {
		context_init();
		s->context = context_make(s->protocol, tickets_ready(false));
	}
	return s->context != NULL;
}

static void set_options(void)
{
	int on = 1;

	setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(0, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on other sockets */
}

static void do_not_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		log_die("start", "descriptor %d: %s", fd, strerror(errno));
}

/* Sends the facts, or why there are none. */
static bool tell(const struct link *l, SSL *ssl, const char *why)
{
	struct buf message = BUF_INIT;
	bool ok;

	if (ssl)
		identity_facts(ssl, &message);
	else
		identity_failure(why, &message);
	ok = file_write_all(l->control, message.p, message.n) == 0;
	buf_free(&message);
	return ok;
}

static void put_up_walls(struct server *s, const struct link *l, pid_t chain)
{
	const int keep[] = { l->control, l->from, l->to, l->tally.place.fd };

	do_not_block(0);
	do_not_block(l->from);
	do_not_block(l->to);
	confine(&s->wall, keep, sizeof keep / sizeof keep[0], chain);
}

/* Within the walls. */
static void relay(struct server *s, struct link *l, pid_t chain, bool facts)
{
	struct relay r = { .peer = 0, .from = l->from, .to = l->to, .chain = chain };
	const char *why;
	bool told;

	r.ssl = handshake(s->context, 0, clock_ms() + s->handshake_ms, &why);
	context_forget(s->context, r.ssl);
	tally_leave(&l->tally); /* the chain counts itself */
	told = !facts || tell(l, r.ssl, why);
	close(l->control);
	if (told && r.ssl)
		relay_run(&r);
}

static void wait_chain(pid_t chain)
{
	bool told = false;

	while (waitpid(chain, NULL, WNOHANG) == 0) {
		if (signals_stop && !told)
			kill(chain, SIGTERM); /* what we may not do is not needed either */
		told = told || signals_stop;
		signals_wait(NULL, 0, INT64_MAX);
	}
}

/* A chain that starts after the handshake can't count who waits for it. */
static bool enter(const struct server *s, struct link *l)
{
	l->tally.place.fd = -1;
	if (s->delayed)
		return true;
	if (!tally_enter(&l->tally, s->peer.ip)) {
		log_fields(LOG_LEVEL_WARN, "closed", "reason=crowd");
		return false;
	}
	return true;
}

int serve(struct server *s)
{
	struct link l;
	pid_t chain;
	char asked = 'Y';
	const struct jail reader = { .root = s->wall.root,
				     .parser = s->wall.user,
				     .run_dir = s->wall.run_dir };

	set_options();
	if (!proxy_find_peer(&s->peer, s->proxied, &reader) || !enter(s, &l))
		return 0;
	chain = start_chain(s, &l);
	if (s->delayed)
		asked = asked_for(&l, chain);
	if (asked && load(s)) {
		put_up_walls(s, &l, chain);
		relay(s, &l, chain, asked == 'Y');
	}
	for (int fd = 0; fd < 2; fd++)
		close(fd);
	descriptors_close(NULL, 0);
	wait_chain(chain);
	return 0;
}

/* A descriptor that a variable names. */
static int inherited(const char *name)
{
	const char *value = getenv(name);
	uint32_t fd;

	if (!value || !num_parse_u32(bytes_of(value), &fd) || fd < 3 || fd > 1023 ||
	    fcntl((int)fd, F_GETFD) < 0)
		log_die("usage", "%s names no open descriptor", name);
	return (int)fd;
}

int serve_control(struct server *s)
{
	struct link l = { .tally = { .place = { .fd = -1 } } };
	char asked;

	l.control = fcntl(inherited("SSLCTLFD"), F_DUPFD_CLOEXEC, OWN_FD);
	l.from = fcntl(inherited("SSLREADFD"), F_DUPFD_CLOEXEC, OWN_FD);
	l.to = fcntl(inherited("SSLWRITEFD"), F_DUPFD_CLOEXEC, OWN_FD);
	if (l.control < 0 || l.from < 0 || l.to < 0)
		log_die("start", "descriptors: %s", strerror(errno));
	set_options();
	if (!load(s))
		return EXIT_TEMPORARY;
	put_up_walls(s, &l, 0);
	if (file_write_all(l.control, "R", 1) < 0)
		return EXIT_TEMPORARY;
	asked = asked_for(&l, 0);
	if (asked)
		relay(s, &l, 0, asked == 'Y');
	return 0;
}
