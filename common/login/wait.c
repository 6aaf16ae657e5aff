/*
 * wait.c: see wait.h.
 *
 * We are nobody by now, so a handler that is somebody can't be signalled by kill(2) unless
 * we share a uid.  It owns its end of LOGINFD with O_ASYNC and SIGTERM: shutting down
 * ours for writing reaches it, and its last words still reach us.
 */
#include "wait.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "num.h"
#include "signals.h"

#define LAST_WORDS_MAX 64 /* bytes of "in=N out=N" with numbers of any size */
#define MESSAGES_MAX 8    /* on LOGINFD that are looked at when all is over */

static bool take(struct bytes *b, const char *key, uint64_t *n)
{
	if (!bytes_starts(*b, bytes_of(key)))
		return false;
	*b = bytes_from(*b, strlen(key));
	return num_take(b, UINT64_MAX, n);
}

bool traffic_parse(struct traffic *t, struct bytes message)
{
	struct traffic got = { .known = true };

	if (message.n > LAST_WORDS_MAX || !take(&message, "in=", &got.in) ||
	    !take(&message, " out=", &got.out) || !(message.n == 0 || bytes_is(message, "\n")))
		return false;
	*t = got;
	return true;
}

/* What the handler left for us; it is gone and says no more. */
static void last_words(int fd, struct traffic *t)
{
	char text[LAST_WORDS_MAX + 1];
	ssize_t n;

	for (int i = 0; i < MESSAGES_MAX; i++) {
		n = recv(fd, text, sizeof text, MSG_DONTWAIT);
		if (n <= 0)
			return;
		traffic_parse(t, (struct bytes){ text, (size_t)n });
	}
}

static void stop(const struct attempt *a)
{
	shutdown(a->fd, SHUT_WR);
	kill(a->pid, SIGTERM);
}

static void log_end(int status, const struct traffic *t, int64_t ms)
{
	char bytes[64] = "";

	if (t->known)
		snprintf(bytes, sizeof bytes, " in=%llu out=%llu", (unsigned long long)t->in,
			 (unsigned long long)t->out);
	if (WIFSIGNALED(status))
		log_fields(LOG_LEVEL_WARN, "logout", "ms=%lld%s signal=%d", (long long)ms, bytes,
			   WTERMSIG(status));
	else
		log_fields(LOG_LEVEL_INFO, "logout", "ms=%lld%s status=%d", (long long)ms, bytes,
			   WEXITSTATUS(status));
}

void wait_handler(struct attempt *a, const struct jail *j)
{
	int64_t start = clock_ms();
	struct traffic traffic = { .known = false };
	bool told = false;
	pid_t got;

	jail_waiter(j, a->fd, a->pid);
	while ((got = waitpid(a->pid, &a->status, WNOHANG)) == 0) {
		if (signals_stop && !told) {
			stop(a);
			told = true;
		}
		signals_wait(NULL, 0, INT64_MAX);
	}
	last_words(a->fd, &traffic);
	log_end(a->status, &traffic, clock_ms() - start);
}
