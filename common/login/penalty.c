/*
 * penalty.c: see penalty.h.
 *
 * The file is PENALTY_SETS sets of PENALTY_WAYS entries; an address's hash says which
 * set is its own.  Each entry has a checksum, so a file that is empty, short, torn or
 * full of something else is a table with fewer entries, and made good by the
 * next write.  Readers don't lock: an entry that they catch half written is one
 * penalty less.  Times are those of the clock that never jumps.  Who guesses on many
 * connections has several gates at the lock, and they get it in any order: a time
 * somewhat later than ours is one of theirs.  One from further on is of another boot, and void.
 */
#include "penalty.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "num.h"
#include "rundir.h"

#define FILE_NAME "penalties"
#define VERSION 1         /* seeds the checksum: other versions' entries are void */
#define LOCK_WAIT_MS 2000 /* the holder needs microseconds, unless thousands are at it */

struct entry {
	struct address key;
	int64_t when; /* of the last failure, ms */
	uint32_t level;
	uint32_t crc; /* of all before */
};
_Static_assert(sizeof(struct entry) == 32, "as it is in the file");

struct set {
	struct entry way[PENALTY_WAYS];
};

static off_t place(const struct address *key)
{
	return (off_t)(num_hash(key, sizeof *key) % PENALTY_SETS * sizeof(struct set));
}

static uint32_t checksum(const struct entry *e)
{
	return crc32c(VERSION, e, offsetof(struct entry, crc));
}

/* What is left of the entry's level; 0: it is free. */
static uint32_t level_now(const struct entry *e, int64_t now)
{
	int64_t faded;

	if (e->crc != checksum(e) || e->level > PENALTY_LEVELS || e->when < 0 ||
	    (e->when > now && e->when - now > PENALTY_AHEAD_MS))
		return 0;
	faded = e->when < now ? (now - e->when) / PENALTY_FADE_MS : 0;
	return faded < e->level ? e->level - (uint32_t)faded : 0;
}

static void read_set(int fd, const struct address *key, struct set *set)
{
	memset(set, 0, sizeof *set);
	if (file_pread_all(fd, set, sizeof *set, place(key)) < 0)
		memset(set, 0, sizeof *set);
}

/* The entry of this key, or NULL. */
static struct entry *find(struct set *set, const struct address *key, int64_t now)
{
	for (int i = 0; i < PENALTY_WAYS; i++)
		if (memcmp(&set->way[i].key, key, sizeof *key) == 0 && level_now(&set->way[i], now))
			return &set->way[i];
	return NULL;
}

/* One that is free, or the oldest. */
static struct entry *make_room(struct set *set, int64_t now)
{
	struct entry *oldest = &set->way[0];

	for (int i = 0; i < PENALTY_WAYS; i++) {
		struct entry *e = &set->way[i];
		if (!level_now(e, now))
			return e;
		if (e->when < oldest->when)
			oldest = e;
	}
	return oldest;
}

int penalty_ms(const struct address *key, int64_t now)
{
	static const int wait[PENALTY_LEVELS + 1] = { 0, 2000, 4000, 8000, PENALTY_MAX_MS };
	int fd = run_file(FILE_NAME), ms = 0;
	struct entry *e;
	struct set set;

	if (fd < 0)
		return 0;
	read_set(fd, key, &set);
	e = find(&set, key, now);
	if (e)
		ms = wait[level_now(e, now)];
	close(fd);
	return ms;
}

static int raise_level(int fd, const struct address *key, int64_t now)
{
	struct set set;
	struct entry *e, new = { .key = *key, .when = now, .level = 1 };

	read_set(fd, key, &set);
	e = find(&set, key, now);
	if (e) {
		new.level += level_now(e, now);
		if (e->when > now)
			new.when = e->when;
	} else {
		e = make_room(&set, now);
	}
	if (new.level > PENALTY_LEVELS)
		new.level = PENALTY_LEVELS;
	new.crc = checksum(&new);
	return file_pwrite_all(fd, &new, sizeof new,
			       place(key) + (off_t)((size_t)(e - set.way) * sizeof new));
}

void penalty_add(const struct address *key, int64_t now)
{
	int fd = run_file(FILE_NAME);

	if (fd < 0)
		return;
	if (file_lock(fd, LOCK_EX, LOCK_WAIT_MS) != 1)
		log_warn("limits", "%s is locked: a failure is not counted", FILE_NAME);
	else if (raise_level(fd, key, now) < 0)
		log_warn("limits", "can't write %s: %s", FILE_NAME, strerror(errno));
	close(fd);
}
