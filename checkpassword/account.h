/* account.h: what becomes of a user: ids, directories, environment. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <sys/types.h>

#include "user.h"

#define ACCOUNT_GROUPS 256
#define ACCOUNT_PATH 1024
#define ACCOUNT_ID_MAX 0xfffffffeu /* (uid_t)-1 means "none" to the kernel */

struct account {
	const char *name; /* canonical */
	uid_t uid;
	gid_t gid;
	gid_t groups[ACCOUNT_GROUPS]; /* with gid */
	size_t n_groups;
	char home[ACCOUNT_PATH];
	bool has_home;
	char shell[ACCOUNT_PATH];
	char mail[ACCOUNT_PATH]; /* empty: as the settings have it */
};

/* From the record and the settings MAIL_UID, MAIL_GID, MAIL_HOME; name lives as long
 * as *a.  False: it is not complete, the log says what. */
bool account_make(struct account *a, const char *name, const struct user *u)
	__attribute__((warn_unused_result));
/* Who may log in: not root, and not below FIRST_UID unless it is MAIL_UID. */
struct account_rule {
	uint64_t first, mail; /* mail: 0 if there is none */
};

struct account_rule account_rule(void); /* by the settings */
bool account_rule_allows(const struct account_rule *r, uid_t uid, gid_t gid);
bool account_allowed(const struct account *a); /* by the settings */
/* Becomes the user for good, in its home directory and with its environment.  What
 * was not possible is in the log. */
bool account_become(const struct account *a) __attribute__((warn_unused_result));

#endif
