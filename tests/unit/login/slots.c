/* Session slots: at the limit and one beyond, for whom, until when; and what a handler can do
 * with what it inherits. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "conf.h"
#include "dirscan.h"
#include "file.h"
#include "slots.h"

#define HOLDERS 64

static char run[300];
static pid_t holders[HOLDERS];
static size_t n_holders;

/* A process that tries to take a slot, and holds it until it is killed. */
static enum slot_status take(const char *user, const char *ip)
{
	int answer[2], fd;
	unsigned char status = 255;
	pid_t pid;

	assert_int_equal(pipe(answer), 0);
	pid = fork();
	if (pid == 0) {
		status = (unsigned char)slot_take(user, ip, &fd);
		if (write(answer[1], &status, 1) != 1 || status != SLOT_TAKEN)
			_exit(1);
		pause();
		_exit(0);
	}
	close(answer[1]);
	assert_int_equal(read(answer[0], &status, 1), 1);
	close(answer[0]);
	if (status == SLOT_TAKEN)
		holders[n_holders++] = pid;
	else
		waitpid(pid, NULL, 0);
	return (enum slot_status)status;
}

static void release(void)
{
	pid_t pid = holders[--n_holders];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int begin(void **state)
{
	(void)state;
	snprintf(run, sizeof run, "%s/run", test_dir());
	mkdir(run, 0755);
	setenv("RUN_DIR", run, 1);
	setenv("SESSIONS_MAX", "3", 1);
	unsetenv("LOGINFD");
	return 0;
}

static int end(void **state)
{
	(void)state;
	while (n_holders)
		release();
	return 0;
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void test_limit(void **state)
{
	(void)state;
	need_root();
	for (int i = 0; i < 3; i++)
		assert_int_equal(take("ann", "192.0.2.1"), SLOT_TAKEN);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_NONE_FREE);
	assert_int_equal(take("ann", "::ffff:192.0.2.1"), SLOT_NONE_FREE);
	assert_int_equal(take("ann", "192.0.2.2"), SLOT_TAKEN);
	assert_int_equal(take("ann", NULL), SLOT_TAKEN);
	assert_int_equal(take("bob", "192.0.2.1"), SLOT_TAKEN);
	setenv("SESSIONS_MAX", "4", 1);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_TAKEN);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_NONE_FREE);
	release();
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_TAKEN);
	setenv("SESSIONS_MAX", "0", 1);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_OFF);
}

static void test_addresses(void **state)
{
	(void)state;
	need_root();
	setenv("SESSIONS_MAX", "1", 1);
	assert_int_equal(take("ann", "2001:db8:1:2::1"), SLOT_TAKEN);
	assert_int_equal(take("ann", "2001:db8:1:2:ffff::9"), SLOT_NONE_FREE);
	assert_int_equal(take("ann", "2001:db8:1:3::1"), SLOT_TAKEN);
	assert_int_equal(take("ann", ""), SLOT_TAKEN);
	assert_int_equal(take("ann", NULL), SLOT_NONE_FREE);
	assert_int_equal(take("ann", "local"), SLOT_TAKEN);
	assert_int_equal(take("ann", "local"), SLOT_NONE_FREE);
}

/* The next login works as soon as the handler is dead, however it died. */
static void test_killed(void **state)
{
	(void)state;
	need_root();
	setenv("SESSIONS_MAX", "1", 1);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(take("ann", "192.0.2.1"), SLOT_TAKEN);
		assert_int_equal(take("ann", "192.0.2.1"), SLOT_NONE_FREE);
		release();
	}
}

/* Handed on by exec, and no tool against others. */
static void test_descriptor(void **state)
{
	(void)state;
	int fd;

	need_root();
	pid_t pid = fork();
	if (pid == 0) {
		struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		char path[64];
		bool ok = slot_take("ann", "192.0.2.1", &fd) == SLOT_TAKEN && fd == SLOT_FD &&
			  fcntl(fd, F_GETFD) == 0;

		ok = ok && setgid(60001) == 0 && setuid(60001) == 0;
		ok = ok && write(fd, "x", 1) < 0 && ftruncate(fd, 9) < 0 && fchmod(fd, 0666) < 0;
		ok = ok && fcntl(fd, F_OFD_SETLK, &l) < 0 && errno == EBADF;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		_exit(ok && open(path, O_RDWR) < 0 && errno == EACCES ? 0 : 1);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	setenv("LOGINFD", "5", 1);
	assert_int_equal(slot_take("ann", "192.0.2.1", &fd), SLOT_TAKEN);
	assert_int_not_equal(fd, SLOT_FD);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	close(fd);
}

static size_t count_files(const char *path, int depth)
{
	int dir = dir_open(AT_FDCWD, path);
	struct dirscan d;
	enum dirscan_type type;
	struct bytes name;
	size_t n = 0;

	assert_true(dir >= 0);
	assert_int_equal(dirscan_open(&d, dir), 0);
	while (dirscan_next(&d, &name, &type) > 0) {
		char sub[600];
		snprintf(sub, sizeof sub, "%s/%s", path, name.p);
		n += depth ? count_files(sub, depth - 1) : 1;
	}
	dirscan_close(&d);
	close(dir);
	return n;
}

static void clean_all(void)
{
	for (int i = 0; i < 256; i++) {
		char path[400];
		snprintf(path, sizeof path, "%s/sessions/%02x", run, (unsigned)i);
		int dir = dir_open(AT_FDCWD, path);
		if (dir >= 0) {
			slots_clean(dir);
			close(dir);
		}
	}
}

static void test_clean(void **state)
{
	(void)state;
	char sessions[400], ip[32];

	need_root();
	setenv("SESSIONS_MAX", "1", 1);
	snprintf(sessions, sizeof sessions, "%s/sessions", run);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_TAKEN);
	assert_int_equal(take("ann", "192.0.2.2"), SLOT_TAKEN);
	for (int i = 0; i < 40; i++) {
		snprintf(ip, sizeof ip, "198.51.100.%d", i);
		assert_int_equal(take("ann", ip), SLOT_TAKEN);
		release();
	}
	clean_all();
	assert_int_equal(count_files(sessions, 1), 2);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_NONE_FREE);
	release();
	assert_int_equal(take("ann", "192.0.2.2"), SLOT_TAKEN);
	/* Without anybody's order, too: every address once would be 3000. */
	for (int i = 0; i < 3000; i++) {
		int fd;
		snprintf(ip, sizeof ip, "10.1.%d.%d", i / 256, i % 256);
		assert_int_equal(slot_take("bob", ip, &fd), SLOT_TAKEN);
		close(fd);
	}
	assert_true(count_files(sessions, 1) < 2900);
}

static void cleaner(void) __attribute__((noreturn));
static void cleaner(void)
{
	for (;;)
		clean_all();
}

/* Everybody at once, while files are being removed: not one too many, nobody refused while
 * there is room. */
static void test_crowd(void **state)
{
	(void)state;
	int answers[2], go[2], taken = 0, refused = 0;
	pid_t cleaning, crowd[40];

	need_root();
	setenv("SESSIONS_MAX", "25", 1);
	cleaning = fork();
	if (cleaning == 0)
		cleaner();
	assert_int_equal(pipe(answers) | pipe(go), 0);
	for (size_t i = 0; i < COUNT(crowd); i++) {
		crowd[i] = fork();
		if (crowd[i] == 0) {
			char c;
			int fd;
			close(go[1]);
			if (read(go[0], &c, 1) == 0) /* the end of it: all start */
				c = (char)slot_take("ann", "192.0.2.9", &fd);
			if (write(answers[1], &c, 1) == 1)
				pause();
			_exit(1);
		}
	}
	close(go[0]);
	close(go[1]);
	for (size_t i = 0; i < COUNT(crowd); i++) {
		char c;
		assert_int_equal(read(answers[0], &c, 1), 1);
		taken += c == SLOT_TAKEN;
		refused += c == SLOT_NONE_FREE;
	}
	for (size_t i = 0; i < COUNT(crowd); i++) {
		kill(crowd[i], SIGKILL);
		waitpid(crowd[i], NULL, 0);
	}
	kill(cleaning, SIGKILL);
	waitpid(cleaning, NULL, 0);
	close(answers[0]);
	close(answers[1]);
	assert_int_equal(taken, 25);
	assert_int_equal(refused, 15);
}

static void test_off(void **state)
{
	(void)state;
	char missing[320];

	snprintf(missing, sizeof missing, "%s/none", test_dir());
	setenv("RUN_DIR", missing, 1);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_OFF);
	setenv("RUN_DIR", run, 1);
	chmod(run, 0777);
	assert_int_equal(take("ann", "192.0.2.1"), SLOT_OFF);
	chmod(run, 0755);
	if (geteuid() != 0) {
		assert_int_equal(take("ann", "192.0.2.1"), SLOT_OFF);
		return;
	}
	if (fork() == 0) {
		int fd;
		_exit(setuid(60001) == 0 && slot_take("ann", "192.0.2.1", &fd) == SLOT_OFF ? 0 : 1);
	}
	int status;
	wait(&status);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_limit, begin, end),
		cmocka_unit_test_setup_teardown(test_addresses, begin, end),
		cmocka_unit_test_setup_teardown(test_killed, begin, end),
		cmocka_unit_test_setup_teardown(test_descriptor, begin, end),
		cmocka_unit_test_setup_teardown(test_clean, begin, end),
		cmocka_unit_test_setup_teardown(test_crowd, begin, end),
		cmocka_unit_test_setup_teardown(test_off, begin, end),
	};
	conf_forget();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
