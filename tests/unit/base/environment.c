/* An environment made of ours and some more. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "environment.h"

static size_t count(char **all)
{
	size_t n = 0;

	while (all[n])
		n++;
	return n;
}

/* Of "KEY=value", how often. */
static size_t times(char **all, const char *variable)
{
	size_t n = 0;

	for (size_t i = 0; all[i]; i++)
		n += strcmp(all[i], variable) == 0;
	return n;
}

static void test_replaces(void **state)
{
	char *ours[] = { (char[]){ "B=new" }, (char[]){ "D=" } };
	struct environment e;

	(void)state;
	assert_int_equal(clearenv(), 0);
	environment_make(&e, ours, 2);
	assert_int_equal(count(e.all), 2);
	environment_free(&e);
	setenv("A", "1", 1);
	setenv("B", "old", 1);
	setenv("BB", "B=old", 1);
	environment_make(&e, ours, 2);
	assert_int_equal(count(e.all), 4);
	assert_int_equal(times(e.all, "A=1") + times(e.all, "B=new") + times(e.all, "BB=B=old") +
				 times(e.all, "D="),
			 4);
	environment_free(&e);
	assert_string_equal(getenv("B"), "old");
	assert_null(getenv("D"));
}

/* On both sides of what there is room for. */
static void test_many(void **state)
{
	char *ours[] = { (char[]){ "V7=new" }, (char[]){ "OTHER=x" } };
	struct environment e;
	char key[16];

	(void)state;
	assert_int_equal(clearenv(), 0);
	for (size_t n = 1; n < ENVIRONMENT_ORDINARY * 3; n++) {
		snprintf(key, sizeof key, "V%zu", n);
		setenv(key, "old", 1);
		environment_make(&e, ours, 2);
		assert_int_equal(count(e.all), n < 7 ? n + 2 : n + 1);
		assert_int_equal(times(e.all, "V7=new") + times(e.all, "OTHER=x"), 2);
		assert_int_equal(times(e.all, "V7=old"), 0);
		environment_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaces),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
