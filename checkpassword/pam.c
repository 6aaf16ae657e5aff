/*
 * pam.c: the source "pam", which is checkpassword-pam.
 *
 * The helper asks PAM about the password and the account, and NSS for uid,
 * gid, groups, home and shell.  PAM_SERVICE names the service, "roost" by
 * default.
 */
#include <stdlib.h>
#include <unistd.h>

#include "auth.h"
#include "conf.h"
#include "log.h"

static const char *service(void)
{
	const char *name = conf_str("PAM_SERVICE", "roost");

	if (*name && !strchr(name, '/') && *name != '.')
		return name;
	log_error("pam", "PAM_SERVICE is not a service name");
	return NULL;
}

bool pam_present(void)
{
	const char *name = service();
	struct buf path = BUF_INIT;
	bool there = !name; /* wrong settings are told when PAM is asked */

	if (name) {
		buf_printf(&path, "/etc/pam.d/%s", name);
		there = access(buf_cstr(&path), F_OK) == 0;
	}
	buf_free(&path);
	return there;
}

enum answer pam_ask(const struct question *q, struct user *u)
{
	static struct helper_reply reply; /* *u points into it */
	const char *name = service(), *peer = getenv("TCPREMOTEIP");
	enum answer a;

	if (!name)
		return ANSWER_TROUBLE;
	struct bytes parts[] = { bytes_of(q->lookup ? "lookup" : "login"), bytes_of(name), q->name,
				 q->pass, bytes_of(peer ? peer : "") };
	a = helper_run("checkpassword-pam", parts, 5, &reply);
	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN || a == ANSWER_TROUBLE)
		return a;
	if (user_decode((struct bytes){ reply.raw, reply.n }, u))
		return a;
	log_error("pam", "the helper's answer is damaged");
	return ANSWER_TROUBLE;
}
