/*
 * load.c: the load generator of `make bench`.  Prints one JSON object per measurement with its
 * own CPU time in it, so that nobody need believe that it isn't the bottleneck.
 *
 *	load session PORT USER PASSWORD CLIENTS SESSIONS
 *		SESSIONS times connect, LOGIN, SELECT INBOX, LOGOUT by each of CLIENTS
 *	load dummy
 *		a server that knows these four answers and does nothing: prints its port and
 *		serves until stdin ends; what the generator itself can do
 *	load talk ..., load append ..., load sendfile ..., load idle ..., load floor ...
 *		talk.c, stream.c, idle.c, floor.c
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "load.h"
#include "num.h"

#define CLIENTS_MAX 64

unsigned load_number(const char *text)
{
	uint32_t n;

	errno = EINVAL;
	if (!num_parse_u32(bytes_of(text), &n) || n == 0)
		client_die(text);
	return n;
}

uint64_t load_cpu_us(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* What a client adds up for the parent. */
struct sum {
	uint64_t us, bytes, exists;
};

static void one_session(struct client *c, unsigned port, const char *login, struct sum *sum)
{
	uint64_t began = client_now_us();
	struct reply r;

	client_open(c, port);
	client_must(c, login, &r);
	client_must(c, "SELECT INBOX", &r);
	sum->exists = r.exists;
	sum->bytes += r.bytes;
	client_must(c, "LOGOUT", &r);
	client_close(c);
	sum->us += client_now_us() - began;
}

static int sessions(char **argv)
{
	static struct client c;
	unsigned port = load_number(argv[0]), clients = load_number(argv[3]);
	unsigned n = load_number(argv[4]);
	char login[512];
	struct sum *sums = mmap(NULL, sizeof *sums * CLIENTS_MAX, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sum all = { 0 };
	uint64_t began = client_now_us();
	int status, bad = 0;

	errno = E2BIG;
	if (clients > CLIENTS_MAX || sums == MAP_FAILED)
		client_die("clients");
	snprintf(login, sizeof login, "LOGIN %s %s", argv[1], argv[2]);
	for (unsigned i = 0; i < clients; i++)
		if (fork() == 0) {
			for (unsigned k = 0; k < n; k++)
				one_session(&c, port, login, &sums[i]);
			_exit(0);
		}
	while (wait(&status) > 0)
		bad |= status;
	if (bad)
		return 1;
	for (unsigned i = 0; i < clients; i++) {
		all.us += sums[i].us;
		all.bytes += sums[i].bytes;
		if (i && sums[i].exists != all.exists)
			return 1;
		all.exists = sums[i].exists;
	}
	printf("{\"sessions\": %u, \"us\": %llu, \"session_us\": %llu, \"exists\": %llu, "
	       "\"client_cpu_us\": %llu}\n",
	       n * clients, (unsigned long long)(client_now_us() - began),
	       (unsigned long long)(all.us / (n * clients)), (unsigned long long)all.exists,
	       (unsigned long long)load_cpu_us(RUSAGE_CHILDREN));
	return 0;
}

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* One connection: each line a command, told apart by its verb's first letter. */
static void dummy_serve(int fd)
{
	char line[512], answer[600];
	ssize_t n;

	say(fd, "* OK ready\r\n");
	while ((n = recv(fd, line, sizeof line - 1, 0)) > 0) {
		line[n] = '\0';
		char *verb = strchr(line, ' ');
		bool out = verb && verb[1] == 'L' && verb[4] == 'O';

		if (!verb)
			return;
		*verb = '\0';
		snprintf(answer, sizeof answer, "%s%s OK done\r\n",
			 out              ? "* BYE\r\n"
			 : verb[1] == 'S' ? "* 1 EXISTS\r\n"
					  : "",
			 line);
		say(fd, answer);
		if (out)
			return;
	}
}

static int dummy(char **argv)
{
	unsigned port;
	int listener = load_listen(&port);
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
			       { .fd = listener, .events = POLLIN } };

	(void)argv;
	printf("{\"port\": %u}\n", port);
	fflush(stdout);
	while (poll(p, 2, -1) > 0 && !p[0].revents) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			client_die("accept");
		dummy_serve(fd);
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(char **argv);
	} modes[] = {
		{ "session", 5, sessions },       { "dummy", 0, dummy },
		{ "talk", 3, load_talk },         { "append", 8, load_append },
		{ "sendfile", 2, load_sendfile }, { "idle", 4, load_idle },
		{ "floor", 2, load_floor },
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (argc == modes[i].arguments + 2 && strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run(argv + 2);
	fprintf(stderr, "usage: load MODE ARGUMENT...; tests/bench/load.c has the modes\n");
	return 64;
}
