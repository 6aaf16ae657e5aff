/*
 * penalty.h: who guesses, waits, also on the next connection.
 *
 * A table in RUN_DIR/penalties that all gates share.  Each failure raises an address's
 * level by one, up to four; who comes from there waits 2, 4, 8, 15 seconds before his
 * password is looked at.  A success changes nothing (who guesses may have an account);
 * a level fades in 150 seconds, so that after ten minutes all is forgotten.
 * Without RUN_DIR nobody waits.
 */
#ifndef PENALTY_H
#define PENALTY_H

#include "network.h"

#define PENALTY_LEVELS 4
#define PENALTY_MAX_MS 15000 /* clients give up on an answer after 20 to 60 seconds */
#define PENALTY_FADE_MS 150000
#define PENALTY_AHEAD_MS 10000 /* between a gate's look at the clock and its turn, at most */
#define PENALTY_SETS 1024 /* of PENALTY_WAYS entries each: 256 KiB, */
#define PENALTY_WAYS 8    /* of which the oldest goes when a ninth address comes */

/* How long somebody with this key (address_key) waits, in ms; now is clock_ms(). */
int penalty_ms(const struct address *key, int64_t now);
/* One more failure. */
void penalty_add(const struct address *key, int64_t now);

#endif
