/* The local zone; nothing is remembered from one zone to the next, as each has a
 * process of its own. */
#include "test.h"

#include <sys/wait.h>
#include <time.h>

#include "date.h"

static void in_child(const char *tz, void (*check)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		setenv("TZ", tz, 1);
		tzset();
		check();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void expect(int64_t utc, const char *want)
{
	char got[DATE_INTERNAL_LEN];
	date_format_internal(got, utc);
	if (memcmp(got, want, sizeof(got)) != 0) {
		print_error("%lld: got %.26s, want %s\n", (long long)utc, got, want);
		_exit(1);
	}
}

static void check_berlin(void)
{
	expect(1711846799, "31-Mar-2024 01:59:59 +0100");
	expect(1711846800, "31-Mar-2024 03:00:00 +0200");
	expect(1729990799, "27-Oct-2024 02:59:59 +0200");
	expect(1729990800, "27-Oct-2024 02:00:00 +0100");
	expect(1711846799, "31-Mar-2024 01:59:59 +0100");
}

static void check_half_hour(void)
{
	expect(0, "31-Dec-1969 20:30:00 -0330");
}

/* What is remembered is what libc says, at any moment. */
static void check_against_libc(void)
{
	for (int64_t utc = -2000000000; utc < 4000000000; utc += 7919 * 3) {
		time_t t = (time_t)utc;
		struct tm tm;
		localtime_r(&t, &tm);
		if (date_local_offset(utc) != tm.tm_gmtoff / 60)
			_exit(1);
	}
}

static void test_zone(void **state)
{
	(void)state;
	in_child("CET-1CEST,M3.5.0,M10.5.0/3", check_berlin);
	in_child("NST3:30", check_half_hour);
	in_child("CET-1CEST,M3.5.0,M10.5.0/3", check_against_libc);
	in_child(":America/New_York", check_against_libc);
	in_child(":Africa/Casablanca", check_against_libc);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_zone) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
