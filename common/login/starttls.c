/* starttls.c: see starttls.h. */
#include "starttls.h"

#include <unistd.h>

#include "conf.h"

#define CERT_FILE SYSCONFDIR "/roost/tls.pem"

const char *starttls_certificates(void)
{
	const char *set = conf_get("TLS_CERT");

	if (set)
		return set;
	return access(CERT_FILE, F_OK) == 0 ? CERT_FILE : "";
}
