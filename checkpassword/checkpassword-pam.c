/*
 * checkpassword-pam.c: asks PAM for the password and NSS for the account.
 *
 * Started by checkpassword with the parts of nss.h and then service and peer, each with a
 * NUL, on descriptor 0; the user's record goes to descriptor 1, the exit code is
 * an enum answer.  No session is opened, checkpassword-session does
 * that.  A lookup asks NSS only: an expired account still gets mail.
 */
#include <unistd.h>

#include "nss.h"
#include "pam.h"

enum { SERVICE = NSS_PARTS, PEER, PARTS };

/* PAM is asked for names that NSS lacks as well: it logs them, and takes its time. */
static enum answer check(const struct bytes *part, const struct passwd *known)
{
	struct pam_login p = { .name = part[NSS_NAME].p,
			       .pass = part[NSS_PASS].p,
			       .vouched = bytes_is(part[NSS_MODE], "vouched") };
	enum answer a = pam_login_check(&p, part[SERVICE].p, part[PEER].p);

	(void)known;
	pam_login_end(&p);
	return a;
}

int main(void)
{
	static const struct nss_helper helper = { "checkpassword-pam", PARTS, PAM_LOGIN_HASHES,
						  check };

	_exit(nss_helper(&helper));
}
