/*
 * owner.c: from what the administrator typed to the owner of the mail (owner.h).
 *
 * Users are looked up by checkpassword, whatever its sources are: AUTHORIZED=1 and an empty
 * password, login-contract's lookup.  It lies beside us, or in ../lib/roost.
 */
#include "owner.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "drop.h"
#include "file.h"
#include "num.h"
#include "print.h"

#define EXIT_TEMPORARY 111
#define EXIT_NO_USER 3 /* checkpassword's */

static void fail(const char *what, const char *text) __attribute__((noreturn));
static void fail(const char *what, const char *text)
{
	print_trouble(what, text);
	exit(EXIT_TEMPORARY);
}

/* --- a directory --- */

static bool has_cur(const char *path)
{
	char cur[PATH_MAX];
	struct stat st;

	return snprintf(cur, sizeof cur, "%s/cur", path) < (int)sizeof cur && stat(cur, &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* As MAIL has it: a colon in a path is doubled there, and so is %. */
static char *spec_of(const char *path)
{
	static struct buf spec;

	buf_str(&spec, "maildir:");
	for (; *path; path++) {
		if (*path == ':' || *path == '%')
			buf_char(&spec, *path);
		buf_char(&spec, *path);
	}
	return (char *)buf_cstr(&spec);
}

/* Its folders have no settings, no subscriptions and no UIDVALIDITY of their own. */
static void refuse_folder(const char *path)
{
	char parent[PATH_MAX];
	const char *base = strrchr(path, '/') + 1;

	if (base[0] != '.')
		return;
	snprintf(parent, sizeof parent, "%.*s", (int)(base - 1 - path), path);
	if (has_cur(parent))
		fail(path, "a folder of another Maildir: name that one, then the folder");
}

static void be_owner_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		fail(path, strerror(errno));
	if (!has_cur(path))
		fail(path, errno == EACCES ? strerror(errno) : "not a Maildir: it has no cur");
	if (st.st_uid == 0)
		fail(path, "belongs to root: not touched");
	if (st.st_uid == geteuid() && st.st_uid == getuid())
		return;
	if (geteuid() != 0)
		fail(path, "belongs to another user: run as that one, or as root");
	if (!drop_to((struct drop_user){ st.st_uid, st.st_gid }))
		fail("can't become the owner", strerror(errno));
}

static struct store_user of_path(const char *path)
{
	static char real[PATH_MAX], number[NUM_DIGITS + 1];
	const char *mail = conf_get("MAIL");

	if (mail && (strstr(mail, ":INDEX=") || strstr(mail, ":CONTROL=")))
		fail(path, "MAIL has INDEX= or CONTROL=: name the user, or maildir:DIR:INDEX=...");
	if (!realpath(path, real))
		fail(path, strerror(errno));
	refuse_folder(real);
	be_owner_of(real);
	number[num_format(number, getuid())] = '\0';
	return (struct store_user){ number, real, spec_of(real) };
}

/* "maildir:DIR:...": DIR says whose it is. */
static struct store_user of_spec(const char *spec)
{
	static char number[NUM_DIGITS + 1];
	struct buf dir = BUF_MAX(PATH_MAX);
	const char *p = spec + strlen("maildir:");

	if (strpbrk(spec, "%~"))
		fail(spec, "no ~ and no % here");
	for (; *p && (*p != ':' || p[1] == ':'); p++) {
		p += *p == ':';
		buf_char(&dir, *p);
	}
	be_owner_of(buf_cstr(&dir));
	buf_free(&dir);
	number[num_format(number, getuid())] = '\0';
	return (struct store_user){ number, "/", spec };
}

/* --- a user --- */

static bool beside(const char *where, char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	size_t room = slash ? (size_t)(path + PATH_MAX - slash) - 1 : 0;
	return slash && (size_t)snprintf(slash + 1, room, "%s", where) < room &&
	       access(path, X_OK) == 0;
}

/* The record that checkpassword reads: user, no password, no stamp. */
static bool give_record(const char *name)
{
	int p[2];
	size_t n = strlen(name);
	static const char rest[3];

	if (n > 255 || pipe(p) < 0 || file_write_all(p[1], name, n) < 0 ||
	    file_write_all(p[1], rest, sizeof rest) < 0)
		return false;
	close(p[1]);
	if (p[0] == 3)
		return true;
	bool ok = dup2(p[0], 3) == 3;
	close(p[0]);
	return ok;
}

static void ask(const char *name, char **argv) __attribute__((noreturn));
static void ask(const char *name, char **argv)
{
	static char program[PATH_MAX], self[PATH_MAX];
	static const char *const drop[] = { "LOGINFD",     "AUTHMECH",           "AUTHSTEP",
					    "MASTER_USER", "CREDENTIALS_LOOKUP", "MAIL" };
	char **line;
	int n = 0;

	while (argv[n])
		n++;
	line = calloc((size_t)n + 2, sizeof *line);
	if (!line || readlink("/proc/self/exe", self, sizeof self - 1) < 0 ||
	    (!beside("checkpassword", program) && !beside("../lib/roost/checkpassword", program)))
		fail("checkpassword", "not found: name the Maildir instead of the user");
	line[0] = program;
	line[1] = self;
	memcpy(line + 2, argv + 1, (size_t)n * sizeof *line);
	for (size_t i = 0; i < sizeof drop / sizeof *drop; i++)
		unsetenv(drop[i]);
	setenv("AUTHORIZED", "1", 1);
	if (!give_record(name))
		fail("descriptor 3", strerror(errno));
	execv(program, line);
	fail(program, strerror(errno));
}

/* Root's part of a lookup: waits for the one that becomes the user. */
static void look_up(const char *name, char **argv) __attribute__((noreturn));
static void look_up(const char *name, char **argv)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		fail("fork", strerror(errno));
	if (child == 0)
		ask(name, argv);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail("wait", strerror(errno));
	if (!WIFEXITED(status))
		fail(name, "ended by a signal");
	if (WEXITSTATUS(status) == EXIT_NO_USER)
		fail(name, "no such user; a path has a slash");
	exit(WEXITSTATUS(status));
}

/* Us again, as the user: what checkpassword set is the answer. */
static bool looked_up(struct store_user *u)
{
	const char *answer = getenv("AUTHORIZED");

	*u = (struct store_user){ getenv("USER"), getenv("HOME"), NULL };
	return answer && strcmp(answer, "2") == 0 && u->user && u->home;
}

static struct store_user of_user(const char *name, char **argv)
{
	const struct passwd *pw;
	struct store_user u;

	if (geteuid() == 0)
		look_up(name, argv);
	if (!looked_up(&u)) {
		pw = getpwuid(getuid());
		u.user = getenv("USER") ? getenv("USER") : pw ? pw->pw_name : "";
		u.home = getenv("HOME") ? getenv("HOME") : pw ? pw->pw_dir : "";
		if (strcmp(name, u.user) != 0 && (!pw || strcmp(name, pw->pw_name) != 0))
			fail(name, "only root may name another user; a path has a slash");
	}
	u.mail = store_mail_setting();
	return u;
}

struct store_user owner_become(const char *name, char **argv)
{
	if (strncmp(name, "maildir:", strlen("maildir:")) == 0)
		return of_spec(name);
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return of_path(name);
	return of_user(name, argv);
}
