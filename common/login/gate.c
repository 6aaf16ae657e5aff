/*
 * gate.c: a login from the first fork to the handler that has the connection.
 *
 * The gate is the process that the listener started, keeps its uid until somebody is let
 * in, and is the last to exit (wait.c).  It reads no byte of the peer's: the parser, forked
 * before anything else, does, and may be anybody's puppet.  So the gate judges a request
 * by itself, counts, delays, and kills a parser that doesn't end when it should.
 *
 * What connections have in common (guesses, how many wait) is in tally.c, how TLS begins
 * in starttls.c.
 */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authenticate.h"
#include "clock.h"
#include "conf.h"
#include "descriptors.h"
#include "external.h"
#include "jail.h"
#include "log.h"
#include "peer.h"
#include "proxy.h"
#include "signals.h"
#include "starttls.h"
#include "tally.h"
#include "wait.h"
#include "writer.h"

#define EXIT_MISUSE 2
#define OWN_FD 10           /* descriptors of ours begin here */
#define PARSER_LATE_MS 5000 /* how long after its own deadline a parser may live */

struct gate {
	const struct protocol *protocol;
	char **argv;  /* of the authenticator */
	bool proxied; /* -p */
	struct peer peer;
	struct jail jail;
	struct tally tally;
	struct starttls tls;
	struct talk talk; /* the parser's copy is made by fork */
	int control;      /* to the parser */
	pid_t parser;
	int answer_ms, delay_ms;
	int64_t asked; /* clock_ms() when the authenticator was about to be */
	unsigned failures, attempts;
	char certified[LOGIN_USER_MAX + 1]; /* whom the client's certificate names, or "" */
	bool handed_over;                   /* we are nobody now, and may hardly do anything */
};

/* What authenticators take for facts must come from us. */
static void clean_environment(void)
{
	static const char *const facts[] = {
		"AUTHORIZED", "AUTHMECH", "AUTHSTEP", "MASTER_USER", "CREDENTIALS_LOOKUP",
		"LOGINFD",    "IMAPTAG",  "HOME",     "USER",        "SHELL",
		"MAIL"
	};
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		unsetenv(facts[i]);
}

/* Nothing but 0, 1, 2 is handed on by accident. */
static void close_others(struct gate *g)
{
	if (fcntl(0, F_GETFD) < 0 || fcntl(1, F_GETFD) < 0)
		log_die("start", "descriptors 0 and 1 are not both open");
	starttls_find(&g->tls);
	const int keep[] = { g->tls.control, g->tls.from, g->tls.to };
	descriptors_close(keep, sizeof keep / sizeof keep[0]);
}

static int seconds(const char *key, unsigned fallback, unsigned min)
{
	return (int)conf_u64(key, fallback, min, 3600) * 1000;
}

/* -1: that is no command line. */
static int options(struct gate *g, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+p")) == 'p')
		g->proxied = true;
	g->argv = argv + optind;
	if (c == -1 && *g->argv)
		return 0;
	log_error("usage", "%s [-p] AUTHENTICATOR... HANDLER...", g->protocol->program);
	return -1;
}

static void settings(struct gate *g)
{
	g->talk.plaintext = g->peer.local || g->peer.tls || conf_bool("LOGIN_PLAINTEXT", false);
	g->talk.starttls = g->tls.offered && !g->peer.tls;
	g->talk.external = external_user(g->certified);
	g->talk.silence_ms = seconds("LOGIN_SILENCE_TIMEOUT", LOGIN_SILENCE_S, 1);
	g->talk.deadline = clock_ms() + seconds("LOGIN_TIMEOUT", LOGIN_TIME_S, 1);
	g->answer_ms = seconds("LOGIN_AUTH_TIMEOUT", LOGIN_ANSWER_S, 1);
	g->delay_ms = seconds("LOGIN_FAILURE_DELAY", LOGIN_DELAY_S, 0);
}

static int move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD);

	if (up < 0)
		log_die("start", "descriptors: %s", strerror(errno));
	close(fd);
	return up;
}

static void fork_parser(struct gate *g)
{
	pid_t self = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		log_die("start", "socketpair: %s", strerror(errno));
	g->control = move_up(pair[0]);
	g->talk.gate = move_up(pair[1]);
	g->parser = fork();
	if (g->parser < 0)
		log_die("start", "fork: %s", strerror(errno));
	if (g->parser == 0) {
		jail_parser(&g->jail, g->talk.gate, self);
		_exit((int)g->protocol->talk(&g->talk));
	}
	close(g->talk.gate);
}

/* How a parser ended, for the log. */
static const char *last_word(int status)
{
	static const char *const words[TALK_ENDS] = {
		"logout",   "eof",  "silence", "slow", "abuse",
		"failures", "stop", "tls",     "http", "starttls",
	};
	static char died[32];

	if (WIFEXITED(status) && WEXITSTATUS(status) < TALK_ENDS)
		return words[WEXITSTATUS(status)];
	if (WIFEXITED(status))
		snprintf(died, sizeof died, "parser-exit-%d", WEXITSTATUS(status));
	else
		snprintf(died, sizeof died, "parser-signal-%d", WTERMSIG(status));
	return died;
}

/* The parser is gone when this returns; by itself, if `patient`, and then it may still say
 * BYE.  Otherwise not a byte of its comes after what the handler writes.  Its status. */
static int end_parser(struct gate *g, bool patient)
{
	int64_t deadline = clock_ms() + PARSER_LATE_MS;
	int status = 0;
	pid_t got = 0;

	if (patient)
		close(g->control); /* it ends when it sees this */
	while (patient && (got = waitpid(g->parser, &status, WNOHANG)) == 0 &&
	       clock_ms() < deadline)
		signals_wait(NULL, 0, deadline);
	if (got != g->parser) {
		kill(g->parser, SIGKILL);
		waitpid(g->parser, &status, 0);
	}
	if (!patient)
		close(g->control);
	return status;
}

/* The next request: its length, 0 when the parser ended or we are to stop. */
static size_t next_request(struct gate *g, char *p, size_t size)
{
	struct pollfd control = { .fd = g->control, .events = POLLIN };
	int64_t deadline = g->talk.deadline + PARSER_LATE_MS;

	while (!signals_stop && clock_ms() < deadline) {
		if (signals_wait(&control, 1, deadline) > 0) {
			ssize_t n = recv(g->control, p, size, MSG_DONTWAIT);
			return n > 0 ? (size_t)n : 0;
		}
	}
	return 0;
}

/* For failures of earlier connections.  Before anything is started: two small processes
 * sleep, and a guess costs nothing else meanwhile. */
static void penalty(struct gate *g)
{
	int ms = tally_penalty(&g->tally);

	if (ms)
		log_fields(LOG_LEVEL_INFO, "penalty", "ms=%d", ms);
	signals_pause(clock_ms(), ms);
}

/* EXTERNAL: the user is the certificate's, whatever the parser says, which may only say less:
 * that the client asks for somebody else. */
static bool certify(const struct gate *g, struct record *r)
{
	bool allowed = external_allows(g->certified, r->user);

	explicit_bzero(r->password, sizeof r->password);
	if (allowed)
		memcpy(r->user, g->certified, sizeof r->user);
	return allowed;
}

static enum outcome judge(struct gate *g, struct record *r, struct attempt *a)
{
	enum outcome o;

	if (!g->talk.plaintext)
		return OUTCOME_PRIVACY;
	if (g->attempts == 1)
		penalty(g);
	if (signals_stop)
		return OUTCOME_STOPPED;
	g->asked = clock_ms();
	if (r->method == METHOD_EXTERNAL && !certify(g, r))
		return *g->certified ? OUTCOME_AUTHORIZATION : OUTCOME_FAILED;
	if (!record_name_valid(bytes_of(r->user)) ||
	    (r->method != METHOD_EXTERNAL && !*r->password))
		return OUTCOME_FAILED;
	tally_busy(&g->tally, true);
	o = authenticate(a, r, g->protocol->tag_variable, g->argv, g->answer_ms);
	if (!signals_stop)
		tally_busy(&g->tally, false);
	return o;
}

/* Counts, delays and tells the parser; false when that was the last attempt. */
static bool refuse(struct gate *g, enum outcome o)
{
	struct answer answer = { .outcome = (uint8_t)o };

	if (outcome_counts(o)) {
		g->failures++;
		tally_failed(&g->tally);
	}
	answer.final = g->failures >= LOGIN_FAILURES_MAX || g->attempts >= LOGIN_ATTEMPTS_MAX;
	log_fields(LOG_LEVEL_INFO, "failure", "reason=%s attempt=%u", outcome_code(o), g->attempts);
	/* From the question on, whether somebody was asked or not: how long that took tells
	 * nothing about who is a user here. */
	if (outcome_counts(o))
		signals_pause(g->asked, (int64_t)g->delay_ms << (g->failures - 1));
	return send(g->control, &answer, sizeof answer, MSG_NOSIGNAL) == sizeof answer &&
	       !answer.final;
}

static void hand_over(struct gate *g, struct attempt *a)
{
	tally_leave(&g->tally); /* first: nobody sends away who is let in */
	if (*a->user)
		log_context("user", bytes_of(a->user));
	end_parser(g, false);
	log_fields(LOG_LEVEL_INFO, "login", "pid=%ld attempt=%u", (long)a->pid, g->attempts);
	g->handed_over = true;
	wait_handler(a, &g->jail);
	starttls_end(&g->tls);
}

static void log_closed(const struct gate *g, const char *reason)
{
	log_fields(LOG_LEVEL_INFO, "closed", "reason=%s failures=%u", reason, g->failures);
}

/* The parser says no more in the clear, the client shakes hands, and a parser that has read
 * nothing of the client yet goes on.  False: the connection is over. */
static bool begin_tls(struct gate *g)
{
	struct answer answer = { .outcome = OUTCOME_READY };
	bool ready = starttls_ready(&g->tls, g->protocol->alpn);
	int status;

	if (!ready)
		answer = (struct answer){ .outcome = OUTCOME_UNAVAILABLE, .final = 1 };
	if (send(g->control, &answer, sizeof answer, MSG_NOSIGNAL) < 0)
		log_debug("tls", "the parser has gone");
	status = end_parser(g, true);
	if (!ready || !WIFEXITED(status) || WEXITSTATUS(status) != TALK_STARTTLS) {
		log_closed(g, ready ? last_word(status) : "no-tls");
		return false;
	}
	if (!starttls_begin(&g->tls, g->talk.deadline)) {
		log_closed(g, signals_stop ? "stop" : "handshake");
		return false;
	}
	g->peer.tls = g->talk.plaintext = g->talk.greeted = true;
	g->talk.starttls = false;
	g->talk.external = external_user(g->certified);
	fork_parser(g);
	return true;
}

/* For the log: what we know of the encryption. */
static const char *tls_word(const struct gate *g)
{
	const char *version = getenv("SSL_PROTOCOL");

	return version && *version ? version : g->peer.tls ? "proxy" : "no";
}

/* One request.  False: the connection is over, or somebody else's. */
static bool serve(struct gate *g, char *request, size_t n)
{
	struct attempt a;
	struct record r;
	enum outcome o;
	bool valid = record_get(&r, (struct bytes){ request, n });

	if (g->talk.starttls && n == 1 && *request == TALK_WANTS_TLS)
		return begin_tls(g);
	explicit_bzero(request, n);
	if (!valid) {
		log_error("parser", "a request that no parser of ours makes");
		end_parser(g, false);
		return false;
	}
	g->attempts++;
	log_context("user", bytes_of(r.user));
	log_context("method", bytes_of(record_method(&r)));
	log_context("tls", bytes_of(tls_word(g)));
	o = judge(g, &r, &a);
	record_wipe(&r);
	if (o < OUTCOME_REFUSALS) {
		if (refuse(g, o))
			return true;
		end_parser(g, true);
	} else if (o == OUTCOME_READY) {
		hand_over(g, &a);
	} else {
		log_closed(g, o == OUTCOME_STOPPED ? "stop" : "no-handler");
		end_parser(g, o == OUTCOME_STOPPED);
	}
	return false;
}

/* Nobody was let in. */
static void leave(struct gate *g)
{
	tally_leave(&g->tally);
	close(0);
	close(1);
	starttls_close(&g->tls);
	starttls_end(&g->tls);
}

static void run(struct gate *g)
{
	char request[LOGIN_RECORD_MAX + 1];
	bool more;

	do {
		size_t n = next_request(g, request, sizeof request);

		if (n == 0) {
			if (signals_stop)
				kill(g->parser, SIGTERM);
			log_closed(g, last_word(end_parser(g, true)));
			return;
		}
		more = serve(g, request, n);
	} while (more);
}

int gate_main(const struct protocol *protocol, int argc, char **argv)
{
	static struct gate g;

	g.protocol = protocol;
	clean_environment();
	log_open(protocol->program);
	if (options(&g, argc, argv) < 0)
		return EXIT_MISUSE;
	close_others(&g);
	signals_catch();
	jail_find(&g.jail);
	jail_private();
	if (!proxy_find_peer(&g.peer, g.proxied, &g.jail))
		return 0;
	settings(&g);
	writer_no_delay(1); /* a BYE held back is lost if the client sends a byte as we close */
	if (!tally_enter(&g.tally, g.peer.ip)) {
		log_fields(LOG_LEVEL_WARN, "closed", "reason=crowd failures=0");
		return 0;
	}
	fork_parser(&g);
	run(&g);
	if (!g.handed_over)
		leave(&g);
	return 0;
}

int talk_starttls(const struct talk *t)
{
	const char request = TALK_WANTS_TLS;
	struct answer answer;

	if (write(t->gate, &request, 1) != 1 ||
	    recv(t->gate, &answer, sizeof answer, 0) != sizeof answer)
		return -1;
	return answer.outcome == OUTCOME_READY;
}

bool talk_ask(const struct talk *t, const struct record *r, struct answer *answer)
{
	char request[LOGIN_RECORD_MAX];
	size_t n = record_put(r, request);
	bool sent = write(t->gate, request, n) == (ssize_t)n; /* SIGPIPE is ignored */

	explicit_bzero(request, sizeof request);
	return sent && recv(t->gate, answer, sizeof *answer, 0) == sizeof *answer &&
	       answer->outcome < OUTCOME_REFUSALS;
}
