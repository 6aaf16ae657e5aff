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
 * instant at least one sees them all.  There are twice as many slots as may wait: those
 * that were told to leave need one until they are gone.  No gate waits for another.
 */
#include "waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "rundir.h"

#define FILE_NAME "waiting"
#define CHUNK 128      /* slots read at a time */
#define CHOICE 32      /* free slots that one look remembers */
#define LOOKS 8        /* at the table, before we give up */
#define AHEAD_MS 60000 /* later than now by more than this: no time of ours */
#define TELLS_MAX 4    /* how many one newcomer sends away when there are too many */

enum { FREE, TAKEN, TOLD };

struct slot {
	struct address key; /* all zero: exempt */
	int64_t since;      /* ms */
	uint64_t state;
};
_Static_assert(sizeof(struct slot) == 32, "as it is in the file");

struct group {
	unsigned count;
	bool others; /* at and since are those of the oldest but for ourselves */
	unsigned at;
	int64_t since;
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
	return file_pwrite_all(fd, s, sizeof *s, (off_t)(slot * sizeof *s));
}

static void count(struct group *g, const struct table *t, unsigned at, int64_t since)
{
	g->count++;
	if ((t->placed && at == t->at) || (g->others && since >= g->since))
		return;
	g->others = true;
	g->at = at;
	g->since = since;
}

static void see(struct look *l, const struct table *t, unsigned at, const struct slot *s)
{
	if (s->state == FREE) {
		if (l->frees < CHOICE)
			l->free[l->frees++] = at;
	} else if (s->state == TOLD) {
		if (l->tolds < CHOICE)
			l->told[l->tolds++] = at;
	} else {
		int64_t since = s->since > t->me.since + AHEAD_MS ? INT64_MIN : s->since;

		count(&l->all, t, at, since);
		if (memcmp(&s->key, &t->me.key, sizeof s->key) == 0)
			count(&l->mine, t, at, since);
	}
}

/* What lies beyond the end of the file is free. */
static void look(const struct table *t, struct look *l)
{
	static const struct slot nobody;
	struct slot chunk[CHUNK];

	memset(l, 0, sizeof *l);
	for (unsigned from = 0; from < t->slots; from += CHUNK) {
		unsigned n = t->slots - from < CHUNK ? t->slots - from : CHUNK, got = 0;
		ssize_t bytes = file_pread_all(t->fd, chunk, n * sizeof *chunk,
					       (off_t)(from * sizeof *chunk));

		if (bytes > 0)
			got = (unsigned)((size_t)bytes / sizeof *chunk);
		for (unsigned i = 0; i < n; i++)
			see(l, t, from + i, i < got ? &chunk[i] : &nobody);
		if (got < n && l->frees == CHOICE)
			return;
	}
}

/* The slot of who must leave; false: nobody. */
static bool too_many(const struct table *t, const struct look *l, unsigned *at, const char **limit)
{
	bool known = memcmp(&t->me.key, &exempt, sizeof exempt) != 0;

	if (known && t->limits.per_address && l->mine.count > t->limits.per_address) {
		*at = l->mine.at;
		*limit = "address";
		return l->mine.others;
	}
	*at = l->all.at;
	*limit = "total";
	return l->all.count > t->limits.total && l->all.others;
}

/* Between two looks at who holds the lock nobody else can have got this pid unless it holds
 * the lock: the descriptor is its process, or one that is gone. */
static void send_away(const struct table *t, unsigned at, const char *limit)
{
	const struct slot told = { .state = TOLD };
	pid_t pid = holder(t, at);
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd >= 0 && holder(t, at) == pid && put(t->fd, at, &told) == 0 &&
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
	}
	return false;
}

static void make_room(const struct table *t)
{
	const struct slot nobody = { .state = FREE };
	const char *limit;
	struct look l;
	unsigned at;

	for (int i = 0; i < TELLS_MAX; i++) {
		look(t, &l);
		if (!too_many(t, &l, &at, &limit))
			return;
		if (!take(t, at)) {
			send_away(t, at, limit);
			continue;
		}
		if (put(t->fd, at, &nobody) < 0) /* its process was killed */
			return;
		let_go(t, at);
	}
}

enum waiting_status waiting_enter(struct waiting *w, const struct address *key,
				  struct waiting_limits limits, int64_t now)
{
	struct table t = { .slots = limits.total * 2, .limits = limits };

	w->fd = -1;
	if (!limits.total)
		return WAITING_OFF;
	t.fd = run_file(FILE_NAME);
	if (t.fd < 0)
		return WAITING_OFF;
	t.me = (struct slot){ .key = key ? *key : exempt, .since = now, .state = TAKEN };
	if (!find_place(&t)) {
		close(t.fd);
		return WAITING_FULL;
	}
	if (put(t.fd, t.at, &t.me) == 0)
		make_room(&t);
	else
		log_warn("limits", "can't write %s: %s", FILE_NAME, strerror(errno));
	*w = (struct waiting){ t.fd, t.at };
	return WAITING_IN;
}

void waiting_leave(struct waiting *w)
{
	static const struct slot nobody;

	if (w->fd < 0)
		return;
	if (put(w->fd, w->slot, &nobody) < 0)
		log_warn("limits", "can't write %s: %s", FILE_NAME, strerror(errno));
	close(w->fd);
	w->fd = -1;
}
