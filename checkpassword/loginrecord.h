/* loginrecord.h: what a login program writes to descriptor 3. */
#ifndef LOGINRECORD_H
#define LOGINRECORD_H

#include "bytes.h"

#define LOGINRECORD_MAX 512 /* bytes, NULs included: the interface's own limit */

struct loginrecord {
	char raw[LOGINRECORD_MAX + 1]; /* one more, to see that there is more */
	size_t n;
	struct bytes user, pass, stamp; /* in raw, each with a NUL behind it */
};

enum loginrecord_status {
	LOGINRECORD_OK,
	LOGINRECORD_MISUSED,
	LOGINRECORD_ERROR,
	LOGINRECORD_LATE,
};

/* Reads fd to its end.  LOGINRECORD_MISUSED: longer than LOGINRECORD_MAX, or not exactly
 * three fields; LOGINRECORD_ERROR: errno; LOGINRECORD_LATE: the end did not come within
 * timeout_ms. */
enum loginrecord_status loginrecord_read(struct loginrecord *r, int fd, int timeout_ms)
	__attribute__((warn_unused_result));
/* The same for the n bytes that are in raw. */
bool loginrecord_parse(struct loginrecord *r) __attribute__((warn_unused_result));
void loginrecord_wipe(struct loginrecord *r);

#endif
