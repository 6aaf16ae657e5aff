/*
 * test.h: what every unit test includes.
 *
 * cmocka with the headers it needs, a scratch directory that goes away with
 * the process, and an assertion for byte strings.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "bytes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define assert_bytes(view, literal)                                                             \
	do {                                                                                    \
		struct bytes v_ = (view), w_ = BYTES(literal);                                  \
		if (!bytes_eq(v_, w_))                                                          \
			fail_msg("%s: got \"%.*s\" (%zu), want \"%s\"", #view, (int)v_.n, v_.p, \
				 v_.n, literal);                                                \
	} while (0)

static char test_dir_path[256];
static pid_t test_dir_owner;

static inline int test_dir_remove_one(const char *path, const struct stat *st, int type,
				      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void test_dir_remove(void)
{
	if (test_dir_path[0] && getpid() == test_dir_owner)
		nftw(test_dir_path, test_dir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The scratch directory of this process, made on first use. */
static inline const char *test_dir(void)
{
	if (!test_dir_path[0]) {
		const char *tmp = getenv("TMPDIR");
		snprintf(test_dir_path, sizeof test_dir_path, "%s/roost-test.XXXXXX",
			 tmp ? tmp : "/tmp");
		if (!mkdtemp(test_dir_path))
			abort();
		test_dir_owner = getpid();
		atexit(test_dir_remove);
	}
	return test_dir_path;
}

#endif
