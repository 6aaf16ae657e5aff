/*
 * A Maildir as a mailbox: opened, synced, flags, append, copy, move, expunge;
 * what strangers do to it meanwhile.  index-design §1, §2, §8, §9.
 */
#include "maildir_test.h"

static void test_empty(void **state)
{
	(void)state;
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), 0);
	assert_string_equal(content(), "");
	assert_true(on_disk("dovecot-uidlist"));
}

static void test_scan(void **state)
{
	(void)state;
	put("cur/20.b.h:2,S", "b");
	put("cur/10.a.h:2,FRST", "a");
	put("new/30.c.h", "c");
	put("cur/.hidden", "x");
	put("cur/40.odd.h:2,SPFx", "d");
	put("cur/50.noinfo", "e");
	open_inbox(0);
	assert_string_equal(content(), "1 10.a FRST|2 20.b S|3 30.c |4 40.odd FSx|5 50.noinfo |");
	assert_true(on_disk("cur/30.c.h:2,"));
	assert_true(on_disk("cur/40.odd.h:2,SPFx"));
	assert_bytes(mailbox_keyword(mb, 23), "unknown-23");
	assert_true(mailbox_is_recent(mb, 3));
	assert_false(mailbox_is_recent(mb, 2));
}

static void test_reopen_same_uids(void **state)
{
	(void)state;
	put("cur/10.a.h:2,", "a");
	put("new/20.b.h", "b");
	open_inbox(0);
	uint32_t v = validity();
	close_inbox();
	put("new/30.c.h", "c");
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(content(), "1 10.a |2 20.b |3 30.c |");
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(content(), "1 10.a |2 20.b |3 30.c |");
}

static void test_foreign_changes(void **state)
{
	(void)state;
	put("cur/10.a.h:2,", "a");
	put("cur/20.b.h:2,S", "b");
	put("cur/30.c.h:2,", "c");
	open_inbox(0);
	move("cur/10.a.h:2,", "cur/10.a.h:2,SF");
	del("cur/20.b.h:2,S");
	move("cur/30.c.h:2,", "cur/30.c.h:2,TS"); /* unsorted */
	put("new/40.d.h", "d");
	sync_now();
	assert_string_equal(content(), "1 10.a FS|3 30.c ST|4 40.d |");
	flags(3, FLAGS_REMOVE, FLAG_DELETED, NULL);
	assert_true(on_disk("cur/30.c.h:2,S"));
	assert_string_equal(content(), "1 10.a FS|3 30.c S|4 40.d |");
}

static void test_store(void **state)
{
	(void)state;
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h:2,PS", "b");
	open_inbox(0);
	flags(1, FLAGS_ADD, FLAG_FLAGGED, "$Junk");
	flags(2, FLAGS_SET, FLAG_ANSWERED, "work");
	assert_true(on_disk("cur/10.a.h:2,FSa"));
	assert_true(on_disk("cur/20.b.h:2,PRb"));
	assert_string_equal(content(), "1 10.a FSa|2 20.b Rb|");
	assert_file("dovecot-keywords", "0 $Junk\n1 work\n");
	flags(1, FLAGS_REMOVE, FLAG_FLAGGED, "$JUNK");
	assert_true(on_disk("cur/10.a.h:2,S"));
	sync_now();
	assert_string_equal(content(), "1 10.a S|2 20.b Rb|");
}

static void test_store_meets_foreign_rename(void **state)
{
	(void)state;
	put("cur/10.a.h:2,", "a");
	open_inbox(0);
	move("cur/10.a.h:2,", "cur/10.a.h:2,F");
	flags(1, FLAGS_ADD, FLAG_SEEN, NULL);
	assert_true(on_disk("cur/10.a.h:2,FS"));
	assert_string_equal(content(), "1 10.a FS|");
}

static void test_expunge(void **state)
{
	(void)state;
	put("cur/10.a.h:2,T", "a");
	put("cur/20.b.h:2,T", "b");
	put("cur/30.c.h:2,S", "c");
	open_inbox(0);
	move("cur/10.a.h:2,T", "cur/10.a.h:2,"); /* undeleted by a stranger */
	struct change_result r;
	assert_int_equal(mailbox_expunge(mb, NULL, 0, false, &r, &err), 0);
	assert_string_equal(content(), "1 10.a |3 30.c S|");
	assert_false(on_disk("cur/20.b.h:2,T"));
	uint32_t uid = 3;
	assert_int_equal(mailbox_expunge(mb, &uid, 1, true, &r, &err), 0);
	assert_string_equal(content(), "1 10.a |");
	sync_now();
	assert_string_equal(content(), "1 10.a |");
}

static void test_append(void **state)
{
	(void)state;
	open_inbox(0);
	assert_int_equal(append("Subject: x\r\n\r\nbody\n", FLAG_SEEN, "todo", 1000000000), 1);
	assert_int_equal(append("Subject: y\n\nb", 0, NULL, INDEX_DATE_UNKNOWN), 2);
	assert_string_equal(flags_only(), "1 Sa|2 |");
	assert_string_equal(body(1), "Subject: x\r\n\r\nbody\n");
	struct index_record rec;
	assert_true(view_read(mailbox_view(mb), 1, &rec));
	assert_int_equal(rec.vsize, 20);
	assert_int_equal(rec.internal_date, 1000000000);
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_string_equal(flags_only(), "1 Sa|2 |");
	int64_t date;
	assert_true(view_read(mailbox_view(mb), 1, &rec));
	assert_int_equal(mailbox_date(mb, 1, &rec, &date), 1);
	assert_int_equal(date, 1000000000);
}

static void test_copy_move(void **state)
{
	struct mailbox *to;
	struct copy_result r;
	uint32_t uids[] = { 1, 2 };

	(void)state;
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h:2,F", "b\n");
	assert_int_equal(store_create(store, BYTES("Other"), &err), 0);
	open_inbox(0);
	flags(2, FLAGS_ADD, 0, "todo");
	assert_int_equal(mailbox_open(store, BYTES("Other"), MAILBOX_NOVIEW, &to, &err), 0);
	assert_int_equal(mailbox_copy(mb, to, &arena, uids, 2, false, &r, &err), 0);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.to[1], 2);
	assert_int_equal(mailbox_copy(mb, to, &arena, uids + 1, 1, true, &r, &err), 0);
	assert_int_equal(r.to[0], 3);
	assert_string_equal(content(), "1 10.a S|");
	mailbox_close(to);
	close_inbox();
	open_box("Other", 0);
	assert_string_equal(flags_only(), "1 S|2 Fa|3 Fa|");
	assert_string_equal(body(2), "b\n");
	assert_true(mailbox_is_recent(mb, 1));
	/* within one mailbox */
	assert_int_equal(mailbox_copy(mb, mb, &arena, uids, 1, false, &r, &err), 0);
	assert_string_equal(flags_only(), "1 S|2 Fa|3 Fa|4 S|");
}

static void test_examine(void **state)
{
	(void)state;
	put("new/10.a.h", "a");
	open_inbox(MAILBOX_READONLY);
	assert_string_equal(content(), "1 10.a |");
	assert_true(on_disk("new/10.a.h"));
	assert_true(mailbox_is_recent(mb, 1));
	assert_string_equal(body(1), "a");
	close_inbox();
	open_inbox(0);
	assert_true(mailbox_is_recent(mb, 1));
	assert_true(on_disk("cur/10.a.h:2,"));
	close_inbox();
	open_inbox(0);
	assert_false(mailbox_is_recent(mb, 1));
}

/* INDEX= and CONTROL= as Dovecot has them. */
static void test_other_places(void **state)
{
	char mail[2000], path[1000];
	struct store_user u = { .user = "u", .home = home, .mail = mail };

	(void)state;
	store_close(store);
	snprintf(mail, sizeof(mail), "maildir:%s:INDEX=%s/ix:CONTROL=%s/ct", inbox, home, home);
	assert_int_equal(store_open(&store, &u, &err), 0);
	put("cur/10.a.h:2,S", "a");
	open_inbox(0);
	flags(1, FLAGS_ADD, 0, "todo");
	uint32_t v = validity();
	close_inbox();
	assert_false(on_disk("dovecot-uidlist"));
	assert_false(on_disk("roost.index"));
	snprintf(path, sizeof(path), "%s/ct/.INBOX/dovecot-uidlist", home);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/ix/.INBOX/roost.index", home);
	assert_int_equal(unlink(path), 0);
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(content(), "1 10.a Sa|");
}

static size_t in_tmp(void)
{
	char cmd[PATH_MAX + 64];
	unsigned n = 0;

	snprintf(cmd, sizeof(cmd), "ls -A '%s' | wc -l", path_of("tmp"));
	FILE *p = popen(cmd, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%u", &n), 1);
	pclose(p);
	return n;
}

/* Not committed: nothing is left, no UID is used. */
static void test_append_given_up(void **state)
{
	struct append *ap;

	(void)state;
	open_inbox(0);
	assert_int_equal(append_begin(mb, &ap, &err), 0);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(append_start(ap, NULL, INDEX_DATE_UNKNOWN, &err), 0);
		assert_int_equal(append_write(ap, BYTES("x\r\n"), &err), 0);
		if (i < 39)
			assert_int_equal(append_end(ap, &err), 0);
	}
	assert_int_equal(in_tmp(), 40);
	append_free(ap);
	assert_int_equal(in_tmp(), 0);
	assert_int_equal(append("y", 0, NULL, INDEX_DATE_UNKNOWN), 1);
}

/* A message that no memory would hold whole, in pieces that split newlines. */
static void test_large_append(void **state)
{
	struct append *ap;
	struct append_result r;
	struct index_record rec;
	struct mail m;

	(void)state;
	open_inbox(0);
	assert_int_equal(append_begin(mb, &ap, &err), 0);
	assert_int_equal(append_start(ap, NULL, INDEX_DATE_UNKNOWN, &err), 0);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(append_write(ap, BYTES("some text\r"), &err), 0);
		assert_int_equal(append_write(ap, BYTES("\nmore\n"), &err), 0);
	}
	assert_int_equal(append_end(ap, &err), 0);
	assert_int_equal(append_commit(ap, &r, &err), 0);
	append_free(ap);
	assert_string_equal(flags_only(), "1 |");
	assert_true(view_read(mailbox_view(mb), 1, &rec));
	assert_int_equal(rec.vsize, 1700000);
	assert_int_equal(mailbox_mail(mb, 1, false, &m, &err), 1);
	assert_int_equal(m.raw.n, 1600000);
	assert_int_equal(crlf_octets(m.raw), rec.vsize);
	mail_close(mb, &m);
	assert_int_equal(mailbox_size(mb, 1, &rec, &rec.vsize), 1);
}

/* Cut within a name: the index has all of it, and the file gets it again. */
static void test_cut_keywords_file(void **state)
{
	(void)state;
	put("cur/10.a.h:2,", "a");
	open_inbox(0);
	flags(1, FLAGS_ADD, 0, "first");
	flags(1, FLAGS_ADD, 0, "second");
	close_inbox();
	assert_int_equal(truncate(path_of("dovecot-keywords"), 12), 0);
	assert_file("dovecot-keywords", "0 first\n1 se");
	put("cur/20.b.h:2,b", "b");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 1), "second");
	assert_file("dovecot-keywords", "0 first\n1 second\n");
}

/* A name that claims a size which no file has: the message says it. */
static void test_claimed_size(void **state)
{
	struct index_record rec;

	(void)state;
	put("cur/10.a.h,W=281474976710756:2,", "a\n");
	open_inbox(0);
	assert_true(view_read(mailbox_view(mb), 1, &rec));
	assert_true(rec.vsize == INDEX_SIZE_UNKNOWN);
	assert_int_equal(mailbox_size(mb, 1, &rec, &rec.vsize), 1);
	assert_int_equal(rec.vsize, strlen("a\r\n"));
}

/* A letter that has its name by a whole line keeps it, whatever half a line says. */
static void test_cut_second_line(void **state)
{
	(void)state;
	put("cur/10.a.h:2,a", "a");
	put("dovecot-keywords", "0 old\n");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 0), "old");
	close_inbox();
	put("dovecot-keywords", "0 new\n0 ol");
	put("cur/20.b.h:2,a", "b");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 0), "new");
}

/* Sizes and dates are looked up once. */
static void test_learned(void **state)
{
	struct index_record r;
	struct mailbox_status st;
	uint64_t size;
	int64_t date;

	(void)state;
	put("cur/10.a.h:2,", "a\nb\n");
	put("cur/20.b.h,S=3,W=7:2,", "xyz");
	struct timespec t[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	assert_int_equal(utimensat(AT_FDCWD, path_of("cur/10.a.h:2,"), t, 0), 0);
	open_inbox(0);
	assert_true(view_read(mailbox_view(mb), 1, &r));
	assert_true(r.vsize == INDEX_SIZE_UNKNOWN && r.internal_date == INDEX_DATE_UNKNOWN);
	assert_int_equal(mailbox_size(mb, 1, &r, &size), 1);
	assert_int_equal(size, 6);
	assert_int_equal(mailbox_date(mb, 1, &r, &date), 1);
	assert_int_equal(date, 1000);
	mailbox_settle(mb);
	assert_true(view_read(mailbox_view(mb), 1, &r));
	assert_true(r.vsize == 6 && r.internal_date == 1000);
	assert_int_equal(mailbox_status_size(mb, &size, &err), 0);
	assert_int_equal(size, 13);
	assert_int_equal(mailbox_status(mb, &st, &err), 0);
	assert_int_equal(st.messages, 2);
	assert_int_equal(st.unseen, 2);
	assert_int_equal(st.size, 13);
	assert_int_equal(st.uidnext, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_scan),
		TEST(test_reopen_same_uids),
		TEST(test_foreign_changes),
		TEST(test_store),
		TEST(test_store_meets_foreign_rename),
		TEST(test_expunge),
		TEST(test_append),
		TEST(test_copy_move),
		TEST(test_examine),
		TEST(test_other_places),
		TEST(test_append_given_up),
		TEST(test_large_append),
		TEST(test_cut_keywords_file),
		TEST(test_cut_second_line),
		TEST(test_claimed_size),
		TEST(test_learned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
