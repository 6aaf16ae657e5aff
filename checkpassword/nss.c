/*
 * nss.c: uid, gid, groups, home and shell of the system's users.
 *
 * In the helpers, because NSS modules are glibc's: what /etc/nsswitch.conf
 * names works.  A module that fails is trouble, not an unknown user.
 */
#include "nss.h"

#include <errno.h>
#include <grp.h>

#include "file.h"
#include "log.h"

#define NSS_BUFFER 65536
#define GROUPS 256

bool nss_find(const char *name, const struct passwd **known)
{
	static char memory[NSS_BUFFER];
	static struct passwd pw;
	struct passwd *found = NULL;
	int error = getpwnam_r(name, &pw, memory, sizeof(memory), &found);

	*known = found;
	errno = error;
	if (error)
		log_error("nss", "%m");
	return error == 0;
}

static bool add_groups(const struct passwd *pw, struct buf *out)
{
	gid_t list[GROUPS];
	int n = GROUPS;

	if (getgrouplist(pw->pw_name, pw->pw_gid, list, &n) < 0) {
		log_error("groups", "more than %d groups", GROUPS);
		return false;
	}
	for (int i = 0; i < n; i++)
		buf_printf(out, "%s%u", i ? " " : "", list[i]);
	return true;
}

bool nss_write(const struct passwd *pw)
{
	struct buf uid = BUF_INIT, gid = BUF_INIT, groups = BUF_INIT, out = BUF_INIT;
	struct user u = { 0 };

	buf_u64(&uid, pw->pw_uid);
	buf_u64(&gid, pw->pw_gid);
	if (!add_groups(pw, &groups))
		return false;
	u.field[USER_UID] = buf_view(&uid);
	u.field[USER_GID] = buf_view(&gid);
	u.field[USER_HOME] = bytes_of(pw->pw_dir);
	u.field[USER_SHELL] = bytes_of(pw->pw_shell);
	u.field[USER_GROUPS] = buf_view(&groups);
	user_encode(&u, &out);
	return out.n <= USER_MAX && file_write_all(1, out.p, out.n) == 0;
}
