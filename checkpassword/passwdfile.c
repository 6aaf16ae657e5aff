/*
 * passwdfile.c: `user:{SCHEME}hash:uid:gid:gecos:home:shell:extra`.
 *
 * Fields at the end may be left out.  Known in extra: userdb_mail=, userdb_system_groups_user=,
 * nologin.
 * Other userdb_ fields are left out with a warning; any other field may be a
 * condition of the login (allow_nets), so it makes the line a bad one: to
 * ignore it would let somebody in.
 */
#include "passwdfile.h"

#include "account.h"
#include "num.h"
#include "scheme.h"

enum column { NAME, PASS, UID, GID, GECOS, HOME, SHELL, COLUMNS };

static const char *check_ids(const struct user *u)
{
	struct bytes uid = u->field[USER_UID], gid = u->field[USER_GID];
	uint64_t n;

	if (uid.n && (!num_parse(uid, ACCOUNT_ID_MAX, &n) || n == 0))
		return "bad uid";
	if (gid.n && (!num_parse(gid, ACCOUNT_ID_MAX, &n) || n == 0))
		return "bad gid";
	return !uid.n == !gid.n ? NULL : "uid without gid, or gid without uid";
}

static const char *check(const struct user *u, size_t size)
{
	struct bytes hash, home = u->field[USER_HOME];

	if (scheme_split(u->field[USER_PASS], &hash) == SCHEME_UNKNOWN)
		return "password scheme not known, or not that of the hash";
	if (home.n && home.p[0] != '/')
		return "home is not absolute";
	/* Room for the format, the NULs and the mark of nologin. */
	if (size > USER_MAX - 64)
		return "line too long";
	return check_ids(u);
}

static const char *extra_field(struct bytes f, struct passwdfile *u, const char **warning)
{
	static const struct bytes mail = BYTES("userdb_mail="),
				  groups = BYTES("userdb_system_groups_user=");

	if (f.n == 0)
		return NULL;
	if (bytes_starts(f, mail))
		u->user.field[USER_MAIL] = bytes_from(f, mail.n);
	else if (bytes_starts(f, groups))
		u->groups_of = bytes_from(f, groups.n);
	else if (bytes_is(f, "nologin") || bytes_starts(f, BYTES("nologin=")))
		u->user.field[USER_NOLOGIN] = BYTES("1");
	else if (bytes_starts(f, BYTES("userdb_")) && !bytes_starts(f, BYTES("userdb_uid")) &&
		 !bytes_starts(f, BYTES("userdb_gid")) && !bytes_starts(f, BYTES("userdb_home")))
		*warning = "an extra field was left out";
	else
		return "extra field not known";
	return NULL;
}

static const char *extra(struct bytes rest, struct passwdfile *u, const char **warning)
{
	struct bytes f;
	const char *bad = NULL;

	while (!bad && bytes_split(&rest, ' ', &f))
		bad = extra_field(f, u, warning);
	return bad;
}

int passwdfile_line(struct bytes line, struct passwdfile *u, const char **why)
{
	struct bytes rest = bytes_trim(line), column[COLUMNS] = { 0 };
	const char *warning = NULL;
	size_t size = rest.n;

	*why = NULL;
	u->name[0] = '\0';
	u->user = (struct user){ 0 };
	u->groups_of = (struct bytes){ 0 };
	if (rest.n == 0 || rest.p[0] == '#')
		return 0;
	if (bytes_chr(rest, '\0') != BYTES_NONE)
		*why = "NUL in the line";
	for (int i = 0; i < COLUMNS && bytes_split(&rest, ':', &column[i]); i++)
		;
	if (!*why && !username_canonical(column[NAME], u->name)) {
		u->name[0] = '\0';
		*why = "not a name that a user can have";
	}
	u->user.field[USER_PASS] = column[PASS];
	u->user.field[USER_UID] = column[UID];
	u->user.field[USER_GID] = column[GID];
	u->user.field[USER_HOME] = column[HOME];
	u->user.field[USER_SHELL] = column[SHELL];
	if (!*why)
		*why = check(&u->user, size);
	if (!*why && rest.p)
		*why = extra(rest, u, &warning);
	if (*why)
		return -1;
	*why = warning;
	return 1;
}
