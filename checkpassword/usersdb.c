/*
 * usersdb.c: from lines to users.cdb.
 *
 * Each name once, each hash of a form that crypt(3) can check.  Under the key
 * "" goes a hash of the kind most users have, for names that nobody has: to
 * find out who is a user by the time an answer takes, there must be a
 * difference.
 */
#include "usersdb.h"

#include <cdb.h>
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "conf.h"
#include "hashmap.h"
#include "num.h"
#include "passwdfile.h"
#include "scheme.h"

#define KINDS 16

struct kind {
	struct bytes prefix, sample;
	size_t n;
};

struct maker {
	struct cdb_make db;
	struct usersdb_result *r;
	struct kind kinds[KINDS];
	const char *file;
	unsigned line;
};

static const struct {
	const char *scheme, *prefix;
} defaults[] = { { "YESCRYPT", "$y$" }, { "SHA512-CRYPT", "$6$" }, { "BLF-CRYPT", "$2b$" } };

bool usersdb_hash(const char *password, char out[USERSDB_HASH])
{
	static struct crypt_data data;
	const char *scheme = conf_str("PASSWORD_SCHEME", "YESCRYPT"), *made = NULL;
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	size_t i = 0;

	while (i < 3 && !bytes_iis(bytes_of(scheme), defaults[i].scheme))
		i++;
	if (i < 3 && crypt_gensalt_rn(defaults[i].prefix, 0, NULL, 0, salt, sizeof(salt)))
		made = crypt_rn(password, salt, &data, sizeof(data));
	bool ok = made && made[0] != '*' &&
		  snprintf(out, USERSDB_HASH, "{%s}%s", defaults[i].scheme, made) < USERSDB_HASH;
	explicit_bzero(&data, sizeof(data));
	return ok;
}

static void complain(struct maker *m, const char *why, bool bad)
{
	fprintf(stderr, "%s:%u: %s%s\n", m->file, m->line, bad ? "" : "warning: ", why);
	m->r->bad += bad;
}

/* "$6$", "$y$": what tells how long a check takes, more or less. */
static struct bytes kind_of(struct bytes hash)
{
	size_t end = hash.p[0] == '$' ? bytes_chr(bytes_from(hash, 1), '$') : BYTES_NONE;

	return end == BYTES_NONE ? BYTES("") : bytes_sub(hash, 0, end + 2);
}

static void count_kind(struct maker *m, struct bytes prefix, struct bytes sample)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct kind *k = &m->kinds[i];

		if (k->n && !bytes_eq(k->prefix, prefix))
			continue;
		k->prefix = prefix;
		k->sample = sample;
		k->n++;
		return;
	}
}

static const char *check_hash(struct maker *m, struct bytes stored)
{
	struct bytes hash;
	enum scheme s = scheme_split(stored, &hash);
	char text[USERSDB_HASH];

	if (s == SCHEME_PLAIN)
		count_kind(m, BYTES("plain"), BYTES("{PLAIN}*"));
	if (s != SCHEME_CRYPT)
		return NULL;
	if (hash.n >= sizeof(text))
		return "hash too long";
	memcpy(text, hash.p, hash.n);
	text[hash.n] = '\0';
	int valid = crypt_checksalt(text);
	if (valid == CRYPT_SALT_INVALID || valid == CRYPT_SALT_METHOD_DISABLED ||
	    (hash.p[0] != '$' && hash.p[0] != '_' && hash.n != 13))
		return "not a hash that crypt(3) knows";
	count_kind(m, kind_of(hash), stored);
	return NULL;
}

static int put(struct maker *m, struct bytes key, const struct user *u)
{
	struct buf record = BUF_INIT;
	int ok;

	user_encode(u, &record);
	ok = cdb_make_put(&m->db, key.p, (unsigned)key.n, record.p, (unsigned)record.n,
			  CDB_PUT_INSERT);
	explicit_bzero(record.p, record.n);
	buf_free(&record);
	return ok; /* 1: was there */
}

static int add_line(struct maker *m, struct bytes line)
{
	char name[USERNAME_MAX + 1];
	const char *why;
	struct user u;
	int ok, got = passwdfile_line(line, name, &u, &why);

	if (got > 0 && why)
		complain(m, why, false);
	if (got > 0)
		why = check_hash(m, u.field[USER_PASS]);
	if (got != 0 && why)
		complain(m, why, true);
	if (got <= 0 || why)
		return 0;
	ok = put(m, bytes_of(name), &u);
	if (ok < 0)
		complain(m, strerror(errno), true);
	if (ok > 0)
		complain(m, "this user was in a line before", true);
	m->r->users++;
	return ok < 0 ? -1 : 0;
}

static int add_nobody(struct maker *m)
{
	const struct kind *most = &m->kinds[0];
	struct user u = { 0 };
	char hash[USERSDB_HASH];

	for (size_t i = 1; i < KINDS; i++)
		if (m->kinds[i].n > most->n ||
		    (m->kinds[i].n == most->n && most->n && bytes_is(most->prefix, "plain")))
			most = &m->kinds[i];
	if (most->n)
		u.field[USER_PASS] = most->sample;
	else if (usersdb_hash("", hash))
		u.field[USER_PASS] = bytes_of(hash);
	return put(m, BYTES(""), &u);
}

static int add_all(struct maker *m, struct bytes text)
{
	struct bytes line;

	while (bytes_split(&text, '\n', &line)) {
		m->line++;
		if (add_line(m, line) < 0)
			return -1;
	}
	return m->r->bad ? -1 : add_nobody(m);
}

/* The directory of path, and its last component in *name. */
static int open_dir(const char *path, char copy[4096], const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	if ((size_t)snprintf(copy, 4096, "%s", path) >= 4096 || !**name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return dir_open(AT_FDCWD, dirname(copy));
}

/* A temporary file that will be readable for whom the old one is; cdb_make_put
 * reads what it has written. */
static int open_temp(int dir, const char *name, char temp[FILE_TEMP_NAME])
{
	struct stat st;
	int made = file_temp(dir, ".users", 0600, temp), fd;

	if (made < 0)
		return -1;
	fd = file_open(dir, temp, O_RDWR | O_NOFOLLOW, 0);
	close(made);
	if (fd < 0 || (fstatat(dir, name, &st, 0) == 0 && (fchown(fd, st.st_uid, st.st_gid) < 0 ||
							   fchmod(fd, st.st_mode & 0777) < 0))) {
		if (fd >= 0)
			close(fd);
		unlinkat(dir, temp, 0);
		return -1;
	}
	return fd;
}

static int give_up(int dir, int fd, const char *temp)
{
	int saved = errno;

	if (fd >= 0) {
		close(fd);
		unlinkat(dir, temp, 0);
	}
	if (dir >= 0)
		close(dir);
	errno = saved;
	return -1;
}

int usersdb_make(struct bytes text, const char *file, const char *path, struct usersdb_result *r)
{
	static struct maker m;
	char copy[4096], temp[FILE_TEMP_NAME];
	const char *name;
	int dir = open_dir(path, copy, &name), fd = dir < 0 ? -1 : open_temp(dir, name, temp);

	*r = (struct usersdb_result){ 0 };
	m = (struct maker){ .r = r, .file = file };
	if (fd < 0 || cdb_make_start(&m.db, fd) < 0)
		return give_up(dir, fd, temp);
	int ok = add_all(&m, text);
	if (cdb_make_finish(&m.db) < 0 || ok < 0)
		return give_up(dir, fd, temp);
	ok = file_commit(dir, fd, temp, name);
	close(dir);
	return ok;
}

int usersdb_replace(const char *path, struct bytes content)
{
	char copy[4096], temp[FILE_TEMP_NAME];
	const char *name;
	int dir = open_dir(path, copy, &name), fd = dir < 0 ? -1 : open_temp(dir, name, temp);

	if (fd < 0 || file_write_all(fd, content.p, content.n) < 0)
		return give_up(dir, fd, temp);
	int ok = file_commit(dir, fd, temp, name);
	close(dir);
	return ok;
}
