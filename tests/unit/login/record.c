/* The credential record, outcomes, messages on LOGINFD, the table of exits, local peers. */
#include "test.h"

#include "authenticate.h"

static void test_round(void **state)
{
	(void)state;
	char out[LOGIN_RECORD_MAX], user[LOGIN_USER_MAX], password[LOGIN_PASSWORD_MAX];
	char tag[LOGIN_TAG_MAX];
	struct record r, back;

	memset(user, 'u', sizeof user);
	memset(password, 'p', sizeof password);
	memset(tag, 't', sizeof tag);
	assert_true(record_fill(&r, (struct bytes){ tag, sizeof tag },
				(struct bytes){ user, sizeof user },
				(struct bytes){ password, sizeof password }));
	assert_string_equal(record_method(&r), "LOGIN");
	r.method = METHOD_PLAIN;
	size_t n = record_put(&r, out);
	assert_int_equal(n, LOGIN_RECORD_MAX);
	assert_true(record_get(&back, (struct bytes){ out, n }));
	assert_string_equal(back.user, r.user);
	assert_string_equal(back.password, r.password);
	assert_string_equal(back.tag, r.tag);
	assert_string_equal(record_method(&back), "PLAIN");
	for (size_t cut = 0; cut < n; cut++)
		assert_false(record_get(&back, (struct bytes){ out, cut }));
	assert_int_equal(back.password[0], 0);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		struct bytes message;
		bool ok;
	} rows[] = {
		{ BYTES("C\1\0a\1\0b\1\0c"), true },
		{ BYTES("C\1\0a\0\0\0\0"), true },
		{ BYTES("P\1\0a\1\0b\1\0c"), true },
		{ BYTES("C\1\0a\1\0b\1\0cx"), false },
		{ BYTES("C\1\0a\1\0b\2\0c"), false },
		{ BYTES("C\1\0a\1\0\0\1\0c"), false },
		{ BYTES("C\1\0a\1\0b\1\0\0"), false },
		{ BYTES("C\0\0\1\0b\1\0c"), false },
		{ BYTES("C\1\0+\1\0b\1\0c"), false },
		{ BYTES("C\1\0 \1\0b\1\0c"), false },
		{ BYTES("D\1\0a\1\0b\1\0c"), false },
		{ BYTES("C\xff\xff"), false },
		{ BYTES("C"), false },
		{ BYTES(""), false },
	};
	struct record r;

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(record_get(&r, rows[i].message), rows[i].ok);
}

static void test_bounds(void **state)
{
	(void)state;
	char many[300];
	struct record r;
	struct bytes a = BYTES("a");

	memset(many, 'x', sizeof many);
	assert_false(record_fill(&r, (struct bytes){ many, LOGIN_TAG_MAX + 1 }, a, a));
	assert_false(record_fill(&r, a, (struct bytes){ many, LOGIN_USER_MAX + 1 }, a));
	assert_false(record_fill(&r, a, a, (struct bytes){ many, LOGIN_PASSWORD_MAX + 1 }));
	assert_false(record_fill(&r, a, BYTES("a\0b"), a));
	assert_false(record_fill(&r, a, a, BYTES("a\0b")));
	assert_false(record_name_valid(BYTES("")));
	assert_false(record_name_valid(BYTES("a\nb")));
	assert_false(record_name_valid(BYTES("a\x7f")));
	assert_true(record_name_valid(BYTES("\xc3\xa4 b")));
}

/* What was said on LOGINFD and how it exited: the contract's table. */
static void test_exits(void **state)
{
	(void)state;
	static const struct {
		const char *said;
		int status; /* as waitpid has it */
		enum outcome want;
	} rows[] = {
		{ NULL, 1 << 8, OUTCOME_FAILED },
		{ NULL, 0, OUTCOME_CLOSED },
		{ NULL, 2 << 8, OUTCOME_UNAVAILABLE },
		{ NULL, 3 << 8, OUTCOME_UNAVAILABLE },
		{ NULL, 111 << 8, OUTCOME_UNAVAILABLE },
		{ NULL, 1, OUTCOME_UNAVAILABLE }, /* signal 1 */
		{ "user=ann", 1 << 8, OUTCOME_UNAVAILABLE },
		{ "nonsense", 1 << 8, OUTCOME_UNAVAILABLE },
		{ "code=EXPIRED", 1 << 8, OUTCOME_EXPIRED },
		{ "code=EXPIRED\n", 0, OUTCOME_EXPIRED },
		{ "code=LIMIT\nR", 0, OUTCOME_LIMIT },
		{ "code=", 1 << 8, OUTCOME_UNAVAILABLE },
		{ "R", 0, OUTCOME_READY },
		{ "user=ann\nR", 0, OUTCOME_READY },
		{ "user=ann\nR\ncode=LIMIT", 0, OUTCOME_READY },
		{ "RR", 1 << 8, OUTCOME_UNAVAILABLE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct attempt a = { .refusal = OUTCOME_READY, .status = rows[i].status };
		if (rows[i].said)
			attempt_message(&a, bytes_of(rows[i].said));
		assert_int_equal(attempt_outcome(&a), rows[i].want);
	}
}

static void test_user(void **state)
{
	(void)state;
	struct attempt a = { .refusal = OUTCOME_READY };

	attempt_message(&a, BYTES("user=a\001b"));
	assert_string_equal(a.user, "");
	attempt_message(&a, BYTES("user=ann\n"));
	attempt_message(&a, BYTES("user=root"));
	assert_string_equal(a.user, "ann");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_exits),
		cmocka_unit_test(test_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
