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

/* Numbers that no kernel knows: what is let through fails with ENOSYS. */
#define NUMBERS 1000
#define FIRST 100000

enum kind { KILLED, LET, REFUSED, ONE_VALUE, NULL_ONLY, TWO_RULES, KINDS };

static struct seccomp_rule made[SECCOMP_RULES_MAX];
static enum kind kinds[NUMBERS];

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static int error_of(int i)
{
	return 1 + i % 30;
}

/* A list in no order, dense (runs of numbers) or sparse; its length. */
static size_t make_list(uint32_t seed, uint32_t range)
{
	size_t n = 0;

	memset(kinds, 0, sizeof kinds);
	while (n < N(made) - 2) { /* two at once, and the end */
		uint32_t i = draw(&seed) % range;
		enum kind kind = 1 + draw(&seed) % (KINDS - 1);
		struct seccomp_rule r = { .call = FIRST + (int)i, .arg = (uint8_t)(i % 4) };

		if (draw(&seed) % 200 == 0)
			break;
		if (kinds[i])
			continue;
		kinds[i] = kind;
		if (kind == ONE_VALUE || kind == TWO_RULES)
			r.mask = UINT32_MAX, r.value = i;
		r.null = kind == NULL_ONLY;
		if (kind == REFUSED || kind == TWO_RULES)
			r.error = (uint16_t)error_of((int)i);
		made[n++] = r;
		if (kind == TWO_RULES)
			made[n++] = (struct seccomp_rule){ .call = r.call };
	}
	return n;
}

static int error_with(int i, long value)
{
	long a[4] = { -5, -5, -5, -5 };

	a[i % 4] = value;
	return CALL(FIRST + i, a[0], a[1], a[2], a[3]) == -1 ? errno : 0;
}

/* All that is let through or refused; the first that is wrong. */
static int survey(void)
{
	for (int i = 0; i < NUMBERS; i++) {
		bool ok = true;

		if (kinds[i] == LET)
			ok = error_with(i, i) == ENOSYS;
		if (kinds[i] == REFUSED)
			ok = error_with(i, 0) == error_of(i);
		if (kinds[i] == ONE_VALUE)
			ok = error_with(i, i) == ENOSYS;
		if (kinds[i] == NULL_ONLY)
			ok = error_with(i, 0) == ENOSYS;
		if (kinds[i] == TWO_RULES)
			ok = error_with(i, i) == error_of(i) && error_with(i, i + 1) == ENOSYS;
		if (!ok)
			return 8;
	}
	return 7;
}

static uint32_t tried;
static long tried_value;

static int act_tried(void)
{
	error_with((int)tried, tried_value);
	return 8;
}

static void check_killed(size_t n, uint32_t i, long value)
{
	int status;

	tried = i;
	tried_value = value;
	pid_t pid = fork();
	if (pid == 0)
		_exit(seccomp_confine(made, n) ? act_tried() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void check_list(uint32_t seed, uint32_t range)
{
	static const struct seccomp_rule end = SECCOMP_ALLOW(exit_group);
	size_t n = make_list(seed, range);
	int status;

	made[n++] = end;
	pid_t pid = fork();
	if (pid == 0)
		_exit(seccomp_confine(made, n) ? survey() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	for (int tries = 0; tries < 30; tries++) {
		uint32_t i = draw(&seed) % NUMBERS;

		if (kinds[i] == KILLED)
			check_killed(n, i, 0);
		if (kinds[i] == ONE_VALUE)
			check_killed(n, i, i + 1);
		if (kinds[i] == NULL_ONLY)
			check_killed(n, i, 1L << (draw(&seed) % 64));
	}
}

static void test_any_list(void **state)
{
	(void)state;
	if (SANITIZED)
		return;
	for (uint32_t seed = 1; seed <= 30; seed++)
		check_list(seed, seed % 3 ? NUMBERS : 150);
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
		cmocka_unit_test(test_any_list),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_full_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
