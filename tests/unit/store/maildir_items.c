/* What is read of a message, and what is cached of it: the header alone where that is enough, all
 * of it where not, and the same answers either way. */
#include "maildir_test.h"

#include "mailbox_private.h"

#define KINDS(item) (1u << (item))

static struct buf stored, got_room, want_room;

/* A header of that length with its empty line, then a body; the size is in the file name. */
static void put_message(size_t header, const char *newline)
{
	char name[100];

	buf_reset(&stored);
	buf_printf(&stored,
		   "From: a@b%sContent-Type: multipart/mixed; boundary=x%sSubject: ", newline,
		   newline);
	size_t end = header - 2 * strlen(newline);
	assert_true(stored.n < end);
	while (stored.n < end)
		buf_char(&stored, 's');
	buf_printf(&stored, "%s%s", newline, newline);
	assert_int_equal(stored.n, header);
	buf_printf(&stored, "--x%s%stext%s--x--%s", newline, newline, newline, newline);
	snprintf(name, sizeof(name), "cur/1.M1P1.h,W=%u:2,",
		 (unsigned)crlf_octets(buf_view(&stored)));
	put(name, buf_cstr(&stored));
}

static struct index_record first(void)
{
	struct index_record r;

	assert_true(view_read(mailbox_view(mb), 1, &r));
	return r;
}

/* 1, 0 gone. */
static int ask(uint32_t wanted, struct bytes items[CACHE_ITEMS_MAX])
{
	struct index_record r = first();
	int got;

	buf_reset(&got_room);
	got = mailbox_items(mb, &arena, 1, &r, wanted, &got_room, items, &err);
	if (got < 0)
		fail_msg("%s", err.log);
	return got;
}

static void assert_right(uint32_t wanted)
{
	struct bytes got[CACHE_ITEMS_MAX], want[CACHE_ITEMS_MAX];
	struct message m;

	buf_reset(&want_room);
	message_parse(&arena, buf_view(&stored), &m);
	items_make(&arena, &m, ITEMS_ALL, &want_room, want);
	assert_int_equal(ask(wanted, got), 1);
	for (unsigned i = 0; i < ITEMS; i++)
		if (wanted >> i & 1) {
			assert_int_equal(got[i].n, want[i].n);
			assert_memory_equal(got[i].p, want[i].p, want[i].n);
		}
	arena_reset(&arena);
}

static void again(void)
{
	close_inbox();
	open_inbox(0);
}

static void remove_file(void)
{
	char name[100];

	snprintf(name, sizeof(name), "cur/1.M1P1.h,W=%u:2,",
		 (unsigned)crlf_octets(buf_view(&stored)));
	del(name);
}

static void open_with(size_t header, const char *newline)
{
	open_inbox(0);
	close_inbox();
	put_message(header, newline);
	open_inbox(0);
	assert_int_equal(view_count(mailbox_view(mb)), 1);
}

/* The piece that is read first has 4096 bytes. */
static void test_where_headers_end(void **state)
{
	static const size_t lengths[] = { 80,   4000, 4093, 4094, 4095, 4096,
					  4097, 4098, 4099, 8192, 9000, 300000 };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
		open_with(lengths[i / 2], i % 2 ? "\r\n" : "\n");
		assert_right(KINDS(ITEM_ENVELOPE));
		assert_right(KINDS(ITEM_HEADERS));
		assert_right(ITEMS_ALL);
		again();
		assert_right(ITEMS_ALL);
		remove_file();
		close_inbox();
		drop_index();
	}
}

/* Of the lines that one client asked for another's ENVELOPE is made, without the file. */
static void test_envelope_of_lines(void **state)
{
	struct bytes items[CACHE_ITEMS_MAX];

	(void)state;
	open_with(100, "\n");
	assert_right(KINDS(ITEM_HEADERS));
	again();
	remove_file();
	assert_right(KINDS(ITEM_HEADERS));
	assert_right(KINDS(ITEM_ENVELOPE) | KINDS(ITEM_HEADERS));
	assert_int_equal(ask(KINDS(ITEM_BODYSTRUCTURE), items), 0);
}

/* A smaller entry is replaced, and nothing is asked of it that it hasn't. */
static void test_grows(void **state)
{
	struct bytes items[CACHE_ITEMS_MAX];

	(void)state;
	open_with(100, "\n");
	for (uint32_t k = 0; k < 3; k++) {
		static const uint32_t wanted[] = { ITEMS_LINES, ITEMS_OF_HEADER, ITEMS_ALL };
		uint64_t before = first().cache_at;
		assert_right(wanted[k]);
		again();
		assert_true(first().cache_at > before);
		before = first().cache_at;
		assert_right(wanted[k]);
		again();
		assert_int_equal(first().cache_at, before);
	}
	remove_file();
	assert_int_equal(ask(ITEMS_ALL, items), 1);
}

/* Where the size isn't known the whole message is read, and it is known. */
static void test_size_unknown(void **state)
{
	uint64_t size = 0;

	(void)state;
	open_inbox(0);
	close_inbox();
	put_message(100, "\n");
	remove_file();
	put("cur/1.M1P1.h:2,", buf_cstr(&stored));
	open_inbox(0);
	assert_int_equal(first().vsize, INDEX_SIZE_UNKNOWN);
	assert_right(KINDS(ITEM_ENVELOPE));
	again();
	del("cur/1.M1P1.h:2,");
	assert_right(ITEMS_ALL);
	struct index_record r = first();
	assert_int_equal(mailbox_size(mb, 1, &r, &size), 1);
	assert_int_equal(size, crlf_octets(buf_view(&stored)));
}

/* COPY takes along what there is. */
static void test_copied(void **state)
{
	struct error e;
	struct mailbox *to;
	struct copy_result r;
	uint32_t uid = 1;

	(void)state;
	open_with(100, "\n");
	assert_right(KINDS(ITEM_HEADERS));
	again();
	assert_int_equal(store_create(store, BYTES("To"), &e), 0);
	assert_int_equal(mailbox_open(store, BYTES("To"), 0, &to, &e), 0);
	assert_int_equal(mailbox_copy(mb, to, &arena, &uid, 1, false, &r, &e), 0);
	assert_int_equal(r.n, 1);
	mailbox_close(to);
	close_inbox();
	open_box("To", 0);
	assert_true(first().cache_at > 0);
	assert_right(KINDS(ITEM_HEADERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_where_headers_end),
		TEST(test_envelope_of_lines),
		TEST(test_grows),
		TEST(test_size_unknown),
		TEST(test_copied),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&stored);
	buf_free(&got_room);
	buf_free(&want_room);
	return r;
}
