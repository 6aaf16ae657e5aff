/*
 * relay.h: bytes from a TLS connection to a plain one and back, until both directions ended.
 */
#ifndef RELAY_H
#define RELAY_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RELAY_STALL_MS 300000 /* a peer that takes nothing of what is left is given up */
#define RELAY_LINGER_MS 5000  /* how long it may take to close, once it has everything */
#define RELAY_STOP_MS 2000    /* after SIGTERM: until the chain is told by an end of file ... */
#define RELAY_KILL_MS 10000   /* ... and until it is not waited for any more */
#define RELAY_IDLE_MS 1000    /* of silence, then memory is given back */

struct relay {
	SSL *ssl;     /* over descriptors that don't block */
	int peer;     /* what it writes to */
	int from, to; /* the chain's side, don't block; may be the same */
	pid_t chain;  /* gets our SIGTERM, if we may; 0: nobody */
};

/* Returns when the chain has closed its side and the peer has all of it and close_notify, or
 * when the peer is gone; r->from and r->to are closed then. */
void relay_run(struct relay *r);

#endif
