/*
 * account.c: ids and directories from the user's record, and from settings
 * where the record leaves them open: MAIL_UID and MAIL_GID (default: the same
 * number) for users that the system does not know, MAIL_HOME with %u, %n, %d.
 */
#include "account.h"

#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "num.h"
#include "username.h"

static uint32_t mail_uid(void)
{
	return (uint32_t)conf_u64("MAIL_UID", 0, 1, ACCOUNT_ID_MAX);
}

static bool set_ids(struct account *a, const struct user *u)
{
	uint64_t uid = mail_uid(), gid = conf_u64("MAIL_GID", uid, 1, ACCOUNT_ID_MAX);
	bool own = u->field[USER_UID].n == 0;

	if (own && geteuid() != 0 && uid == 0)
		uid = getuid(), gid = getgid();
	if (!own && (!num_parse(u->field[USER_UID], ACCOUNT_ID_MAX, &uid) ||
		     !num_parse(u->field[USER_GID], ACCOUNT_ID_MAX, &gid)))
		return false;
	if (own && uid == 0) {
		log_error("account", "no uid: neither the user's record nor MAIL_UID has one");
		return false;
	}
	a->uid = (uid_t)uid;
	a->gid = (gid_t)gid;
	return true;
}

static bool set_groups(struct account *a, struct bytes list)
{
	struct bytes one;
	uint64_t gid;

	a->groups[0] = a->gid;
	a->n_groups = 1;
	while (list.n && bytes_split(&list, ' ', &one)) {
		if (!num_parse(one, ACCOUNT_ID_MAX, &gid) || a->n_groups == ACCOUNT_GROUPS)
			return false;
		if (gid != a->gid)
			a->groups[a->n_groups++] = (gid_t)gid;
	}
	return true;
}

static bool copy(char to[ACCOUNT_PATH], struct bytes from)
{
	if (from.n >= ACCOUNT_PATH)
		return false;
	if (from.n)
		memcpy(to, from.p, from.n);
	to[from.n] = '\0';
	return true;
}

static bool set_home(struct account *a, struct bytes home)
{
	const char *pattern = conf_str("MAIL_HOME", "");
	bool ok = home.n ? copy(a->home, home)
			 : username_expand(a->name, pattern, a->home, sizeof(a->home));

	a->has_home = ok && a->home[0];
	return ok && (!a->has_home || a->home[0] == '/');
}

bool account_make(struct account *a, const char *name, const struct user *u)
{
	struct bytes shell = u->field[USER_SHELL];

	*a = (struct account){ .name = name };
	if (!set_ids(a, u))
		return false;
	if (set_groups(a, u->field[USER_GROUPS]) && set_home(a, u->field[USER_HOME]) &&
	    copy(a->shell, shell.n ? shell : BYTES("/bin/sh")) &&
	    copy(a->mail, u->field[USER_MAIL]))
		return true;
	log_error("account", "groups, home, shell or mail of the user are not usable");
	return false;
}

struct account_rule account_rule(void)
{
	return (struct account_rule){ conf_u64("FIRST_UID", 1000, 1, ACCOUNT_ID_MAX), mail_uid() };
}

bool account_rule_allows(const struct account_rule *r, uid_t uid, gid_t gid)
{
	return uid != 0 && gid != 0 && (uid >= r->first || uid == r->mail);
}

bool account_allowed(const struct account *a)
{
	struct account_rule r = account_rule();

	return account_rule_allows(&r, a->uid, a->gid);
}
