/*
 * waiting.h: how many connections may wait for a login, in all and of one address.
 *
 * A table in RUN_DIR/waiting that all gates share.  Who comes when there are too many, in
 * all or of his address, makes the oldest of them leave with SIGTERM: a client that means it
 * logs in within a second, and those that just sit there are the oldest.  Those whose
 * password is being looked at leave last: where everybody comes back at the same time,
 * the ones soon done would go otherwise.  Without RUN_DIR there is no limit.
 */
#ifndef WAITING_H
#define WAITING_H

#include "network.h"

/* LOGIN_WAITING_MAX: half of what a listener takes that allows 400 connections in all. */
#define WAITING_TOTAL 200
/* LOGIN_WAITING_PER_ADDRESS: eight clients behind one router that open five connections
 * each at the same moment. */
#define WAITING_PER_ADDRESS 40
#define WAITING_SLOTS 4 /* for each of the total, one for who waits and three for who leaves */
#define WAITING_TOTAL_MOST 4096 /* what both can be set to: the table is read each time */

struct waiting_limits {
	unsigned total;       /* 0: no limits at all */
	unsigned per_address; /* 0: none */
};

enum waiting_status {
	WAITING_IN,
	WAITING_OFF,  /* no table, no limit */
	WAITING_FULL, /* as many as are allowed are about to leave, but nobody has left yet */
};

struct waiting {
	int fd; /* -1: not in the table */
	unsigned slot;
	struct address key;
	int64_t since;
};

/* Enters this process; key is address_key, NULL for who is exempt from the limit per
 * address; now is clock_ms().  w->fd (>= 10, CLOEXEC) must stay open, and must not be opened
 * a second time; a child that closes its copy changes nothing. */
enum waiting_status waiting_enter(struct waiting *w, const struct address *key,
				  struct waiting_limits limits, int64_t now)
	__attribute__((warn_unused_result));
/* Whether the password of this process's client is being looked at. */
void waiting_busy(const struct waiting *w, bool busy);
/* No longer counted; for the process that entered, which must say so: a slot that is merely
 * closed counts until its turn comes.  Takes write(2) and close(2) alone.  Nothing if it isn't in the table. */
void waiting_leave(struct waiting *w);

#endif
