/*
 * serve.h: one connection, from the first byte of its handshake to the last exit.
 */
#ifndef SERVE_H
#define SERVE_H

#include "confine.h"
#include "context.h"
#include "peer.h"

#define SERVE_HANDSHAKE_S 30 /* TLS_HANDSHAKE_TIMEOUT */

struct server {
	const char *protocol; /* in ALPN, "" for none */
	char **chain;         /* the command line to run; NULL: only SERVE_CONTROL */
	bool proxied;         /* a header of the PROXY protocol comes first */
	bool delayed;         /* the chain begins in the clear, and asks for TLS (UCSPI-TLS) */
	struct peer peer;     /* not for serve_control */
	struct confine wall;
	struct context *context; /* NULL: not loaded yet */
	int handshake_ms;
};

/* The peer is at 0 (and 1).  The exit status of the process. */
int serve(struct server *s);
/* The caller has asked for us, as the gate does at STARTTLS: SSLCTLFD, SSLREADFD and
 * SSLWRITEFD name its descriptors.  `R` on SSLCTLFD says that all is loaded; then it may say
 * `y` or `Y` as in UCSPI-TLS. */
int serve_control(struct server *s);

#endif
