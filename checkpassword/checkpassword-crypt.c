/*
 * checkpassword-crypt.c: does this password have this hash?
 *
 * Started by checkpassword: `hash NUL password NUL` on descriptor 0; exit 0:
 * yes, 1: no, 111: crypt(3) does not know such a hash.  A program of its own
 * because the libc that makes checkpassword small lacks yescrypt and others.
 */
#include <sys/prctl.h>
#include <unistd.h>

#include "hash.h"

static char request[HELPER_REQUEST_MAX];

int main(void)
{
	struct bytes part[2];
	enum answer a = ANSWER_TROUBLE;

	prctl(PR_SET_DUMPABLE, 0);
	if (helper_request(request, sizeof(request), part, 2))
		a = hash_check(part[0].p, part[1].p);
	explicit_bzero(request, sizeof(request));
	_exit(a);
}
