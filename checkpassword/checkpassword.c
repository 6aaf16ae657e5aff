/*
 * checkpassword.c: checkpassword(8), small and static.
 *
 * With PAM_SESSION=yes a login is left to checkpassword-session, the same program with
 * PAM in it, which stays between the login program and the next one.
 */
#include <unistd.h>

#include "admit.h"
#include "auth.h"
#include "conf.h"
#include "log.h"

static bool wants_session(void)
{
	if (admit_lookup() || !conf_bool("PAM_SESSION", false) || !auth_asks_pam())
		return false;
	if (geteuid() != 0)
		log_info("session", "PAM_SESSION needs root: no sessions are opened");
	return geteuid() == 0;
}

int main(int argc, char **argv)
{
	admit_start("checkpassword", argc);
	if (wants_session()) {
		helper_exec("checkpassword-session", argv);
		admit_leave(ADMIT_LATER);
	}
	admit(argv + 1, NULL);
}
