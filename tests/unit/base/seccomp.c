/* A filter in a child of its own: what it allows, refuses and dies of. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitized.h"
#include "seccomp.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define CALL(...) syscall(__VA_ARGS__)

static const struct seccomp_rule rules[] = {
	SECCOMP_ALLOW(exit_group),      SECCOMP_ALLOW(exit),
	SECCOMP_ALLOW(getppid),         SECCOMP_ONLY(dup, 0, 0),
	SECCOMP_ONLY(dup, 0, 2),        SECCOMP_WITHOUT(mmap, 2, PROT_EXEC),
	SECCOMP_REFUSE(socket, EACCES),
};

/* The status of a child that confines itself and does one thing. */
static int confined(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(seccomp_confine(rules, N(rules)) ? act() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int act_allowed(void)
{
	return CALL(SYS_getppid) > 0 ? 7 : 8;
}

static int act_other(void)
{
	return CALL(SYS_getpid) > 0 ? 7 : 8;
}

static int act_argument(void)
{
	return CALL(SYS_dup, 0) >= 0 && CALL(SYS_dup, 2) >= 0 ? 7 : 8;
}

static int act_wrong_argument(void)
{
	return CALL(SYS_dup, 1) >= 0 ? 7 : 8;
}

static long map(int prot)
{
	return CALL(SYS_mmap, 0, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int act_map(void)
{
	return map(PROT_READ | PROT_WRITE) != -1 ? 7 : 8;
}

static int act_map_exec(void)
{
	return map(PROT_READ | PROT_EXEC) != -1 ? 7 : 8;
}

static int act_refused(void)
{
	return CALL(SYS_socket, 1, 1, 0) < 0 && errno == EACCES ? 7 : 8;
}

#ifdef __x86_64__
static int act_x32(void)
{
	return CALL(SYS_getppid | 0x40000000) > 0 ? 7 : 8;
}
#endif

static void test_list(void **state)
{
	(void)state;
	if (SANITIZED)
		return;
	assert_int_equal(confined(act_allowed), 7);
	assert_int_equal(confined(act_other), -SIGSYS);
	assert_int_equal(confined(act_argument), 7);
	assert_int_equal(confined(act_wrong_argument), -SIGSYS);
	assert_int_equal(confined(act_map), 7);
	assert_int_equal(confined(act_map_exec), -SIGSYS);
	assert_int_equal(confined(act_refused), 7);
#ifdef __x86_64__
	assert_int_equal(confined(act_x32), -SIGSYS);
#endif
}

static void test_too_many(void **state)
{
	static const struct seccomp_rule many[SECCOMP_RULES_MAX + 1];

	(void)state;
	assert_false(seccomp_confine(many, N(many)));
	assert_int_equal(errno, E2BIG);
}

static int act_full(void)
{
	static struct seccomp_rule full[SECCOMP_RULES_MAX];

	for (size_t i = 0; i < N(full); i++)
		full[i] = (struct seccomp_rule)SECCOMP_ONLY(exit_group, 0, 30);
	return seccomp_confine(full, N(full)) ? 30 : 8;
}

static void test_full_list(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(act_full());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_full_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
