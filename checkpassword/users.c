/*
 * users.c: the source "users", users.cdb as roost-users compile makes it.
 *
 * One open, one mmap, two or three pages touched, however many users there
 * are.  The file is replaced as a whole, so what we mapped stays what it was.
 * A locked password takes as long as a wrong one, and so does, by
 * users_waste_time, a name that nobody has: the hash under the key "" is checked
 * for it.
 */
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth.h"
#include "conf.h"
#include "log.h"
#include "scheme.h"

#define USERS_CDB SYSCONFDIR "/roost/users.cdb"
#define USERS_FILE SYSCONFDIR "/roost/users"

static struct cdb db;
static bool opened;

bool users_present(void)
{
	/* A database lost or not yet made is an error, not an empty one. */
	return access(conf_str("USERS_CDB", USERS_CDB), F_OK) == 0 || errno != ENOENT ||
	       access(USERS_FILE, F_OK) == 0;
}

/* Hashes are in it, and who may write to it can become any mail user. */
static void warn_mode(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return;
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022)
		log_warn("users", "others than root can write to %s: uid %u, mode %03o", path,
			 st.st_uid, st.st_mode & 0777);
	else if (st.st_mode & 004)
		log_warn("users", "everybody can read %s: mode %03o", path, st.st_mode & 0777);
}

static bool users_open(void)
{
	const char *path = conf_str("USERS_CDB", USERS_CDB);
	int fd;

	if (opened)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || cdb_init(&db, fd) < 0) {
		log_error("users", "can't open %s: %m", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	warn_mode(fd, path);
	close(fd);
	opened = true;
	return true;
}

/* 1, 0: no such key, -1. */
static int find(struct bytes key, struct user *u)
{
	const char *p;

	if (!users_open())
		return -1;
	int found = cdb_find(&db, key.p, (unsigned)key.n);
	if (found == 0)
		return 0;
	p = found > 0 ? cdb_getdata(&db) : NULL;
	if (!p || !user_decode((struct bytes){ p, cdb_datalen(&db) }, u)) {
		log_error("users", "damaged: %s", conf_str("USERS_CDB", USERS_CDB));
		return -1;
	}
	return 1;
}

void users_waste_time(const struct question *q)
{
	struct user nobody;

	if (find(BYTES(""), &nobody) > 0)
		verify(nobody.field[USER_PASS], q->pass); /* whatever comes of it */
}

enum answer users_ask(const struct question *q, struct user *u)
{
	struct bytes hash;
	enum answer a;
	int found = find(q->name, u);

	if (found <= 0)
		return found < 0 ? ANSWER_TROUBLE : ANSWER_UNKNOWN;
	if (q->lookup)
		return ANSWER_OK;
	if (q->vouched) /* a password that is locked or wrong is nothing to them */
		return u->field[USER_NOLOGIN].n ? ANSWER_FORBIDDEN : ANSWER_OK;
	a = verify(u->field[USER_PASS], q->pass);
	if (a == ANSWER_WRONG && scheme_split(u->field[USER_PASS], &hash) == SCHEME_LOCKED)
		users_waste_time(q);
	return a == ANSWER_OK && u->field[USER_NOLOGIN].n ? ANSWER_FORBIDDEN : a;
}
