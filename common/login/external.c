/*
 * external.c: see external.h.
 *
 * Exactly one name, or nobody: tls-server tells a common name only where there is one, and of
 * mail addresses the first counts only if there is no second.  Where the connection has no
 * TLS, variables that speak of a certificate are leftovers of something else.
 */
#include "external.h"

#include <stdlib.h>

#include "conf.h"
#include "log.h"

static const char *fact(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static const char *name_told(void)
{
	const char *how = conf_str("TLS_CLIENT_USER", "cn");

	if (strcmp(how, "cn") == 0)
		return fact("SSL_CLIENT_S_DN_CN");
	if (strcmp(how, "email") == 0)
		return *fact("SSL_CLIENT_SAN_Email_1") ? "" : fact("SSL_CLIENT_SAN_Email_0");
	log_error("tls", "TLS_CLIENT_USER=%s: it is cn or email; certificates name nobody", how);
	return "";
}

bool external_user(char user[LOGIN_USER_MAX + 1])
{
	struct bytes name;

	*user = '\0';
	if (!*fact("SSL_PROTOCOL") || strcmp(fact("SSL_CLIENT_VERIFY"), "SUCCESS") != 0)
		return false;
	name = bytes_of(name_told());
	if (!record_name_valid(name))
		return false;
	memcpy(user, name.p, name.n);
	user[name.n] = '\0';
	return true;
}

bool external_allows(const char *user, const char *wanted)
{
	return *user && (!*wanted || bytes_iis(bytes_of(wanted), user));
}
