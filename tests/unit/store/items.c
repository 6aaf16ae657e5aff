/* Kept header lines: what is kept, in what form, and how a subset is found. */
#include "test.h"

#include "headers.h"
#include "mailbox.h"

static struct arena arena;

static struct bytes item_of(struct bytes raw, struct buf *out)
{
	struct message m;

	buf_reset(out);
	message_parse_header(&arena, raw, &m);
	headers_write(out, &m);
	return buf_view(out);
}

/* The lines of the names (separated by spaces) of a message's item. */
static struct bytes pick(struct bytes raw, const char *names)
{
	static struct buf item, out;
	struct bytes list[16], rest = bytes_of(names);
	size_t n = 0;

	while (n < COUNT(list) && bytes_split(&rest, ' ', &list[n]))
		n++;
	buf_reset(&out);
	item_header_lines(item_of(raw, &item), list, n, &out);
	arena_reset(&arena);
	return buf_view(&out);
}

static void test_pick(void **state)
{
	const struct bytes raw = BYTES("Received: x\n"
				       "SUBJECT : a\n\tb\r\n c\n"
				       "X-Nobody-Wants: y\n"
				       "from: f\n"
				       "To: 1\r\n"
				       "to: 2\n"
				       "\n"
				       "Cc: body\n");

	(void)state;
	assert_bytes(pick(raw, "Subject"), "SUBJECT : a\r\n\tb\r\n c\r\n\r\n");
	assert_bytes(pick(raw, "to FROM"), "from: f\r\nTo: 1\r\nto: 2\r\n\r\n");
	assert_bytes(pick(raw, "cc"), "\r\n");
	assert_bytes(pick(raw, "Received X-Nobody-Wants"), "\r\n");
	assert_bytes(pick(BYTES("To: a\n"), "to"), "To: a\r\n");
	assert_bytes(pick(BYTES("To: a"), "to"), "To: a");
	assert_bytes(pick(BYTES("\nTo: a"), "to"), "\r\n");
	assert_bytes(pick(BYTES("\r\n"), "to"), "\r\n");
	assert_bytes(pick(BYTES(""), "to"), "");
}

static void test_kept(void **state)
{
	/* What mail programs ask for in their lists of messages. */
	static const struct bytes lists[] = {
		/* mutt */
		BYTES("DATE FROM SENDER SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE "
		      "CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES LIST-POST X-LABEL"),
		/* Thunderbird */
		BYTES("From To Cc Bcc Subject Date Message-ID Priority X-Priority References "
		      "Newsgroups In-Reply-To Content-Type Reply-To"),
		/* Apple Mail */
		BYTES("date subject from to cc message-id in-reply-to references x-priority "
		      "x-uniform-type-identifier x-universally-unique-identifier list-id "
		      "list-unsubscribe"),
		/* K-9 */
		BYTES("date subject from content-type to cc reply-to message-id references "
		      "in-reply-to list-unsubscribe sender"),
		/* Roundcube */
		BYTES("DATE FROM TO SUBJECT CONTENT-TYPE CC REPLY-TO LIST-POST "
		      "DISPOSITION-NOTIFICATION-TO X-PRIORITY BCC IN-REPLY-TO REFERENCES"),
		/* mbsync */
		BYTES("X-TUID Message-Id"),
	};
	struct bytes names[32], rest;

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		size_t n = 0;

		rest = lists[i];
		while (n < COUNT(names) && bytes_split(&rest, ' ', &names[n]))
			n++;
		assert_true(item_headers_kept(names, n));
	}
	names[0] = BYTES("Subject");
	names[1] = BYTES("Received");
	assert_true(item_headers_kept(names, 1));
	assert_false(item_headers_kept(names, 2));
	names[1] = BYTES("");
	assert_false(item_headers_kept(names, 2));
	assert_int_equal(header_id(BYTES("From")), 0);
	assert_int_equal(header_id(BYTES("fROM")), 0);
	assert_int_equal(header_id(BYTES("Fron")), -1);
}

static void test_values(void **state)
{
	struct buf item = BUF_INIT;
	struct header_line line;
	struct bytes rest;
	bool end;

	(void)state;
	item_of(BYTES("To: a\nFrom: b\nTo:\nTo:c\n d"), &item);
	assert_true(headers_begin(buf_view(&item), &rest, &end));
	assert_false(end);
	assert_true(headers_next(&rest, header_id(BYTES("to")), &line));
	assert_bytes(line.value, " a");
	assert_true(headers_next(&rest, header_id(BYTES("to")), &line));
	assert_bytes(line.value, "");
	assert_true(headers_next(&rest, header_id(BYTES("to")), &line));
	assert_bytes(line.value, "c\r\n d");
	assert_false(headers_next(&rest, header_id(BYTES("to")), &line));
	buf_free(&item);
	arena_reset(&arena);
}

/* Cut anywhere, or with any byte changed: lines are missing, nothing worse. */
static void test_damaged(void **state)
{
	struct header_set set = { { UINT64_MAX, UINT64_MAX } };
	struct buf item = BUF_INIT, out = BUF_INIT;
	char *copy;

	(void)state;
	item_of(BYTES("To: a\nFrom: b\nSubject: c\n\n"), &item);
	for (size_t n = 0; n <= item.n; n++) {
		copy = memcpy(malloc(n + 1), item.p, n);
		char *tight = realloc(copy, n ? n : 1);
		buf_reset(&out);
		headers_pick((struct bytes){ tight, n }, &set, &out);
		assert_true(out.n <= item.n);
		for (size_t i = 0; i < n; i++) {
			tight[i] ^= (char)0xff;
			headers_pick((struct bytes){ tight, n }, &set, &out);
			tight[i] ^= (char)0xff;
		}
		free(tight);
	}
	buf_free(&item);
	buf_free(&out);
	arena_free(&arena);
}

/* Also where a line is no field, or a field comes twice (fuzz/store/headers tries more). */
static void test_envelope(void **state)
{
	static const struct bytes all[] = {
		BYTES("From x Mon\nReceived: y\nTo: a@b,\n c@d\nto: e@f\nSUBJECT : s\n\t t\n\nCc: no"),
		BYTES("Message-ID: <1@x>\r\nin-reply-to: <2@x>\r\nDate: today\r\nSender: g@h\r\n\r\n"),
		BYTES("Bcc: i@j\nReply-To: list: k@l;\nSubject: \xc3\xa9\nno colon\n more\nFrom: m"),
		BYTES("\nFrom: in the body"),
		BYTES(""),
	};
	struct buf item = BUF_INIT, whole = BUF_INIT, lines = BUF_INIT;
	struct message m;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		buf_reset(&whole);
		buf_reset(&lines);
		message_parse(&arena, all[i], &m);
		envelope_write(&whole, &arena, &m, m.root);
		headers_envelope(item_of(all[i], &item), &arena, &lines);
		assert_string_equal(buf_cstr(&lines), buf_cstr(&whole));
		arena_reset(&arena);
	}
	buf_free(&item);
	buf_free(&whole);
	buf_free(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pick),     cmocka_unit_test(test_kept),
		cmocka_unit_test(test_values),   cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_envelope),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
