/* Patterns of LIST: RFC 3501 §6.3.8. */
#include "test.h"

#include "list.h"

static void test_match(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "a", true },
		{ "a", "A", false },
		{ "a", "ab", false },
		{ "a.", "a", false },
		{ "*", "", true },
		{ "*", "a.b.c", true },
		{ "%", "a", true },
		{ "%", "a.b", false },
		{ "%.%", "a.b", true },
		{ "%.%", "a.b.c", false },
		{ "a.%", "a.b", true },
		{ "a.%", "a", false },
		{ "a%", "a", true },
		{ "a%", "abc", true },
		{ "a%", "a.b", false },
		{ "*%", "a.b", true },
		{ "%*", "a.b", true },
		{ "*.c", "a.b.c", true },
		{ "%.c", "a.b.c", false },
		{ "*b*", "a.b.c", true },
		{ "%b%.c", "aabaab.c", true },
		{ "%a%.b", "ca.da.b", false },
		{ "*a%.b", "ca.da.b", true },
		{ "%a.%a.b", "ca.da.b", true },
		{ "*%b*%d", "aab.aad", true },
		{ "***a***", "xay", true },
		{ "%%%", "abc", true },
		{ "**%**b", "abc", false },
		{ "inbox", "INBOX", true },
		{ "iNb%", "INBOX", true },
		{ "inbox.%", "INBOX.a", true },
		{ "inbox.A", "INBOX.a", false },
		{ "%x", "INBOX", true },
		{ "inbox2", "INBOX2", false },
		{ "*.*.*.*.*.*.*.*.*.*.z", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (list_match(bytes_of(rows[i].pattern), bytes_of(rows[i].name), '.') !=
		    rows[i].matches)
			fail_msg("%s %s", rows[i].pattern, rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_match) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
