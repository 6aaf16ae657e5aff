/*
 * waiting.c: see waiting.h.
 *
 * The file is an array of slots.  A slot is taken while its byte is locked, with a POSIX
 * lock: those are not inherited by children, end with the process however it ends,
 * and the kernel says who holds one (F_GETLK), so that nobody is ever signalled because of
 * what a file says.  What stands in the slot (since when, whose) only helps to
 * choose; a slot whose process was killed is found unlocked when its turn comes to
 * leave, and taken over.
 *
 * Who comes takes a slot first and then counts, so that of those who arrive at the same
 * instant at least one sees them all.  There are more slots than may wait: those that
 * were told to leave need one until they are gone, and in a flood that's most.
 */
#include "waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "rundir.h"

#define FILE_NAME "waiting"
#define CHUNK 128      /* slots read at a time */
#define CHOICE 128     /* free slots that one look remembers: others try them, too */
#define LOOKS 16       /* at the table, 120 ms, before we give up */
#define AHEAD_MS 60000 /* later than now by more than this: no time of ours */

enum { FREE, TAKEN, BUSY };

/* The first four are written by who has the slot, the last by who told it to leave: the
 * two may happen at the same time, and to the next who has the slot it means nothing. */
struct slot {
	struct address key; /* all zero: exempt */
	int64_t since;      /* ms */
	uint32_t pid;       /* never signalled unless the kernel says the same */
	uint32_t state;
	uint64_t told; /* stamp() of whom */
};
#define SLOT_OWN offsetof(struct slot, told)
_Static_assert(sizeof(struct slot) == 40 && SLOT_OWN == 32, "as it is in the file");

struct group {
	unsigned count;
	bool others; /* besides ourselves, and of them `first`, at `at`, is to leave first */
	unsigned at;
	struct slot first;
};

/* What a look at the table found. */
struct look {
	struct group all, mine;
	unsigned free[CHOICE], told[CHOICE];
	unsigned frees, tolds;
};

struct table {
	int fd;
	unsigned slots;
	struct waiting_limits limits;
	struct slot me;
	bool placed;
	unsigned at; /* where we are, then */
};

static const struct address exempt;

static int lock_op(int fd, unsigned slot, int op, short type, struct flock *l)
{
	*l = (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1 };
	return fcntl(fd, op, l);
}

static bool take(const struct table *t, unsigned slot)
{
	struct flock l;

	return lock_op(t->fd, slot, F_SETLK, F_WRLCK, &l) == 0;
}

static void let_go(const struct table *t, unsigned slot)
{
	struct flock l;

	lock_op(t->fd, slot, F_SETLK, F_UNLCK, &l);
}

/* Who holds the slot; 0: nobody, or nobody that we can see. */
static pid_t holder(const struct table *t, unsigned slot)
{
	struct flock l;

	if (lock_op(t->fd, slot, F_GETLK, F_WRLCK, &l) < 0 || l.l_type == F_UNLCK || l.l_pid < 0)
		return 0;
	return l.l_pid;
}

static int put(int fd, unsigned slot, const struct slot *s)
{
	return file_pwrite_all(fd, s, SLOT_OWN, (off_t)(slot * sizeof *s));
}

static uint64_t stamp(const struct slot *s)
{
	return (uint64_t)s->since << 22 | s->pid; /* pids have 22 bits */
}

static int put_told(int fd, unsigned slot, const struct slot *s)
{
	uint64_t told = stamp(s);

	return file_pwrite_all(fd, &told, sizeof told, (off_t)(slot * sizeof *s + SLOT_OWN));
}

static bool leaves_before(const struct slot *a, const struct slot *b)
{
	if ((a->state == BUSY) != (b->state == BUSY))
		return b->state == BUSY;
	return a->since < b->since;
}

static void count(struct group *g, const struct table *t, unsigned at, const struct slot *s)
{
	g->count++;
	if ((t->placed && at == t->at) || (g->others && !leaves_before(s, &g->first)))
		return;
	g->others = true;
	g->at = at;
	g->first = *s;
}

static void see(struct look *l, const struct table *t, unsigned at, struct slot s)
{
	if (s.state == FREE) {
		if (l->frees < CHOICE)
			l->free[l->frees++] = at;
		return;
	}
	if (s.told == stamp(&s)) {
		if (l->tolds < CHOICE)
			l->told[l->tolds++] = at;
		return;
	}
	if (s.since > t->me.since + AHEAD_MS) { /* nobody wrote this */
		s.since = INT64_MIN;
		s.state = TAKEN;
	}
	count(&l->all, t, at, &s);
	if (memcmp(&s.key, &t->me.key, sizeof s.key) == 0)
		count(&l->mine, t, at, &s);
}

/* What lies beyond the end of the file is free. */
static void look(const struct table *t, struct look *l)
{
	struct slot chunk[CHUNK];
	ssize_t got = sizeof chunk;

	memset(l, 0, sizeof *l);
	for (unsigned from = 0; from < t->slots; from += CHUNK) {
		unsigned n = t->slots - from < CHUNK ? t->slots - from : CHUNK;

		if (got == 0 && l->frees == CHOICE)
			return;
		memset(chunk, 0, sizeof chunk);
		got = file_pread_all(t->fd, chunk, n * sizeof *chunk,
				     (off_t)(from * sizeof *chunk));
		for (unsigned i = 0; i < n; i++)
			see(l, t, from + i, chunk[i]);
	}
}

/* Who must leave; NULL: nobody. */
static const struct group *too_many(const struct table *t, const struct look *l)
{
	bool known = memcmp(&t->me.key, &exempt, sizeof exempt) != 0;

	if (known && t->limits.per_address && l->mine.count > t->limits.per_address)
		return l->mine.others ? &l->mine : NULL;
	return l->all.count > t->limits.total && l->all.others ? &l->all : NULL;
}

/* Between two looks at who holds the lock nobody else can have got this pid unless it holds
 * the lock: the descriptor is its process, or one that is gone. */
static void send_away(const struct table *t, const struct group *g, const char *limit)
{
	pid_t pid = (pid_t)g->first.pid;
	int fd = holder(t, g->at) == pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd >= 0 && holder(t, g->at) == pid && put_told(t->fd, g->at, &g->first) == 0 &&
	    syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) == 0)
		log_fields(LOG_LEVEL_INFO, "waiting", "limit=%s dropped=%ld", limit, (long)pid);
	if (fd >= 0)
		close(fd);
}

/* One of these slots, at first one that others don't try first. */
static bool take_one(struct table *t, const unsigned *slots, unsigned n)
{
	unsigned first = n ? (unsigned)getpid() % n : 0;

	for (unsigned i = 0; i < n && !t->placed; i++) {
		t->at = slots[(first + i) % n];
		t->placed = take(t, t->at);
	}
	return t->placed;
}

static bool find_place(struct table *t)
{
	struct look l;

	for (int i = 0; i < LOOKS; i++) {
		look(t, &l);
		if (take_one(t, l.free, l.frees) || take_one(t, l.told, l.tolds) ||
		    take_one(t, &l.all.at, l.all.others)) /* nobody was there any more */
			return true;
		clock_sleep_ms(i); /* they are on their way */
	}
	return false;
}

static void make_room(const struct table *t)
{
	static const struct slot nobody = { .state = FREE };
	const struct group *g;
	struct look l;

	for (int i = 0; i < LOOKS; i++) {
		look(t, &l);
		g = too_many(t, &l);
		if (!g)
			return;
		if (!take(t, g->at)) {
			send_away(t, g, g == &l.mine ? "address" : "total");
			continue;
		}
		if (put(t->fd, g->at, &nobody) < 0) /* its process was killed */
			return;
		let_go(t, g->at);
	}
}

enum waiting_status waiting_enter(struct waiting *w, const struct address *key,
				  struct waiting_limits limits, int64_t now)
{
	struct table t = { .slots = limits.total * WAITING_SLOTS, .limits = limits };

	w->fd = -1;
	if (!limits.total)
		return WAITING_OFF;
	t.fd = run_file(FILE_NAME);
	if (t.fd < 0)
		return WAITING_OFF;
	t.me = (struct slot){ .since = now, .pid = (uint32_t)getpid(), .state = TAKEN };
	t.me.key = key ? *key : exempt;
	if (!find_place(&t)) {
		close(t.fd);
		return WAITING_FULL;
	}
	/* The place for waiting_leave: in a jail write(2) may be all there is. */
	if (put(t.fd, t.at, &t.me) == 0 && lseek(t.fd, (off_t)(t.at * sizeof t.me), SEEK_SET) >= 0)
		make_room(&t);
	else
		log_warn("limits", "can't write %s: %s", FILE_NAME, strerror(errno));
	*w = (struct waiting){ t.fd, t.at, t.me.key, now };
	return WAITING_IN;
}

void waiting_busy(const struct waiting *w, bool busy)
{
	const struct slot me = { w->key, w->since, (uint32_t)getpid(), busy ? BUSY : TAKEN, 0 };

	if (w->fd >= 0 && put(w->fd, w->slot, &me) < 0)
		log_warn("limits", "can't write %s: %s", FILE_NAME, strerror(errno));
}

void waiting_leave(struct waiting *w)
{
	static const struct slot nobody;

	if (w->fd < 0)
		return;
	if (file_write_all(w->fd, &nobody, SLOT_OWN) < 0)
		log_warn("limits", "can't write %s: %s", FILE_NAME, strerror(errno));
	close(w->fd);
	w->fd = -1;
}
