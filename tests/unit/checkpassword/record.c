/* Login records on descriptor 3, and users' records. */
#include "test.h"

#include "loginrecord.h"
#include "user.h"

static bool parses(const char *p, size_t n, struct loginrecord *r)
{
	memset(r, 'x', sizeof(*r));
	memcpy(r->raw, p, n < sizeof(r->raw) ? n : sizeof(r->raw));
	r->n = n;
	return loginrecord_parse(r);
}

static void test_login(void **state)
{
	(void)state;
	static const struct bytes bad[] = {
		BYTES(""),
		BYTES("\0"),
		BYTES("\0\0"),
		BYTES("a"),
		BYTES("a\0b"),
		BYTES("a\0b\0"),
		BYTES("a\0b\0c"),
		BYTES("a\0b\0c\0d"),
		BYTES("a\0b\0c\0d\0"),
		BYTES("a\0b\0c\0\0"),
		BYTES("\0\0\0\0"),
	};
	struct loginrecord r;

	assert_true(parses("u@d\0p w\0<1@h>\0", 14, &r));
	assert_bytes(r.user, "u@d");
	assert_bytes(r.pass, "p w");
	assert_bytes(r.stamp, "<1@h>");
	assert_true(parses("\0\0\0", 3, &r));
	assert_int_equal(r.user.n + r.pass.n + r.stamp.n, 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parses(bad[i].p, bad[i].n, &r))
			fail_msg("row %zu was taken", i);
}

static void test_limit(void **state)
{
	(void)state;
	char raw[LOGINRECORD_MAX + 1];
	struct loginrecord r;

	memset(raw, 's', sizeof(raw));
	memcpy(raw, "u\0p\0", 4);
	raw[LOGINRECORD_MAX - 1] = '\0';
	assert_true(parses(raw, LOGINRECORD_MAX, &r));
	raw[LOGINRECORD_MAX - 1] = 's';
	raw[LOGINRECORD_MAX] = '\0';
	assert_false(parses(raw, LOGINRECORD_MAX + 1, &r));
}

static void test_user(void **state)
{
	(void)state;
	struct user u = { 0 }, back;
	struct buf b = BUF_INIT;

	u.field[USER_PASS] = BYTES("{PLAIN}x");
	u.field[USER_GROUPS] = BYTES("1 2");
	user_encode(&u, &b);
	assert_true(user_decode(buf_view(&b), &back));
	for (int i = 0; i < USER_FIELDS; i++)
		assert_true(bytes_eq(u.field[i], back.field[i]));
	for (size_t n = 0; n < b.n; n++)
		assert_false(user_decode((struct bytes){ b.p, n }, &back));
	buf_char(&b, '\0');
	assert_false(user_decode(buf_view(&b), &back));
	b.n--;
	b.p[0] = '2';
	assert_false(user_decode(buf_view(&b), &back));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_login),
					    cmocka_unit_test(test_limit),
					    cmocka_unit_test(test_user) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
