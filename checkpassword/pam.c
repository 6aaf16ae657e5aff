/*
 * pam.c: password, account and session by PAM.
 *
 * Empty passwords are refused whatever the service says, and delays are left to the login
 * program.  Before the password is known to be right every refusal is a wrong
 * password.  Modules are not told what they would need for a longer talk: one
 * password, or none.
 */
#include "pam.h"

#include <stdlib.h>

#include "log.h"

#define PAM_LOGIN_FLAGS (PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK)
#define PAM_LOGIN_TTY "roost" /* some modules want a terminal's name */

static bool answer_prompt(struct pam_login *p, const struct pam_message *m, struct pam_response *r)
{
	if (m->msg_style == PAM_TEXT_INFO || m->msg_style == PAM_ERROR_MSG)
		return true;
	if (m->msg_style == PAM_PROMPT_ECHO_ON) {
		r->resp = strdup(p->name);
	} else if (m->msg_style == PAM_PROMPT_ECHO_OFF && p->pass) {
		r->resp = strdup(p->pass);
		p->pass = NULL;
	}
	return r->resp != NULL;
}

static void drop(struct pam_response *r, int n)
{
	for (int i = 0; i < n; i++)
		if (r[i].resp) {
			explicit_bzero(r[i].resp, strlen(r[i].resp));
			free(r[i].resp);
		}
	free(r);
}

static int converse(int n, const struct pam_message **msg, struct pam_response **resp, void *data)
{
	struct pam_response *r;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	r = calloc((size_t)n, sizeof(*r));
	for (int i = 0; r && i < n; i++)
		if (!answer_prompt(data, msg[i], &r[i])) {
			drop(r, i);
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

static int start(struct pam_login *p, const char *service, const char *peer)
{
	struct pam_conv conv = { converse, p };
	int status = pam_start(service, p->name, &conv, &p->handle);

	if (status == PAM_SUCCESS)
		status = pam_set_item(p->handle, PAM_FAIL_DELAY, (const void *)(uintptr_t)no_delay);
	if (status == PAM_SUCCESS)
		status = pam_set_item(p->handle, PAM_TTY, PAM_LOGIN_TTY);
	if (status == PAM_SUCCESS && *peer)
		status = pam_set_item(p->handle, PAM_RHOST, peer);
	return status;
}

static enum answer judge(struct pam_login *p)
{
	enum answer a = ANSWER_OK;

	if (!p->vouched) {
		p->status = pam_authenticate(p->handle, PAM_LOGIN_FLAGS);
		a = meaning(p->status);
	}
	if (a == ANSWER_EXPIRED || a == ANSWER_FORBIDDEN)
		return ANSWER_WRONG;
	if (a != ANSWER_OK)
		return a;
	p->status = pam_acct_mgmt(p->handle, PAM_LOGIN_FLAGS);
	a = meaning(p->status);
	return a == ANSWER_WRONG ? ANSWER_FORBIDDEN : a;
}

/* A module may map names; the record is that of the name we asked for. */
static bool same_user(struct pam_login *p)
{
	const void *user = NULL;

	if (pam_get_item(p->handle, PAM_USER, &user) == PAM_SUCCESS && user &&
	    strcmp(user, p->name) == 0)
		return true;
	log_error("pam", "a module made another user of this one");
	return false;
}

enum answer pam_login_check(struct pam_login *p, const char *service, const char *peer)
{
	enum answer a;

	p->status = start(p, service, peer);
	a = p->status == PAM_SUCCESS ? judge(p) : meaning(p->status);
	p->pass = NULL;
	if (a != ANSWER_WRONG && a != ANSWER_TROUBLE && !same_user(p))
		return ANSWER_TROUBLE;
	return a;
}

enum answer pam_login_open(struct pam_login *p)
{
	enum answer a;

	p->status = pam_setcred(p->handle, PAM_SILENT | PAM_ESTABLISH_CRED);
	a = meaning(p->status);
	if (a == ANSWER_OK) {
		p->status = pam_open_session(p->handle, PAM_SILENT);
		a = meaning(p->status);
		if (a != ANSWER_OK)
			pam_setcred(p->handle, PAM_SILENT | PAM_DELETE_CRED);
	}
	return a == ANSWER_OK || a == ANSWER_TROUBLE ? a : ANSWER_FORBIDDEN;
}

void pam_login_close(struct pam_login *p)
{
	p->status = pam_close_session(p->handle, PAM_SILENT);
	if (p->status != PAM_SUCCESS)
		log_error("pam", "closing the session: %s", pam_strerror(NULL, p->status));
	pam_setcred(p->handle, PAM_SILENT | PAM_DELETE_CRED);
}

void pam_login_end(struct pam_login *p)
{
	if (p->handle)
		pam_end(p->handle, p->status);
	p->handle = NULL;
}
