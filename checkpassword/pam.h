/* pam.h: one login through PAM, for the programs that are linked with it. */
#ifndef PAM_H
#define PAM_H

#include <security/pam_appl.h>

#include "helper.h"

#define PAM_LOGIN_HASHES 3 /* what a refusal costs: pam_unix computes two, and one is to measure */

struct pam_login {
	pam_handle_t *handle; /* NULL: none */
	const char *name;     /* canonical */
	const char *pass;     /* NULL as soon as it was given: that is done once */
	bool vouched;         /* no password: only the account is judged */
	int status;           /* of the last call */
};

/* Is p->pass the password of p->name, and may the account log in?  peer: its address or
 * "".  Afterwards the handle is open, whatever the answer; p stays where it is until
 * pam_login_end. */
enum answer pam_login_check(struct pam_login *p, const char *service, const char *peer)
	__attribute__((warn_unused_result));
/* Sets the user's credentials and opens a session; OK, FORBIDDEN or TROUBLE. */
enum answer pam_login_open(struct pam_login *p) __attribute__((warn_unused_result));
/* Closes the session and takes the credentials back; trouble is in the log. */
void pam_login_close(struct pam_login *p);
void pam_login_end(struct pam_login *p);

#endif
