/*
 * become.c: root is given up here, and nowhere else.
 *
 * Groups, gid, uid, then proof that there is no way back; only then anything
 * is done in the user's directories.  Started without root nothing changes, so
 * the user must be the one we are.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <grp.h>

#include "account.h"
#include "arena.h"
#include "environment.h"
#include "log.h"

#define NO_HOME "/nonexistent"

static bool give_up_root(const struct account *a)
{
	if (geteuid() != 0 && a->uid == geteuid() && a->uid == getuid())
		return true;
	if (geteuid() != 0) {
		log_error("become", "the user has another uid, and only root can change it");
		return false;
	}
	if (setgroups(a->n_groups, a->groups) < 0 || setgid(a->gid) < 0 || setuid(a->uid) < 0) {
		log_error("become", "can't become the user: %m");
		return false;
	}
	if (setuid(0) == 0 || getuid() != a->uid || geteuid() != a->uid) {
		log_error("become", "root was not given up");
		return false;
	}
	return true;
}

/* As the user, so only where the user may. */
static int make_home(const char *home)
{
	char path[ACCOUNT_PATH];
	size_t n = strlen(home);

	memcpy(path, home, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return -1;
		path[i] = i < n ? '/' : '\0';
	}
	return chdir(home);
}

static bool enter_home(const struct account *a)
{
	if (!a->has_home)
		return chdir("/") == 0;
	if (chdir(a->home) == 0 || (errno == ENOENT && make_home(a->home) == 0))
		return true;
	log_error("home", "can't enter %s: %m", a->home);
	return false;
}

/* Lasts until exec. */
static void set_environment(const struct account *a)
{
	static struct environment e;
	static struct arena memory;
	char *ours[4];
	size_t n = 0;

	ours[n++] = arena_printf(&memory, "USER=%s", a->name);
	ours[n++] = arena_printf(&memory, "HOME=%s", a->has_home ? a->home : NO_HOME);
	ours[n++] = arena_printf(&memory, "SHELL=%s", a->shell);
	if (a->mail[0])
		ours[n++] = arena_printf(&memory, "MAIL=%s", a->mail);
	environment_make(&e, ours, n);
	environ = e.all;
}

bool account_become(const struct account *a)
{
	if (!give_up_root(a) || !enter_home(a))
		return false;
	set_environment(a);
	return true;
}
