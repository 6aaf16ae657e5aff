/* signals.c: see signals.h.  SIGPIPE is ignored: a peer that went away is an
 * error of write, not a death. */
#include "signals.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"

volatile sig_atomic_t signals_stop;
static sigset_t before;

static void on_signal(int sig)
{
	if (sig == SIGTERM)
		signals_stop = 1;
}

void signals_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t mine;

	sigemptyset(&mine);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mine, &before);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

void signals_restore(void)
{
	sigset_t none;

	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

sigset_t signals_waiting(void)
{
	sigset_t set = before;

	sigdelset(&set, SIGTERM);
	sigdelset(&set, SIGCHLD);
	return set;
}

int signals_wait(struct pollfd *p, nfds_t n, int64_t deadline)
{
	int64_t left = deadline == INT64_MAX ? 0 : deadline - clock_ms();
	struct timespec t = { left / 1000, left % 1000 * 1000000 };
	sigset_t set = signals_waiting();

	if (left < 0)
		t = (struct timespec){ 0, 0 };
	int got = ppoll(p, n, deadline == INT64_MAX ? NULL : &t, &set);
	return got < 0 && errno == EINTR ? 0 : got;
}

void signals_pause(int64_t since, int64_t ms)
{
	int64_t until = since + ms + (ms > 0); /* clock_ms rounds down, so `since` was later */

	while (!signals_stop && clock_ms() < until)
		signals_wait(NULL, 0, until);
}
