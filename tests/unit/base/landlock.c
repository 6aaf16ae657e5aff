/* Two directories, of which one is granted, seen by a child that shut itself in. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "landlock.h"
#include "sanitized.h"

static char dir[] = "/tmp/roost-unit.XXXXXX";

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		int d, fd;

		mkdir(i ? "out" : "in", 0700);
		d = dir_open(AT_FDCWD, i ? "out" : "in");
		fd = file_open(d, "file", O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || file_write_all(fd, "text", 4) < 0)
			return -1;
		close(fd);
		close(d);
	}
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "in/file", "in/new", "in/linked", "in/pipe",
					     "out/file" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unlink(names[i]);
	return rmdir("in") + rmdir("out") + chdir("/") + rmdir(dir);
}

static bool shut_in(int grants)
{
	struct landlock l;
	bool ok = landlock_begin(&l) == 1;
	int fd = open("in", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; ok && i < grants; i++) /* twice is once */
		ok = landlock_grant(&l, fd) == 0;
	close(fd);
	ok = landlock_close(&l) == 0 && ok;
	return ok && l.fd == -1 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int error_of(int r)
{
	return r < 0 ? errno : 0;
}

static int opened(const char *path, int flags)
{
	return error_of(open(path, flags | O_CLOEXEC, 0600));
}

static bool refused(int error)
{
	return error == EACCES || error == EXDEV;
}

static int granted_one(void)
{
	int early = open("out/file", O_RDONLY | O_CLOEXEC), saved;
	char c;

	if (!shut_in(2))
		return 1;
	if (opened("in/file", O_RDWR) || opened("in/new", O_WRONLY | O_CREAT) ||
	    opened("in/file", O_WRONLY | O_TRUNC) || error_of(rename("in/new", "in/linked")) ||
	    error_of(mkfifo("in/pipe", 0600)) || error_of(mkdir("in/d", 0700)) ||
	    error_of(rmdir("in/d")))
		return 2;
	if (opened("out/file", O_RDONLY) != EACCES || opened("out", O_RDONLY) != EACCES ||
	    opened("out/new", O_WRONLY | O_CREAT) != EACCES ||
	    opened("in/../out/file", O_RDONLY) != EACCES || opened(".", O_RDONLY) != EACCES)
		return 3;
	if (!refused(error_of(link("out/file", "in/new"))) ||
	    !refused(error_of(rename("in/linked", "out/new"))) ||
	    error_of(unlink("out/file")) != EACCES || error_of(mkdir("out/d", 0700)) != EACCES ||
	    error_of(mknod("in/socket", S_IFSOCK | 0600, 0)) != EACCES)
		return 4;
	saved = read(early, &c, 1) == 1 ? 30 : 5; /* what is open stays so */
	return saved;
}

static int granted_none(void)
{
	if (!shut_in(0))
		return 1;
	return opened("in/file", O_RDONLY) == EACCES && opened("/", O_RDONLY) == EACCES ? 30 : 2;
}

static int bad_grant(void)
{
	struct landlock l;

	if (landlock_begin(&l) != 1)
		return 1;
	return landlock_grant(&l, -1) < 0 && errno == EBADF ? 30 : 2;
}

static int in_child(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_grants(void **state)
{
	(void)state;
	if (landlock_abi() < LANDLOCK_ABI_MIN)
		skip(); /* the kernel has none */
	if (!SANITIZED) {
		assert_int_equal(in_child(granted_one), 30);
		assert_int_equal(in_child(granted_none), 30);
	}
	assert_int_equal(in_child(bad_grant), 30);
}

static void test_missing(void **state)
{
	struct landlock l;

	(void)state;
	if (landlock_abi() >= LANDLOCK_ABI_MIN)
		return;
	assert_int_equal(landlock_begin(&l), 0);
	assert_int_equal(l.abi, landlock_abi());
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_grants),
					    cmocka_unit_test(test_missing) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
