/* penalty.c: levels, fading, a full table, a damaged one, many processes at once. */
#include "penalty.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "conf.h"
#include "num.h"
#include "test.h"

#define START 1000000
#define ENTRY 32
#define FILE_SIZE (PENALTY_SETS * PENALTY_WAYS * ENTRY)

static char file[600];

static int begin(void **state)
{
	static int count;
	char dir[512];

	(void)state;
	conf_forget();
	snprintf(dir, sizeof dir, "%s/%d", test_dir(), count++);
	assert_int_equal(mkdir(dir, 0755), 0);
	setenv("RUN_DIR", dir, 1);
	snprintf(file, sizeof file, "%s/penalties", dir);
	return 0;
}

static struct address at(const char *text)
{
	struct address a;

	assert_true(address_parse(&a, text));
	return a;
}

/* 10.x.y.z */
static struct address number(uint32_t i)
{
	struct address a = at("10.0.0.0");

	a.b[13] = (uint8_t)(i >> 16);
	a.b[14] = (uint8_t)(i >> 8);
	a.b[15] = (uint8_t)i;
	return a;
}

static void test_levels(void **state)
{
	static const int want[] = { 0, 2000, 4000, 8000, 15000, 15000, 15000 };
	struct address a = at("192.0.2.1"), b = at("192.0.2.2");

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(penalty_ms(&a, START), want[i]);
		penalty_add(&a, START);
	}
	assert_int_equal(penalty_ms(&b, START), 0);
	/* One level goes in each PENALTY_FADE_MS. */
	assert_int_equal(penalty_ms(&a, START + PENALTY_FADE_MS - 1), 15000);
	assert_int_equal(penalty_ms(&a, START + PENALTY_FADE_MS), 8000);
	assert_int_equal(penalty_ms(&a, START + 3 * PENALTY_FADE_MS), 2000);
	assert_int_equal(penalty_ms(&a, START + 4 * PENALTY_FADE_MS), 0);
	penalty_add(&a, START + 3 * PENALTY_FADE_MS);
	assert_int_equal(penalty_ms(&a, START + 3 * PENALTY_FADE_MS), 4000);
	assert_int_equal(penalty_ms(&a, START + 5 * PENALTY_FADE_MS), 0);
	penalty_add(&a, START + 9 * PENALTY_FADE_MS);
	assert_int_equal(penalty_ms(&a, START + 9 * PENALTY_FADE_MS), 2000);
}

/* After a boot the clock starts again: what it calls the future never was. */
static void test_clock(void **state)
{
	struct address a = at("2001:db8::");

	(void)state;
	penalty_add(&a, START);
	assert_int_equal(penalty_ms(&a, START - PENALTY_AHEAD_MS - 1), 0);
	penalty_add(&a, 5);
	assert_int_equal(penalty_ms(&a, 5), 2000);
	assert_int_equal(penalty_ms(&a, INT64_MAX), 0);
	penalty_add(&a, INT64_MAX);
	assert_int_equal(penalty_ms(&a, INT64_MAX), 2000);
	assert_int_equal(penalty_ms(&a, 5), 0);
}

/* Gates that fail at the same instant get the lock in any order: each counts. */
static void test_order(void **state)
{
	struct address a = at("192.0.2.7");

	(void)state;
	penalty_add(&a, START + PENALTY_AHEAD_MS);
	penalty_add(&a, START);
	assert_int_equal(penalty_ms(&a, START), 4000);
	penalty_add(&a, START + 1);
	penalty_add(&a, START);
	assert_int_equal(penalty_ms(&a, START), 15000);
	/* The time of the last failure is the latest of them. */
	assert_int_equal(penalty_ms(&a, START + PENALTY_AHEAD_MS + PENALTY_FADE_MS - 1), 15000);
}

/* As many keys of one set as it holds, and one more: the oldest goes. */
static void test_full(void **state)
{
	struct address key[PENALTY_WAYS + 1];
	size_t n = 0;
	struct stat st;

	(void)state;
	for (uint32_t i = 0; n < COUNT(key); i++) {
		key[n] = number(i);
		if (num_hash(&key[n], sizeof *key) % PENALTY_SETS ==
		    num_hash(&key[0], sizeof *key) % PENALTY_SETS)
			n++;
	}
	for (size_t i = 0; i < PENALTY_WAYS; i++)
		penalty_add(&key[i], START + (int)i);
	penalty_add(&key[0], START + 20);
	for (size_t i = 0; i < PENALTY_WAYS; i++)
		assert_int_equal(penalty_ms(&key[i], START + 20), i == 0 ? 4000 : 2000);
	penalty_add(&key[PENALTY_WAYS], START + 20);
	for (size_t i = 0; i < COUNT(key); i++)
		assert_int_equal(penalty_ms(&key[i], START + 20), i == 0   ? 4000
								  : i == 1 ? 0
									   : 2000);
	/* The file never grows beyond the table, whoever comes. */
	for (uint32_t i = 0; i < 40000; i++) {
		struct address a = number(i);
		penalty_add(&a, START + 30);
	}
	assert_int_equal(stat(file, &st), 0);
	assert_true(st.st_size <= FILE_SIZE);
}

static void fill(const char *content, size_t n, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	for (size_t done = 0; done < size; done += n)
		assert_true(write(fd, content, n < size - done ? n : size - done) > 0);
	close(fd);
}

/* Whatever is in the file, it works afterwards. */
static void test_damage(void **state)
{
	struct address a = at("192.0.2.1");
	static const size_t sizes[] = {
		0, 1, 31, 33, 4097, FILE_SIZE - 1, FILE_SIZE, FILE_SIZE * 2
	};
	char random[4096];

	(void)state;
	for (size_t i = 0; i < 4 * COUNT(sizes); i++) {
		if (i % 4 == 0)
			memset(random, 0, sizeof random);
		else if (i % 4 == 1)
			memset(random, 0xff, sizeof random);
		else
			num_random(random, sizeof random);
		fill(random, sizeof random, sizes[i / 4]);
		assert_int_equal(penalty_ms(&a, START), 0);
		penalty_add(&a, START);
		penalty_add(&a, START);
		assert_int_equal(penalty_ms(&a, START), 4000);
		/* cut off in the middle */
		assert_int_equal(truncate(file, 17), 0);
		assert_in_range(penalty_ms(&a, START), 0, 4000);
	}
	/* Any byte of the entry changed: none at all. */
	for (int i = 0; i < ENTRY; i++) {
		struct stat st;
		char byte;

		fill("", 1, 0);
		penalty_add(&a, START);
		assert_int_equal(stat(file, &st), 0);
		int fd = open(file, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, st.st_size - 1 - i), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 1 - i), 1);
		close(fd);
		assert_int_equal(penalty_ms(&a, START), 0);
	}
}

/* 1,000 processes at once; not one failure is lost. */
static void test_processes(void **state)
{
	enum { KEYS = 250 };
	int gate[2], failed = 0, status;
	int64_t start = clock_ms();

	(void)state;
	assert_int_equal(pipe(gate), 0);
	for (uint32_t i = 0; i < KEYS * PENALTY_LEVELS; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct address a = number(i % KEYS);
			char c;
			close(gate[1]);
			status = read(gate[0], &c, 1) == 0 ? 0 : 1; /* until all are there */
			penalty_add(&a, start);
			_exit(status);
		}
	}
	close(gate[0]);
	close(gate[1]);
	while (wait(&status) > 0)
		failed += status != 0;
	assert_int_equal(failed, 0);
	for (uint32_t i = 0; i < KEYS; i++) {
		struct address a = number(i);
		assert_int_equal(penalty_ms(&a, start), PENALTY_MAX_MS);
	}
}

/* Somebody who never lets go of the lock stops nobody. */
static void test_locked(void **state)
{
	struct address a = at("192.0.2.1");
	int64_t start = clock_ms();
	int fd;

	(void)state;
	penalty_add(&a, START);
	fd = open(file, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(penalty_ms(&a, START), 2000);
	penalty_add(&a, START);
	assert_int_equal(penalty_ms(&a, START), 2000);
	close(fd);
	assert_true(clock_ms() - start < 10000);
}

static void test_off(void **state)
{
	struct address a = at("192.0.2.1");

	(void)state;
	setenv("RUN_DIR", "/nonexistent", 1);
	penalty_add(&a, START);
	assert_int_equal(penalty_ms(&a, START), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_levels, begin),
		cmocka_unit_test_setup(test_clock, begin),
		cmocka_unit_test_setup(test_order, begin),
		cmocka_unit_test_setup(test_full, begin),
		cmocka_unit_test_setup(test_damage, begin),
		cmocka_unit_test_setup(test_processes, begin),
		cmocka_unit_test_setup(test_locked, begin),
		cmocka_unit_test_setup(test_off, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
