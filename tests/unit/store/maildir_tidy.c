/*
 * What processes that were killed left: removed once a day, and nothing else is.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "maildir_test.h"
#include "store_private.h"

static int64_t clock_wrong_by;         /* seconds */
static void (*sync_fails_after)(void); /* if set, the next fsync does this and fails */

/* In place of libc's: everything here sees them. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, id, t);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += clock_wrong_by;
	return r;
}

int fsync(int fd)
{
	void (*then)(void) = sync_fails_after;

	if (!then)
		return (int)syscall(SYS_fsync, fd);
	sync_fails_after = NULL;
	then();
	errno = EIO;
	return -1;
}

static void put_file(const char *name)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* As if it was tidied long ago. */
static void make_due(void)
{
	struct maildir_state s;
	struct index_header h;

	open_inbox(0);
	assert_int_equal(index_lock(mb->index, 1000, &err), 0);
	assert_true(index_head(mb->index, &h));
	maildir_state_get(&h, &s);
	s.tmp_cleaned = 0;
	index_begin(mb->index);
	maildir_state_set(mb, &s);
	assert_int_equal(index_commit(mb->index, &err), 0);
	index_unlock(mb->index);
}

static void test_left_over(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} rows[] = {
		{ "dovecot-uidlist.1700000000.123.0123abcd", false },
		{ "dovecot-keywords.1700000000.1.ffffffff", false },
		{ "dovecot-uidvalidity.1700000000.99999.00000000", false },
		{ "subscriptions.1700000000.123.0123abcd", false },
		{ "roost.cache.1700000000.123.0123abcd", false },
		{ "dovecot-uidlist.99999999999.123.0123abcd", true }, /* perhaps still at it */
		{ "dovecot-uidlist.1700000000.123.0123abc", true },
		{ "dovecot-uidlist.1700000000.123.0123abcg", true },
		{ "dovecot-uidlist.1700000000.0123abcd", true },
		{ "dovecot-uidlist.x.123.0123abcd", true },
		{ "dovecot-uidvalidity.6553f100", true },
		{ "notes.1700000000.123.0123abcd", true },
		{ "subscriptions", true },
	};

	(void)state;
	open_inbox(0);
	close_inbox();
	for (size_t i = 0; i < COUNT(rows); i++)
		put_file(rows[i].name);
	open_inbox(0);
	close_inbox(); /* not due */
	assert_true(is_there(rows[0].name));
	make_due();
	close_inbox();
	for (size_t i = 0; i < COUNT(rows); i++)
		if (is_there(rows[i].name) != rows[i].stays)
			fail_msg("%s", rows[i].name);
}

/* As who was killed at a DELETE leaves it. */
static void put_trash(void)
{
	assert_int_equal(mkdir(path_of("..roost-removed.1a2b"), 0700), 0);
	assert_int_equal(mkdir(path_of("..roost-removed.1a2b/cur"), 0700), 0);
	put_file("..roost-removed.1a2b/cur/1.a.h:2,S");
	assert_int_equal(symlink(home, path_of("..roost-removed.ffff")), 0);
}

static bool has_trash(void)
{
	return is_there("..roost-removed.1a2b/cur/1.a.h:2,S") && on_disk("..roost-removed.ffff");
}

static bool has_no_trash(void)
{
	struct stat st;

	return lstat(path_of("..roost-removed.1a2b"), &st) < 0 &&
	       lstat(path_of("..roost-removed.ffff"), &st) < 0;
}

static void tidy(void)
{
	make_due();
	close_inbox();
}

static void delete_another(void)
{
	assert_int_equal(store_create(store, BYTES("A"), &err), 0);
	assert_int_equal(store_delete(store, BYTES("A"), &err), 0);
	assert_false(is_there(".A"));
}

/* What is left of a removed folder goes once nobody can be at it, by the daily tidying and
 * with the next DELETE; also by a clock that was far ahead when it was left. */
static void test_removed_folders(void **state)
{
	static void (*const who[])(void) = { tidy, delete_another };

	(void)state;
	open_inbox(0);
	close_inbox();
	for (size_t i = 0; i < COUNT(who); i++)
		for (int sign = -1; sign <= 1; sign += 2) {
			put_trash();
			clock_wrong_by = sign * (STORE_LEFT_AGE_S - 60);
			who[i]();
			assert_true(has_trash());
			clock_wrong_by = sign * (STORE_LEFT_AGE_S + 60);
			who[i]();
			assert_true(has_no_trash());
			clock_wrong_by = 0;
		}
}

/* Another session, between the rename of a DELETE and its fsync. */
static void others_meanwhile(void)
{
	struct store_user u = { .user = "u", .home = home };
	struct store *other;
	struct folder *list;
	size_t n;

	assert_int_equal(store_open(&other, &u, &err), 0);
	assert_int_equal(store_list(other, &arena, false, &list, &n, &err), 0);
	assert_int_equal(n, 1); /* the INBOX */
	assert_int_equal(store_create(other, BYTES("Other"), &err), 0);
	assert_int_equal(store_delete(other, BYTES("Other"), &err), 0);
	assert_int_equal(store_delete(other, BYTES("Kept"), &err), -1);
	assert_int_equal(err.kind, ERROR_NONEXISTENT);
	store_close(other);
	tidy();
}

/* A DELETE that says NO has not removed anything, whoever tidies meanwhile. */
static void test_delete_fails(void **state)
{
	(void)state;
	open_inbox(0);
	close_inbox();
	assert_int_equal(store_create(store, BYTES("Kept"), &err), 0);
	put_file(".Kept/cur/1.a.h:2,S");
	sync_fails_after = others_meanwhile;
	assert_int_equal(store_delete(store, BYTES("Kept"), &err), -1);
	assert_null(sync_fails_after);
	assert_true(is_there(".Kept/cur/1.a.h:2,S"));
	assert_int_equal(store_delete(store, BYTES("Kept"), &err), 0);
	assert_false(is_there(".Kept"));
}

/* UIDs that are in the index alone, because at first contact the list could not be
 * written: it is, as soon as it can be. */
static void test_list_owed(void **state)
{
	struct index_header h;

	(void)state;
	put("cur/10.a.h:2,S", "a");
	open_inbox(0);
	assert_true(index_head(mb->index, &h));
	close_inbox();
	assert_int_equal(unlink(path_of(UIDLIST_FILE)), 0);
	make_due();
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FULL, &err), 0);
	assert_true(is_there(UIDLIST_FILE));
	/* With nothing known of a list before. */
	assert_int_equal(unlink(path_of(UIDLIST_FILE)), 0);
	struct maildir_state s;
	assert_int_equal(index_lock(mb->index, 1000, &err), 0);
	maildir_state_get(&h, &s);
	s.list = (struct stamp){ 0 };
	s.list_size = 0;
	s.bits |= STATE_LEFT_OUT;
	index_begin(mb->index);
	maildir_state_set(mb, &s);
	assert_int_equal(index_commit(mb->index, &err), 0);
	index_unlock(mb->index);
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FULL, &err), 0);
	assert_true(is_there(UIDLIST_FILE));
	close_inbox();
	unlink(path_of(INDEX_FILE));
	struct index_header again;
	open_inbox(0);
	assert_true(index_head(mb->index, &again));
	assert_int_equal(again.uidvalidity, h.uidvalidity);
	assert_int_equal(again.uidnext, h.uidnext);
	close_inbox();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_left_over),
		TEST(test_removed_folders),
		TEST(test_delete_fails),
		TEST(test_list_owed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
