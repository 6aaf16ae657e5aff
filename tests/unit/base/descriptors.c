/* Which descriptors are left, in a child of its own. */
#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"

#define TOP 64

/* Descriptors 3 to TOP are open; bit n of the result: n is so still. */
static uint64_t left(const int *keep, size_t n)
{
	uint64_t bits = 0;
	int pair[2], status;

	assert_int_equal(pipe(pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int out = fcntl(pair[1], F_DUPFD, TOP + 10), all[4] = { out };

		for (int fd = 3; fd < TOP; fd++)
			dup2(0, fd);
		for (size_t i = 0; i < n; i++)
			all[i + 1] = keep[i];
		descriptors_close(all, n + 1);
		for (int fd = 0; fd < TOP; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				bits |= 1ULL << fd;
		_exit(write(out, &bits, sizeof bits) == sizeof bits ? 0 : 1);
	}
	close(pair[1]);
	assert_int_equal(read(pair[0], &bits, sizeof bits), sizeof bits);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return bits;
}

static void test_kept(void **state)
{
	static const int none[] = { -1 }, low[] = { 3 }, two[] = { 9, 4 }, side[] = { 4, 5, -1 },
			 twice[] = { 7, 7 }, standard[] = { 1, 40 };

	(void)state;
	assert_int_equal(left(none, 0), 7);
	assert_int_equal(left(none, 1), 7);
	assert_int_equal(left(low, 1), 7 | 1 << 3);
	assert_int_equal(left(two, 2), 7 | 1 << 9 | 1 << 4);
	assert_int_equal(left(side, 3), 7 | 1 << 4 | 1 << 5);
	assert_int_equal(left(twice, 2), 7 | 1 << 7);
	assert_int_equal(left(standard, 2), 7 | 1ULL << 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kept) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
