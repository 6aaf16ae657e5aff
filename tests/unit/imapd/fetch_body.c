/* Sections of messages, stored with LF and with CRLF, whole and in pieces. */
#include "test.h"

#include <fcntl.h>

#include "fetch.h"
#include "file.h"

static const char mixed[] = "From: a@b.c\n"
			    "To: x@y.z\n"
			    "Subject: a\n"
			    " folded one\n"
			    "Content-Type: multipart/mixed; boundary=XX\n"
			    "\n"
			    "pre\n"
			    "--XX\n"
			    "Content-Type: text/plain\n"
			    "\n"
			    "hel\n"
			    "lo\n"
			    "--XX\n"
			    "Content-Type: message/rfc822\n"
			    "\n"
			    "From: in@ner\n"
			    "Subject: inner\n"
			    "\n"
			    "inner body\n"
			    "--XX--\n"
			    "post\n";

static struct arena arena;
static struct fetch_memo memo;
static bool remember;
static uint64_t vsize;

/* The value of a section of raw as it goes over the wire. */
static struct bytes section(struct bytes raw, const char *item)
{
	static char mem[65536], got[65536];
	struct fetch_message m = { .have_mail = true, .mail = { .raw = raw } };
	struct bytes c = bytes_of(item);
	struct buf text = BUF_INIT;
	struct fetch_plan plan;
	struct writer w;
	ssize_t n;

	int dir = dir_open(AT_FDCWD, test_dir());
	int fd = file_open(dir, "out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	close(dir);
	assert_true(fd >= 0);
	writer_init(&w, fd, mem, sizeof(mem), 1000);
	if (remember)
		m.memo = &memo;
	m.record.uid = 1;
	m.record.vsize = vsize;
	assert_null(fetch_parse(&c, &arena, &plan));
	plan.items[0].section.kept = false;
	fetch_section(&w, &arena, &text, &m, &plan.items[0].section);
	assert_int_equal(writer_flush(&w), 0);
	n = file_pread_all(fd, got, sizeof(got), 0);
	assert_true(n >= 0);
	close(fd);
	buf_free(&text);
	arena_reset(&arena);
	return (struct bytes){ got, (size_t)n };
}

static struct bytes with_crlf(const char *raw)
{
	static char out[4096];
	size_t n = 0;

	for (; *raw; raw++) {
		if (*raw == '\n')
			out[n++] = '\r';
		out[n++] = *raw;
	}
	return (struct bytes){ out, n };
}

static const struct {
	const char *item, *want;
} cases[] = {
	{ "BODY[1]", "{7}\r\nhel\r\nlo" },
	{ "BODY[1.MIME]", "{28}\r\nContent-Type: text/plain\r\n\r\n" },
	{ "BODY[2.HEADER]", "{32}\r\nFrom: in@ner\r\nSubject: inner\r\n\r\n" },
	{ "BODY[2.HEADER.FIELDS (subject)]", "{18}\r\nSubject: inner\r\n\r\n" },
	{ "BODY[2.HEADER.FIELDS.NOT (subject)]", "{16}\r\nFrom: in@ner\r\n\r\n" },
	{ "BODY[2.TEXT]", "{10}\r\ninner body" },
	{ "BODY[2.1]", "{10}\r\ninner body" },
	{ "BODY[2.MIME]", "{32}\r\nContent-Type: message/rfc822\r\n\r\n" },
	{ "BODY[2]", "{42}\r\nFrom: in@ner\r\nSubject: inner\r\n\r\ninner body" },
	{ "BODY[HEADER.FIELDS (subJECT nope TO)]",
	  "{38}\r\nTo: x@y.z\r\nSubject: a\r\n folded one\r\n\r\n" },
	{ "BODY[HEADER.FIELDS (x)]", "{2}\r\n\r\n" },
	{ "BODY[HEADER.FIELDS (to)]<3.6>", "{6}\r\n x@y.z" },
	{ "BODY[HEADER.FIELDS.NOT (from to content-type)]",
	  "{27}\r\nSubject: a\r\n folded one\r\n\r\n" },
	{ "BODY[1]<0.3>", "{3}\r\nhel" },
	{ "BODY[1]<0.4>", "{4}\r\nhel\r" },
	{ "BODY[1]<0.5>", "{5}\r\nhel\r\n" },
	{ "BODY[1]<3.1>", "{1}\r\n\r" },
	{ "BODY[1]<4.1>", "{1}\r\n\n" },
	{ "BODY[1]<4.9>", "{3}\r\n\nlo" },
	{ "BODY[1]<5.9>", "{2}\r\nlo" },
	{ "BODY[1]<7.1>", "\"\"" },
	{ "BODY[1]<8.1>", "\"\"" },
	{ "BODY[3]", "NIL" },
	{ "BODY[1.1]", "NIL" },
	{ "BODY[1.HEADER]", "NIL" },
	{ "BODY[1.TEXT]", "NIL" },
	{ "BODY[2.2]", "NIL" },
	{ "BODY[1.1.1.1.1.1.1]", "NIL" },
	{ "BODY[9999]<0.5>", "NIL" },
};

static void test_sections(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int crlf = 0; crlf < 2; crlf++) {
			struct bytes got =
				section(crlf ? with_crlf(mixed) : BYTES(mixed), cases[i].item);
			if (!bytes_is(got, cases[i].want))
				fail_msg("%s: %.*s", cases[i].item, (int)got.n, got.p);
		}
	}
}

static void try_window(const char *piece, struct bytes raw, struct bytes all, size_t from, size_t n)
{
	char item[64], size[32];

	snprintf(item, sizeof(item), "%s<%zu.%zu>", piece, from, n);
	struct bytes got = section(raw, item), want = bytes_sub(all, from, n);
	snprintf(size, sizeof(size), "{%zu}\r\n", want.n);
	if (!want.n)
		assert_bytes(got, "\"\"");
	else if (!bytes_starts(got, bytes_of(size)) ||
		 !bytes_eq(bytes_from(got, strlen(size)), want))
		fail_msg("%s", item);
}

/* Every window of every piece is a window of the piece sent whole, whatever
 * window was sent before it. */
static void test_windows(void **state)
{
	static const char *const pieces[] = { "BODY[]", "BODY[TEXT]", "BODY[HEADER]", "BODY[1]" };
	const struct bytes raw = BYTES("A: b\nC: d\r\nE: f\r\rg\n\n\r\n1\n\n\n2\r\n\r3\n\r4\r");
	char whole[256];

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(pieces); i++) {
		const char *piece = pieces[i / 2];
		struct bytes all = section(raw, piece);

		remember = i % 2;
		all = bytes_from(all, bytes_chr(all, '\n') + 1);
		all.p = memcpy(whole, all.p, all.n);
		for (size_t n = 1; n < all.n + 2; n++)
			for (size_t from = 0; from < all.n + 2; from++)
				try_window(piece, raw, all, from, n);
		for (size_t n = 0; n < 2000; n++)
			try_window(piece, raw, all, n * 7919 % (all.n + 2), n * 31 % 9 + 1);
	}
	remember = false;
}

static void test_odd(void **state)
{
	(void)state;
	assert_bytes(section(BYTES(""), "BODY[]"), "\"\"");
	assert_bytes(section(BYTES(""), "BODY[HEADER]"), "\"\"");
	assert_bytes(section(BYTES(""), "BODY[HEADER.FIELDS (a)]"), "\"\"");
	assert_bytes(section(BYTES("A: b\n"), "BODY[TEXT]"), "\"\"");
	assert_bytes(section(BYTES("A: b\n"), "BODY[HEADER.FIELDS (a)]"), "{6}\r\nA: b\r\n");
	assert_bytes(section(BYTES("A: b\n\n"), "BODY[HEADER.FIELDS (a)]"), "{8}\r\nA: b\r\n\r\n");
	assert_bytes(section(BYTES("A: b\n\n"), "BODY[1]"), "\"\"");
	assert_bytes(section(BYTES("A: b\n\nx"), "BODY[1]"), "{1}\r\nx");
	assert_bytes(section(BYTES("A: b\n\nx"), "BODY[1.MIME]"), "{8}\r\nA: b\r\n\r\n");
	assert_bytes(section(BYTES("A: b\n\nx\0y\n\0\r\n"), "BODY[TEXT]"),
		     "{8}\r\nx\x80y\r\n\x80\r\n");
	assert_bytes(section(BYTES("A: b\n\n\0\0"), "BODY[TEXT]<1.5>"), "{1}\r\n\x80");
	assert_bytes(section(BYTES("A: b\r\n\r\n\0\0"), "BODY[]<8.5>"), "{2}\r\n\x80\x80");
	arena_free(&arena);
}

/* A message that fits the writer's buffer twice is written in one walk, a larger one is
 * counted before: the same bytes; the size that the index has, or lacks, changes nothing. */
static void test_whole(void **state)
{
	static const size_t sizes[] = { 1, 9, 99, 4096, 9999, 32000, 32755, 32756, 32757, 33000 };
	static char raw[33000], want[70000];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		size_t n = sizes[i];
		for (size_t k = 0; k < n; k++)
			raw[k] = k % 61 == 60 ? '\n' : k % 1009 == 1008 ? '\0' : 'a';
		raw[n - 1] = '\n';
		size_t octets = n;
		for (size_t k = 0; k < n; k++)
			octets += raw[k] == '\n';
		size_t end = (size_t)snprintf(want, sizeof(want), "{%zu}\r\n", octets);
		for (size_t k = 0; k < n; k++) {
			if (raw[k] == '\n')
				want[end++] = '\r';
			want[end++] = raw[k] ? raw[k] : '\x80';
		}
		const uint64_t known[] = { INDEX_SIZE_UNKNOWN, octets, 7, 123456789 };
		for (size_t k = 0; k < COUNT(known); k++) {
			vsize = known[k];
			struct bytes got = section((struct bytes){ raw, n }, "BODY[]");
			assert_int_equal(got.n, end);
			assert_memory_equal(got.p, want, end);
		}
	}
	vsize = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_odd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
