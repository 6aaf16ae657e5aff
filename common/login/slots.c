/*
 * slots.c: see slots.h.
 *
 * Nobody waits for a lock: each is tried once.  Another process may remove a file that
 * nobody holds; it locks all of it for that, and who has opened it meanwhile sees
 * that lock, or no name left, and opens it anew.
 */
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "dirscan.h"
#include "file.h"
#include "log.h"
#include "network.h"
#include "num.h"
#include "rundir.h"

#define TRIES 100              /* to find the file in place; each sleeps a millisecond */
#define CLEAN_EVERY 16         /* logins; a power of two */
#define KEY_MAX (255 + 1 + 64) /* a name, a NUL, an address */
#define NAME_DIGITS 32
#define DIR_DIGITS 2

struct slots {
	char name[NAME_DIGITS + 1]; /* its first digits are the directory */
	int dir;
	off_t max;
};

enum found {
	FOUND,
	FOUND_NONE,
	FOUND_CHANGE, /* the file was removed meanwhile */
	FOUND_ERROR,  /* errno */
};

static bool lock(int fd, short type, off_t start, off_t length)
{
	struct flock l = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length
	};

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static void name_of(char out[NAME_DIGITS + 1], const char *user, const char *ip)
{
	struct address a;
	char key[KEY_MAX];
	size_t n = strnlen(user, 255), left;

	memcpy(key, user, n);
	key[n++] = '\0';
	left = strnlen(ip, sizeof(key) - n);
	if (address_parse(&a, ip)) {
		a = address_key(&a);
		memcpy(key + n, a.b, sizeof(a.b));
		left = sizeof(a.b);
	} else {
		memcpy(key + n, ip, left);
	}
	snprintf(out, NAME_DIGITS + 1, "%016llx%016llx",
		 (unsigned long long)num_hash_seeded(1, key, n + left),
		 (unsigned long long)num_hash_seeded(2, key, n + left));
}

/* The same file, and it still has a name. */
static bool in_place(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino &&
	       one.st_nlink > 0;
}

/* Somebody has locked all of it, or has removed it already. */
static bool being_removed(int claim, int hold)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	bool all = fcntl(claim, F_OFD_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_len == 0;

	return all || !in_place(claim, hold);
}

/* A slot for hold. */
static enum found take_free(int claim, int hold, off_t max)
{
	for (off_t i = 0; i < max; i++) {
		if (!lock(claim, F_WRLCK, 2 * i, 2)) {
			if (errno != EAGAIN && errno != EACCES)
				return FOUND_ERROR;
			continue;
		}
		if (!in_place(claim, hold))
			return FOUND_CHANGE;
		if (lock(claim, F_UNLCK, 2 * i + 1, 1) && lock(hold, F_RDLCK, 2 * i + 1, 1))
			return FOUND;
		return FOUND_ERROR;
	}
	return being_removed(claim, hold) ? FOUND_CHANGE : FOUND_NONE;
}

static enum found take_once(const struct slots *s, int *fd)
{
	const char *name = s->name + DIR_DIGITS;
	int hold = file_open(s->dir, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY, 0600), claim;
	enum found f;

	if (hold < 0)
		return FOUND_ERROR;
	claim = file_open(s->dir, name, O_RDWR | O_NOFOLLOW | O_NOCTTY, 0);
	if (claim < 0)
		f = errno == ENOENT ? FOUND_CHANGE : FOUND_ERROR;
	else
		f = take_free(claim, hold, s->max);
	if (claim >= 0)
		close(claim);
	if (f == FOUND)
		*fd = hold;
	else
		close(hold);
	return f;
}

static enum found take(const struct slots *s, int *fd)
{
	enum found f = take_once(s, fd);

	for (int i = 0; i < TRIES && f == FOUND_CHANGE; i++) {
		clock_sleep_ms(1);
		f = take_once(s, fd);
	}
	return f;
}

static void remove_unused(int dir, const char *name)
{
	int fd = file_open(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return;
	if (lock(fd, F_WRLCK, 0, 0) && in_place(fd, fd))
		unlinkat(dir, name, 0);
	close(fd);
}

void slots_clean(int dir)
{
	struct dirscan d;
	enum dirscan_type type;
	struct bytes name;

	if (dirscan_open(&d, dir) < 0)
		return;
	while (dirscan_next(&d, &name, &type) > 0)
		if (name.n == NAME_DIGITS - DIR_DIGITS)
			remove_unused(dir, name.p);
	dirscan_close(&d);
}

/* RUN_DIR/sessions, made if it is missing. */
static int open_sessions(void)
{
	int top = run_dir(NULL);

	if (top < 0)
		return -1;
	mkdirat(top, "sessions", 0700);
	close(top);
	return run_dir("sessions");
}

/* The directory of the file, made if it is missing, and sometimes cleaned. */
static int open_dir(const char *name)
{
	char digits[DIR_DIGITS + 1] = { name[0], name[1], '\0' };
	unsigned char chance;
	int sessions = open_sessions(), dir;

	if (sessions < 0)
		return -1;
	dir = dir_open(sessions, digits);
	if (dir < 0 && errno == ENOENT && (mkdirat(sessions, digits, 0700) == 0 || errno == EEXIST))
		dir = dir_open(sessions, digits);
	if (dir < 0)
		log_warn("limits", "off: sessions/%s: %m", digits);
	close(sessions);
	num_random(&chance, 1);
	if (dir >= 0 && chance % CLEAN_EVERY == 0)
		slots_clean(dir);
	return dir;
}

/* To where the handler expects it. */
static int hand_on(int fd)
{
	const char *loginfd = getenv("LOGINFD");

	if (fd == SLOT_FD || (loginfd && strcmp(loginfd, "5") == 0) || dup2(fd, SLOT_FD) < 0) {
		fcntl(fd, F_SETFD, 0);
		return fd;
	}
	close(fd);
	return SLOT_FD;
}

enum slot_status slot_take(const char *user, const char *ip, int *fd)
{
	struct slots s = { .max = (off_t)conf_u64("SESSIONS_MAX", SLOTS_DEFAULT, 0,
						  SLOTS_HIGHEST) };
	enum found f;
	int got;

	*fd = -1;
	if (s.max == 0)
		return SLOT_OFF;
	if (geteuid() != 0) {
		log_info("limits", "off: sessions are counted by root only");
		return SLOT_OFF;
	}
	name_of(s.name, user, ip ? ip : "");
	s.dir = open_dir(s.name);
	if (s.dir < 0)
		return SLOT_OFF;
	f = take(&s, &got);
	if (f == FOUND_ERROR)
		log_warn("limits", "off: sessions: %m");
	close(s.dir);
	if (f == FOUND)
		*fd = hand_on(got);
	if (f == FOUND)
		return SLOT_TAKEN;
	return f == FOUND_NONE ? SLOT_NONE_FREE : SLOT_OFF;
}
