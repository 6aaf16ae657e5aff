/*
 * listener.c: see listener.h.
 *
 * OpenSSL is started and the certificates are read once, so a connection costs two forks and
 * a handshake.  Files that have changed are read again when a connection comes (at most
 * once a second), or at SIGHUP; sessions go on.  SIGTERM closes the sockets, goes to all that
 * was started, each connection being a process group, and waits for them.
 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "log.h"
#include "num.h"
#include "signals.h"
#include "tickets.h"
#include "warm.h"

#define FIRST_INHERITED 3 /* SD_LISTEN_FDS_START */
#define LOOK_MS 1000      /* between looks at the files */
#define REST_MS 100       /* after accept failed for want of something */

struct master {
	struct listener *l;
	struct server *s;
	pid_t *children;
	size_t n, max;
	int64_t looked; /* at the files, clock_ms() */
};

static volatile sig_atomic_t hangup;

static void on_hangup(int sig)
{
	(void)sig;
	hangup = 1;
}

static void on_interrupt(int sig)
{
	(void)sig;
	signals_stop = 1;
}

/* As a socket address; the part before the last colon may be empty: every address. */
static bool parse_address(const char *where, struct sockaddr_storage *out, socklen_t *size)
{
	struct bytes all = bytes_of(where), host, port;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	size_t colon = bytes_rchr(all, ':');
	char text[INET6_ADDRSTRLEN];
	uint64_t number;

	if (colon == BYTES_NONE)
		return false;
	host = bytes_sub(all, 0, colon);
	port = bytes_from(all, colon + 1);
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = bytes_sub(host, 1, host.n - 2);
	else if (host.n == 0)
		host = BYTES("::");
	if (host.n >= sizeof text || !num_parse(port, 65535, &number))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)number);
		*size = sizeof *v4;
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)number);
	*size = sizeof *v6;
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

static void keep(struct listener *l, int fd)
{
	if (l->n == LISTENER_SOCKETS)
		log_die("start", "more than %d sockets to listen on", LISTENER_SOCKETS);
	l->fd[l->n++] = fd;
}

/* Where it listens, as it turned out: port 0 is any. */
static void tell(int fd)
{
	struct sockaddr_storage a;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
	socklen_t size = sizeof a;
	char text[INET6_ADDRSTRLEN] = "-";
	bool old;

	if (getsockname(fd, (struct sockaddr *)&a, &size) < 0)
		return;
	old = a.ss_family == AF_INET;
	if (!old && a.ss_family != AF_INET6)
		return;
	inet_ntop(a.ss_family, old ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr, text,
		  sizeof text);
	log_fields(LOG_LEVEL_INFO, "listen", "ip=%s port=%u", text,
		   ntohs(old ? v4->sin_port : v6->sin6_port));
}

void listener_add(struct listener *l, const char *where)
{
	struct sockaddr_storage a;
	socklen_t size;
	int fd, on = 1, off = 0;

	if (!parse_address(where, &a, &size))
		log_die("usage", "-l %s: not ADDRESS:PORT in numbers", where);
	fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && a.ss_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&a)->sin6_addr))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, LISTENER_BACKLOG) < 0)
		log_die("start", "-l %s: %s", where, strerror(errno));
	keep(l, fd);
}

static bool number_of(const char *name, uint32_t *n)
{
	const char *value = getenv(name);

	return value && num_parse_u32(bytes_of(value), n);
}

void listener_inherit(struct listener *l)
{
	uint32_t pid, n;

	if (number_of("LISTEN_PID", &pid) && pid == (uint32_t)getpid() &&
	    number_of("LISTEN_FDS", &n))
		for (uint32_t i = 0; i < n; i++) {
			fcntl(FIRST_INHERITED + (int)i, F_SETFD, FD_CLOEXEC);
			keep(l, FIRST_INHERITED + (int)i);
		}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

/* What a listener before us said of a peer is not true of ours. */
static void forget_peer(void)
{
	static const char *const names[] = { "TCPREMOTEIP",   "TCPREMOTEPORT", "TCPREMOTEHOST",
					     "TCPREMOTEINFO", "TCPLOCALIP",    "TCPLOCALPORT",
					     "TCPLOCALHOST",  "PROTO",         "REMOTE_ADDR",
					     "REMOTE_PORT",   "REMOTE_HOST" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
}

static void catch_more(void)
{
	struct sigaction sa = { .sa_handler = on_hangup };
	sigset_t more;

	sigemptyset(&more);
	sigaddset(&more, SIGHUP);
	sigaddset(&more, SIGINT);
	sigprocmask(SIG_BLOCK, &more, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = on_interrupt;
	sigaction(SIGINT, &sa, NULL);
}

/* A child: as if a listener had started it for this connection. */
static void connection(struct master *m, int fd) __attribute__((noreturn));
static void connection(struct master *m, int fd)
{
	setpgid(0, 0);
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0)
		_exit(111);
	close(fd);
	for (size_t i = 0; i < m->l->n; i++)
		close(m->l->fd[i]);
	_exit(serve(m->s));
}

static void look_at_files(struct master *m)
{
	int64_t now = clock_ms();

	if (!hangup && now - m->looked < LOOK_MS)
		return;
	m->looked = now;
	if (hangup || watch_changed(&m->s->context->watch))
		m->s->context = context_renew(m->s->context);
	hangup = 0;
	tickets_ready(true);
}

static void take_one(struct master *m, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_error("listen", "accept: %s", strerror(errno));
			clock_sleep_ms(REST_MS);
		}
		return;
	}
	look_at_files(m);
	pid = fork();
	if (pid == 0)
		connection(m, fd);
	if (pid < 0)
		log_error("listen", "fork: %s", strerror(errno));
	else
		m->children[m->n++] = pid;
	close(fd);
}

static void reap(struct master *m)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (size_t i = 0; i < m->n; i++)
			if (m->children[i] == pid) {
				m->children[i] = m->children[--m->n];
				break;
			}
}

/* With as many connections as are allowed, the next ones wait until one ends. */
static void wait_and_take(struct master *m)
{
	struct pollfd p[LISTENER_SOCKETS] = { 0 };
	sigset_t set = signals_waiting();

	sigdelset(&set, SIGHUP);
	sigdelset(&set, SIGINT);
	for (size_t i = 0; i < m->l->n; i++)
		p[i] = (struct pollfd){ .fd = m->l->fd[i], .events = POLLIN };
	if (ppoll(p, m->n < m->max ? m->l->n : 0, NULL, &set) > 0)
		for (size_t i = 0; i < m->l->n; i++)
			if (p[i].revents && m->n < m->max)
				take_one(m, m->l->fd[i]);
	reap(m);
	if (hangup)
		look_at_files(m);
}

static void signal_all(const struct master *m, int sig)
{
	for (size_t i = 0; i < m->n; i++)
		kill(-m->children[i], sig);
}

static void end_all(struct master *m)
{
	int64_t until = clock_ms() + LISTENER_END_MS;

	for (size_t i = 0; i < m->l->n; i++)
		close(m->l->fd[i]);
	signal_all(m, SIGTERM);
	while (m->n && clock_ms() < until) {
		signals_wait(NULL, 0, until);
		reap(m);
	}
	signal_all(m, SIGKILL);
}

int listener_run(struct listener *l, struct server *s)
{
	struct master m = { .l = l, .s = s };

	m.max = (size_t)conf_u64("TLS_CONNECTIONS_MAX", LISTENER_CONNECTIONS, 1, 1000000);
	m.children = mem_alloc(m.max * sizeof *m.children);
	forget_peer();
	catch_more();
	context_init();
	s->context = context_make(s->protocol, tickets_ready(true));
	if (!s->context)
		return 111;
	warm(s->context);
	for (size_t i = 0; i < l->n; i++) {
		fcntl(l->fd[i], F_SETFL, fcntl(l->fd[i], F_GETFL) | O_NONBLOCK);
		tell(l->fd[i]);
	}
	while (!signals_stop)
		wait_and_take(&m);
	log_info("closed", "shutting down");
	end_all(&m);
	context_free(s->context);
	free(m.children);
	return 0;
}
