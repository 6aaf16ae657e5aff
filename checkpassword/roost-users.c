/*
 * roost-users.c: the administrator's side of users.cdb, roost-users(8).
 *
 * `compile` makes the database from a passwd-file, all of it or none: one bad
 * line and the old database stays.  `passwd` changes one hash in the file and
 * compiles it.  Both replace files by rename, so a login at that moment sees
 * the old or the new.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "passwdfile.h"
#include "scheme.h"
#include "usersdb.h"

#define FILE_MAX (256u << 20)
#define PASSWORD_MAX 200 /* as much as a login takes */

static const char *file = SYSCONFDIR "/roost/users";
static char *output; /* default: file with .cdb behind it */

static void fail(const char *text, const char *what) __attribute__((noreturn));
static void fail(const char *text, const char *what)
{
	fprintf(stderr, "roost-users: %s%s%s\n", text, what ? ": " : "", what ? what : "");
	exit(1);
}

static void read_file(struct buf *text)
{
	int got = file_read(AT_FDCWD, file, FILE_MAX, text);

	if (got <= 0)
		fail(file, strerror(got == 0 ? ENOENT : errno));
}

static int compile(void)
{
	static struct buf text;
	struct usersdb_result result;
	int ok;

	read_file(&text);
	ok = usersdb_make(buf_view(&text), file, output, &result);
	explicit_bzero(text.p, text.n);
	if (ok < 0 && result.bad)
		fprintf(stderr, "roost-users: %s is as it was\n", output);
	else if (ok < 0)
		fail(output, strerror(errno));
	else
		printf("%zu users\n", result.users);
	return ok < 0;
}

/* The line of the user in text, and what it holds; false: nobody has the name. */
static bool find_user(struct bytes text, const char *wanted, struct bytes *line, struct user *u)
{
	char canonical[USERNAME_MAX + 1], name[USERNAME_MAX + 1];
	const char *why;

	if (!username_canonical(bytes_of(wanted), canonical))
		return false;
	while (bytes_split(&text, '\n', line))
		if (passwdfile_line(*line, name, u, &why) > 0 && strcmp(name, canonical) == 0)
			return true;
	return false;
}

static int list(void)
{
	static struct buf text;
	struct bytes rest, line;
	char name[USERNAME_MAX + 1];
	struct user u;
	const char *why;

	read_file(&text);
	rest = buf_view(&text);
	while (bytes_split(&rest, '\n', &line))
		if (passwdfile_line(line, name, &u, &why) > 0)
			puts(name);
	return 0;
}

static void show_field(const char *label, struct bytes value)
{
	if (value.n)
		printf("%s=%.*s\n", label, (int)value.n, value.p);
}

static int show(const char *name)
{
	static const char *const passwords[] = { "locked", "plain", "hash", "unknown" };
	static struct buf text;
	struct bytes line, hash;
	struct user u;

	read_file(&text);
	if (!find_user(buf_view(&text), name, &line, &u))
		fail("no such user", name);
	printf("password=%s\n", passwords[scheme_split(u.field[USER_PASS], &hash)]);
	show_field("uid", u.field[USER_UID]);
	show_field("gid", u.field[USER_GID]);
	show_field("home", u.field[USER_HOME]);
	show_field("shell", u.field[USER_SHELL]);
	show_field("mail", u.field[USER_MAIL]);
	show_field("nologin", u.field[USER_NOLOGIN]);
	return 0;
}

/* One line from descriptor 0, not shown on a terminal. */
static void read_password(const char *prompt, char out[PASSWORD_MAX + 1])
{
	struct termios saved, quiet;
	bool terminal = tcgetattr(0, &saved) == 0;
	size_t n = 0;
	char c;

	if (terminal) {
		quiet = saved;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(0, TCSAFLUSH, &quiet);
		fputs(prompt, stderr);
	}
	while (n <= PASSWORD_MAX && read(0, &c, 1) == 1 && c != '\n' && c != '\0')
		out[n++ < PASSWORD_MAX ? n - 1 : PASSWORD_MAX] = c;
	if (terminal) {
		tcsetattr(0, TCSAFLUSH, &saved);
		fputc('\n', stderr);
	}
	if (n == 0 || n > PASSWORD_MAX)
		fail(n ? "the password is too long" : "the password is empty", NULL);
	out[n] = '\0';
}

static void ask_password(char out[PASSWORD_MAX + 1])
{
	char again[PASSWORD_MAX + 1];

	read_password("New password: ", out);
	if (!isatty(0))
		return;
	read_password("Again: ", again);
	if (strcmp(out, again) != 0)
		fail("the passwords differ", NULL);
	explicit_bzero(again, sizeof(again));
}

/* The text with the second column of the line replaced. */
static void replace_hash(struct bytes text, struct bytes line, const char *hash, struct buf *out)
{
	struct bytes rest = line, column;
	size_t before = (size_t)(line.p - text.p);

	bytes_split(&rest, ':', &column);
	buf_bytes(out, bytes_sub(text, 0, before + column.n));
	buf_char(out, ':');
	buf_str(out, hash);
	if (rest.p)
		bytes_split(&rest, ':', &column);
	if (rest.p) {
		buf_char(out, ':');
		buf_bytes(out, rest);
	}
	buf_bytes(out, bytes_from(text, before + line.n));
}

static int passwd(const char *name)
{
	char password[PASSWORD_MAX + 1], hash[USERSDB_HASH];
	static struct buf text, changed;
	struct bytes line;
	struct user u;

	read_file(&text);
	if (!find_user(buf_view(&text), name, &line, &u))
		fail("no such user", name);
	ask_password(password);
	if (!usersdb_hash(password, hash))
		fail("PASSWORD_SCHEME is none of YESCRYPT, SHA512-CRYPT, BLF-CRYPT", NULL);
	explicit_bzero(password, sizeof(password));
	replace_hash(buf_view(&text), line, hash, &changed);
	if (usersdb_replace(file, buf_view(&changed)) < 0)
		fail(file, strerror(errno));
	return compile();
}

static int usage(void)
{
	fputs("usage: roost-users [-f FILE] [-o FILE.cdb] compile | list | show NAME | passwd NAME\n",
	      stderr);
	return 2;
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "f:o:")) != -1)
		if (c == 'f')
			file = optarg;
		else if (c == 'o')
			output = optarg;
		else
			exit(usage());
	if (!output && asprintf(&output, "%s.cdb", file) < 0)
		exit(111);
}

int main(int argc, char **argv)
{
	const char *word, *name;

	log_open("roost-users");
	options(argc, argv); /* also those behind the word: glibc sorts them to the front */
	word = argc > optind ? argv[optind] : "";
	name = argc == optind + 2 ? argv[optind + 1] : NULL;
	if (!name && argc == optind + 1 && strcmp(word, "compile") == 0)
		return compile();
	if (!name && argc == optind + 1 && strcmp(word, "list") == 0)
		return list();
	if (name && strcmp(word, "show") == 0)
		return show(name);
	if (name && strcmp(word, "passwd") == 0)
		return passwd(name);
	return usage();
}
