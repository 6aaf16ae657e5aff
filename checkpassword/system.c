/*
 * system.c: the sources "pam" and "shadow", which are checkpassword-pam and
 * checkpassword-shadow.
 *
 * The helpers ask about the password and the account, and NSS for uid, gid,
 * groups, home and shell.  PAM_SERVICE names the service, "roost" by default.
 */
#include <stdlib.h>
#include <unistd.h>

#include "account.h"
#include "auth.h"
#include "conf.h"
#include "log.h"
#include "pages.h"
#include "num.h"

const char *pam_service(void)
{
	const char *name = conf_str("PAM_SERVICE", "roost");

	if (*name && !strchr(name, '/') && *name != '.')
		return name;
	log_error("pam", "PAM_SERVICE is not a service name");
	return NULL;
}

bool pam_present(void)
{
	const char *name = pam_service();
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
	PAGES_APART static struct helper_reply reply; /* *u points into it */
	enum answer a = helper_run(name, parts, n, &reply);

	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN || a == ANSWER_TROUBLE)
		return a;
	if (user_decode((struct bytes){ reply.raw, reply.n }, u))
		return a;
	log_error("helper", "the answer of %s is damaged", name);
	return ANSWER_TROUBLE;
}

/* The parts that both helpers get, nss.h. */
#define COMMON 5

static void common_parts(struct bytes part[COMMON], const struct question *q)
{
	static char first[NUM_DIGITS], mail[NUM_DIGITS];
	struct account_rule rule = account_rule();

	part[0] = q->lookup ? BYTES("lookup") : q->vouched ? BYTES("vouched") : BYTES("login");
	part[1] = q->name;
	part[2] = q->pass;
	part[3] = (struct bytes){ first, num_format(first, rule.first) };
	part[4] = (struct bytes){ mail, num_format(mail, rule.mail) };
}

enum answer pam_ask(const struct question *q, struct user *u)
{
	const char *name = pam_service(), *peer = getenv("TCPREMOTEIP");
	struct bytes parts[COMMON + 2];

	if (!name)
		return ANSWER_TROUBLE;
	common_parts(parts, q);
	parts[COMMON] = bytes_of(name);
	parts[COMMON + 1] = bytes_of(peer ? peer : "");
	return ask_helper("checkpassword-pam", parts, COMMON + 2, u);
}

enum answer shadow_ask(const struct question *q, struct user *u)
{
	struct bytes parts[COMMON];

	common_parts(parts, q);
	return ask_helper("checkpassword-shadow", parts, COMMON, u);
}

bool shadow_present(void)
{
	return false; /* only where AUTH names it */
}
