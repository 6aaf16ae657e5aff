/*
 * shim.c: a machine's odd clock, coarse directory times, and a process stopped or killed at
 * a named step, for a whole imapd.  Linked into it (build/fault/imapd: the test flavour's
 * objects, --wrap), because the release program is static, reads its clock from the vDSO,
 * which no tracer sees, and has no named steps.
 *
 *	SHIM_GRAIN=NS       times of files are kept in steps of so many nanoseconds; if these are
 *	                    shorter than a second none is a whole one, as with a kernel's tick,
 *	                    and so is the clock that gives them (CLOCK_REALTIME_COARSE);
 *	                    all whole is what a filesystem has that keeps seconds only
 *	SHIM_CLOCK=FILE     how the clock was set: pairs {when, by then wrong by}, two int64 each,
 *	                    nanoseconds of the real clock, rising; a test appends to it.  A file's
 *	                    times are those that a kernel with that clock would have given it
 *	SHIM_FAST=N         the clock that never jumps, by which one waits, is N times as fast
 *	SHIM_STEP=N         the N-th step (fault.h, CRASH_POINT without the single stores): before
 *	                    it the process sends itself SHIM_SIGNAL
 *	SHIM_POINT=NAME     only steps of that name count
 *	SHIM_NAME=FILE      gets the name of that step just before
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define JUMPS_MAX 256 /* a page of pairs */

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __real_fstat(int fd, struct stat *st);
int __real_fstatat(int dir, const char *name, struct stat *st, int flags);
int __real_stat(const char *name, struct stat *st);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstatat(int dir, const char *name, struct stat *st, int flags);
int __wrap_stat(const char *name, struct stat *st);
void store_fault(const char *point);
void index_crash_point(const char *point);

struct jump {
	int64_t when, by;
};

static const struct jump *jumps; /* shared with the test, {0, 0} ends it */
static int64_t grain, step, steps, fast;
static const char *only;
static int signal_number;

static int64_t number(const char *name)
{
	const char *v = getenv(name);

	return v ? strtoll(v, NULL, 10) : 0;
}

/* Before main, and so before the cage is shut. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SHIM_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	grain = number("SHIM_GRAIN");
	only = getenv("SHIM_POINT");
	fast = number("SHIM_FAST");
	step = number("SHIM_STEP");
	signal_number = (int)number("SHIM_SIGNAL");
	if (path) {
		void *p = mmap(NULL, JUMPS_MAX * sizeof *jumps, PROT_READ, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			_exit(99);
		jumps = p;
		close(fd);
	}
}

static int64_t ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static void set_ns(struct timespec *t, int64_t ns)
{
	int64_t rest = (ns % 1000000000 + 1000000000) % 1000000000;

	t->tv_sec = (ns - rest) / 1000000000;
	t->tv_nsec = rest;
}

/* By how much the clock was wrong at a real moment. */
static int64_t wrong_by(int64_t when)
{
	int64_t by = 0;

	for (size_t i = 0; jumps && i < JUMPS_MAX - 1; i++) {
		int64_t at = __atomic_load_n(&jumps[i].when, __ATOMIC_ACQUIRE);
		if (at == 0 || at > when)
			break;
		by = jumps[i].by;
	}
	return by;
}

static int64_t step_of(int64_t ns)
{
	int64_t first = grain < 1000000000 ? grain / 3 : 0;

	return ns - ((ns - first) % grain + grain) % grain;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int r = __real_clock_gettime(id, t);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		set_ns(t, ns_of(t) + wrong_by(ns_of(t)));
	if (r == 0 && id == CLOCK_REALTIME_COARSE && grain && grain < 1000000000)
		set_ns(t, step_of(ns_of(t)));
	if (r == 0 && id == CLOCK_MONOTONIC && fast)
		set_ns(t, ns_of(t) * fast);
	return r;
}

/* Times in the future and whole seconds were given by somebody, and are what they are. */
static void change_time(struct timespec *t, int64_t now)
{
	bool given = t->tv_nsec == 0;
	int64_t ns = ns_of(t);

	if (ns <= now)
		ns += wrong_by(ns);
	if (grain && !given)
		ns = step_of(ns);
	set_ns(t, ns);
}

static int changed(int r, struct stat *st)
{
	struct timespec now;

	if (r < 0 || (!jumps && !grain))
		return r;
	__real_clock_gettime(CLOCK_REALTIME, &now);
	change_time(&st->st_atim, ns_of(&now));
	change_time(&st->st_mtim, ns_of(&now));
	change_time(&st->st_ctim, ns_of(&now));
	return r;
}

int __wrap_fstat(int fd, struct stat *st)
{
	return changed(__real_fstat(fd, st), st);
}

int __wrap_fstatat(int dir, const char *name, struct stat *st, int flags)
{
	return changed(__real_fstatat(dir, name, st, flags), st);
}

int __wrap_stat(const char *name, struct stat *st)
{
	return changed(__real_stat(name, st), st);
}

static void tell(const char *point)
{
	const char *path = getenv("SHIM_NAME");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

	if (path && (fd < 0 || write(fd, point, strlen(point)) < 0))
		_exit(99);
	close(fd);
}

void store_fault(const char *point)
{
	if (step == 0 || (only && strcmp(point, only) != 0) || ++steps != step)
		return;
	tell(point);
	raise(signal_number);
}

void index_crash_point(const char *point)
{
	if (strcmp(point, "store") != 0 && strcmp(point, "copied") != 0)
		store_fault(point);
}
