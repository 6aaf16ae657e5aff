/* Sources in their order, and who is paid when a login is refused: each source once, whoever
 * decided. */
#include "test.h"

#include <cdb.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "auth.h"
#include "conf.h"

static enum answer pam_says;
static char names[256];

/* In PAM's place: says what it is told to, and remembers whom it was asked about. */
static enum answer fake_pam(const struct question *q, struct user *u)
{
	*u = (struct user){ 0 };
	snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s:%s", *names ? " " : "",
		 q->name.p, q->pass.p);
	return pam_says;
}

/* users.cdb with one user, whose password is "right". */
static void make_database(void)
{
	static char path[300];
	struct user u = { 0 };
	struct buf b = BUF_INIT;
	struct cdb_make db;
	int fd;

	snprintf(path, sizeof path, "%s/users.cdb", test_dir());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && cdb_make_start(&db, fd) == 0);
	u.field[USER_PASS] = BYTES("{PLAIN}right");
	user_encode(&u, &b);
	assert_int_equal(cdb_make_add(&db, "ann", 3, b.p, (unsigned)b.n), 0);
	assert_int_equal(cdb_make_add(&db, "", 0, b.p, (unsigned)b.n), 0);
	assert_int_equal(cdb_make_finish(&db), 0);
	close(fd);
	buf_free(&b);
	setenv("USERS_CDB", path, 1);
}

struct row {
	const char *sources, *name, *pass;
	enum answer pam, want;
	const char *asked; /* of PAM, in all */
};

/* In a process of its own: a login is one, too. */
static int play(const struct row *r)
{
	struct question q = { bytes_of(r->name), bytes_of(r->pass), false, false };
	struct user u;
	enum answer a;

	setenv("AUTH", r->sources, 1);
	auth_use_pam(fake_pam);
	pam_says = r->pam;
	a = auth_ask(&q, &u);
	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN)
		auth_pay(&q);
	if (a != r->want)
		return 1;
	return strcmp(names, r->asked) == 0 ? 0 : 2;
}

static void test_sources(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "users pam", "ann", "right", ANSWER_OK, ANSWER_OK, "" },
		{ "users pam", "ann", "wrong", ANSWER_OK, ANSWER_WRONG, AUTH_NOBODY ":wrong" },
		{ "users pam", "bob", "x", ANSWER_OK, ANSWER_OK, "bob:x" },
		{ "users pam", "bob", "x", ANSWER_WRONG, ANSWER_WRONG, "bob:x" },
		{ "users pam", "bob", "x", ANSWER_UNKNOWN, ANSWER_UNKNOWN, "bob:x" },
		{ "users pam", "bob", "x", ANSWER_EXPIRED, ANSWER_EXPIRED, "bob:x" },
		{ "users pam", "bob", "x", ANSWER_TROUBLE, ANSWER_TROUBLE, "bob:x" },
		{ "pam users", "ann", "right", ANSWER_WRONG, ANSWER_WRONG, "ann:right" },
		{ "pam users", "ann", "right", ANSWER_UNKNOWN, ANSWER_OK, "ann:right" },
		{ "pam users", "ann", "wrong", ANSWER_UNKNOWN, ANSWER_WRONG, "ann:wrong" },
		{ "pam users", "ann", "right", ANSWER_TROUBLE, ANSWER_TROUBLE, "ann:right" },
		{ " pam  users ", "ann", "right", ANSWER_FORBIDDEN, ANSWER_FORBIDDEN, "ann:right" },
		{ "users", "bob", "x", ANSWER_OK, ANSWER_UNKNOWN, "" },
		{ "users", "ann", "wrong", ANSWER_OK, ANSWER_WRONG, "" },
		{ "users ldap", "ann", "right", ANSWER_OK, ANSWER_OK, "" },
		{ "users ldap", "bob", "x", ANSWER_OK, ANSWER_TROUBLE, "" },
		{ "pam ldap", "bob", "x", ANSWER_UNKNOWN, ANSWER_TROUBLE, "bob:x" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(play(&rows[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("row %zu: %s, %s", i, rows[i].sources,
				 WEXITSTATUS(status) == 2 ? "PAM was asked something else"
							  : "another answer");
	}
}

static void test_has_pam(void **state)
{
	(void)state;
	setenv("AUTH", "users", 1);
	assert_false(auth_asks_pam());
	setenv("AUTH", "users pam", 1);
	assert_true(auth_asks_pam());
	setenv("AUTH", "pamx ", 1);
	assert_false(auth_asks_pam());
	unsetenv("AUTH");
	setenv("PAM_SERVICE", "no-such-service-here", 1);
	assert_false(auth_asks_pam());
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sources),
					    cmocka_unit_test(test_has_pam) };
	conf_forget();
	make_database();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
