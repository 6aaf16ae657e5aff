/* handshake.h: TLS begins on a socket. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stdint.h>

#include "context.h"

/* Waits for the client at most until clock_ms() == deadline or SIGTERM.  The connection over
 * fd, which must not block; NULL: it failed, *why says why. */
SSL *handshake(struct context *c, int fd, int64_t deadline, const char **why)
	__attribute__((warn_unused_result));

#endif
