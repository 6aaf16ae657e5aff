/*
 * signals.h: SIGTERM and SIGCHLD, delivered only while waiting.
 *
 * Both are blocked from signals_catch on and let in by signals_wait (and by who
 * uses signals_waiting for a ppoll of his own), so that none is missed between a look
 * and a wait.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>

extern volatile sig_atomic_t signals_stop; /* SIGTERM came */

void signals_catch(void);
/* Defaults, and nothing blocked, whatever we were started with: for a child before exec, which
 * wants to hear SIGTERM and to wait for children of its own. */
void signals_restore(void);
sigset_t signals_waiting(void);
/* Waits for an event, a signal or clock_ms() == deadline (INT64_MAX: no limit); ppoll's
 * result, 0 also for a signal. */
int signals_wait(struct pollfd *p, nfds_t n, int64_t deadline);
/* Until ms milliseconds have passed since clock_ms() said `since`, never less, or SIGTERM. */
void signals_pause(int64_t since, int64_t ms);

#endif
