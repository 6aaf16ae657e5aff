/* Header fields: where they begin and end, their names and values. */
#include "test.h"

#include "parsed.h"

static void show(struct buf *out, struct arena *a, const struct part *p)
{
	for (size_t i = 0; i < p->nfields; i++) {
		const struct field *f = &p->fields[i];
		buf_char(out, '<');
		buf_bytes(out, f->name);
		buf_char(out, '|');
		buf_bytes(out, field_unfold(a, f));
		buf_char(out, '>');
	}
}

static void test_fields(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "\na: b\n", "" },
		{ "a: b\nC:d\n\ne: f\n", "<a|b><C|d>" },
		{ "a : b\nc\t:d\n", "<a|b><c|d>" },
		{ "a:\nb: \n\n", "<a|><b|>" },
		{ "a: b\n c\n\td \nE: f\n", "<a|b c\td><E|f>" },
		{ "a:\n b\n\n", "<a|b>" },
		{ "a: b\n \n c\n\n", "<a|b  c>" },
		{ "no colon\na: b\n", "<|no colon><a|b>" },
		{ "no colon\n but: here\na: b\n", "<|no colon but: here><a|b>" },
		{ ": nameless\n :\n", "<|nameless :>" },
		{ " leading: space\na: b\n", "<|leading: space><a|b>" },
		{ "From a@b Mon Jan  1 00:00:00 2001\na: b\n",
		  "<|From a@b Mon Jan  1 00:00:00 2001><a|b>" },
		{ ">From x: y\na: b\n", "<|>From x: y><a|b>" },
		{ "From : x\nFrom y: z\n", "<From|x><From y|z>" },
		{ "From \r : x\n", "<From|x>" }, /* as far as a name's space goes */
		{ "From: x\n", "<From|x>" },
		{ "a:b:c", "<a|b:c>" },
		{ "--x: y\n-- \n\nz", "<--x|y><|-->" },
		{ "a: \xff\x80\x01\n", "<a|\xff\x80\x01>" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (enum newlines how = 0; how < NEWLINES; how++) {
			struct parsed t;
			parsed_open(&t, bytes_of(rows[i].text), how);
			show(&t.out, &t.arena, t.m.root);
			if (!bytes_is(buf_view(&t.out), rows[i].want))
				fail_msg("%s\ngot  %s\nwant %s", rows[i].text, buf_cstr(&t.out),
					 rows[i].want);
			parsed_close(&t);
		}
	}
}

/* The lines of all fields are the header but for its empty line. */
static void test_lines(void **state)
{
	(void)state;
	static const char text[] = "From x\nno colon\na: b\n c\n: d\nlast: e\n\nbody\n";

	for (enum newlines how = 0; how < NEWLINES; how++) {
		struct parsed t;
		size_t at = 0;
		parsed_open(&t, BYTES(text), how);
		const struct part *p = t.m.root;
		for (size_t i = 0; i < p->nfields; i++) {
			assert_ptr_equal(p->fields[i].line.p, t.m.raw.p + at);
			at += p->fields[i].line.n;
		}
		assert_true(p->body_at - at == 1 || p->body_at - at == 2);
		parsed_close(&t);
	}
}

static void test_find(void **state)
{
	(void)state;
	struct parsed t;
	parsed_open(&t, BYTES("To: 1\nSubject: s\nTO: 2\nTox: x\nto: 3\nno colon\n\n"), LF);
	const struct part *p = t.m.root;
	const struct field *f = part_field(p, "tO");
	assert_bytes(field_unfold(&t.arena, f), "1");
	f = part_field_next(p, f);
	assert_bytes(field_unfold(&t.arena, f), "2");
	f = part_field_next(p, f);
	assert_bytes(field_unfold(&t.arena, f), "3");
	assert_null(part_field_next(p, f));
	assert_null(part_field(p, "Cc"));
	assert_null(part_field(p, "T"));
	parsed_close(&t);
}

/* A lone CR neither ends a line nor a header. */
static void test_lone_cr(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct message m;
	message_parse(&a, BYTES("a: b\rc: d\r\r\ne: f\n\r\nbody\r"), &m);
	assert_int_equal(m.root->nfields, 2);
	assert_bytes(m.root->fields[0].value, " b\rc: d\r");
	assert_bytes(m.root->fields[1].name, "e");
	assert_bytes(part_body(&m, m.root), "body\r");
	assert_int_equal(m.octets, m.raw.n + 1);
	assert_int_equal(m.root->body_lines, 0);
	arena_free(&a);
}

static void test_header_length(void **state)
{
	(void)state;
	static const struct {
		struct bytes raw;
		size_t length;
	} rows[] = {
		{ BYTES(""), 0 },
		{ BYTES("\n"), 1 },
		{ BYTES("\r\nx"), 2 },
		{ BYTES("\rx\n\n"), 4 },
		{ BYTES("a: b"), 0 },
		{ BYTES("a: b\n"), 0 },
		{ BYTES("a: b\n\r"), 0 },
		{ BYTES("a: b\n \n\t\n"), 0 },
		{ BYTES("a: b\n\nc\n\n"), 6 },
		{ BYTES("a: b\r\n\r\nc"), 8 },
		{ BYTES("a: b\n\r\nc"), 7 },
		{ BYTES("a: b\r\n\r\r\n\nc"), 10 },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(message_header_length(rows[i].raw), rows[i].length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),        cmocka_unit_test(test_lines),
		cmocka_unit_test(test_find),          cmocka_unit_test(test_lone_cr),
		cmocka_unit_test(test_header_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
