/*
 * What else can happen to a Maildir: files lost, replaced, doubled, unnamable;
 * strangers that rename without pause; a disk that is full or read-only.
 * index-design §2, §8, §9, §10, §12, §14, §15.
 */
#include "maildir_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

void store_fault(const char *point);

/* What a stranger does at the next step of that name. */
static const char *when;
static void (*then)(void);

void store_fault(const char *point)
{
	if (!when || strcmp(when, point) != 0)
		return;
	when = NULL;
	then();
}

void store_fault_time(int64_t *ns);

static int64_t grain; /* of times: 4 ms for a kernel's tick, 1 s for small inodes */

void store_fault_time(int64_t *ns)
{
	if (grain)
		*ns -= *ns % grain;
}

/* --- lost files --- */

static void three(void)
{
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h:2,", "b");
	put("cur/30.c.h:2,F", "c");
	open_inbox(0);
	uint32_t uid = 2;
	struct change_result r;
	assert_int_equal(mailbox_expunge(mb, &uid, 1, true, &r, &err), 0);
	assert_int_equal(append("d", 0, NULL, INDEX_DATE_UNKNOWN), 4);
	close_inbox();
}

static void test_lost_uidlist(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	uint32_t v = validity();
	close_inbox();
	del("dovecot-uidlist");
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
	close_inbox();
	drop_index(); /* it stands in the list again */
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
	assert_int_equal(append("e", 0, NULL, INDEX_DATE_UNKNOWN), 5);
}

static void test_damaged_uidlist(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	uint32_t v = validity();
	close_inbox();
	put("dovecot-uidlist", "garbage\n");
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
	close_inbox();
	put("dovecot-uidlist", "");
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
}

/* The list alone changed: nobody looks at the files for that. */
static void test_lost_lines(void **state)
{
	char header[256];

	(void)state;
	three();
	clock_sleep_ms(30); /* no time is doubtful */
	open_inbox(0);
	close_inbox();
	snprintf(header, sizeof(header), "%s", slurp("dovecot-uidlist"));
	strchr(header, '\n')[1] = '\0';
	put("dovecot-uidlist", header);
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
	close_inbox();
	drop_index(); /* they stand in the list again */
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
}

/* The end of the list is cut off, within a line or between two, and more mail comes: the line
 * stands there again. */
static void cut_end(size_t rest)
{
	char list[512], *last;

	three();
	clock_sleep_ms(30);
	open_inbox(0);
	close_inbox();
	snprintf(list, sizeof(list), "%s", slurp("dovecot-uidlist"));
	assert_non_null(strstr(list, " N4 "));
	last = strstr(list, "\n4 ");
	assert_non_null(last);
	last[rest] = '\0';
	put("dovecot-uidlist", list);
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
	close_inbox();
	put("cur/50.e.h:2,D", "e");
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|3 F|4 |5 D|");
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|3 F|4 |5 D|");
}

static void test_torn_line(void **state)
{
	(void)state;
	cut_end(strlen("\n4 :x"));
}

static void test_cut_between_lines(void **state)
{
	(void)state;
	cut_end(strlen("\n"));
}

/* Nothing ties messages to UIDs any more: UIDVALIDITY must change. */
static void test_lost_both(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	uint32_t v = validity();
	close_inbox();
	del("dovecot-uidlist");
	drop_index();
	open_inbox(0);
	assert_true(validity() > v);
	assert_string_equal(flags_only(), "1 S|2 F|3 |");
	v = validity();
	close_inbox();
	put("dovecot-uidlist", "garbage\n");
	drop_index();
	open_inbox(0);
	assert_true(validity() > v);
}

/* Modseqs told before never come back (index-design §3). */
static void test_epoch_rises(void **state)
{
	uint64_t last = 0;

	(void)state;
	three();
	for (int i = 0; i < 4; i++) {
		open_inbox(0);
		assert_true(highest() > last);
		flags(1, i % 2 ? FLAGS_ADD : FLAGS_REMOVE, FLAG_FLAGGED, NULL);
		last = highest();
		close_inbox();
		drop_index();
	}
}

/* A session goes on when its index vanishes. */
static void test_index_vanishes(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	drop_index();
	flags(1, FLAGS_ADD, FLAG_FLAGGED, NULL);
	sync_now();
	assert_string_equal(flags_only(), "1 FS|3 F|4 |");
	assert_string_equal(body(1), "a");
}

/* Damaged between the sync and what STATUS reads: built again, not given up. */
static void test_status_repairs(void **state)
{
	struct index_header h;
	struct mailbox_status st;
	uint64_t size, bad = 0x5a5a5a5a5a5a5a5a;

	(void)state;
	for (int what = 0; what < 3; what++) {
		if (what == 0)
			three();
		open_inbox(MAILBOX_READONLY | MAILBOX_NOVIEW);
		assert_true(index_head(mailbox_index(mb), &h));
		int fd = open(path_of("roost.index"), O_RDWR);
		off_t at = what == 0 ? (off_t)offsetof(struct index_header, check)
			   : what == 1
				   ? (off_t)h.records_at + 8
				   : (off_t)h.records_at + (off_t)sizeof(struct index_record) + 8;
		assert_int_equal(pwrite(fd, &bad, sizeof(bad), at), sizeof(bad));
		close(fd);
		if (what == 0) {
			assert_int_equal(mailbox_status(mb, &st, &err), 0);
			assert_int_equal(st.messages, 3);
			assert_int_equal(st.uidnext, 5);
		} else {
			assert_int_equal(mailbox_status_size(mb, &size, &err), 0);
			assert_int_equal(size, 3);
		}
		close_inbox();
	}
}

static const struct driver *real;
static int given_up;

static int sync_then_given_up(struct mailbox *m, enum mailbox_sync how, struct error *e)
{
	int r = real->sync(m, how, e);

	if (given_up-- > 0)
		index_mark_stale(m->index);
	return r;
}

/* Another process gives the index up between our look at the times and at the index. */
static void test_given_up_in_sync(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	real = mb->driver;
	struct driver between = *real;
	between.sync = sync_then_given_up;
	mb->driver = &between;
	given_up = 1;
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FAST, &err), 0);
	assert_int_equal(given_up, -1);
	given_up = 2; /* not for ever */
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FAST, &err), -1);
	mb->driver = real;
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FAST, &err), 0);
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
}

/* Another UIDVALIDITY under a session: it must select again. */
static void test_validity_changes(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	put("dovecot-uidlist", "3 V5 N3 G0\n1 :30.c.h\n2 :10.a.h\n");
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FULL, &err), -1);
	close_inbox();
	open_inbox(0);
	assert_int_equal(validity(), 5);
	assert_string_equal(flags_only(), "1 F|2 S|3 |");
}

/* Dovecot gave UIDs: they count. */
static void test_dovecot_appends(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	put("new/50.e.h", "e");
	put("cur/40.f.h:2,", "f");
	int fd = open(path_of("dovecot-uidlist"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "7 S1 :50.e.h\n9 W4 :40.f.h\n", 26), 26);
	close(fd);
	sync_now();
	assert_string_equal(flags_only(), "1 S|3 F|4 |7 |9 |");
	assert_string_equal(body(5), "f");
	struct index_record r;
	assert_true(view_read(mailbox_view(mb), 5, &r));
	assert_int_equal(r.vsize, 4);
	assert_int_equal(append("g", 0, NULL, INDEX_DATE_UNKNOWN), 10);
}

static void dovecot_saves(void)
{
	put("cur/60.f.h:2,S", "f");
	int fd = open(path_of("dovecot-uidlist"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "7 :60.f.h\n", 10), 10);
	close(fd);
}

/* ... while we scan: its file isn't in our scan, its line is in the list. */
static void test_dovecot_saves_during_scan(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	put("new/50.e.h", "e");
	when = "scanned";
	then = dovecot_saves;
	sync_now();
	assert_string_equal(flags_only(), "1 S|3 F|4 |7 S|8 |");
	assert_string_equal(body(4), "f");
	assert_string_equal(body(5), "e");
}

static void stranger_flags(void)
{
	assert_int_equal(rename(path_of("cur/30.c.h:2,F"), path_of("cur/30.c.h:2,FS")), 0);
}

static void stranger_removes(void)
{
	assert_int_equal(unlink(path_of("cur/30.c.h:2,FS")), 0);
}

/* A file is renamed or removed after COPY found it: all or nothing. */
static void test_copy_races(void **state)
{
	struct mailbox *to;
	struct copy_result r;
	uint32_t uids[] = { 3, 4 };

	(void)state;
	three();
	open_inbox(0);
	assert_int_equal(store_create(store, BYTES("Other"), &err), 0);
	assert_int_equal(mailbox_open(store, BYTES("Other"), MAILBOX_NOVIEW, &to, &err), 0);
	when = "linked";
	then = stranger_flags;
	assert_int_equal(mailbox_copy(mb, to, &arena, uids, 2, false, &r, &err), 0);
	assert_int_equal(r.n, 2);
	when = "linked";
	then = stranger_removes;
	assert_int_equal(mailbox_copy(mb, to, &arena, uids, 2, false, &r, &err), -1);
	assert_int_equal(err.kind, ERROR_EXPUNGED);
	mailbox_close(to);
	close_inbox();
	open_box("Other", 0);
	assert_int_equal(view_count(mailbox_view(mb)), 2);
	/* Lines 1 and 2 were written before the link failed. */
	assert_string_equal(flags_only(), "3 FS|4 |");
}

static void three_and_a_line(void)
{
	three();
	open_inbox(0);
	int fd = open(path_of("dovecot-uidlist"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "7 :60.f.h\n", 10), 10);
	close(fd);
}

/* A line whose file never comes burns its UID. */
static void test_line_without_file(void **state)
{
	(void)state;
	three_and_a_line();
	sync_now();
	assert_string_equal(flags_only(), "1 S|3 F|4 |");
	put("cur/60.f.h:2,S", "f");
	sync_now();
	assert_string_equal(flags_only(), "1 S|3 F|4 |8 S|");
}

/* ... and what else is gone is known at once. */
static void test_removed_beside_line_without_file(void **state)
{
	(void)state;
	three_and_a_line();
	del("cur/30.c.h:2,F");
	sync_now();
	assert_string_equal(flags_only(), "1 S|4 |");
}

/* An expunged file that comes back is a new message. */
static void test_reappears(void **state)
{
	(void)state;
	three();
	open_inbox(0);
	move("cur/10.a.h:2,S", "tmp/x");
	sync_now();
	assert_string_equal(flags_only(), "3 F|4 |");
	move("tmp/x", "cur/10.a.h:2,S");
	sync_now();
	assert_string_equal(flags_only(), "3 F|4 |5 S|");
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_string_equal(flags_only(), "3 F|4 |5 S|");
}

/* --- names --- */

static size_t files(const char *dir)
{
	char cmd[PATH_MAX + 64];
	unsigned n = 0;

	snprintf(cmd, sizeof(cmd), "ls -A '%s' | wc -l", path_of(dir));
	FILE *p = popen(cmd, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%u", &n), 1);
	pclose(p);
	return n;
}

static void test_duplicates(void **state)
{
	(void)state;
	put("cur/10.a.h:2,S", "old");
	open_inbox(0);
	put("cur/10.a.h:2,F", "new"); /* another file of the same base */
	put("new/10.a.h", "newer");
	sync_now();
	sync_now();
	assert_string_equal(flags_only(), "1 S|2 |3 F|");
	assert_string_equal(body(1), "old");
	assert_true(on_disk("cur/10.a.h:2,S"));
	assert_int_equal(files("cur") + files("new"), 3);
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_string_equal(body(1), "old");
	assert_int_equal(view_count(mailbox_view(mb)), 3);
}

/* link + unlink instead of rename: both names for a moment, one message. */
static void test_two_names_of_one_file(void **state)
{
	(void)state;
	put("new/10.a.h", "a");
	assert_int_equal(link(path_of("new/10.a.h"), path_of("cur/10.a.h:2,S")), 0);
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|");
	del("new/10.a.h");
	sync_now();
	assert_string_equal(flags_only(), "1 S|");
}

/* A stranger's flag change to a name that is there: nothing is overwritten. */
static void test_rename_never_replaces(void **state)
{
	(void)state;
	put("cur/10.a.h:2,", "a");
	open_inbox(0);
	put("cur/10.a.h:2,S", "b");
	flags(1, FLAGS_ADD, FLAG_SEEN, NULL);
	sync_now();
	assert_int_equal(files("cur"), 2);
	assert_string_equal(flags_only(), "1 S|2 S|");
	assert_string_equal(body(1), "a");
	assert_string_equal(body(2), "b");
}

static void test_hostile_names(void **state)
{
	(void)state;
	put("cur/:2,S", "empty base");
	put("cur/10.a\nb:2,", "newline");
	put("new/20.c\r", "return");
	put("cur/30.d e \xff:2,", "blanks");
	assert_int_equal(mkdir(path_of("cur/40.dir:2,"), 0700), 0);
	assert_int_equal(mkfifo(path_of("cur/50.fifo:2,"), 0600), 0);
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), 4);
	char before[64];
	snprintf(before, sizeof(before), "%s", flags_only());
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_string_equal(flags_only(), before);
	for (uint32_t i = 1; i <= 4; i++)
		assert_true(strlen(body(i)) > 5);
}

static void test_long_name(void **state)
{
	char name[300] = "cur/1.";

	(void)state;
	memset(name + 6, 'x', 245);
	strcpy(name + 251, ":2,S"); /* 251 bytes in all */
	put(name, "long");
	open_inbox(0);
	assert_string_equal(flags_only(), "1 S|");
	flags(1, FLAGS_ADD, FLAG_FLAGGED, NULL);
	assert_string_equal(flags_only(), "1 FS|");
	assert_string_equal(body(1), "long");
}

/* --- keywords --- */

static void test_many_keywords(void **state)
{
	char name[16];

	(void)state;
	put("cur/10.a.h:2,", "a");
	put("cur/20.b.h:2,", "b");
	open_inbox(0);
	for (int i = 0; i < INDEX_KEYWORDS; i++) {
		snprintf(name, sizeof(name), "kw%d", i);
		flags((uint32_t)i % 2 + 1, FLAGS_ADD, 0, name);
	}
	assert_true(mailbox_keywords_full(mb));
	struct bytes k = BYTES("onemore");
	struct flag_list fl = { .keywords = &k, .nkeywords = 1 };
	struct change_result r;
	uint32_t uid = 1;
	assert_int_equal(
		mailbox_store_flags(mb, &arena, &uid, 1, FLAGS_ADD, &fl, UINT64_MAX, &r, &err), -1);
	assert_int_equal(err.kind, ERROR_LIMIT);
	flags(1, FLAGS_REMOVE, 0, "kw30");
	char before[1024];
	snprintf(before, sizeof(before), "%s", flags_only());
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_string_equal(flags_only(), before);
	assert_bytes(mailbox_keyword(mb, 63), "kw63");
	assert_int_equal(mailbox_keyword_find(mb, BYTES("KW41")), 41);
}

static void test_foreign_keywords_file(void **state)
{
	(void)state;
	put("dovecot-keywords", "0 $Junk\n2 later\n1\nx y\n99 no\n3 bad name\n4 $JUNK\n");
	put("cur/10.a.h:2,ac", "a");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 0), "$Junk");
	assert_bytes(mailbox_keyword(mb, 2), "later");
	flags(1, FLAGS_ADD, 0, "mine");
	assert_true(on_disk("cur/10.a.h:2,abc"));
	close_inbox();
	del("dovecot-keywords"); /* the index knows the names */
	put("cur/20.b.h:2,", "b");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 1), "mine");
	assert_true(on_disk("dovecot-keywords"));
	close_inbox();
	put("dovecot-keywords", "0 $Junk\n1 mine\n2 renamed\n");
	put("cur/30.c.h:2,c", "c");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 2), "renamed");
	close_inbox();
	put("dovecot-keywords", "0 $Junk\n"); /* some of them are lost */
	put("cur/40.d.h:2,", "d");
	open_inbox(0);
	close_inbox();
	drop_index();
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 1), "mine");
	close_inbox();
	put("dovecot-keywords", "0 mine\n"); /* a name that moves leaves a letter in use without */
	put("cur/50.e.h:2,", "e");
	open_inbox(0);
	assert_bytes(mailbox_keyword(mb, 0), "mine");
	assert_bytes(mailbox_keyword(mb, 1), "unknown-1");
}

/* --- Courier --- */

static void test_courier(void **state)
{
	(void)state;
	put("courierimapuiddb", "1 98765 12\n3 10.a.h\n7 20.b.h,S=1\n9 30.c.h\n");
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h,S=1:2,", "b");
	put("cur/30.c.h:2,", "c");
	put("new/40.d.h", "d");
	assert_int_equal(mkdir(path_of("courierimapkeywords"), 0700), 0);
	put("courierimapkeywords/:list", "$Junk\nwork\n\n10.a.h:0 1\n30.c.h:1\n");
	put("courierimapkeywords/.5.30.c.h", "old\n");
	put("courierimapkeywords/.6.30.c.h", "newer\n$Junk\n");
	put("courierimapkeywords/10.a.h", "");
	put("courierimapkeywords/40.d.h", "work\n");
	open_inbox(0);
	assert_int_equal(validity(), 98765);
	assert_string_equal(content(), "3 10.a S|7 20.b |9 30.c ad|12 40.d b|");
	assert_bytes(mailbox_keyword(mb, 3), "newer");
	assert_true(on_disk("cur/30.c.h:2,ad"));
	close_inbox();
	/* Only at first contact. */
	put("courierimapuiddb", "1 1 1\n");
	drop_index();
	open_inbox(0);
	assert_int_equal(validity(), 98765);
	assert_string_equal(content(), "3 10.a S|7 20.b |9 30.c ad|12 40.d b|");
}

/* --- strangers --- */

static pid_t renamer(int files_n)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	for (unsigned i = 0;; i++) {
		char a[64], b[64];
		snprintf(a, sizeof(a), "cur/%u.x.h:2,", i % (unsigned)files_n + 1);
		snprintf(b, sizeof(b), "%.60sF", a);
		if (rename(path_of(a), path_of(b)) < 0)
			rename(path_of(b), path_of(a));
	}
}

/* 1,000 renames a second and more: no scan misses a message for good. */
static void test_renamer(void **state)
{
	enum { N = 2000 };
	char name[64];

	(void)state;
	for (int i = 1; i <= N; i++) {
		snprintf(name, sizeof(name), "cur/%d.x.h:2,", i);
		put(name, "x");
	}
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), N);
	pid_t child = renamer(N);
	for (int i = 0; i < 30; i++) {
		sync_now();
		assert_true(view_sync(mailbox_view(mb), true, &(struct view_events){ 0 }) >= 0);
		assert_int_equal(view_count(mailbox_view(mb)), N);
		if (i == 15)
			drop_index();
	}
	flags(5, FLAGS_ADD, FLAG_SEEN, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	sync_now();
	assert_true(view_sync(mailbox_view(mb), true, &(struct view_events){ 0 }) >= 0);
	assert_int_equal(view_count(mailbox_view(mb)), N);
	assert_int_equal(view_uid(mailbox_view(mb), N), N);
}

/* A build while somebody renames: every UID of the list stays. */
static void test_build_under_renamer(void **state)
{
	enum { N = 1000 };
	char name[64];

	(void)state;
	for (int i = 1; i <= N; i++) {
		snprintf(name, sizeof(name), "cur/%d.x.h:2,", i);
		put(name, "x");
	}
	open_inbox(0);
	close_inbox();
	pid_t child = renamer(N);
	for (int i = 0; i < 10; i++) {
		drop_index();
		open_inbox(0);
		assert_int_equal(view_count(mailbox_view(mb)), N);
		assert_int_equal(view_uid(mailbox_view(mb), N), N);
		close_inbox();
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), N);
	assert_int_equal(view_uid(mailbox_view(mb), N), N);
}

/* A change in the same tick as ours hides behind the recorded times only until
 * the next SELECT 2 s later, or the end of a session that settles. */
static void test_settles(void **state)
{
	(void)state;
	put("cur/10.a.h:2,", "a");
	put("cur/20.b.h:2,", "b");
	clock_sleep_ms(30);
	open_inbox(0);
	flags(1, FLAGS_ADD, FLAG_SEEN, NULL);
	/* As if it had happened before our stamp was taken. */
	struct stat st;
	assert_int_equal(stat(path_of("cur"), &st), 0);
	move("cur/20.b.h:2,", "cur/20.b.h:2,F");
	close_inbox();
	open_inbox(0);
	assert_string_equal(content(), "1 10.a S|2 20.b F|");
}

/* A stranger changes something within the tick of our scan, again and again: nothing is
 * missed by the next sync, whatever the clock's grain; what we did ourselves doesn't hide it
 * longer than a settled scan allows. */
static void change_and_look(unsigned i, bool own)
{
	const char *from = i % 2 ? "cur/10.a.h:2,F" : "cur/10.a.h:2,",
		   *to = i % 2 ? "cur/10.a.h:2," : "cur/10.a.h:2,F";
	char want[64];

	if (own)
		flags(2, i % 2 ? FLAGS_ADD : FLAGS_REMOVE, FLAG_SEEN, NULL);
	sync_now();
	move(from, to);
	if (own)
		mailbox_settle(mb);
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FAST, &err), 0);
	snprintf(want, sizeof(want), "1 10.a %s|2 20.b %s|", i % 2 ? "" : "F",
		 own && i % 2 ? "S" : "");
	assert_string_equal(content(), want);
}

static void test_coarse_times(void **state)
{
	static const int64_t grains[] = { 0, 4000000, 1000000000 };

	(void)state;
	put("cur/10.a.h:2,", "a");
	put("cur/20.b.h:2,", "b");
	open_inbox(0);
	for (size_t g = 0; g < COUNT(grains); g++) {
		grain = grains[g];
		for (unsigned i = 0; i < 40; i++)
			change_and_look(i, false);
		for (unsigned i = 0; i <= 40; i++)
			change_and_look(i, true);
		move("cur/10.a.h:2,F", "cur/10.a.h:2,");
	}
	grain = 0;
}

/* More than one batch of new mail. */
static void test_much_new_mail(void **state)
{
	enum { N = 2500 };
	char name[64];

	(void)state;
	for (int i = 1; i <= N; i++) {
		snprintf(name, sizeof(name), "new/%d.x.h", i);
		put(name, "x");
	}
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), N);
	assert_int_equal(mailbox_recent(mb), N);
	assert_int_equal(files("new"), 0);
	assert_int_equal(files("cur"), N);
	close_inbox();
	open_inbox(0);
	assert_int_equal(mailbox_recent(mb), 0);
}

/* Two sessions and a delivery. */
static void test_two_sessions(void **state)
{
	struct mailbox *other;

	(void)state;
	put("cur/10.a.h:2,", "a");
	open_inbox(0);
	assert_int_equal(mailbox_open(store, BYTES("INBOX"), 0, &other, &err), 0);
	put("new/20.b.h", "b");
	assert_int_equal(mailbox_sync(other, MAILBOX_SYNC_FAST, &err), 0);
	assert_true(mailbox_is_recent(other, 2));
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FAST, &err), 0);
	assert_false(mailbox_is_recent(mb, 2));
	assert_string_equal(content(), "1 10.a |2 20.b |");
	uint32_t uid = 1;
	struct flag_list fl = { .flags = FLAG_SEEN };
	struct change_result r;
	assert_int_equal(
		mailbox_store_flags(other, &arena, &uid, 1, FLAGS_ADD, &fl, UINT64_MAX, &r, &err),
		0);
	assert_true(r.alone);
	assert_true(r.modseq > r.before);
	assert_string_equal(body(1), "a"); /* by its new name */
	assert_int_equal(mailbox_expunge(other, &uid, 1, true, &r, &err), 0);
	struct mail m;
	assert_int_equal(mailbox_mail(mb, 1, false, &m, &err), 0);
	assert_string_equal(content(), "2 20.b |");
	mailbox_close(other);
}

static void test_deleted_folder(void **state)
{
	(void)state;
	assert_int_equal(store_create(store, BYTES("Gone"), &err), 0);
	open_box("Gone", 0);
	append("x", 0, NULL, INDEX_DATE_UNKNOWN);
	assert_int_equal(store_delete(store, BYTES("Gone"), &err), 0);
	assert_int_equal(mailbox_sync(mb, MAILBOX_SYNC_FAST, &err), -1);
	close_inbox();
	assert_int_equal(store_create(store, BYTES("Gone"), &err), 0);
	open_box("Gone", 0);
	assert_int_equal(view_count(mailbox_view(mb)), 0);
}

/* RFC 7162: conditional store. */
static void test_unchanged_since(void **state)
{
	uint32_t uids[] = { 1, 2 };
	struct flag_list fl = { .flags = FLAG_SEEN };
	struct change_result r;

	(void)state;
	put("cur/10.a.h:2,", "a");
	put("cur/20.b.h:2,", "b");
	open_inbox(0);
	uint64_t mark = highest();
	flags(2, FLAGS_ADD, FLAG_FLAGGED, NULL);
	assert_int_equal(mailbox_store_flags(mb, &arena, uids, 2, FLAGS_ADD, &fl, mark, &r, &err),
			 0);
	assert_int_equal(r.skipped, 1);
	assert_int_equal(r.skipped_uids[0], 2);
	assert_string_equal(content(), "1 10.a S|2 20.b F|");
}

/* Lines of expunged messages go when nobody waits; UIDs don't come back. */
static void test_list_shrinks(void **state)
{
	enum { N = 400 };
	char name[64];
	uint32_t uids[N];
	struct change_result r;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "cur/%u.x.h:2,", i + 1);
		put(name, "x");
		uids[i] = i + 1;
	}
	open_inbox(0);
	assert_int_equal(mailbox_expunge(mb, uids + 10, N - 10, true, &r, &err), 0);
	assert_true(strlen(slurp("dovecot-uidlist")) > 3000);
	close_inbox();
	assert_true(strlen(slurp("dovecot-uidlist")) < 400);
	drop_index();
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), 10);
	assert_int_equal(append("y", 0, NULL, INDEX_DATE_UNKNOWN), N + 1);
}

/* --- no room, no right --- */

static bool small_disk(void)
{
	char options[] = "size=600k";

	assert_int_equal(mkdir(inbox, 0700) < 0 && errno != EEXIST, 0);
	return mount("none", inbox, "tmpfs", 0, options) == 0;
}

static void fill_disk(void)
{
	char block[4096] = { 0 };
	int fd = open(path_of("filler"), O_WRONLY | O_CREAT, 0600);

	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void test_full_disk(void **state)
{
	struct change_result r;
	struct append *ap;
	struct append_result ar;

	(void)state;
	if (!small_disk()) {
		print_message("no right to mount: not tested\n");
		skip();
	}
	store_close(store);
	open_store();
	put("cur/10.a.h:2,", "a");
	put("cur/20.b.h:2,", "b");
	open_inbox(0);
	uint32_t v = validity();
	put("new/30.c.h", "");
	fill_disk();
	sync_now(); /* the new one has to wait */
	flags(1, FLAGS_ADD, FLAG_DELETED, NULL);
	assert_true(append_begin(mb, &ap, &err) < 0 || append_start(ap, NULL, 0, &err) < 0 ||
		    append_write(ap, BYTES("Subject: x\r\n\r\n"), &err) < 0 ||
		    append_end(ap, &err) < 0 || append_commit(ap, &ar, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOSPACE);
	append_free(ap);
	assert_int_equal(mailbox_expunge(mb, NULL, 0, false, &r, &err), 0);
	assert_false(on_disk("cur/10.a.h:2,T"));
	close_inbox();
	fill_disk();
	drop_index();
	fill_disk();
	open_inbox(0); /* without any index */
	assert_int_equal(validity(), v);
	flags(2, FLAGS_ADD, FLAG_SEEN, NULL);
	assert_string_equal(body(1), "b");
	close_inbox();
	del("filler");
	open_inbox(0);
	assert_int_equal(validity(), v);
	assert_string_equal(flags_only(), "2 S|3 |");
	close_inbox();
	umount(inbox);
}

static void test_read_only(void **state)
{
	(void)state;
	if (mount(home, home, NULL, MS_BIND, NULL) < 0) {
		print_message("no right to mount: not tested\n");
		skip();
	}
	put("cur/10.a.h:2,S", "a");
	put("new/20.b.h", "b");
	open_inbox(0);
	close_inbox();
	put("new/30.c.h", "c");
	assert_int_equal(mount(NULL, home, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	open_inbox(0);
	assert_true(mailbox_readonly(mb));
	assert_string_equal(flags_only(), "1 S|2 |3 |");
	assert_string_equal(body(3), "c");
	struct append *ap;
	assert_int_equal(append_begin(mb, &ap, &err), -1);
	assert_int_equal(err.kind, ERROR_NOPERM);
	close_inbox();
	umount2(home, MNT_DETACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lost_uidlist),
		TEST(test_damaged_uidlist),
		TEST(test_lost_lines),
		TEST(test_torn_line),
		TEST(test_cut_between_lines),
		TEST(test_lost_both),
		TEST(test_epoch_rises),
		TEST(test_index_vanishes),
		TEST(test_status_repairs),
		TEST(test_given_up_in_sync),
		TEST(test_validity_changes),
		TEST(test_dovecot_appends),
		TEST(test_dovecot_saves_during_scan),
		TEST(test_copy_races),
		TEST(test_line_without_file),
		TEST(test_removed_beside_line_without_file),
		TEST(test_reappears),
		TEST(test_duplicates),
		TEST(test_two_names_of_one_file),
		TEST(test_rename_never_replaces),
		TEST(test_hostile_names),
		TEST(test_long_name),
		TEST(test_many_keywords),
		TEST(test_foreign_keywords_file),
		TEST(test_courier),
		TEST(test_renamer),
		TEST(test_build_under_renamer),
		TEST(test_settles),
		TEST(test_coarse_times),
		TEST(test_much_new_mail),
		TEST(test_two_sessions),
		TEST(test_deleted_folder),
		TEST(test_unchanged_since),
		TEST(test_list_shrinks),
		TEST(test_full_disk),
		TEST(test_read_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
