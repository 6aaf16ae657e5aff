/*
 * handler.h: what a protocol handler owes the login program that started it.
 *
 * LOGINFD is the handler's end of a socketpair.  It stays open for the handler's whole life:
 * when the other end is shut down or gone, the kernel sends the handler SIGTERM, so that
 * a login program which has given up all its rights still can stop it, and no handler
 * outlives the one that watches it.  Without LOGINFD (a tunnel) there is nobody to tell.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include <stdint.h>

#define HANDLER_SLOT_FD 5 /* held open from outside: the session's place among others */

/* Takes LOGINFD out of the environment and closes all descriptors but 0, 1, 2, it and the
 * slot.  SIGTERM comes from now on as said above; its handler is installed before.  1; 0
 * there is no LOGINFD; -1 with errno: it is nonsense, the login program has gone, or (EACCES) the
 * authenticator didn't understand AUTHORIZED=1. */
int handler_begin(void) __attribute__((warn_unused_result));
/* Tells that the connection is the handler's: once all that could fail is done.  0, or -1
 * with errno. */
int handler_ready(void) __attribute__((warn_unused_result));
/* The last word, for the log: bytes from and to the peer. */
void handler_done(uint64_t in, uint64_t out);

#endif
