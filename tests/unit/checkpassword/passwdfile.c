/* Lines of the users file, password schemes, and the ids that come of them. */
#include "test.h"

#include "account.h"
#include "conf.h"
#include "passwdfile.h"
#include "scheme.h"

static void test_lines(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		int want;
		bool told;
	} rows[] = {
		{ "", 0, false },
		{ " \t\r", 0, false },
		{ "# a:{PLAIN}x", 0, false },
		{ "a:{PLAIN}x", 1, false },
		{ "a", 1, false },
		{ "a:", 1, false },
		{ "a:!:1:1", 1, false },
		{ "a:{PLAIN}x:1:1:g:/h:/s", 1, false },
		{ "a:{PLAIN}x:1:1:g:/h:/s:", 1, false },
		{ "a:{PLAIN}x::::::nologin", 1, false },
		{ "a:{PLAIN}x::::::userdb_mail=maildir:~/m:INDEX=/i", 1, false },
		{ "a:{PLAIN}x::::::userdb_quota_rule=*:bytes=1", 1, true },
		{ "a:{PLAIN}x::::::allow_nets=192.0.2.0/24", -1, true },
		{ "a:{PLAIN}x::::::nopassword", -1, true },
		{ "a:{PLAIN}x::::::userdb_uid=0", -1, true },
		{ ":{PLAIN}x", -1, true },
		{ "a/b:{PLAIN}x", -1, true },
		{ "a:{SSHA}x", -1, true },
		{ "a:{PLAIN", -1, true },
		{ "a:{SHA512-CRYPT}$5$x", -1, true },
		{ "a:{PLAIN}x:0:1", -1, true },
		{ "a:{PLAIN}x:1:0", -1, true },
		{ "a:{PLAIN}x:1", -1, true },
		{ "a:{PLAIN}x::1", -1, true },
		{ "a:{PLAIN}x:-1:1", -1, true },
		{ "a:{PLAIN}x:4294967295:1", -1, true },
		{ "a:{PLAIN}x:root:1", -1, true },
		{ "a:{PLAIN}x:1:1::home", -1, true },
	};
	struct passwdfile u;
	const char *why;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int got = passwdfile_line(bytes_of(rows[i].line), &u, &why);

		if (got != rows[i].want || (why != NULL) != rows[i].told)
			fail_msg("\"%s\": %d, %s", rows[i].line, got, why ? why : "no text");
	}
	assert_int_equal(passwdfile_line(BYTES("a:{PLAIN}x\0y"), &u, &why), -1);
}

static void test_fields(void **state)
{
	(void)state;
	struct passwdfile p;
	const struct user *u = &p.user;
	const char *why;

	assert_int_equal(passwdfile_line(BYTES("A@B:{PLAIN}x:7:8:gecos:/h:/s:nologin "
					       "userdb_mail=maildir:/m:INDEX=/i "
					       "userdb_system_groups_user=ann\r"),
					 &p, &why),
			 1);
	assert_string_equal(p.name, "a@b");
	assert_bytes(u->field[USER_PASS], "{PLAIN}x");
	assert_bytes(u->field[USER_UID], "7");
	assert_bytes(u->field[USER_GID], "8");
	assert_bytes(u->field[USER_HOME], "/h");
	assert_bytes(u->field[USER_SHELL], "/s");
	assert_bytes(u->field[USER_MAIL], "maildir:/m:INDEX=/i");
	assert_bytes(u->field[USER_NOLOGIN], "1");
	assert_bytes(p.groups_of, "ann");
	assert_int_equal(passwdfile_line(BYTES("a:x:7:8:::/s:"), &p, &why), 1);
	assert_null(p.groups_of.p);
	assert_int_equal(passwdfile_line(BYTES("Ann:{SSHA}x"), &p, &why), -1);
	assert_string_equal(p.name, "ann"); /* whose line is bad */
	assert_int_equal(passwdfile_line(BYTES("a/b:{PLAIN}x"), &p, &why), -1);
	assert_string_equal(p.name, "");
}

static void test_schemes(void **state)
{
	(void)state;
	static const struct {
		const char *stored;
		enum scheme scheme;
		const char *hash;
	} rows[] = {
		{ "{PLAIN}x", SCHEME_PLAIN, "x" },
		{ "{plain}*", SCHEME_PLAIN, "*" },
		{ "{CLEARTEXT}!x", SCHEME_PLAIN, "!x" },
		{ "{PLAIN}", SCHEME_LOCKED, "" },
		{ "", SCHEME_LOCKED, "" },
		{ "*", SCHEME_LOCKED, "*" },
		{ "!$6$x", SCHEME_LOCKED, "!$6$x" },
		{ "{CRYPT}!$6$x", SCHEME_LOCKED, "!$6$x" },
		{ "$6$x", SCHEME_CRYPT, "$6$x" },
		{ "{SHA512-CRYPT}$6$x", SCHEME_CRYPT, "$6$x" },
		{ "{BLF-CRYPT}$2y$x", SCHEME_CRYPT, "$2y$x" },
		{ "{YESCRYPT}$y$x", SCHEME_CRYPT, "$y$x" },
		{ "{YESCRYPT}$6$x", SCHEME_UNKNOWN, "$6$x" },
		{ "{SSHA}x", SCHEME_UNKNOWN, "x" },
		{ "{PLAIN", SCHEME_UNKNOWN, "{PLAIN" },
	};
	struct bytes hash;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (scheme_split(bytes_of(rows[i].stored), &hash) != rows[i].scheme ||
		    !bytes_is(hash, rows[i].hash))
			fail_msg("\"%s\"", rows[i].stored);
}

static void test_same(void **state)
{
	(void)state;
	static char p[513], q[513];

	assert_true(scheme_same(BYTES("a"), BYTES("a")));
	assert_true(scheme_same(BYTES(""), BYTES("")));
	assert_false(scheme_same(BYTES("a"), BYTES("b")));
	assert_false(scheme_same(BYTES("a"), BYTES("a\0")));
	assert_false(scheme_same(BYTES("a"), BYTES("")));
	assert_true(scheme_same((struct bytes){ p, 512 }, (struct bytes){ q, 512 }));
	assert_false(scheme_same((struct bytes){ p, 513 }, (struct bytes){ q, 513 }));
	q[511] = 1;
	assert_false(scheme_same((struct bytes){ p, 512 }, (struct bytes){ q, 512 }));
}

static void test_allowed(void **state)
{
	(void)state;
	static const struct {
		const char *uid, *gid, *mail_uid;
		bool want;
	} rows[] = {
		{ "1000", "1000", "", true }, { "999", "1000", "", false },
		{ "0", "1000", "", false },   { "1000", "0", "", false },
		{ "999", "8", "999", true },  { "998", "8", "999", false },
	};
	struct user u = { 0 };
	struct account a;

	for (size_t i = 0; i < COUNT(rows); i++) {
		u.field[USER_UID] = bytes_of(rows[i].uid);
		u.field[USER_GID] = bytes_of(rows[i].gid);
		unsetenv("MAIL_UID");
		if (rows[i].mail_uid[0])
			setenv("MAIL_UID", rows[i].mail_uid, 1);
		assert_true(account_make(&a, "a", &u));
		assert_int_equal(account_allowed(&a), rows[i].want);
	}
	unsetenv("MAIL_UID");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines),
					    cmocka_unit_test(test_fields),
					    cmocka_unit_test(test_schemes),
					    cmocka_unit_test(test_same),
					    cmocka_unit_test(test_allowed) };
	conf_forget();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
