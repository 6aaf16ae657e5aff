/* Syntax before login. */
#include "test.h"

#include "prelogin.h"

static void test_login(void **state)
{
	(void)state;
	static const struct {
		struct bytes args;
		const char *user, *password; /* NULL: refused */
	} rows[] = {
		{ BYTES(" ann pw"), "ann", "pw" },
		{ BYTES(" \"a\\\"n\" \"\\\\\""), "a\"n", "\\" },
		{ BYTES(" {3}\r\nann {2+}\r\n\r\n"), "ann", "\r\n" },
		{ BYTES(" \"\" {0}\r\n"), "", "" },
		{ BYTES(" ann {3}\r\npw"), NULL, NULL },
		{ BYTES(" ann {2}\r\npwx"), NULL, NULL },
		{ BYTES(" ann {2}pw"), NULL, NULL },
		{ BYTES(" ann {2}\r\np\0"), NULL, NULL },
		{ BYTES(" ann  pw"), NULL, NULL },
		{ BYTES(" ann pw "), NULL, NULL },
		{ BYTES(" ann \"pw"), NULL, NULL },
		{ BYTES(" ann \"p\\w\""), NULL, NULL },
		{ BYTES(" ann \"p\\"), NULL, NULL },
		{ BYTES(" ann p%w"), NULL, NULL },
		{ BYTES(" ann"), NULL, NULL },
		{ BYTES(" "), NULL, NULL },
		{ BYTES(""), NULL, NULL },
	};
	char scratch[64];
	struct credentials c;

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ok = prelogin_login(rows[i].args, scratch, &c);
		assert_int_equal(ok, rows[i].user != NULL);
		if (ok) {
			assert_true(bytes_is(c.user, rows[i].user));
			assert_true(bytes_is(c.password, rows[i].password));
		}
	}
}

static void test_literal(void **state)
{
	(void)state;
	struct prelogin_literal l;

	assert_true(prelogin_literal(BYTES("a LOGIN {12}"), &l));
	assert_true(l.size == 12 && !l.plus);
	assert_true(prelogin_literal(BYTES("{0+}"), &l));
	assert_true(l.size == 0 && l.plus);
	assert_false(prelogin_literal(BYTES("{}"), &l));
	assert_false(prelogin_literal(BYTES("{1} "), &l));
	assert_false(prelogin_literal(BYTES("{1"), &l));
	assert_false(prelogin_literal(BYTES("{-1}"), &l));
	assert_false(prelogin_literal(BYTES("{4294967296}"), &l));
	assert_false(prelogin_literal(BYTES(""), &l));
}

static void test_authenticate(void **state)
{
	(void)state;
	enum prelogin_mech mech;
	struct bytes initial;

	assert_true(prelogin_authenticate(BYTES(" plain"), &mech, &initial));
	assert_true(mech == MECH_PLAIN && !initial.p);
	assert_true(prelogin_authenticate(BYTES(" LOGIN ="), &mech, &initial));
	assert_true(mech == MECH_LOGIN && initial.p && initial.n == 0);
	assert_true(prelogin_authenticate(BYTES(" X YQ=="), &mech, &initial));
	assert_int_equal(mech, MECH_UNKNOWN);
	assert_bytes(initial, "YQ==");
	assert_false(prelogin_authenticate(BYTES(" PLAIN "), &mech, &initial));
	assert_false(prelogin_authenticate(BYTES("PLAIN"), &mech, &initial));
}

static void test_plain(void **state)
{
	(void)state;
	struct bytes z;
	struct credentials c;

	assert_true(prelogin_plain(BYTES("z\0ann\0p w"), &z, &c));
	assert_bytes(z, "z");
	assert_bytes(c.user, "ann");
	assert_bytes(c.password, "p w");
	assert_true(prelogin_plain(BYTES("\0\0"), &z, &c));
	assert_false(prelogin_plain(BYTES("\0ann"), &z, &c));
	assert_false(prelogin_plain(BYTES("\0a\0b\0"), &z, &c));
	assert_false(prelogin_plain(BYTES(""), &z, &c));
}

static void test_words(void **state)
{
	(void)state;
	struct bytes c = BYTES("a1 Login x"), tag;

	assert_true(prelogin_tag(&c, &tag));
	assert_bytes(tag, "a1");
	assert_int_equal(prelogin_verb(&c), VERB_LOGIN);
	assert_bytes(c, " x");
	c = BYTES("LOGINX");
	assert_int_equal(prelogin_verb(&c), VERB_UNKNOWN);
	c = BYTES("a+ x");
	assert_false(prelogin_tag(&c, &tag));
	assert_true(prelogin_id(BYTES(" nil")));
	assert_true(prelogin_id(BYTES(" (\"a\" {1}\r\nb \"c\" NIL)")));
	assert_true(prelogin_id(BYTES(" ()")));
	assert_false(prelogin_id(BYTES(" (\"a\")")));
	assert_false(prelogin_id(BYTES("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),        cmocka_unit_test(test_literal),
		cmocka_unit_test(test_authenticate), cmocka_unit_test(test_plain),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
