/*
 * proxy_accept.c: a header, read by a process that does nothing else.
 *
 * It comes from a balancer that we trust, but its bytes may be a stranger's who got that
 * far; so the child that reads them is in the parser's jail, and what it says is taken for
 * no more than addresses: bytes of fixed number, of which any is valid.
 */
#include "proxy.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "pages.h"
#include "peek.h"
#include "signals.h"

static enum proxy_end end_of(enum peek_status status)
{
	switch (status) {
	case PEEK_OK:
		return PROXY_DONE;
	case PEEK_EOF:
	case PEEK_ERROR:
		return PROXY_EOF;
	case PEEK_SILENT:
	case PEEK_EXPIRED:
		return PROXY_LATE;
	case PEEK_STOP:
		return PROXY_STOP;
	case PEEK_TOO_LONG:
	case PEEK_TLS:
		break;
	}
	return PROXY_BAD;
}

/* One begins with P, the other with CR. */
static enum proxy_end read_header(struct peek *in, struct proxy *p)
{
	PAGES_APART static char header[PROXY_V2_MAX];
	enum peek_status status = peek_exact(in, header, 1);
	size_t n = 0;
	bool good = false;

	if (status == PEEK_OK && header[0] == 'P') {
		status = peek_line(in, header + 1, PROXY_V1_MAX - 1, &n);
		/* peek_line would also take a line without CR */
		good = status == PEEK_OK && header[n + 1] == '\r' &&
		       proxy_v1(p, (struct bytes){ header, n + 1 });
	} else if (status == PEEK_OK && header[0] == '\r') {
		status = peek_exact(in, header + 1, PROXY_V2_HEAD - 1);
		if (status == PEEK_OK && (n = proxy_v2_length(header)) > 0) {
			status = peek_exact(in, header + PROXY_V2_HEAD, n - PROXY_V2_HEAD);
			good = status == PEEK_OK && proxy_v2(p, (struct bytes){ header, n });
		}
	}
	return status != PEEK_OK ? end_of(status) : good ? PROXY_DONE : PROXY_BAD;
}

static enum proxy_end read_and_tell(int gate)
{
	struct proxy p;
	struct peek in = { .fd = 0,
			   .other = gate,
			   .silence_ms = PROXY_HEADER_MS,
			   .deadline = clock_ms() + PROXY_HEADER_MS,
			   .stop = &signals_stop,
			   .waiting = signals_waiting() };
	enum proxy_end end = read_header(&in, &p);

	if (end == PROXY_DONE && write(gate, &p, sizeof p) != sizeof p)
		return PROXY_TROUBLE;
	return end;
}

/* The child's exit status, once it is gone; it is made to go when time is over. */
static enum proxy_end outcome(pid_t child)
{
	int64_t deadline = clock_ms() + PROXY_HEADER_MS + 1000; /* it knows the time as well */
	int status = 0;
	pid_t got;

	while ((got = waitpid(child, &status, WNOHANG)) == 0 && clock_ms() < deadline &&
	       !signals_stop)
		signals_wait(NULL, 0, deadline);
	if (got != child) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return signals_stop ? PROXY_STOP : PROXY_LATE;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) < PROXY_TROUBLE)
		return (enum proxy_end)WEXITSTATUS(status);
	log_error("proxy", "the reader of the header died");
	return PROXY_TROUBLE;
}

static void believe(struct peer *peer, const struct proxy *p)
{
	const struct end source = { true, p->source, p->source_port };
	const struct end target = { true, p->target, p->target_port };

	if (p->relayed == 1)
		peer_relayed(peer, &source, &target, p->tls == 1);
}

enum proxy_end proxy_accept(struct peer *peer, const struct jail *j)
{
	pid_t self = getpid(), child;
	enum proxy_end end;
	struct proxy p;
	int pair[2];

	if (!peer_listed(peer, "PROXY_TRUSTED", NETWORK_LOOPBACK))
		return PROXY_STRANGER;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		log_die("start", "socketpair: %s", strerror(errno));
	child = fork();
	if (child < 0)
		log_die("start", "fork: %s", strerror(errno));
	if (child == 0) {
		jail_parser(j, pair[1], self);
		_exit((int)read_and_tell(pair[1]));
	}
	close(pair[1]);
	end = outcome(child);
	if (end == PROXY_DONE && recv(pair[0], &p, sizeof p, MSG_DONTWAIT | MSG_TRUNC) != sizeof p)
		end = PROXY_BAD;
	close(pair[0]);
	if (end == PROXY_DONE)
		believe(peer, &p);
	return end;
}

/* A fixed word for the log. */
static const char *reason(enum proxy_end end)
{
	static const char *const words[PROXY_ENDS] = {
		"done", "proxy-header", "proxy-eof", "proxy-slow", "proxy-untrusted",
		"stop", "proxy-trouble"
	};
	return words[end];
}

static void log_ip(const struct peer *peer)
{
	log_context("ip", bytes_of(*peer->ip ? peer->ip : "-"));
}

bool proxy_find_peer(struct peer *peer, bool proxied, const struct jail *j)
{
	enum proxy_end end = PROXY_DONE;

	peer_find(peer, 0);
	log_ip(peer);
	if (proxied)
		end = proxy_accept(peer, j);
	log_ip(peer);
	if (end == PROXY_DONE)
		return true;
	log_fields(end == PROXY_STOP ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "closed",
		   "reason=%s failures=0", reason(end));
	return false;
}
