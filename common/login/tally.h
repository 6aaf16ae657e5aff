/*
 * tally.h: what one connection counts for in the tables that all gates share.
 *
 * Settings LOGIN_WAITING_MAX and LOGIN_WAITING_PER_ADDRESS (waiting.h), and LOGIN_TRUSTED:
 * networks whose addresses stand for many people (a webmail, a proxy) and are neither
 * limited per address nor made to wait for somebody else's failures.
 */
#ifndef TALLY_H
#define TALLY_H

#include "waiting.h"

struct tally {
	struct address key;
	bool counted; /* key is somebody's whom we don't trust */
	struct waiting place;
};

/* The connection of `ip` ("" if it has none) waits for a login from now on.  False: too many
 * do, and none of them has gone yet. */
bool tally_enter(struct tally *l, const char *ip) __attribute__((warn_unused_result));
/* Its password is being looked at, or not any more. */
void tally_busy(const struct tally *l, bool busy);
/* It waits no longer; from within a jail, too (waiting_leave). */
void tally_leave(struct tally *l);
/* How long to wait before a password is looked at, in ms, for what others from there did. */
int tally_penalty(const struct tally *l);
/* A login failed, and that was the client's fault. */
void tally_failed(const struct tally *l);

#endif
