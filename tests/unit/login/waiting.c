/*
 * waiting.c: limits in all and per address, who leaves, kill -9, damaged tables,
 * many processes at once.  Each waiter is a process that sleeps until SIGTERM.
 */
#include "waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "conf.h"
#include "num.h"
#include "test.h"

#define SLOT 40
#define OWN 32 /* bytes of it, of who has it */
#define WAITERS 64

static char file[600];
static const struct waiting_limits limits = { .total = 8, .per_address = 3 };

static int begin(void **state)
{
	static int count;
	char dir[512];

	(void)state;
	conf_forget();
	snprintf(dir, sizeof dir, "%s/%d", test_dir(), count++);
	assert_int_equal(mkdir(dir, 0755), 0);
	setenv("RUN_DIR", dir, 1);
	snprintf(file, sizeof file, "%s/waiting", dir);
	return 0;
}

static struct address number(int i)
{
	struct address a;

	assert_true(address_parse(&a, "192.0.2.0"));
	a.b[15] = (uint8_t)i;
	return a;
}

static bool busy; /* what the next one is */

/* A process in the table: it says how it came in, and ends with 0 at SIGTERM. */
static pid_t enter(const struct address *key, int64_t now, enum waiting_status *status)
{
	int pipes[2];
	char said = 'x';
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct waiting w;
		sigset_t term;
		int sig;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipes[0]);
		sigemptyset(&term);
		sigaddset(&term, SIGTERM);
		sigprocmask(SIG_BLOCK, &term, NULL);
		said = (char)waiting_enter(&w, key, limits, now);
		if (busy)
			waiting_busy(&w, true);
		if (write(pipes[1], &said, 1) != 1)
			_exit(1);
		if (w.fd >= 0)
			sigwait(&term, &sig);
		waiting_leave(&w);
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &said, 1), 1);
	close(pipes[0]);
	*status = (enum waiting_status)said;
	return pid;
}

static pid_t enters(int address, int64_t now)
{
	struct address key = number(address);
	enum waiting_status status;
	pid_t pid = enter(address ? &key : NULL, now, &status);

	assert_int_equal(status, WAITING_IN);
	return pid;
}

static bool gone_by_now(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* It was told, and went. */
static void assert_left(pid_t pid)
{
	int64_t deadline = clock_ms() + 20000;

	while (clock_ms() < deadline) {
		if (gone_by_now(pid))
			return;
		clock_sleep_ms(5);
	}
	fail_msg("nobody told it to leave");
}

static void assert_stays(pid_t pid)
{
	if (waitpid(pid, NULL, WNOHANG) != 0)
		fail_msg("it was told to leave");
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void test_per_address(void **state)
{
	pid_t a[6], b;

	(void)state;
	a[1] = enters(1, 20);
	a[0] = enters(1, 10);
	a[2] = enters(1, 30);
	b = enters(2, 1);
	assert_stays(a[0]); /* at the limit */
	a[3] = enters(1, 40);
	assert_left(a[0]);
	a[4] = enters(1, 50);
	assert_left(a[1]);
	assert_stays(a[2]);
	assert_stays(a[3]);
	/* one goes by itself: there is room */
	end(a[2]);
	a[5] = enters(1, 60);
	assert_stays(a[3]);
	assert_stays(a[4]);
	assert_stays(b);
	end(a[3]);
	end(a[4]);
	end(a[5]);
	end(b);
}

static void test_total(void **state)
{
	pid_t p[12];

	(void)state;
	for (int i = 0; i < 8; i++)
		p[i] = enters(i + 1, 100 - i);
	for (int i = 0; i < 8; i++)
		assert_stays(p[i]);
	p[8] = enters(20, 200);
	assert_left(p[7]);
	p[9] = enters(21, 201);
	assert_left(p[6]);
	for (int i = 0; i < 6; i++)
		assert_stays(p[i]);
	for (int i = 0; i < 10; i++)
		if (i < 6 || i > 7)
			end(p[i]);
}

/* Those who are about to be let in leave last, but they do. */
static void test_busy(void **state)
{
	pid_t p[7];

	(void)state;
	busy = true;
	p[0] = enters(1, 10);
	busy = false;
	for (int i = 1; i < 3; i++)
		p[i] = enters(1, 10 + i);
	busy = true;
	p[3] = enters(1, 13);
	assert_left(p[1]);
	p[4] = enters(1, 14);
	assert_left(p[2]);
	assert_stays(p[0]);
	p[5] = enters(1, 15);
	assert_left(p[0]);
	for (int i = 3; i < 6; i++) {
		assert_stays(p[i]);
		end(p[i]);
	}
	busy = false;
}

/* No limit per address, but the one in all. */
static void test_exempt(void **state)
{
	pid_t p[9];

	(void)state;
	for (int i = 0; i < 8; i++)
		p[i] = enters(0, i);
	for (int i = 0; i < 8; i++)
		assert_stays(p[i]);
	p[8] = enters(0, 8);
	assert_left(p[0]);
	for (int i = 1; i < 9; i++)
		end(p[i]);
}

/* A killed process is not counted, and nobody is signalled in its place. */
static void test_killed(void **state)
{
	pid_t p[4], others[5];

	(void)state;
	for (int i = 0; i < 3; i++)
		p[i] = enters(1, i);
	for (int i = 0; i < 3; i++) {
		kill(p[i], SIGKILL);
		waitpid(p[i], NULL, 0);
	}
	for (int i = 0; i < 3; i++)
		p[i] = enters(1, 10 + i);
	for (int i = 0; i < 5; i++)
		others[i] = enters(2 + i, 20 + i);
	for (int i = 0; i < 3; i++)
		assert_stays(p[i]);
	p[3] = enters(1, 40);
	assert_left(p[0]);
	for (int i = 1; i < 4; i++)
		end(p[i]);
	for (int i = 0; i < 5; i++)
		end(others[i]);
}

/* Who enters and then forks; both say that they are there and stay until life ends. */
static void enter_and_fork(const struct address *key, int said, int life)
{
	struct waiting w;
	char c;

	if (waiting_enter(&w, key, limits, 10) != WAITING_IN || fork() < 0)
		_exit(1);
	if (write(said, "", 1) != 1 || read(life, &c, 1) != 0)
		_exit(1);
	_exit(0);
}

/* Slots that say they are taken. */
static int taken(void)
{
	char slot[SLOT];
	int fd = open(file, O_RDONLY), n = 0;

	assert_true(fd >= 0);
	while (read(fd, slot, sizeof slot) >= OWN)
		n += get_le32(slot + 28) == 1;
	close(fd);
	return n;
}

/* Children have copies of the descriptor; they hold nothing. */
static void test_child(void **state)
{
	struct address key = number(1);
	struct waiting mine;
	int said[2], life[2], status;
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(said), 0);
	assert_int_equal(pipe(life), 0);
	pid = fork();
	if (pid == 0) {
		close(life[1]);
		enter_and_fork(&key, said[1], life[0]);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(read(said[0], &c, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* its child is still there, but the slot is free for who comes at the limit */
	assert_int_equal(waiting_enter(&mine, &key, (struct waiting_limits){ 8, 1 }, 20),
			 WAITING_IN);
	/* and ours stays ours when a child closes its copy */
	pid = fork();
	if (pid == 0) {
		struct flock l = { .l_type = F_WRLCK, .l_start = mine.slot, .l_len = 1 };
		int other = open(file, O_RDWR);

		close(mine.fd);
		assert_int_equal(fcntl(other, F_GETLK, &l), 0);
		_exit(l.l_pid == getppid() && taken() == 1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	waiting_leave(&mine);
	assert_int_equal(mine.fd, -1);
	assert_int_equal(taken(), 0);
	waiting_leave(&mine);
	for (int i = 0; i < 2; i++) {
		close(said[i]);
		close(life[i]);
	}
}

/* Those who were told but can't go yet have slots of their own; when these are used up
 * too, the next is refused. */
static void test_stubborn(void **state)
{
	enum waiting_status status = WAITING_IN;
	pid_t p[WAITERS];
	int n = 0;

	(void)state;
	for (; n < WAITERS && status == WAITING_IN; n++) {
		struct address key = number(n + 1);
		p[n] = enter(&key, n, &status);
		kill(p[n], SIGSTOP);
	}
	assert_int_equal(status, WAITING_FULL);
	assert_int_equal(n, WAITING_SLOTS * (int)limits.total + 1);
	for (int i = 0; i < n; i++)
		kill(p[i], SIGCONT);
	for (int i = 0; i < n - 1 - (int)limits.total; i++)
		assert_left(p[i]);
	for (int i = n - 1 - (int)limits.total; i < n; i++)
		end(p[i]);
	/* and it's as good as new */
	for (int i = 0; i < 8; i++)
		p[i] = enters(i + 1, 1000 + i);
	for (int i = 0; i < 8; i++) {
		assert_stays(p[i]);
		end(p[i]);
	}
}

static void fill(int kind, size_t size)
{
	char content[4096];
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	memset(content, kind == 1 ? 0xff : kind == 2 ? 1 : 0, sizeof content);
	if (kind == 3)
		num_random(content, sizeof content);
	for (size_t i = 0; kind == 4 && i + SLOT <= sizeof content; i += SLOT) {
		put_le64(content + i + 16, INT64_MAX); /* since */
		put_le32(content + i + 28, 1);
	}
	for (size_t done = 0; done < size; done += sizeof content)
		assert_true(write(fd, content,
				  sizeof content < size - done ? sizeof content : size - done) > 0);
	close(fd);
}

/* Whatever is in the file: who comes gets in, who is there stays, up to the limit. */
static void test_damage(void **state)
{
	static const size_t sizes[] = { 0, 1, 31, 33, 8 * SLOT, 32 * SLOT - 1, 32 * SLOT, 5000 };
	pid_t p[8];

	(void)state;
	for (int i = 0; i < 5 * (int)COUNT(sizes); i++) {
		fill(i % 5, sizes[i / 5]);
		for (int j = 0; j < 8; j++)
			p[j] = enters(j + 1, 1000 + j);
		for (int j = 0; j < 8; j++)
			assert_stays(p[j]);
		assert_int_equal(truncate(file, 17), 0); /* forgets them, no more */
		for (int j = 0; j < 8; j++)
			end(p[j]);
	}
}

/* How many ended since the last time, each well; they are 0 in pids then. */
static int ended(pid_t *pids, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		if (pids[i] && gone_by_now(pids[i])) {
			pids[i] = 0;
			count++;
		}
	return count;
}

/* As many as may wait are there; then many more come at the same instant.  Nobody is refused,
 * and exactly as many leave as there are too many. */
static void test_processes(void **state)
{
	enum { THERE = 100, MANY = 300 };
	const struct waiting_limits wide = { .total = THERE, .per_address = 0 };
	int gate[2], in[2], told = 0;
	pid_t pids[MANY];
	char c;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(in), 0);
	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct waiting w;
			sigset_t term;
			int sig;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(gate[1]);
			sigemptyset(&term);
			sigaddset(&term, SIGTERM);
			sigprocmask(SIG_BLOCK, &term, NULL);
			if ((i >= THERE && read(gate[0], &c, 1) != 0) ||
			    waiting_enter(&w, NULL, wide, i < THERE ? i : 1000) != WAITING_IN ||
			    write(in[1], "", 1) != 1)
				_exit(1);
			sigwait(&term, &sig);
			waiting_leave(&w);
			_exit(0);
		}
	}
	for (int i = 0; i < THERE; i++)
		assert_int_equal(read(in[0], &c, 1), 1);
	close(gate[0]);
	close(gate[1]);
	for (int i = THERE; i < MANY; i++)
		assert_int_equal(read(in[0], &c, 1), 1);
	for (int64_t until = clock_ms() + 20000; told < MANY - THERE && clock_ms() < until;) {
		clock_sleep_ms(5);
		told += ended(pids, MANY);
	}
	clock_sleep_ms(100);
	assert_int_equal(told + ended(pids, MANY), MANY - THERE);
	for (int i = 0; i < MANY; i++)
		if (pids[i])
			end(pids[i]);
	close(in[0]);
	close(in[1]);
}

static void test_off(void **state)
{
	struct waiting w;

	(void)state;
	assert_int_equal(waiting_enter(&w, NULL, (struct waiting_limits){ 0, 0 }, 1), WAITING_OFF);
	assert_int_equal(w.fd, -1);
	setenv("RUN_DIR", "/nonexistent", 1);
	assert_int_equal(waiting_enter(&w, NULL, limits, 1), WAITING_OFF);
	assert_int_equal(w.fd, -1);
	waiting_leave(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_per_address, begin),
		cmocka_unit_test_setup(test_total, begin),
		cmocka_unit_test_setup(test_busy, begin),
		cmocka_unit_test_setup(test_exempt, begin),
		cmocka_unit_test_setup(test_killed, begin),
		cmocka_unit_test_setup(test_child, begin),
		cmocka_unit_test_setup(test_stubborn, begin),
		cmocka_unit_test_setup(test_damage, begin),
		cmocka_unit_test_setup(test_processes, begin),
		cmocka_unit_test_setup(test_off, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
