/* rundir.c: a directory and files that are ours alone, or nothing. */
#include "rundir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "conf.h"
#include "test.h"

static char path[512];

static const char *at(const char *name)
{
	static char full[600];

	snprintf(full, sizeof full, "%s/%s", path, name);
	return full;
}

/* A fresh RUN_DIR. */
static void begin(const char *name)
{
	conf_forget();
	snprintf(path, sizeof path, "%s/%s", test_dir(), name);
	assert_int_equal(mkdir(path, 0755), 0);
	setenv("RUN_DIR", path, 1);
}

static void test_missing(void **state)
{
	(void)state;
	conf_forget();
	setenv("RUN_DIR", "/nonexistent/roost", 1);
	assert_int_equal(run_dir(NULL), -1);
	assert_int_equal(run_dir("sessions"), -1);
	assert_int_equal(run_file("table"), -1);
}

static void test_directory(void **state)
{
	int fd;

	(void)state;
	begin("dir");
	fd = run_dir(NULL);
	assert_true(fd >= RUN_FD);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(run_dir("sessions"), -1);
	assert_int_equal(mkdir(at("sessions"), 0700), 0);
	fd = run_dir("sessions");
	assert_true(fd >= RUN_FD);
	close(fd);
	for (mode_t mode = 0720; mode <= 0722; mode += 2) {
		assert_int_equal(chmod(path, mode), 0);
		assert_int_equal(run_dir(NULL), -1);
		assert_int_equal(run_file("table"), -1);
	}
	assert_int_equal(chmod(path, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 60001, 0), 0);
		assert_int_equal(run_dir(NULL), -1);
		assert_int_equal(chown(path, 0, 0), 0);
	}
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_true(fd >= RUN_FD);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	close(fd);
	return st.st_ino;
}

static void test_file(void **state)
{
	char other[600];
	ino_t first;
	int fd;

	(void)state;
	begin("file");
	first = inode(run_file("table"));
	assert_int_equal(inode(run_file("table")), first);
	assert_int_equal(chmod(at("table"), 0640), 0);
	inode(run_file("table"));
	snprintf(other, sizeof other, "%s/other", path);
	assert_int_equal(link(at("table"), other), 0);
	inode(run_file("table"));
	assert_int_equal(unlink(at("table")), 0);
	assert_int_equal(symlink("other", at("table")), 0);
	inode(run_file("table"));
	assert_int_equal(unlink(at("table")), 0);
	assert_int_equal(mkfifo(at("table"), 0600), 0);
	inode(run_file("table"));
	if (geteuid() == 0) {
		assert_int_equal(chown(at("table"), 60001, 0), 0);
		inode(run_file("table"));
	}
	/* What can't be helped is left alone. */
	assert_int_equal(unlink(at("table")), 0);
	assert_int_equal(mkdir(at("table"), 0700), 0);
	fd = run_file("table");
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
