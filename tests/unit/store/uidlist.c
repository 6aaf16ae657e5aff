/*
 * The text of dovecot-uidlist: versions 1 and 3, what is carried along, lies.
 */
#include "test.h"

#include "uidlist.h"

static struct uidlist l;

static void parse(const char *text)
{
	uidlist_free(&l);
	buf_str(&l.text, text);
	uidlist_parse(&l);
}

static const char *lines(void)
{
	static struct buf b;

	buf_reset(&b);
	for (size_t i = 0; i < l.n; i++)
		buf_printf(&b, "%u=%.*s ", l.lines[i].uid, (int)l.lines[i].stem.n,
			   l.lines[i].stem.p);
	return buf_cstr(&b);
}

static const char *written(void)
{
	static struct buf b;

	buf_reset(&b);
	uidlist_write_header(&b, &l);
	for (size_t i = 0; i < l.n; i++)
		uidlist_write_line(&b, l.lines[i].uid, l.lines[i].fields, l.lines[i].keywords,
				   l.lines[i].stem);
	return buf_cstr(&b);
}

static void test_v3(void **state)
{
	const char *text = "3 V1234567 N10 G00112233445566778899aabbccddeeff E7 Kfoo%bar X1 Y2\n"
			   "3 S12 W13 :10.a,S=12\n"
			   "5 Gguid O4 K3 :20.b\n"
			   "9 :30.c\n";

	(void)state;
	parse(text);
	assert_true(l.usable);
	assert_true(l.complete);
	assert_true(l.as_written);
	assert_int_equal(l.uidvalidity, 1234567);
	assert_int_equal(l.uidnext, 10);
	assert_int_equal(l.epoch, 7);
	assert_bytes(l.high[1], "bar");
	assert_string_equal(lines(), "3=10.a,S=12 5=20.b 9=30.c ");
	assert_true(l.lines[1].keywords == 3ull << UIDLIST_HIGH_FIRST);
	assert_bytes(uidlist_field(&l.lines[0], 'W'), "13");
	assert_null(uidlist_field(&l.lines[2], 'W').p);
	assert_string_equal(written(), text);
	assert_int_equal(uidlist_by_stem(&l, BYTES("20.b"))->uid, 5);
	assert_null(uidlist_by_stem(&l, BYTES("20")));
	assert_int_equal(uidlist_by_uid(&l, 9)->uid, 9);
	assert_null(uidlist_by_uid(&l, 4));
	assert_null(uidlist_by_uid(&l, 10));
}

static void test_v1(void **state)
{
	(void)state;
	parse("3 V77 N5\n1 :10.a\r\n4 :20.b\n");
	assert_true(l.complete);
	assert_false(l.as_written);
	assert_string_equal(lines(), "1=10.a 4=20.b ");
	parse("1 77 5\n1 10.a\n4 20.b:2,S\n");
	assert_true(l.usable);
	assert_false(l.complete); /* to be written anew */
	assert_int_equal(l.uidvalidity, 77);
	assert_int_equal(l.uidnext, 5);
	assert_string_equal(lines(), "1=10.a 4=20.b ");
	assert_string_equal(written(), "3 V77 N5\n1 :10.a\n4 :20.b\n");
}

static void test_uidnext(void **state)
{
	(void)state;
	parse("3 V1 N3 G0\n2 :a\n8 :b\n");
	assert_int_equal(l.uidnext, 9); /* appended lines count */
	parse("3 V1 N30 G0\n2 :a\n");
	assert_int_equal(l.uidnext, 30);
}

/* Nothing of it may crash; lines that can be believed are. */
static void test_lies(void **state)
{
	static const struct {
		const char *text, *lines;
		bool usable;
	} table[] = {
		{ "", "", false },
		{ "\n", "", false },
		{ "3", "", false },
		{ "3 \n", "", false },
		{ "3 V1\n", "", false },
		{ "3 N1\n", "", false },
		{ "3 V0 N1\n", "", false },
		{ "3 V1 N0\n", "", false },
		{ "3 V99999999999 N1\n", "", false },
		{ "3 V1 N4294967295\n", "", false },
		{ "3 Vx N1\n", "", false },
		{ "2 V1 N1\n", "", false },
		{ "1 1\n", "", false },
		{ "1 1 2 3\n", "", false },
		{ "3 V1 N1 G\n", "", true },
		{ "3 V1 N5\n1 :a\n1 :b\n", "1=a ", true },           /* doubled */
		{ "3 V1 N5\n3 :a\n2 :b\n4 :c\n", "3=a 4=c ", true }, /* falls */
		{ "3 V1 N5\n0 :a\n", "", true },
		{ "3 V1 N5\n4294967295 :a\n", "", true },
		{ "3 V1 N5\n18446744073709551617 :a\n", "", true },
		{ "3 V1 N5\n1 a\n2 :b\n", "2=b ", true }, /* no colon */
		{ "3 V1 N5\n1 :\n2 :b\n", "2=b ", true },
		{ "3 V1 N5\n1\n2 :b\n", "2=b ", true },
		{ "3 V1 N5\n1 x9 :a\n2 :b\n", "2=b ", true }, /* not a field */
		{ "3 V1 N5\n1 :../../etc/passwd\n2 :b\n", "2=b ", true },
		{ "3 V1 N5\n1 :a\n2 :b", "1=a 2=b ", true }, /* torn, but read */
		{ "3 V1 N5\n1  S1   W2  :a\n", "1=a ", true },
		{ "3 V1 N5\r\n1 :a\r\n", "1=a ", true },
		{ "3 V1 N5\n1 Kzz :a\n", "1=a ", true },
		{ "3 V1 N5 Enumber\n1 :a\n", "1=a ", true },
		{ "3 V1 N5\n1 S1:a :b\n", "1=b ", true }, /* colon in a value */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		parse(table[i].text);
		if (l.usable != table[i].usable || (l.usable && strcmp(lines(), table[i].lines)))
			fail_msg("%zu \"%s\": usable %d, lines %s", i, table[i].text, l.usable,
				 lines());
	}
}

static void test_long_name(void **state)
{
	char name[300], text[400];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	snprintf(text, sizeof(text), "3 V1 N5\n1 :%s\n2 :b\n", name);
	parse(text);
	assert_string_equal(lines(), "2=b ");
	name[255] = '\0';
	snprintf(text, sizeof(text), "3 V1 N5\n1 :%s\n2 :b\n", name);
	parse(text);
	assert_int_equal(l.n, 2);
}

/* "This can happen if an expunged file is moved back": the later line counts. */
static void test_one_name_twice(void **state)
{
	(void)state;
	parse("3 V1 N9\n1 :a\n2 :b\n7 :a\n");
	assert_int_equal(uidlist_by_stem(&l, BYTES("a"))->uid, 7);
}

static void test_tail(void **state)
{
	(void)state;
	uidlist_free(&l);
	buf_str(&l.text, "8 :c\n9 S1 :d\n");
	uidlist_parse_tail(&l, 7);
	assert_true(l.usable);
	assert_int_equal(l.uidnext, 10);
	assert_string_equal(lines(), "8=c 9=d ");
	uidlist_free(&l);
	buf_str(&l.text, "7 :c\n9 S1 :d\n");
	uidlist_parse_tail(&l, 7);
	assert_false(l.usable); /* read as a whole */
}

static void test_keywords_written(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	uidlist_write_line(&b, 5, BYTES("S1 K7 W2"), 1ull << 27 | 3, BYTES("a"));
	assert_string_equal(buf_cstr(&b), "5 S1 W2 K2 :a\n");
	buf_reset(&b);
	uidlist_write_line(&b, 5, BYTES("K7"), 3, BYTES("a"));
	assert_string_equal(buf_cstr(&b), "5 :a\n");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v3),        cmocka_unit_test(test_v1),
		cmocka_unit_test(test_uidnext),   cmocka_unit_test(test_lies),
		cmocka_unit_test(test_long_name), cmocka_unit_test(test_one_name_twice),
		cmocka_unit_test(test_tail),      cmocka_unit_test(test_keywords_written),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	uidlist_free(&l);
	return r;
}
