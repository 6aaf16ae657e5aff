/* wait.h: the rest of a session, seen by the process that let it in. */
#ifndef WAIT_H
#define WAIT_H

#include "authenticate.h"
#include "jail.h"

/* What a handler says of its session; hearsay, for the log. */
struct traffic {
	uint64_t in, out; /* bytes */
	bool known;
};

/* Gives up root and all descriptors but the log and a->fd, waits until the handler has
 * ended, and logs it.  SIGTERM goes on to the handler. */
void wait_handler(struct attempt *a, const struct jail *j);
/* "in=N out=N", a LF behind it or not: true, and *t is set; anything else changes nothing. */
bool traffic_parse(struct traffic *t, struct bytes message);

#endif
