/*
 * checkpassword-crypt.c: does this password have this hash?
 *
 * Started by checkpassword: `hash NUL password NUL` on descriptor 0; exit 0:
 * yes, 1: no, 111: crypt(3) does not know such a hash.  A program of its own
 * because the libc that makes checkpassword small lacks yescrypt and others.
 */
#include <crypt.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "helper.h"
#include "scheme.h"

static char request[HELPER_REQUEST_MAX];
static struct crypt_data data;

int main(void)
{
	struct bytes part[2];
	enum answer a = ANSWER_TROUBLE;

	prctl(PR_SET_DUMPABLE, 0);
	if (helper_request(request, sizeof(request), part, 2)) {
		const char *made = crypt_rn(part[1].p, part[0].p, &data, sizeof(data));

		if (made && made[0] != '*')
			a = scheme_same(bytes_of(made), part[0]) ? ANSWER_OK : ANSWER_WRONG;
	}
	explicit_bzero(request, sizeof(request));
	explicit_bzero(&data, sizeof(data));
	_exit(a);
}
