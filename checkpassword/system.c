/*
 * system.c: the sources "pam" and "shadow", which are checkpassword-pam and
 * checkpassword-shadow.
 *
 * The helpers ask about the password and the account, and NSS for uid, gid,
 * groups, home and shell.  PAM_SERVICE names the service, "roost" by default.
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

static enum answer ask_helper(const char *name, const struct bytes *parts, size_t n, struct user *u)
{
	static struct helper_reply reply; /* *u points into it */
	enum answer a = helper_run(name, parts, n, &reply);

	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN || a == ANSWER_TROUBLE)
		return a;
	if (user_decode((struct bytes){ reply.raw, reply.n }, u))
		return a;
	log_error("helper", "the answer of %s is damaged", name);
	return ANSWER_TROUBLE;
}

static struct bytes mode(const struct question *q)
{
	return q->lookup ? BYTES("lookup") : BYTES("login");
}

enum answer pam_ask(const struct question *q, struct user *u)
{
	const char *name = service(), *peer = getenv("TCPREMOTEIP");

	if (!name)
		return ANSWER_TROUBLE;
	struct bytes parts[] = { mode(q), bytes_of(name), q->name, q->pass,
				 bytes_of(peer ? peer : "") };
	return ask_helper("checkpassword-pam", parts, 5, u);
}

enum answer shadow_ask(const struct question *q, struct user *u)
{
	struct bytes parts[] = { mode(q), q->name, q->pass };

	return ask_helper("checkpassword-shadow", parts, 3, u);
}

bool shadow_present(void)
{
	return false; /* only where AUTH names it */
}
