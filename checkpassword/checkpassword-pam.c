/*
 * checkpassword-pam.c: asks PAM for the password and NSS for the account.
 *
 * Started by checkpassword: `login` or `lookup`, service, name, password, peer,
 * each with a NUL, on descriptor 0; the user's record goes to descriptor 1, the
 * exit code is an enum answer.  Empty passwords are refused whatever the
 * service says, delays are left to the login program, and no session is
 * opened.  A lookup asks NSS only: an expired account still gets mail.
 */
#include <security/pam_appl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "helper.h"
#include "log.h"
#include "nss.h"

enum part { MODE, SERVICE, NAME, PASS, PEER, PARTS };

static char request[HELPER_REQUEST_MAX];
static struct bytes part[PARTS];
static bool answered; /* the password is given once */

static bool answer_prompt(const struct pam_message *m, struct pam_response *r)
{
	if (m->msg_style == PAM_TEXT_INFO || m->msg_style == PAM_ERROR_MSG)
		return true;
	if (m->msg_style == PAM_PROMPT_ECHO_ON) {
		r->resp = strdup(part[NAME].p);
	} else if (m->msg_style == PAM_PROMPT_ECHO_OFF && !answered) {
		r->resp = strdup(part[PASS].p);
		answered = true;
	}
	return r->resp != NULL;
}

static int converse(int n, const struct pam_message **msg, struct pam_response **resp, void *unused)
{
	struct pam_response *r;

	(void)unused;
	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	r = calloc((size_t)n, sizeof(*r));
	for (int i = 0; r && i < n; i++)
		if (!answer_prompt(msg[i], &r[i])) {
			for (int k = 0; k < i; k++)
				if (r[k].resp)
					explicit_bzero(r[k].resp, strlen(r[k].resp)),
						free(r[k].resp);
			free(r);
			return PAM_CONV_ERR;
		}
	*resp = r;
	return r ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void no_delay(int status, unsigned usec, void *unused)
{
	(void)status;
	(void)usec;
	(void)unused;
}

static enum answer meaning(int status)
{
	switch (status) {
	case PAM_SUCCESS:
		return ANSWER_OK;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_CRED_INSUFFICIENT:
	case PAM_CONV_ERR: /* it wants more than a password */
		return ANSWER_WRONG;
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_ACCT_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
	case PAM_CRED_EXPIRED:
		return ANSWER_EXPIRED;
	case PAM_PERM_DENIED:
		return ANSWER_FORBIDDEN;
	}
	log_error("pam", "%s", pam_strerror(NULL, status));
	return ANSWER_TROUBLE;
}

static int prepare(pam_handle_t *h)
{
	int status = pam_set_item(h, PAM_FAIL_DELAY, (const void *)(uintptr_t)no_delay);

	if (status == PAM_SUCCESS && part[PEER].n)
		status = pam_set_item(h, PAM_RHOST, part[PEER].p);
	return status;
}

/* Before the password is known to be right, every refusal is a wrong password. */
static enum answer authenticate(pam_handle_t *h)
{
	int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	enum answer a = meaning(pam_authenticate(h, flags));

	if (a == ANSWER_EXPIRED || a == ANSWER_FORBIDDEN)
		return ANSWER_WRONG;
	if (a != ANSWER_OK)
		return a;
	a = meaning(pam_acct_mgmt(h, flags));
	return a == ANSWER_WRONG ? ANSWER_FORBIDDEN : a;
}

static enum answer check_password(void)
{
	struct pam_conv conv = { converse, NULL };
	pam_handle_t *h = NULL;
	const void *user = NULL;
	int status = pam_start(part[SERVICE].p, part[NAME].p, &conv, &h);
	enum answer a;

	if (status == PAM_SUCCESS)
		status = prepare(h);
	a = status == PAM_SUCCESS ? authenticate(h) : meaning(status);
	if (a != ANSWER_WRONG && a != ANSWER_TROUBLE &&
	    (pam_get_item(h, PAM_USER, &user) != PAM_SUCCESS || !user ||
	     strcmp(user, part[NAME].p) != 0)) {
		log_error("pam", "a module made another user of this one");
		a = ANSWER_TROUBLE;
	}
	if (h)
		pam_end(h, status);
	return a;
}

/* PAM is asked for names that NSS lacks as well: they take as long as others. */
static enum answer decide(void)
{
	const struct passwd *known;
	bool lookup = bytes_is(part[MODE], "lookup");
	enum answer a;

	if (!nss_find(part[NAME].p, &known))
		return ANSWER_TROUBLE;
	if (!lookup && part[PASS].n == 0)
		return ANSWER_WRONG;
	a = lookup ? ANSWER_OK : check_password();
	if (!known)
		return ANSWER_UNKNOWN;
	if (a != ANSWER_WRONG && a != ANSWER_TROUBLE && !nss_write(known))
		return ANSWER_TROUBLE;
	return a;
}

int main(void)
{
	enum answer a = ANSWER_TROUBLE;

	log_open("checkpassword-pam");
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (helper_request(request, sizeof(request), part, PARTS))
		a = decide();
	explicit_bzero(request, sizeof(request));
	_exit(a);
}
