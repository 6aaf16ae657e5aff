/*
 * roost-users.c: the administrator's side of users.cdb, roost-users(8).
 *
 * `compile` makes the database from a passwd-file, all of it or none: one bad
 * line and the old database stays.  `passwd` changes one hash in the file and
 * makes the database of that; where either can't be written, both stay.  Files
 * are replaced by rename, so a login at that moment sees the old or the new, and who
 * reads the file to replace one holds a lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "passwdfile.h"
#include "password.h"
#include "scheme.h"
#include "usersdb.h"

#define FILE_MAX (256u << 20)
#define LOCK_WAIT_MS 10000 /* longer than a large file takes to compile */

static const char *file = SYSCONFDIR "/roost/users";
static char *output; /* default: file with .cdb behind it */

static void fail(const char *text, const char *what) __attribute__((noreturn));
static void fail(const char *text, const char *what)
{
	fprintf(stderr, "roost-users: %s%s%s\n", text, what ? ": " : "", what ? what : "");
	exit(1);
}

/* Hashes are in it, and who may write to it can become any mail user. */
static void warn_mode(const char *path)
{
	struct stat st;
	const char *what = NULL;

	if (stat(path, &st) < 0)
		return;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		what = "belongs to another user";
	else if (st.st_mode & 022)
		what = "can be written by others";
	else if (st.st_mode & 004)
		what = "can be read by everybody";
	if (what)
		fprintf(stderr, "roost-users: warning: %s %s (uid %u, mode %03o)\n", path, what,
			st.st_uid, st.st_mode & 0777);
}

static void read_file(struct buf *text)
{
	int got;

	buf_reset(text);
	got = file_read(AT_FDCWD, file, FILE_MAX, text);
	if (got <= 0)
		fail(file, strerror(got == 0 ? ENOENT : errno));
}

static void lock(void)
{
	int fd = replacement_lock(file, LOCK_WAIT_MS);

	if (fd < 0 && errno == EWOULDBLOCK)
		fail(file, "somebody else is changing it");
	if (fd < 0)
		fail(file, strerror(errno));
}

/* From here to the end of the process nobody stops us half way. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

/* The database of the text in a file of its own; ends the process if there can't be one. */
static size_t make_database(struct bytes text, struct replacement *database)
{
	struct usersdb_result result;

	block_signals();
	if (replacement_start(database, output) < 0)
		fail(output, strerror(errno));
	if (usersdb_make(text, file, database, &result) == 0)
		return result.users;
	replacement_drop(database);
	if (result.bad)
		fail(output, "is as it was");
	fail(output, strerror(errno));
}

static void install(struct replacement *database, size_t users)
{
	if (replacement_commit(database) < 0)
		fail(output, strerror(errno));
	warn_mode(file);
	warn_mode(output);
	printf("%zu users\n", users);
}

static int compile(void)
{
	static struct buf text;
	struct replacement database;
	size_t users;

	lock();
	read_file(&text);
	users = make_database(buf_view(&text), &database);
	explicit_bzero(text.p, text.n);
	install(&database, users);
	return 0;
}

/* The line of the user; ends the process if there is none, or a bad one. */
static struct bytes find_user(struct bytes text, const char *wanted, struct passwdfile *u)
{
	char canonical[USERNAME_MAX + 1];
	struct bytes line;
	const char *why;
	unsigned number = 0;

	if (!username_canonical(bytes_of(wanted), canonical))
		fail("not a name that a user can have", wanted);
	while (bytes_split(&text, '\n', &line)) {
		int got = passwdfile_line(line, u, &why);

		number++;
		if (got == 0 || strcmp(u->name, canonical) != 0)
			continue;
		if (got > 0)
			return line;
		fprintf(stderr, "%s:%u: %s\n", file, number, why);
		exit(1);
	}
	fprintf(stderr, "roost-users: no such user: %s; add a line \"%s:\" to %s\n", wanted,
		canonical, file);
	exit(1);
}

static int list(void)
{
	static struct buf text;
	struct passwdfile u;
	struct bytes rest, line;
	const char *why;
	unsigned number = 0, bad = 0;

	read_file(&text);
	rest = buf_view(&text);
	while (bytes_split(&rest, '\n', &line)) {
		int got = passwdfile_line(line, &u, &why);

		number++;
		if (got > 0)
			puts(u.name);
		if (got < 0 && ++bad)
			fprintf(stderr, "%s:%u: %s\n", file, number, why);
	}
	return bad > 0;
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
	struct passwdfile u;
	struct bytes hash;

	read_file(&text);
	find_user(buf_view(&text), name, &u);
	printf("name=%s\n", u.name);
	printf("password=%s\n", passwords[scheme_split(u.user.field[USER_PASS], &hash)]);
	show_field("uid", u.user.field[USER_UID]);
	show_field("gid", u.user.field[USER_GID]);
	show_field("home", u.user.field[USER_HOME]);
	show_field("shell", u.user.field[USER_SHELL]);
	show_field("mail", u.user.field[USER_MAIL]);
	show_field("groups_of", u.groups_of);
	show_field("nologin", u.user.field[USER_NOLOGIN]);
	return 0;
}

/* The text with the second column of the line replaced. */
static void replace_hash(struct bytes text, struct bytes line, const char *hash, struct buf *out)
{
	struct bytes rest = line, column;
	size_t before = (size_t)(line.p - text.p);

	bytes_split(&rest, ':', &column);
	if (!rest.p) /* a name and nothing else: the line's end is not part of it */
		column = bytes_trim(column);
	buf_bytes(out, bytes_sub(text, 0, before + (size_t)(column.p + column.n - line.p)));
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

static void ask_hash(char hash[USERSDB_HASH])
{
	char password[PASSWORD_MAX + 1];
	const char *why = password_ask(password);

	if (why)
		fail(why, NULL);
	if (!usersdb_hash(password, hash))
		fail("PASSWORD_SCHEME is none of YESCRYPT, SHA512-CRYPT, BLF-CRYPT", NULL);
	explicit_bzero(password, sizeof(password));
}

static int passwd(const char *name)
{
	static struct buf text, changed;
	struct replacement database, users;
	struct passwdfile u;
	char hash[USERSDB_HASH];
	struct bytes line;
	size_t n;

	read_file(&text);
	find_user(buf_view(&text), name, &u);    /* before anybody thinks of a password ... */
	if (replacement_start(&users, file) < 0) /* ... in vain */
		fail(file, strerror(errno));
	replacement_drop(&users);
	ask_hash(hash);
	lock();
	read_file(&text);
	line = find_user(buf_view(&text), name, &u);
	replace_hash(buf_view(&text), line, hash, &changed);
	n = make_database(buf_view(&changed), &database);
	if (replacement_start(&users, file) < 0 ||
	    file_write_all(users.fd, changed.p, changed.n) < 0 || replacement_commit(&users) < 0) {
		replacement_drop(&users);
		replacement_drop(&database);
		fail(file, strerror(errno));
	}
	install(&database, n);
	return 0;
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
