/* One spelling per user, and what becomes of it in paths. */
#include "test.h"

#include "conf.h"
#include "username.h"

static void check(const char *typed, const char *want)
{
	char got[USERNAME_MAX + 1], again[USERNAME_MAX + 1];
	bool ok = username_canonical(bytes_of(typed), got);

	if (ok != (want != NULL) || (ok && strcmp(got, want) != 0))
		fail_msg("\"%s\": got \"%s\", want \"%s\"", typed, ok ? got : "(none)",
			 want ? want : "(none)");
	if (ok && (!username_canonical(bytes_of(got), again) || strcmp(got, again) != 0))
		fail_msg("\"%s\" is not canonical", got);
}

static void test_plain(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "alice", "alice" },
		{ "Alice", "alice" },
		{ "ALICE+List+x@Example.ORG", "alice@example.org" },
		{ "a.b-c_d@x", "a.b-c_d@x" },
		{ "alice+", "alice" },
		{ "o'neil", "o'neil" },
		{ "", NULL },
		{ "+x", NULL },
		{ "@x", NULL },
		{ "a@", NULL },
		{ "a@b@c", NULL },
		{ "a/b", NULL },
		{ "..", NULL },
		{ ".a", NULL },
		{ "a..b", NULL },
		{ "-a", NULL },
		{ "a@.x", NULL },
		{ "a@x/y", NULL },
		{ "a b", NULL },
		{ "a:b", NULL },
		{ "a%u", NULL },
		{ "a\n", NULL },
		{ "a\x80", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i][0], rows[i][1]);
}

static void test_bytes(void **state)
{
	(void)state;
	char out[USERNAME_MAX + 1], longest[USERNAME_MAX + 1];

	assert_false(username_canonical(BYTES("a\0b"), out));
	memset(longest, 'a', sizeof(longest));
	assert_true(username_canonical((struct bytes){ longest, USERNAME_MAX }, out));
	assert_int_equal(strlen(out), USERNAME_MAX);
	assert_false(username_canonical((struct bytes){ longest, USERNAME_MAX + 1 }, out));
}

static void test_domains(void **state)
{
	(void)state;
	setenv("LOCAL_DOMAINS", "here.test other.test", 1);
	check("a@HERE.test", "a");
	check("a+b@other.test", "a");
	check("a@x.test", "a@x.test");
	setenv("DEFAULT_DOMAIN", "x.test", 1);
	check("a", "a@x.test");
	check("a@here.test", "a@x.test");
	setenv("DEFAULT_DOMAIN", "here.test", 1);
	check("a", "a");
	check("a@here.test", "a");
	setenv("DEFAULT_DOMAIN", "x.test", 1);
	unsetenv("LOCAL_DOMAINS");
	setenv("RECIPIENT_DELIMITER", "", 1);
	check("a+b", "a+b@x.test");
	setenv("RECIPIENT_DELIMITER", "-", 1);
	check("a-b", "a@x.test");
	unsetenv("RECIPIENT_DELIMITER");
	unsetenv("DEFAULT_DOMAIN");
}

static void test_expand(void **state)
{
	(void)state;
	char out[32];

	assert_true(username_expand("a@x.y", "/m/%d/%n/%u%%", out, sizeof(out)));
	assert_string_equal(out, "/m/x.y/a/a@x.y%");
	assert_true(username_expand("a", "/m/%d/%n%", out, sizeof(out)));
	assert_string_equal(out, "/m//a%");
	assert_true(username_expand("a", "0123456789012345678901234567890", out, sizeof(out)));
	assert_false(username_expand("a", "0123456789012345678901234567890%u", out, sizeof(out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_plain),
					    cmocka_unit_test(test_bytes),
					    cmocka_unit_test(test_domains),
					    cmocka_unit_test(test_expand) };
	conf_forget();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
