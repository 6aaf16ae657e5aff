/*
 * usersdb.c: from lines to users.cdb.
 *
 * Each name once, each hash of a form that crypt(3) can check, the groups as the system
 * has them now: checkpassword doesn't ask NSS for these users.  Under the key
 * "" goes a hash of the kind most users have, for names that nobody has: to
 * find out who is a user by the time an answer takes, there must be a
 * difference.
 */
#include "usersdb.h"

#include <cdb.h>
#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "conf.h"
#include "nss.h"
#include "num.h"
#include "passwdfile.h"
#include "scheme.h"

#define KINDS 16
#define TOO_LONG 2       /* of put() */
#define NSS_NAME_MAX 255 /* bytes of a system user's name */

struct kind {
	struct bytes prefix, sample;
	size_t n;
};

struct maker {
	struct cdb_make db;
	struct usersdb_result *r;
	struct kind kinds[KINDS];
	struct buf groups; /* of the line at hand */
	bool no_uid;       /* was told */
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

/* Long enough for what crypt(3) makes: "$id$salt$hash" with 22 characters or more at the end,
 * the extended DES form, or the old one.  A hash that was cut would be trouble in a login. */
static bool whole_hash(const char *hash)
{
	const char *last = strrchr(hash, '$');

	if (hash[0] != '$')
		return strlen(hash) == (hash[0] == '_' ? 20 : 13);
	return last > hash + 2 && memchr(hash + 1, '$', (size_t)(last - hash) - 1) &&
	       strlen(last + 1) >= 22;
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
	if (valid == CRYPT_SALT_INVALID || valid == CRYPT_SALT_METHOD_DISABLED || !whole_hash(text))
		return "not a hash that crypt(3) knows";
	count_kind(m, kind_of(hash), stored);
	return NULL;
}

/* 0, 1: the key was there, TOO_LONG, -1 with errno. */
static int put(struct maker *m, struct bytes key, const struct user *u)
{
	struct buf record = BUF_INIT;
	int ok = TOO_LONG;

	user_encode(u, &record);
	if (record.n <= USER_MAX)
		ok = cdb_make_put(&m->db, key.p, (unsigned)key.n, record.p, (unsigned)record.n,
				  CDB_PUT_INSERT);
	explicit_bzero(record.p, record.n);
	buf_free(&record);
	return ok;
}

/* The system user whose groups the user gets: whom the line names, or whoever has its uid. */
static const char *whose_groups(const struct passwdfile *u, const struct passwd **known)
{
	char name[NSS_NAME_MAX + 1];
	uint64_t uid = 0;

	*known = NULL;
	if (u->groups_of.n > NSS_NAME_MAX)
		return "userdb_system_groups_user is too long";
	if (u->groups_of.p) {
		memcpy(name, u->groups_of.p, u->groups_of.n);
		name[u->groups_of.n] = '\0';
		if (!nss_find(name, known))
			return "the system's users can't be asked";
		return *known ? NULL : "userdb_system_groups_user is no user of the system";
	}
	if (num_parse(u->user.field[USER_UID], ACCOUNT_ID_MAX, &uid) &&
	    !nss_find_uid((uid_t)uid, known))
		return "the system's users can't be asked";
	return NULL;
}

/* NULL, or what is wrong. */
static const char *add_groups(struct maker *m, struct passwdfile *u)
{
	const struct passwd *known;
	const char *why = whose_groups(u, &known);
	uint64_t gid;

	if (why || !known)
		return why;
	if (!num_parse(u->user.field[USER_GID], ACCOUNT_ID_MAX, &gid))
		gid = known->pw_gid;
	buf_reset(&m->groups);
	if (!nss_groups(known->pw_name, (gid_t)gid, &m->groups))
		return "too many groups";
	u->user.field[USER_GROUPS] = buf_view(&m->groups);
	return NULL;
}

/* Said once: with the settings of the login it may be otherwise. */
static void warn_no_uid(struct maker *m, const struct user *u)
{
	if (m->no_uid || u->field[USER_UID].n || geteuid() != 0 || conf_get("MAIL_UID"))
		return;
	complain(m, "no uid here, and MAIL_UID is not set: such a user can't log in", false);
	m->no_uid = true;
}

static int add_line(struct maker *m, struct bytes line)
{
	struct passwdfile u;
	const char *why;
	int ok, got = passwdfile_line(line, &u, &why);

	if (got > 0 && why)
		complain(m, why, false);
	if (got > 0)
		why = check_hash(m, u.user.field[USER_PASS]);
	if (got > 0 && !why)
		why = add_groups(m, &u);
	if (got != 0 && why)
		complain(m, why, true);
	if (got <= 0 || why)
		return 0;
	warn_no_uid(m, &u.user);
	ok = put(m, bytes_of(u.name), &u.user);
	if (ok == TOO_LONG)
		complain(m, "line too long, with the groups", true);
	else if (ok > 0)
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

int usersdb_make(struct bytes text, const char *file, const struct replacement *r,
		 struct usersdb_result *result)
{
	static struct maker m;
	int ok;

	*result = (struct usersdb_result){ 0 };
	m = (struct maker){ .r = result, .file = file };
	if (cdb_make_start(&m.db, r->fd) < 0)
		return -1;
	ok = add_all(&m, text);
	buf_free(&m.groups);
	return cdb_make_finish(&m.db) < 0 || ok < 0 ? -1 : 0;
}
