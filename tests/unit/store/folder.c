/*
 * Folders of a Maildir++ store: names, create, delete, rename, list,
 * subscriptions.  RFC 3501 §6.3.3 to §6.3.9, RFC 6154.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store.h"
#include "store_private.h"

static char dir[] = "/tmp/roost-folder.XXXXXX";
static struct store *store;
static struct error err;
static struct arena arena;

/* A shell command that finds the home directory in $D. */
static void run(const char *command)
{
	setenv("D", dir, 1);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	struct store_user u = { .user = "alice@example.org", .home = dir, .mail = NULL };

	(void)state;
	strcpy(dir, "/tmp/roost-folder.XXXXXX");
	assert_non_null(mkdtemp(dir));
	unsetenv("MAIL_SEPARATOR");
	unsetenv("MAIL_PREFIX");
	return store_open(&store, &u, &err);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	arena_free(&arena);
	run("rm -rf $D");
	return 0;
}

static void reopen(const char *mail)
{
	struct store_user u = { .user = "alice@example.org", .home = dir, .mail = mail };

	store_close(store);
	assert_int_equal(store_open(&store, &u, &err), 0);
}

static bool on_disk(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/Maildir/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* "INBOX A(attrs) ..." of the whole list. */
static const char *listed(void)
{
	struct folder *f;
	size_t n;
	struct buf b = BUF_INIT;

	assert_int_equal(store_list(store, &arena, false, &f, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		unsigned a = f[i].attrs;
		buf_printf(&b, "%s%.*s%s%s%s%s", i ? " " : "", (int)f[i].name.n, f[i].name.p,
			   a & FOLDER_NOSELECT ? "!" : "", a & FOLDER_CHILDREN ? "+" : "",
			   a & FOLDER_SUBSCRIBED ? "*" : "", a & FOLDER_NONEXISTENT ? "?" : "");
	}
	const char *s = arena_str(&arena, buf_view(&b));
	buf_free(&b);
	return s;
}

static void create(const char *name)
{
	assert_int_equal(store_create(store, bytes_of(name), &err), 0);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} t[] = {
		{ "INBOX", true },
		{ "inbox", true },
		{ "Sent", true },
		{ "A.B.C", true },
		{ "", false },
		{ ".A", false },
		{ "A.", false },
		{ "A..B", false },
		{ "A/B", false },
		{ "../x", false },
		{ "a\nb", false },
		{ "a\x7f", false },
		{ "Entw\xc3\xbcrfe", true },
		{ "a\xff", false },
		{ "A&B", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		if ((store_name_check(store, bytes_of(t[i].name), &err) == 0) != t[i].ok)
			fail_msg("%s", t[i].name);
}

static void test_name_limits(void **state)
{
	char name[STORE_NAME_MAX + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(store_name_check(store, (struct bytes){ name, 254 }, &err), 0);
	assert_int_equal(store_name_check(store, (struct bytes){ name, 255 }, &err), -1);
	assert_int_equal(store_name_check(store, (struct bytes){ name, sizeof(name) }, &err), -1);
	for (size_t i = 1; i < sizeof(name); i += 2)
		name[i] = '.';
	size_t deepest = STORE_DEPTH_MAX * 2 - 1;
	assert_int_equal(store_name_check(store, (struct bytes){ name, deepest }, &err), 0);
	assert_int_equal(store_name_check(store, (struct bytes){ name, deepest + 2 }, &err), -1);
}

static void test_create(void **state)
{
	(void)state;
	create("A.B");
	assert_true(on_disk(".A.B/cur") && on_disk(".A.B/new") && on_disk(".A.B/tmp"));
	assert_true(on_disk(".A.B/maildirfolder"));
	assert_string_equal(listed(), "INBOX A!+ A.B");
	assert_int_equal(store_create(store, BYTES("A.B"), &err), -1);
	assert_int_equal(err.kind, ERROR_EXISTS);
	assert_int_equal(store_create(store, BYTES("iNbOx"), &err), -1);
	assert_int_equal(err.kind, ERROR_EXISTS);
	create("A.");
	assert_string_equal(listed(), "INBOX A+ A.B");
	create("Entw\xc3\xbcrfe & mehr");
	assert_true(on_disk(".Entw&APw-rfe &- mehr/cur"));
}

static void test_create_after_crash(void **state)
{
	/* Killed before "cur" was made: no folder yet, and create goes on. */
	(void)state;
	run("mkdir -p $D/Maildir/.Half/tmp");
	assert_string_equal(listed(), "INBOX");
	create("Half");
	assert_string_equal(listed(), "INBOX Half");
}

static void test_delete(void **state)
{
	(void)state;
	create("A");
	create("A.B");
	run("echo x > $D/Maildir/.A/cur/1.x");
	assert_int_equal(store_delete(store, BYTES("A"), &err), 0);
	assert_string_equal(listed(), "INBOX A!+ A.B");
	assert_false(on_disk(".A"));
	assert_int_equal(store_delete(store, BYTES("A"), &err), -1);
	assert_int_equal(err.kind, ERROR_NONEXISTENT);
	assert_int_equal(store_delete(store, BYTES("INBOX"), &err), -1);
	assert_int_equal(err.kind, ERROR_CANNOT);
	run("test -z \"$(ls -A $D/Maildir | grep roost-removed)\"");
}

static void test_rename(void **state)
{
	(void)state;
	create("A");
	create("A.B");
	create("A.B.C");
	create("AB");
	assert_int_equal(store_rename(store, BYTES("A"), BYTES("X.Y"), &err), 0);
	assert_string_equal(listed(), "INBOX AB X!+ X.Y+ X.Y.B+ X.Y.B.C");
	assert_int_equal(store_rename(store, BYTES("X.Y"), BYTES("X.Y.Z"), &err), -1);
	assert_int_equal(store_rename(store, BYTES("Z"), BYTES("W"), &err), -1);
	assert_int_equal(err.kind, ERROR_NONEXISTENT);
	assert_int_equal(store_rename(store, BYTES("AB"), BYTES("X.Y"), &err), -1);
	assert_int_equal(err.kind, ERROR_EXISTS);
	/* a parent that isn't there itself takes its children along */
	assert_int_equal(store_rename(store, BYTES("X"), BYTES("Q"), &err), 0);
	assert_string_equal(listed(), "INBOX AB Q!+ Q.Y+ Q.Y.B+ Q.Y.B.C");
	/* a child in the way: nothing moves */
	create("R.Y");
	assert_int_equal(store_rename(store, BYTES("Q"), BYTES("R"), &err), -1);
	assert_string_equal(listed(), "INBOX AB Q!+ Q.Y+ Q.Y.B+ Q.Y.B.C R!+ R.Y");
}

/* What is left of a CREATE that was killed is in nobody's way; what has anything in it is. */
static void test_rename_after_crash(void **state)
{
	static const struct {
		const char *made; /* in the directory that a rename finds there */
		bool gone;
	} rows[] = {
		{ "true", true },
		{ "mkdir tmp", true },
		{ "mkdir tmp new; touch maildirfolder", true },
		{ "mkdir tmp new; touch new/1.x", false },
		{ "mkdir tmp new; touch tmp/1.x", false },
		{ "mkdir tmp new; touch other", false },
		{ "mkdir tmp new; echo x >maildirfolder", false },
		{ "mkdir tmp new cur", false },
		{ "mkdir tmp new; cd ..; mv .Half Other; ln -s Other .Half", false },
	};

	(void)state;
	create("A");
	create("A.B");
	run("echo x > $D/Maildir/.A/cur/1.x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char command[200];
		snprintf(command, sizeof(command), "cd $D/Maildir && mkdir .Half && cd .Half && %s",
			 rows[i].made);
		run(command);
		run("cd $D/Maildir; find .Half Other ! -type d >$D/before 2>$D/err; "
		    "ls Other >>$D/before 2>>$D/err; test -e .Half");
		int r = store_rename(store, BYTES("A"), BYTES("Half"), &err);
		if ((r == 0) != rows[i].gone)
			fail_msg("%s: %d", rows[i].made, r);
		if (r == 0) {
			assert_true(on_disk(".Half/cur/1.x") && on_disk(".Half.B/cur"));
			assert_false(on_disk(".A") || on_disk(".A.B"));
			assert_int_equal(store_rename(store, BYTES("Half"), BYTES("A"), &err), 0);
		} else {
			assert_int_equal(err.kind, ERROR_EXISTS);
			run("cd $D/Maildir; find .Half Other ! -type d >$D/after 2>$D/err; "
			    "ls Other >>$D/after 2>>$D/err; cmp $D/before $D/after");
			run("rm -rf $D/Maildir/.Half $D/Maildir/Other");
		}
		assert_true(on_disk(".A/cur/1.x") && on_disk(".A.B/cur"));
	}
}

static void test_subscriptions(void **state)
{
	(void)state;
	create("Sent");
	assert_int_equal(store_subscribe(store, BYTES("Sent"), true, &err), 0);
	assert_int_equal(store_subscribe(store, BYTES("inbox"), true, &err), 0);
	assert_int_equal(store_subscribe(store, BYTES("Gone.Child"), true, &err), 0);
	assert_string_equal(listed(), "INBOX* Gone.Child!*? Sent*");
	run("printf 'V\\t2\\n\\nSent\\nINBOX\\nGone\\tChild\\n' | cmp - $D/Maildir/subscriptions");
	assert_int_equal(store_subscribe(store, BYTES("Sent"), true, &err), 0);
	assert_int_equal(store_subscribe(store, BYTES("Gone.Child"), false, &err), 0);
	assert_int_equal(store_subscribe(store, BYTES("Never"), false, &err), 0);
	run("printf 'V\\t2\\n\\nSent\\nINBOX\\n' | cmp - $D/Maildir/subscriptions");
}

static void test_subscriptions_v1(void **state)
{
	(void)state;
	run("printf 'Sent\\nA.B\\n' > $D/Maildir/subscriptions");
	assert_string_equal(listed(), "INBOX A.B!*? Sent!*?");
	assert_int_equal(store_subscribe(store, BYTES("C"), true, &err), 0);
	run("printf 'Sent\\nA.B\\nC\\n' | cmp - $D/Maildir/subscriptions");
}

static void test_subscriptions_courier(void **state)
{
	(void)state;
	run("printf 'INBOX\\nINBOX.Sent\\nINBOX.Entw\\303\\274rfe\\nINBOX.M&APw-ll\\n#shared.x\\n' > "
	    "$D/Maildir/courierimapsubscribed");
	assert_string_equal(listed(), "INBOX* Entw\xc3\xbcrfe!*? M\xc3\xbcll!*? Sent!*?");
	run("printf 'V\\t2\\n\\nINBOX\\nSent\\nEntw&APw-rfe\\nM&APw-ll\\n' | cmp - $D/Maildir/subscriptions");
	/* From then on our own file counts. */
	assert_int_equal(store_subscribe(store, BYTES("Sent"), false, &err), 0);
	assert_string_equal(listed(), "INBOX* Entw\xc3\xbcrfe!*? M\xc3\xbcll!*?");
}

static void test_separator_and_prefix(void **state)
{
	(void)state;
	create("A.B");
	setenv("MAIL_SEPARATOR", "/", 1);
	reopen(NULL);
	assert_string_equal(listed(), "INBOX A!+ A/B");
	assert_int_equal(store_create(store, BYTES("x.y"), &err), -1);
	setenv("MAIL_SEPARATOR", ".", 1);
	setenv("MAIL_PREFIX", "INBOX.", 1);
	reopen(NULL);
	assert_string_equal(listed(), "INBOX+ INBOX.A!+ INBOX.A.B");
	assert_int_equal(store_create(store, BYTES("C"), &err), -1);
	create("INBOX.C");
	assert_true(on_disk(".C/cur"));
}

static void test_special_use(void **state)
{
	struct folder *f;
	size_t n;

	(void)state;
	create("Sent Messages");
	create("Sent Items");
	create("Trash");
	assert_int_equal(store_list(store, &arena, false, &f, &n, &err), 0);
	assert_int_equal(n, 4);
	assert_false(f[1].attrs & FOLDER_SENT); /* Sent Items */
	assert_true(f[2].attrs & FOLDER_SENT);
	assert_true(f[3].attrs & FOLDER_TRASH);
}

static void test_mail_setting(void **state)
{
	char mail[300], path[4096];
	struct folder_dirs d;

	(void)state;
	snprintf(mail, sizeof(mail), "maildir:%%h/%%d/%%n:INDEX=%s/i::x:CONTROL=~/c", dir);
	reopen(mail);
	create("A");
	assert_int_equal(store_folder_dirs(store, BYTES("A"), &d, &err), 0);
	snprintf(path, sizeof(path), "%s/example.org/alice/.A", dir);
	assert_string_equal(d.mail, path);
	snprintf(path, sizeof(path), "%s/i:x/.A", dir);
	assert_string_equal(d.index, path);
	assert_int_equal(store_folder_dirs(store, BYTES("INBOX"), &d, &err), 0);
	snprintf(path, sizeof(path), "%s/c/.INBOX", dir);
	assert_string_equal(d.control, path);
}

static void test_mail_setting_refused(void **state)
{
	static const char *const bad[] = { "mbox:~/mail", "maildir:relative",   "maildir:~/%x",
					   "maildir:~/%", "maildir:~/M:WHAT=x", "nonsense" };
	struct store *s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct store_user u = { "alice", dir, bad[i] };
		if (store_open(&s, &u, &err) != -1)
			fail_msg("%s", bad[i]);
	}
	static const char *const users[] = { "", "../x", "a/b", "." };
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		struct store_user u = { users[i], dir, NULL };
		assert_int_equal(store_open(&s, &u, &err), -1);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_names),
		T(test_name_limits),
		T(test_create),
		T(test_create_after_crash),
		T(test_delete),
		T(test_rename),
		T(test_rename_after_crash),
		T(test_subscriptions),
		T(test_subscriptions_v1),
		T(test_subscriptions_courier),
		T(test_separator_and_prefix),
		T(test_special_use),
		T(test_mail_setting),
		T(test_mail_setting_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
