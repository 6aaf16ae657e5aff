/* The part tree: places, sizes, sections, limits. */
#include "test.h"

#include "params.h"
#include "parsed.h"

/* The tree of RFC 3501 §6.4.5; the text of each leaf is its number. */
static const char example[] =
	"Subject: 0\nContent-Type: multipart/mixed; boundary=A\n\n"
	"--A\n\n1\n"
	"--A\nContent-Type: application/octet-stream\n\n2\n"
	"--A\nContent-Type: message/rfc822\n\n"
	"Subject: 3\nContent-Type: multipart/mixed; boundary=B\n\n"
	"--B\n\n3.1\n--B\nContent-Type: application/octet-stream\n\n3.2\n--B--\n"
	"--A\nContent-Type: multipart/mixed; boundary=C\n\n"
	"--C\nContent-Type: image/gif\n\n4.1\n"
	"--C\nContent-Type: message/rfc822\n\n"
	"Subject: 4.2\nContent-Type: multipart/mixed; boundary=D\n\n"
	"--D\n\n4.2.1\n"
	"--D\nContent-Type: multipart/alternative; boundary=E\n\n"
	"--E\n\n4.2.2.1\n--E\nContent-Type: text/richtext\n\n4.2.2.2\n--E--\n"
	"--D--\n--C--\n--A--\n";

/* "4.2.1" to numbers. */
static size_t numbers_of(const char *s, uint32_t *numbers)
{
	size_t n = 0;
	for (; *s; s++) {
		if (*s == '.')
			continue;
		numbers[n++] = (uint32_t)(*s - '0');
	}
	return n;
}

static const struct part *section(const struct message *m, const char *s)
{
	uint32_t numbers[16];
	size_t n = numbers_of(s, numbers);
	return message_section(m, numbers, n);
}

static void check_type(const struct part *p, const char *type)
{
	char got[100];
	snprintf(got, sizeof(got), "%.*s/%.*s", (int)p->type.n, p->type.p, (int)p->subtype.n,
		 p->subtype.p);
	assert_string_equal(got, type);
}

static void test_sections(void **state)
{
	(void)state;
	static const struct {
		const char *section, *type;
	} rows[] = {
		{ "", "multipart/mixed" },
		{ "1", "text/plain" },
		{ "2", "application/octet-stream" },
		{ "3", "message/rfc822" },
		{ "3.1", "text/plain" },
		{ "3.2", "application/octet-stream" },
		{ "4", "multipart/mixed" },
		{ "4.1", "image/gif" },
		{ "4.2", "message/rfc822" },
		{ "4.2.1", "text/plain" },
		{ "4.2.2", "multipart/alternative" },
		{ "4.2.2.1", "text/plain" },
		{ "4.2.2.2", "text/richtext" },
	};

	for (enum newlines how = 0; how < NEWLINES; how++) {
		struct parsed t;
		parsed_open(&t, BYTES(example), how);
		for (size_t i = 0; i < COUNT(rows); i++) {
			const struct part *p = section(&t.m, rows[i].section);
			assert_non_null(p);
			check_type(p, rows[i].type);
			if (p->kind == PART_LEAF)
				assert_true(bytes_is(part_body(&t.m, p), rows[i].section));
		}
		const struct part *inner = section(&t.m, "4.2")->child;
		assert_true(bytes_is(field_unfold(&t.arena, part_field(inner, "subject")), "4.2"));
		parsed_close(&t);
	}
}

static void test_no_section(void **state)
{
	(void)state;
	static const char *const none[] = { "0",     "5",       "1.1",       "1.0",      "2.1",
					    "3.0",   "3.3",     "3.1.1",     "4.3",      "4.1.1",
					    "4.2.3", "4.2.2.3", "4.2.2.1.1", "3.1.1.1.1" };
	struct parsed t;
	parsed_open(&t, BYTES(example), LF);
	for (size_t i = 0; i < COUNT(none); i++)
		if (section(&t.m, none[i]))
			fail_msg("%s", none[i]);
	parsed_close(&t);
}

static void test_sections_of_others(void **state)
{
	(void)state;
	static const struct {
		const char *text, *section, *body; /* NULL: no such part */
	} rows[] = {
		{ "Subject: x\n\nbody", "", "body" },
		{ "Subject: x\n\nbody", "1", "body" },
		{ "Subject: x\n\nbody", "2", NULL },
		{ "Subject: x\n\nbody", "0", NULL },
		{ "Subject: x\n\nbody", "1.1", NULL },
		{ "Content-Type: message/rfc822\n\nSubject: y\n\nin", "1", "Subject: y\n\nin" },
		{ "Content-Type: message/rfc822\n\nSubject: y\n\nin", "1.1", "in" },
		{ "Content-Type: message/rfc822\n\nSubject: y\n\nin", "1.2", NULL },
		{ "Content-Type: message/rfc822\n\nSubject: y\n\nin", "1.1.1", NULL },
		{ "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n\nin", "1.1.1",
		  "in" },
		{ "Content-Type: message/rfc822\n\nContent-Type: multipart/x; boundary=b\n\n"
		  "--b\n\none\n--b\n\ntwo",
		  "1.2", "two" },
		{ "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nabcd", "1",
		  "abcd" },
		{ "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nabcd", "1.1",
		  NULL },
		{ "Content-Type: multipart/x; boundary=b\n\nnothing", "1", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct parsed t;
		parsed_open(&t, bytes_of(rows[i].text), LF);
		const struct part *p = section(&t.m, rows[i].section);
		if (!p != !rows[i].body || (p && !bytes_is(part_body(&t.m, p), rows[i].body)))
			fail_msg("%zu: %s of %s", i, rows[i].section, rows[i].text);
		parsed_close(&t);
	}
}

/* Sizes are those of what a client is sent, however it is stored. */
static void check_sizes(const struct message *m, const struct part *p)
{
	assert_int_equal(p->head_octets, crlf_octets(part_header(m, p)));
	assert_int_equal(p->body_octets, crlf_octets(part_body(m, p)));
	for (const struct part *child = p->child; child; child = child->next) {
		assert_ptr_equal(child->parent, p);
		assert_int_equal(child->depth, p->depth + 1);
		check_sizes(m, child);
	}
	if (p->kind == PART_MESSAGE)
		assert_int_equal(p->body_octets, p->child->head_octets + p->child->body_octets);
}

static void test_sizes(void **state)
{
	(void)state;
	for (enum newlines how = 0; how < NEWLINES; how++) {
		struct parsed t;
		parsed_open(&t, BYTES(example), how);
		check_sizes(&t.m, t.m.root);
		assert_int_equal(t.m.octets, crlf_octets(t.m.raw));
		assert_int_equal(t.m.octets, sizeof(example) - 1 + t.m.lines);
		assert_int_equal(t.m.lines, t.m.root->body_lines + 3);
		assert_int_equal(t.m.bare_lf, how != CRLF);
		assert_false(t.m.cut);
		const struct part *p = section(&t.m, "3");
		assert_int_equal(p->body_lines, 10);
		assert_int_equal(p->number, 3);
		assert_int_equal(p->child->number, 1);
		parsed_close(&t);
	}
}

static void test_header_only(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t head, octets, fields;
	} rows[] = {
		{ "a: b\nc: d\n\nbody: x\n", 11, 14, 2 },
		{ "a: b\r\nc: d\r\n\r\nbody: x\r\n", 14, 14, 2 },
		{ "a: b\n c\n\n", 9, 12, 1 },
		{ "a: b", 4, 4, 1 },
		{ "\nbody", 1, 2, 0 },
		{ "", 0, 0, 0 },
		{ "a: b\n\r", 6, 7, 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = ARENA_INIT;
		struct message m;
		message_parse_header(&a, bytes_of(rows[i].text), &m);
		assert_int_equal(m.root->body_at, rows[i].head);
		assert_int_equal(m.root->head_octets, rows[i].octets);
		assert_int_equal(m.root->nfields, rows[i].fields);
		assert_int_equal(part_body(&m, m.root).n, 0);
		arena_free(&a);
	}
}

static void test_nothing(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct message m;
	message_parse(&a, (struct bytes){ NULL, 0 }, &m);
	assert_int_equal(m.octets, 0);
	envelope_write(&out, &a, &m, m.root);
	bodystructure_write(&out, &a, &m, true);
	message_parse_header(&a, (struct bytes){ NULL, 0 }, &m);
	assert_int_equal(m.root->nfields, 0);
	assert_null(part_field(m.root, "From"));
	buf_free(&out);
	arena_free(&a);
}

/* --- limits --- */

static void nest(struct buf *b, size_t depth, bool messages)
{
	for (size_t i = 0; i < depth; i++) {
		if (messages)
			buf_str(b, "Content-Type: message/rfc822\n\n");
		else
			buf_printf(b, "Content-Type: multipart/mixed; boundary=b%zu-\n\n--b%zu-\n",
				   i, i);
	}
	buf_str(b, "Content-Type: text/html\n\ninnermost");
}

static void test_depth(void **state)
{
	(void)state;
	for (size_t depth = MESSAGE_DEPTH_MAX - 1; depth <= MESSAGE_DEPTH_MAX + 1; depth++) {
		for (int messages = 0; messages < 2; messages++) {
			struct buf b = BUF_INIT;
			struct parsed t;
			nest(&b, depth, messages);
			parsed_open(&t, buf_view(&b), LF);
			assert_int_equal(t.m.cut, depth > MESSAGE_DEPTH_MAX);
			const struct part *p = t.m.root;
			while (p->child)
				p = p->child;
			size_t want = depth < MESSAGE_DEPTH_MAX ? depth : MESSAGE_DEPTH_MAX;
			assert_int_equal(p->depth, want);
			if (!t.m.cut)
				assert_true(bytes_is(part_body(&t.m, p), "innermost"));
			else
				check_type(p, messages ? "message/rfc822" : "text/plain");
			check_sizes(&t.m, t.m.root);
			parsed_close(&t);
			buf_free(&b);
		}
	}
}

static void test_deep_wire(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct parsed t;
	nest(&b, 100000, true);
	nest(&b, 100000, false);
	parsed_open(&t, buf_view(&b), LF);
	bodystructure_write(&t.out, &t.arena, &t.m, true);
	assert_true(t.m.cut);
	assert_true(t.out.n < 100 * 200);
	parsed_close(&t);
	buf_free(&b);
}

static size_t count(const struct part *p)
{
	size_t n = 1;
	for (const struct part *child = p->child; child; child = child->next)
		n += count(child);
	return n;
}

static void test_parts(void **state)
{
	(void)state;
	for (size_t n = MESSAGE_PARTS_MAX - 1; n <= MESSAGE_PARTS_MAX + 2; n++) {
		struct buf b = BUF_INIT;
		struct parsed t;
		buf_str(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
		for (size_t i = 1; i < n; i++)
			buf_printf(&b, "--b\n\n%zu\n", i);
		buf_str(&b, "--b--\n");
		parsed_open(&t, buf_view(&b), LF);
		assert_int_equal(count(t.m.root), n < MESSAGE_PARTS_MAX ? n : MESSAGE_PARTS_MAX);
		assert_int_equal(t.m.cut, n > MESSAGE_PARTS_MAX);
		check_sizes(&t.m, t.m.root);
		parsed_close(&t);
		buf_free(&b);
	}
}

/* Messages take two parts each, the one that has no room stays a leaf. */
static void test_parts_of_messages(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct parsed t;
	buf_str(&b, "X: y\nContent-Type: multipart/digest; boundary=b\n\n");
	for (size_t i = 0; i < MESSAGE_PARTS_MAX / 2; i++)
		buf_str(&b, "--b\n\nSubject: x\n\ny\n");
	parsed_open(&t, buf_view(&b), CRLF);
	assert_int_equal(count(t.m.root), MESSAGE_PARTS_MAX);
	assert_true(t.m.cut);
	check_sizes(&t.m, t.m.root);
	bodystructure_write(&t.out, &t.arena, &t.m, false);
	assert_true(t.out.n > MESSAGE_PARTS_MAX / 2 * 100);
	parsed_close(&t);
	buf_free(&b);
}

static void test_fields(void **state)
{
	(void)state;
	for (size_t n = MESSAGE_FIELDS_MAX - 1; n <= MESSAGE_FIELDS_MAX + 1; n++) {
		struct buf b = BUF_INIT;
		struct parsed t;
		buf_str(&b, "Content-Type: multipart/mixed; boundary=b\n\n--b\n");
		for (size_t i = 2; i <= n; i++)
			buf_str(&b, "a:b\n");
		buf_str(&b, "Content-Type: text/html\n\nbody");
		parsed_open(&t, buf_view(&b), LF);
		size_t want = n < MESSAGE_FIELDS_MAX ? n : MESSAGE_FIELDS_MAX - 1;
		assert_int_equal(t.m.root->child->nfields, want);
		assert_int_equal(t.m.cut, n >= MESSAGE_FIELDS_MAX);
		assert_true(bytes_is(part_body(&t.m, t.m.root->child), "body"));
		parsed_close(&t);
		buf_free(&b);
	}
}

/* Beyond the limit a Content-Type has no parameters: a multipart is a leaf. */
static void test_params(void **state)
{
	(void)state;
	enum { FIELDS = MESSAGE_PARAMS_MAX / PARAMS_MAX };
	for (size_t extra = 0; extra <= 1; extra++) {
		struct buf b = BUF_INIT;
		struct parsed t;
		buf_str(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
		for (size_t i = 0; i < FIELDS; i++) {
			buf_str(&b, "--b\nContent-Type: text/html");
			for (size_t k = i == 0; k < PARAMS_MAX; k++)
				buf_str(&b, ";a=b");
			buf_str(&b, "\n\n");
		}
		if (extra)
			buf_str(&b, "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\n");
		buf_str(&b, "--b--\n");
		parsed_open(&t, buf_view(&b), LF);
		assert_int_equal(t.m.cut, extra);
		assert_int_equal(count(t.m.root), FIELDS + 1 + extra);
		parsed_close(&t);
		buf_free(&b);
	}
}

static void test_header_size(void **state)
{
	(void)state;
	for (size_t n = MESSAGE_HEADER_MAX - 1; n <= MESSAGE_HEADER_MAX + 1; n++) {
		struct buf b = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct message m;
		buf_str(&b, "a: b\n");
		char *p = buf_reserve(&b, n);
		memset(p, 'x', n);
		b.n = n - 1;
		buf_str(&b, "\n\nbody\n");
		message_parse(&a, buf_view(&b), &m);
		assert_int_equal(m.root->nfields, n <= MESSAGE_HEADER_MAX ? 2 : 1);
		assert_int_equal(m.cut, n > MESSAGE_HEADER_MAX);
		assert_int_equal(m.root->body_at, n + 1);
		arena_free(&a);
		buf_free(&b);
	}
}

static void test_boundary_size(void **state)
{
	(void)state;
	char boundary[MESSAGE_BOUNDARY_MAX + 2];
	memset(boundary, 'b', sizeof(boundary));
	for (int n = MESSAGE_BOUNDARY_MAX - 1; n <= MESSAGE_BOUNDARY_MAX + 1; n++) {
		struct buf b = BUF_INIT;
		struct parsed t;
		buf_printf(&b, "Content-Type: multipart/x; boundary=%.*s\n\n--%.*s\n\nbody", n,
			   boundary, n, boundary);
		parsed_open(&t, buf_view(&b), LF);
		assert_int_equal(t.m.cut, n > MESSAGE_BOUNDARY_MAX);
		assert_int_equal(t.m.root->kind == PART_MULTIPART, n <= MESSAGE_BOUNDARY_MAX);
		parsed_close(&t);
		buf_free(&b);
	}
}

/* Each would take minutes if time were quadratic. */
static void test_bombs(void **state)
{
	(void)state;
	static const char *const units[] = {
		"--\n",
		"--b",
		"-",
		"--bbbbbbbbb\n",
		"--b0-\n",
		"--b0-\n--b1-\n",
		"\n",
		"--b99-\n\n",
		"a:\n",
		"--b50-\nContent-Type: multipart/x; boundary=zz\n\n",
		" ",
		"\n--b98-\nContent-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n",
	};
	for (size_t i = 0; i < COUNT(units); i++) {
		struct buf b = BUF_INIT;
		struct parsed t;
		nest(&b, MESSAGE_DEPTH_MAX, false);
		buf_str(&b, "\n");
		while (b.n < 1 << 22)
			buf_str(&b, units[i]);
		parsed_open(&t, buf_view(&b), LF);
		bodystructure_write(&t.out, &t.arena, &t.m, true);
		assert_int_equal(t.m.octets, crlf_octets(t.m.raw));
		parsed_close(&t);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_no_section),
		cmocka_unit_test(test_sections_of_others),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_header_only),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_deep_wire),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_parts_of_messages),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_header_size),
		cmocka_unit_test(test_boundary_size),
		cmocka_unit_test(test_bombs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
