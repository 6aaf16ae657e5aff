/*
 * verify.c: a password against what is stored.
 *
 * {PLAIN} is compared here, in constant time; hashes are left to
 * checkpassword-crypt, because the libc of this program knows few of them.
 * A hash that can't be checked is trouble, not a wrong password.
 */
#include "auth.h"
#include "log.h"
#include "scheme.h"

enum answer verify(struct bytes stored, struct bytes pass)
{
	struct helper_reply reply;
	struct bytes parts[2] = { { NULL, 0 }, pass };
	enum answer a;

	switch (scheme_split(stored, &parts[0])) {
	case SCHEME_PLAIN:
		return scheme_same(parts[0], pass) ? ANSWER_OK : ANSWER_WRONG;
	case SCHEME_CRYPT:
		a = helper_run("checkpassword-crypt", parts, 2, &reply);
		return a == ANSWER_OK || a == ANSWER_WRONG ? a : ANSWER_TROUBLE;
	case SCHEME_LOCKED:
		return ANSWER_WRONG;
	case SCHEME_UNKNOWN:
		break;
	}
	log_error("scheme", "the password scheme of this user is not known");
	return ANSWER_TROUBLE;
}
