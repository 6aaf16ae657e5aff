/*
 * bell.c: every listener in every process wakes for each ring, none is lost
 * between hearing and waiting, nothing planted in the FIFO's place does harm.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>

#include "bell.h"

static int make_dir(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", test_dir(), name);
	assert_int_equal(mkdir(path, 0700), 0);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

static bool wakes(struct bell *b, int timeout_ms)
{
	struct pollfd p = { bell_fd(b), POLLIN, 0 };
	return poll(&p, 1, timeout_ms) == 1;
}

static bool heard_in_time(struct bell *b)
{
	return wakes(b, 5000) && bell_heard(b);
}

static void put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
}

static off_t size_of(int dir, const char *name)
{
	struct stat st;
	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_size;
}

static bool is_fifo(int dir)
{
	struct stat st;
	return fstatat(dir, BELL_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISFIFO(st.st_mode);
}

static void test_nobody(void **state)
{
	(void)state;
	int dir = make_dir("nobody");

	errno = 77;
	bell_ring(dir);
	bell_ring(-1);
	assert_int_equal(errno, 77);
	assert_int_equal(faccessat(dir, BELL_FILE, F_OK, 0), -1);
	struct bell *b = bell_listen(dir, -1, -1);
	assert_non_null(b);
	bell_close(b);
	bell_ring(dir);
	b = bell_listen(dir, -1, -1);
	assert_false(wakes(b, 0));
	assert_false(bell_watches(b));
	bell_close(b);
	close(dir);
}

/* A ring before, after and during the wait is heard once, and again. */
static void test_ring(void **state)
{
	(void)state;
	int dir = make_dir("ring");
	struct bell *b = bell_listen(dir, -1, -1);

	for (int i = 0; i < 100; i++) {
		assert_false(wakes(b, 0));
		assert_false(bell_heard(b));
		bell_ring(dir);
		assert_true(wakes(b, 0));
		assert_true(wakes(b, 0));
		assert_true(bell_heard(b));
		assert_false(bell_heard(b));
		bell_ring(dir);
		bell_ring(dir);
		assert_true(heard_in_time(b));
	}
	assert_false(wakes(b, 20));
	bell_close(b);
	close(dir);
}

/* More rings than a FIFO holds, by nobody read. */
static void test_full(void **state)
{
	(void)state;
	int dir = make_dir("full");
	struct bell *a = bell_listen(dir, -1, -1), *b = bell_listen(dir, -1, -1);

	for (int i = 0; i < 150000; i++) {
		bell_ring(dir);
		if (i % 1000 == 0 || (i > 65500 && i < 65600)) {
			assert_true(wakes(a, 0));
			assert_true(bell_heard(a));
			assert_false(wakes(a, 0));
		}
	}
	assert_true(heard_in_time(b));
	assert_false(wakes(b, 0));
	/* A new one is not woken by what it is too late for. */
	struct bell *c = bell_listen(dir, -1, -1);
	assert_false(wakes(c, 0));
	bell_ring(dir);
	assert_true(heard_in_time(a));
	assert_true(heard_in_time(b));
	assert_true(heard_in_time(c));
	bell_close(a);
	bell_close(b);
	bell_close(c);
	close(dir);
}

/* --- many processes --- */

#define LISTENERS 6
#define RINGS 200

struct shared {
	unsigned listening, woken[LISTENERS];
	unsigned counter;
};

static struct shared *share(void)
{
	struct shared *s =
		mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(s != MAP_FAILED);
	return s;
}

static unsigned load(unsigned *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void add(unsigned *p)
{
	__atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST);
}

static void wait_for(unsigned *p, unsigned value)
{
	for (int i = 0; load(p) < value; i++) {
		assert_true(i < 20000);
		usleep(500);
	}
}

static void listen_and_count(struct shared *s, int dir, int me)
{
	struct bell *b = bell_listen(dir, -1, -1);

	add(&s->listening);
	for (unsigned i = 0; i < RINGS; i++) {
		if (!heard_in_time(b))
			_exit(1);
		add(&s->woken[me]);
	}
	bell_close(b);
	_exit(0);
}

static void reap(int n)
{
	for (int i = 0; i < n; i++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

static void test_processes(void **state)
{
	(void)state;
	int dir = make_dir("processes");
	struct shared *s = share();

	for (int i = 0; i < LISTENERS; i++)
		if (fork() == 0)
			listen_and_count(s, dir, i);
	wait_for(&s->listening, LISTENERS);
	for (unsigned ring = 1; ring <= RINGS; ring++) {
		bell_ring(dir);
		for (int i = 0; i < LISTENERS; i++)
			wait_for(&s->woken[i], ring);
	}
	reap(LISTENERS);
	close(dir);
}

#define RINGERS 4
#define CHANGES 20000

/* Looks after each wake-up; with a lost one it would never see the end. */
static void listen_to_the_end(struct shared *s, int dir)
{
	struct bell *b = bell_listen(dir, -1, -1);

	add(&s->listening);
	while (load(&s->counter) < RINGERS * CHANGES)
		if (!heard_in_time(b))
			_exit(1);
	_exit(0);
}

static void change_and_ring(struct shared *s, int dir)
{
	for (int i = 0; i < CHANGES; i++) {
		add(&s->counter);
		bell_ring(dir);
	}
	_exit(0);
}

static void test_no_lost_ring(void **state)
{
	(void)state;
	int dir = make_dir("storm");
	struct shared *s = share();

	for (int i = 0; i < LISTENERS; i++)
		if (fork() == 0)
			listen_to_the_end(s, dir);
	wait_for(&s->listening, LISTENERS);
	for (int i = 0; i < RINGERS; i++)
		if (fork() == 0)
			change_and_ring(s, dir);
	reap(LISTENERS + RINGERS);
	close(dir);
}

/* The only listener goes while somebody rings: no SIGPIPE, whatever its
 * disposition. */
static void test_listeners_go(void **state)
{
	(void)state;
	int dir = make_dir("go");
	pid_t child = fork();

	if (child == 0)
		for (alarm(60);;) /* should its parent die */
			bell_close(bell_listen(dir, -1, -1));
	for (int i = 0; i < 40000; i++)
		bell_ring(dir);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(dir);
}

/* --- the FIFO's place --- */

static void plant_file(int dir)
{
	put_file(dir, BELL_FILE);
}

static void plant_symlink(int dir)
{
	put_file(dir, "target");
	assert_int_equal(symlinkat("target", dir, BELL_FILE), 0);
}

static void plant_dangling(int dir)
{
	assert_int_equal(symlinkat("nowhere", dir, BELL_FILE), 0);
}

static void plant_socket(int dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", dir, BELL_FILE);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
}

static void plant_directory(int dir)
{
	assert_int_equal(mkdirat(dir, BELL_FILE, 0700), 0);
}

static const struct {
	const char *name;
	void (*plant)(int dir);
	bool replaced;
} plants[] = {
	{ "file", plant_file, true },
	{ "symlink", plant_symlink, true },
	{ "dangling", plant_dangling, true },
	{ "socket", plant_socket, true },
	{ "directory", plant_directory, false },
};

static void test_planted(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(plants); i++) {
		int dir = make_dir(plants[i].name);
		plants[i].plant(dir);
		bell_ring(dir);
		if (plants[i].plant == plant_file)
			assert_int_equal(size_of(dir, BELL_FILE), 4);
		struct bell *b = bell_listen(dir, -1, -1);
		assert_non_null(b);
		assert_int_equal(is_fifo(dir), plants[i].replaced);
		bell_ring(dir);
		if (plants[i].replaced)
			assert_true(heard_in_time(b));
		if (plants[i].plant == plant_symlink)
			assert_int_equal(size_of(dir, "target"), 4);
		assert_int_equal(faccessat(dir, "nowhere", F_OK, 0), -1);
		bell_close(b);
		close(dir);
	}
}

/* Removed or replaced under a listener: it hears of it, and rings again. */
static void test_replaced(void **state)
{
	(void)state;
	int dir = make_dir("replaced"), new = make_dir("replaced.new");

	for (int how = 0; how < 4; how++) {
		struct bell *a = bell_listen(dir, new, -1), *b = bell_listen(dir, new, -1);
		assert_false(wakes(b, 0));
		if (how == 2)
			assert_int_equal(renameat(dir, BELL_FILE, dir, "away"), 0);
		else
			assert_int_equal(unlinkat(dir, BELL_FILE, 0), 0);
		if (how == 1)
			assert_int_equal(mkfifoat(dir, BELL_FILE, 0600), 0);
		if (how == 3)
			put_file(dir, BELL_FILE);
		assert_true(heard_in_time(a));
		assert_true(heard_in_time(b));
		while (wakes(a, 0) || wakes(b, 0)) {
			bell_heard(a);
			bell_heard(b);
		}
		bell_ring(dir);
		assert_true(heard_in_time(a));
		assert_true(heard_in_time(b));
		assert_false(wakes(a, 0) || wakes(b, 0));
		bell_close(a);
		bell_close(b);
	}
	close(new);
	close(dir);
}

/* Without inotify it is found when the caller looks by itself. */
static void test_replaced_unwatched(void **state)
{
	(void)state;
	int dir = make_dir("unwatched");
	struct bell *b = bell_listen(dir, -1, -1);

	assert_int_equal(unlinkat(dir, BELL_FILE, 0), 0);
	assert_true(bell_heard(b));
	assert_false(bell_heard(b));
	bell_ring(dir);
	assert_true(heard_in_time(b));
	bell_close(b);
	close(dir);
}

static void test_mode(void **state)
{
	(void)state;
	static const struct {
		mode_t dir, fifo;
	} modes[] = { { 0700, 0600 }, { 0755, 0600 }, { 0770, 0660 }, { 02770, 0660 } };
	struct stat st;

	for (size_t i = 0; i < COUNT(modes); i++) {
		char name[16];
		snprintf(name, sizeof name, "mode%zu", i);
		int dir = make_dir(name);
		assert_int_equal(fchmod(dir, modes[i].dir), 0);
		bell_close(bell_listen(dir, -1, -1));
		assert_int_equal(fstatat(dir, BELL_FILE, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, modes[i].fifo);
		close(dir);
	}
}

/* --- foreign programs --- */

static void test_foreign(void **state)
{
	(void)state;
	int dir = make_dir("foreign"), new = make_dir("new"), cur = make_dir("cur");
	struct bell *b = bell_listen(dir, new, cur);

	if (!bell_watches(b))
		skip();
	put_file(new, "1");
	assert_true(heard_in_time(b));
	assert_false(wakes(b, 0));
	assert_int_equal(renameat(new, "1", cur, "1:2,"), 0);
	assert_true(heard_in_time(b));
	assert_int_equal(renameat(cur, "1:2,", cur, "1:2,S"), 0);
	assert_true(heard_in_time(b));
	assert_int_equal(unlinkat(cur, "1:2,S", 0), 0);
	assert_true(heard_in_time(b));
	for (int i = 0; i < 500; i++) {
		char name[16];
		snprintf(name, sizeof name, "m%d", i);
		put_file(new, name);
	}
	assert_true(heard_in_time(b));
	assert_false(wakes(b, 0));
	bell_ring(dir);
	assert_true(heard_in_time(b));
	bell_close(b);
	close(cur);
	close(new);
	close(dir);
}

#define INSTANCES_MAX 2000

static void test_no_inotify(void **state)
{
	(void)state;
	static int instances[INSTANCES_MAX];
	int dir = make_dir("scarce"), n = 0;

	while (n < INSTANCES_MAX && (instances[n] = inotify_init1(IN_CLOEXEC)) >= 0)
		n++;
	int spare = dup(dir); /* -1: not instances ran out, but descriptors */
	if (n < INSTANCES_MAX && spare >= 0) {
		struct bell *b = bell_listen(dir, dir, -1);
		assert_non_null(b);
		assert_false(bell_watches(b));
		bell_ring(dir);
		assert_true(heard_in_time(b));
		bell_close(b);
	}
	close(spare);
	while (n)
		close(instances[--n]);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_no_lost_ring),
		cmocka_unit_test(test_listeners_go),
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_replaced_unwatched),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_no_inotify),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
