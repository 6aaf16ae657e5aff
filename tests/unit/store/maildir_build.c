/* The uidlist that a build of the index leaves, and one that can't be written. */
#include "maildir_test.h"

#include <dirent.h>

void store_fault(const char *point);

static bool lose_temp; /* the new list vanishes before it gets its name */

static const char *temp(void)
{
	static char name[300];
	DIR *d = opendir(inbox);
	struct dirent *e;

	name[0] = '\0';
	assert_non_null(d);
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "dovecot-uidlist.", 16) == 0 &&
		    strcmp(e->d_name, "dovecot-uidlist.lock") != 0)
			snprintf(name, sizeof(name), "%s", e->d_name);
	closedir(d);
	return name;
}

void store_fault(const char *point)
{
	if (!lose_temp || strcmp(point, "before-build") != 0 || !temp()[0])
		return;
	lose_temp = false;
	del(temp());
}

#define HEAD "3 V77 N60 G00112233445566778899aabbccddeeff "
#define LINES "1 S1 W1 O9 :10.a.h\n7 Zx Kff :20.b.h\n"

static void two(const char *list)
{
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h:2,", "b");
	put("dovecot-uidlist", list);
}

static void built(const char *shown, const char *list)
{
	open_inbox(0);
	assert_string_equal(content(), shown);
	close_inbox();
	assert_file("dovecot-uidlist", list);
	assert_string_equal(temp(), "");
}

static void test_as_is(void **state)
{
	(void)state;
	open_inbox(0);
	close_inbox();
	two(HEAD "E4 X1\n" LINES);
	drop_index();
	built("1 10.a S|7 20.b +26+27+28+29+30+31+32+33|", HEAD "E5 X1\n" LINES);
	drop_index();
	built("1 10.a S|7 20.b +26+27+28+29+30+31+32+33|", HEAD "E6 X1\n" LINES);
}

/* What isn't as it should be is written anew: a line without a file, one with CRLF, two
 * lines of one file, and new files. */
static void test_differs(void **state)
{
	(void)state;
	open_inbox(0);
	close_inbox();
	two(HEAD "E4\n" LINES "8 :30.gone.h\n");
	drop_index();
	built("1 10.a S|7 20.b +26+27+28+29+30+31+32+33|", HEAD "E5\n" LINES);
	two(HEAD "E4\n1 :10.a.h\r\n7 :20.b.h\n");
	drop_index();
	built("1 10.a S|7 20.b |", HEAD "E5\n1 :10.a.h\n7 :20.b.h\n");
	two(HEAD "E4\n1 :10.a.h\n7 :20.b.h\n8 :10.a.h\n");
	drop_index();
	built("7 20.b |8 10.a S|", HEAD "E5\n7 :20.b.h\n8 :10.a.h\n");
	two(HEAD "E4\n1 :10.a.h\n7 :20.b.h\n");
	put("new/40.d.h", "d");
	drop_index();
	built("1 10.a S|7 20.b |60 40.d |", "3 V77 N61 G00112233445566778899aabbccddeeff E5\n"
					    "1 :10.a.h\n7 :20.b.h\n60 :40.d.h\n");
}

/* The list stays as it is, with its epoch; modseqs rise all the same; what has no UID on disk
 * isn't shown until it has. */
static void test_not_written(void **state)
{
	static const char list[] = HEAD "E4\n1 :10.a.h\n7 :20.b.h\n";

	(void)state;
	open_inbox(0);
	close_inbox();
	two(list);
	drop_index();
	lose_temp = true;
	open_inbox(0);
	assert_false(lose_temp);
	assert_string_equal(content(), "1 10.a S|7 20.b |");
	uint64_t before = highest();
	assert_true(before >> INDEX_EPOCH_SHIFT == 4);
	assert_file("dovecot-uidlist", list);
	close_inbox();
	put("new/40.d.h", "d");
	drop_index();
	lose_temp = true;
	open_inbox(0);
	assert_false(lose_temp);
	assert_true(highest() > before);
	assert_int_equal(strncmp(content(), "1 10.a S|7 20.b |", 17), 0);
	clock_sleep_ms(30);
	sync_now();
	assert_string_equal(content(), "1 10.a S|7 20.b |60 40.d |");
	close_inbox();
	assert_non_null(strstr(slurp("dovecot-uidlist"), "\n60 :40.d.h\n"));
}

/* A directory so large that its names get room at once. */
static void test_large(void **state)
{
	enum { LINKS = 30000 };
	char name[200];

	(void)state;
	open_inbox(0);
	close_inbox();
	put("tmp/one", "From: a\n\n");
	for (int i = 0; i < LINKS; i++) {
		snprintf(name, sizeof(name), "cur/1.M%dP1.%0120d:2,%s", i, i, i % 2 ? "S" : "");
		assert_int_equal(link(path_of("tmp/one"), path_of(name)), 0);
	}
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), LINKS);
	for (uint32_t seq = 1; seq <= LINKS; seq++) {
		struct index_record r;
		char is[INDEX_NAME_MAX + 1];
		assert_true(view_read(mailbox_view(mb), seq, &r));
		size_t n = view_name(mailbox_view(mb), &r, is);
		snprintf(name, sizeof(name), "1.M%dP1.%0120d", (int)seq - 1, (int)seq - 1);
		assert_true(bytes_iis((struct bytes){ is, n }, name));
		assert_int_equal(r.flags, seq % 2 ? 0 : FLAG_SEEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_as_is),
		TEST(test_differs),
		TEST(test_not_written),
		TEST(test_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
