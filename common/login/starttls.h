/*
 * starttls.h: TLS that begins after the greeting, by UCSPI-TLS: a wrapper that started us
 * offers it (SSLCTLFD, SSLREADFD, SSLWRITEFD), otherwise our tls-server is started when
 * the first client wants it.
 */
#ifndef STARTTLS_H
#define STARTTLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STARTTLS_READY_S 10     /* for tls-server to load its certificates */
#define STARTTLS_HANDSHAKE_S 60 /* for TLS_HANDSHAKE_TIMEOUT of whoever does it, and more */

struct starttls {
	bool offered;          /* there is TLS to be had */
	bool ours;             /* by our tls-server, which isn't started yet */
	int control, from, to; /* of who does it; -1: none */
	pid_t relay;           /* our tls-server, our child until the end; 0: none */
};

/* TLS_CERT, else the file that roost-cert makes, else "": there is no TLS. */
const char *starttls_certificates(void);

/* What can be offered.  The variables of a wrapper are gone from the environment, its
 * descriptors are >= 10 and CLOEXEC. */
void starttls_find(struct starttls *t);
/* Whoever does it is ready; protocol is its name in ALPN.  False: there is no TLS after all,
 * and the log has the reason. */
bool starttls_ready(struct starttls *t, const char *protocol) __attribute__((warn_unused_result));
/* The client shakes hands, at most until clock_ms() == deadline: true when 0 and 1 are the
 * plain side and the environment has the facts, and none from before.  False: it's over,
 * and the log has the reason. */
bool starttls_begin(struct starttls *t, int64_t deadline) __attribute__((warn_unused_result));
/* Closes our side of what has not begun; whoever does TLS ends then. */
void starttls_close(struct starttls *t);
/* Waits for the relay, after 0 and 1 were closed by all who had them: it writes what is left. */
void starttls_end(const struct starttls *t);

#endif
