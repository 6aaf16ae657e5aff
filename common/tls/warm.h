/* warm.h: what the first handshake of a process costs more than the second, paid before. */
#ifndef WARM_H
#define WARM_H

#include "context.h"

/* Shakes hands with itself in memory, so that processes forked afterwards find the
 * algorithms that OpenSSL looks up when they are first used.  If that fails, nothing is lost. */
void warm(const struct context *c);

#endif
