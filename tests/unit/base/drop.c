/* Children that give up root, then reach for what they had. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "conf.h"
#include "drop.h"

#define NOBODY 65534
#define FINE 7
#define FAILS(call, error) ((call) < 0 && errno == (error))

static const struct drop_user user = { 60101, 60102 };

/* The exit status of a child that does this. */
static int child(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act());
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int act_find(void)
{
	struct drop_user u = drop_find("DROP_TEST", "nobody");

	return u.uid == NOBODY ? FINE : 1;
}

static int act_find_number(void)
{
	struct drop_user u = drop_find("DROP_TEST", "nobody");

	return u.uid == 4294967294u && u.gid == u.uid ? FINE : 1;
}

/* Names that must not be taken, each for a reason of its own. */
static void test_find(void **state)
{
	static const char *const wrong[] = { "0",    "root",   "no-such-user-of-ours",
					     "",     "-1",     "4294967295",
					     "nobo", "nobody:" };

	(void)state;
	conf_forget();
	unsetenv("DROP_TEST");
	assert_int_equal(child(act_find), FINE);
	setenv("DROP_TEST", "65534", 1);
	assert_int_equal(child(act_find), FINE);
	setenv("DROP_TEST", "4294967294", 1);
	assert_int_equal(child(act_find_number), FINE);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		setenv("DROP_TEST", wrong[i], 1);
		assert_int_equal(child(act_find), 111);
	}
}

static void need_root(void)
{
	if (!drop_is_root())
		skip();
}

static char run_path[512];

/* Nothing to see, nothing to be made, whichever way up. */
static int act_files(void)
{
	char entries[256];
	int root;

	if (!drop_files(run_path))
		return 2;
	root = open("/", O_RDONLY | O_DIRECTORY);
	if (root < 0 || syscall(SYS_getdents64, root, entries, sizeof entries) > 48)
		return 3;
	if (!FAILS(open("/etc/passwd", O_RDONLY), ENOENT) ||
	    !FAILS(open("../../../../etc/passwd", O_RDONLY), ENOENT) ||
	    !FAILS(openat(root, "../etc/passwd", O_RDONLY), ENOENT) ||
	    !FAILS(open("/proc/self/root", O_RDONLY), ENOENT))
		return 4;
	if (!drop_to(user))
		return 5;
	if (mkdir("/x", 0700) == 0 || open("x", O_CREAT | O_WRONLY, 0600) >= 0 ||
	    open("/", O_TMPFILE | O_WRONLY, 0600) >= 0)
		return 6;
	return chroot(".") < 0 ? FINE : 8;
}

static void set_run_path(const char *name)
{
	snprintf(run_path, sizeof run_path, "%s/%s", test_dir(), name);
}

static void test_files(void **state)
{
	char path[600];
	struct stat st;

	(void)state;
	need_root();
	set_run_path("missing");
	assert_int_equal(child(act_files), FINE);
	assert_int_equal(access(run_path, F_OK), -1);
	set_run_path("run");
	assert_int_equal(mkdir(run_path, 0755), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(child(act_files), FINE);
	snprintf(path, sizeof path, "%s/empty", run_path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0555);
}

/* A bad RUN_DIR/empty is not entered. */
static void test_files_not_empty(void **state)
{
	char path[600], file[620];

	(void)state;
	need_root();
	set_run_path("bad");
	snprintf(path, sizeof path, "%s/empty", run_path);
	snprintf(file, sizeof file, "%s/etc", path);
	assert_int_equal(mkdir(run_path, 0755) | mkdir(path, 0755) | mkdir(file, 0755), 0);
	assert_int_equal(child(act_files), FINE);
	assert_int_equal(rmdir(file) | chmod(path, 0777), 0);
	assert_int_equal(child(act_files), FINE);
	assert_int_equal(chmod(path, 0755) | chown(path, NOBODY, 0), 0);
	assert_int_equal(child(act_files), FINE);
	assert_int_equal(rmdir(path) | symlink("/", path), 0);
	assert_int_equal(child(act_files), FINE);
}

static bool no_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	return syscall(SYS_capget, &header, d) == 0 && !d[0].permitted && !d[0].effective &&
	       !d[0].inheritable && !d[1].permitted && !d[1].effective;
}

static int act_user(void)
{
	gid_t group;

	if (!drop_to(user) || getuid() != user.uid || getegid() != user.gid)
		return 2;
	if (getgroups(1, &group) != 0 || !no_capabilities())
		return 3;
	if (!FAILS(setuid(0), EPERM) || !FAILS(seteuid(0), EPERM) || !FAILS(setgid(0), EPERM) ||
	    !FAILS(syscall(SYS_setgroups, 1, &group), EPERM))
		return 4;
	if (!FAILS(kill(getppid(), 0), EPERM) || !FAILS(kill(1, 0), EPERM))
		return 5;
	if (ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0)
		return 6;
	return FAILS(open("/etc/shadow", O_RDONLY), EACCES) ? FINE : 8;
}

static int act_user_who_is_none(void)
{
	const struct drop_user none = { (uid_t)-1, (gid_t)-1 };

	return drop_to(none) ? 1 : FINE;
}

static int act_without_root(void)
{
	if (drop_is_root() && !drop_to(user))
		return 2;
	return !drop_to((struct drop_user){ 60103, 60103 }) && errno == EPERM ? FINE : 3;
}

static void test_user(void **state)
{
	(void)state;
	assert_int_equal(child(act_without_root), FINE);
	need_root();
	assert_int_equal(child(act_user), FINE);
	assert_int_equal(child(act_user_who_is_none), FINE);
}

static int act_limit(void)
{
	struct rlimit r = { 50, 100 };

	if (setrlimit(RLIMIT_NOFILE, &r) < 0 || !drop_limit(RLIMIT_NOFILE, 200))
		return 2;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur != 100 || r.rlim_max != 100)
		return 3;
	if (!drop_limit(RLIMIT_NOFILE, 7) || getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 4;
	if (r.rlim_cur != 7 || r.rlim_max != 7)
		return 5;
	return !drop_limit(9999, 1) && errno == EINVAL ? FINE : 6;
}

static void test_limit(void **state)
{
	(void)state;
	assert_int_equal(child(act_limit), FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_files_not_empty),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
