/*
 * limits.h: what one connection counts for in the tables that all gates share.
 *
 * Settings LOGIN_WAITING_MAX and LOGIN_WAITING_PER_ADDRESS (waiting.h), and LOGIN_TRUSTED:
 * networks whose addresses stand for many people (a webmail, a proxy) and are neither
 * limited per address nor made to wait for somebody else's failures.
 */
#ifndef LIMITS_H
#define LIMITS_H

#include "waiting.h"

struct limits {
	struct address key;
	bool counted; /* key is somebody's whom we don't trust */
	struct waiting place;
};

/* The connection of `ip` ("" if it has none) waits for a login from now on.  False: too many
 * do, and none of them has gone yet. */
bool limits_enter(struct limits *l, const char *ip) __attribute__((warn_unused_result));
/* It waits no longer. */
void limits_leave(struct limits *l);
/* How long to wait before a password is looked at, in ms, for what others from there did. */
int limits_penalty(const struct limits *l);
/* A login failed, and that was the client's fault. */
void limits_failed(const struct limits *l);

#endif
