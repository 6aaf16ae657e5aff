/* Every name of a directory comes once, in memory of any size. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dirscan.h"
#include "file.h"

#define NAMES 300
#define NAME_LONG 255

static char dir[] = "/tmp/roost-unit.XXXXXX";
static int dirfd_of;

static const char *name_of(int i)
{
	static char name[NAME_LONG + 1];

	/* Every tenth as long as names may be. */
	if (i % 10 == 0) {
		memset(name, 'a', NAME_LONG);
		snprintf(name, 8, "%07d", i);
		name[7] = 'b';
		name[NAME_LONG] = '\0';
	} else {
		snprintf(name, sizeof name, "%07d", i);
	}
	return name;
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || (dirfd_of = dir_open(AT_FDCWD, dir)) < 0)
		return -1;
	for (int i = 0; i < NAMES; i++) {
		int r = i == 1   ? mkdirat(dirfd_of, name_of(i), 0700)
			: i == 2 ? symlinkat("nowhere", dirfd_of, name_of(i))
			: i == 3 ? mkfifoat(dirfd_of, name_of(i), 0600)
				 : file_open(dirfd_of, name_of(i), O_WRONLY | O_CREAT, 0600);
		if (r < 0)
			return -1;
		if (i == 0 || i > 3)
			close(r);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < NAMES; i++)
		if (unlinkat(dirfd_of, name_of(i), i == 1 ? AT_REMOVEDIR : 0) < 0)
			return -1;
	close(dirfd_of);
	return rmdir(dir);
}

/* Reads all; closes. */
static void check_all(struct dirscan *d)
{
	static const enum dirscan_type types[] = { DIRSCAN_FILE, DIRSCAN_DIR, DIRSCAN_LINK,
						   DIRSCAN_OTHER };
	bool seen[NAMES] = { false };
	enum dirscan_type type;
	struct bytes name;
	int n = 0, r;

	while ((r = dirscan_next(d, &name, &type)) > 0) {
		int i = atoi(name.p);

		assert_true(i >= 0 && i < NAMES && !seen[i]);
		assert_string_equal(name.p, name_of(i));
		assert_int_equal(name.n, strlen(name_of(i)));
		if (type != DIRSCAN_UNKNOWN)
			assert_int_equal(type, types[i < 4 ? i : 0]);
		seen[i] = true;
		n++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, NAMES);
	dirscan_close(d);
}

static void test_memory(void **state)
{
	static const size_t sizes[] = { DIRSCAN_MIN, DIRSCAN_MIN + 1, 2048, 65536 };
	struct dirscan d;

	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(dirscan_open(&d, dirfd_of), 0);
		check_all(&d);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char *mem = malloc(sizes[i]);

		assert_int_equal(dirscan_open_in(&d, dirfd_of, mem, sizes[i]), 0);
		check_all(&d);
		free(mem);
	}
}

static void test_no_directory(void **state)
{
	enum dirscan_type type;
	struct dirscan d;
	struct bytes name;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(dirscan_open(&d, -1) < 0);
	assert_int_equal(dirscan_open(&d, fd), 0);
	assert_int_equal(dirscan_next(&d, &name, &type), -1);
	dirscan_close(&d);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_memory),
					    cmocka_unit_test(test_no_directory) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
