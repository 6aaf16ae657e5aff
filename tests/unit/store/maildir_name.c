/*
 * File names of a Maildir: flags, keywords, foreign letters, sizes, order.
 */
#include "test.h"

#include "maildir_name.h"

#define S FLAG_SEEN
#define F FLAG_FLAGGED
#define R FLAG_ANSWERED
#define T FLAG_DELETED
#define D FLAG_DRAFT

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		unsigned in_new;
		const char *stem;
		uint16_t flags;
		uint64_t keywords;
		bool odd;
	} table[] = {
		{ "1.a.h:2,", 0, "1.a.h", 0, 0, false },
		{ "1.a.h:2,S", 0, "1.a.h", S, 0, false },
		{ "1.a.h:2,DFRST", 0, "1.a.h", D | F | R | S | T, 0, false },
		{ "1.a.h:2,DFRSTabz", 0, "1.a.h", D | F | R | S | T, 3 | 1 << 25, false },
		{ "1.a.h:2,SF", 0, "1.a.h", S | F, 0, true },
		{ "1.a.h:2,SS", 0, "1.a.h", S, 0, true },
		{ "1.a.h:2,ba", 0, "1.a.h", 0, 3, true },
		{ "1.a.h:2,PS", 0, "1.a.h", S, 0, true },
		{ "1.a.h:2,S,T", 0, "1.a.h", S, 0, true }, /* another set of flags */
		{ "1.a.h", 0, "1.a.h", 0, 0, true },
		{ "1.a.h:", 0, "1.a.h", 0, 0, true },
		{ "1.a.h:1,S", 0, "1.a.h", 0, 0, true },
		{ "1.a.h:2S", 0, "1.a.h", 0, 0, true },
		{ "1.a:b:2,S", 0, "1.a", 0, 0, true },
		{ ":2,S", 0, "", S, 0, false },
		{ "1.a.h", MAILDIR_NEW, "1.a.h", 0, 0, false },
		{ "1.a.h:2,S", MAILDIR_NEW, "1.a.h", S, 0, true },
		{ "1.a,S=3,W=4:2,S", 0, "1.a,S=3,W=4", S, 0, false },
	};
	struct maildir_name n;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		maildir_name_parse(bytes_of(table[i].name), table[i].in_new, &n);
		if (!bytes_is(n.stem, table[i].stem) || n.flags != table[i].flags ||
		    n.keywords != table[i].keywords || n.odd != table[i].odd)
			fail_msg("%s: %.*s %x %lx %d", table[i].name, (int)n.stem.n, n.stem.p,
				 n.flags, (unsigned long)n.keywords, n.odd);
	}
}

/* What parse calls not odd is what write makes of it. */
static void test_write(void **state)
{
	char out[MAILDIR_NAME_MAX + 1];
	struct maildir_name n;

	(void)state;
	for (unsigned f = 0; f <= FLAG_ALL; f++)
		for (unsigned k = 0; k < 26; k++) {
			size_t len = maildir_name_write(BYTES("1.a"), 0, (uint16_t)f, 1u << k, out);
			maildir_name_parse((struct bytes){ out, len }, 0, &n);
			assert_false(n.odd);
			assert_int_equal(n.flags, f);
			assert_int_equal(n.keywords, 1u << k);
		}
	assert_int_equal(maildir_name_write(BYTES("1.a"), MAILDIR_NEW, S, 0, out), 3);
	assert_string_equal(out, "1.a");
	assert_int_equal(maildir_name_write(BYTES("1.a:x"), MAILDIR_ODD, S, 0, out), 5);
	assert_string_equal(out, "1.a:x");
	assert_int_equal(maildir_name_write(BYTES("1.a"), 0, 0, 1ull << 26, out), 6);
	assert_string_equal(out, "1.a:2,"); /* no letter for those */
	assert_int_equal(maildir_name_write(BYTES(""), 0, 0, 0, out), 0);
}

static void test_change(void **state)
{
	static const struct {
		const char *from;
		uint16_t flags;
		uint64_t keywords;
		const char *to;
	} table[] = {
		{ "1.a:2,", S, 0, "1.a:2,S" },          { "1.a:2,S", 0, 0, "1.a:2," },
		{ "1.a", S | F, 1, "1.a:2,FSa" },       { "1.a:2,PS", S | F, 0, "1.a:2,FPS" },
		{ "1.a:2,SP", S | F, 0, "1.a:2,FPS" },  { "1.a:2,XS", 0, 1, "1.a:2,Xa" },
		{ "1.a:2,S,foo", F, 0, "1.a:2,F,foo" }, { "1.a:1,S", F, 0, "1.a:2,F" },
		{ "1.a:2,!S~", F, 2, "1.a:2,!Fb~" },
	};
	char out[MAILDIR_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_true(maildir_name_change(bytes_of(table[i].from), table[i].flags,
						table[i].keywords, out) > 0);
		assert_string_equal(out, table[i].to);
	}
}

static void test_too_long(void **state)
{
	char name[MAILDIR_NAME_MAX + 1], out[MAILDIR_NAME_MAX + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	struct bytes b = { name, MAILDIR_NAME_MAX - 4 };
	assert_int_equal(maildir_name_change(b, S, 0, out), MAILDIR_NAME_MAX);
	assert_int_equal(maildir_name_change(b, S | F, 0, out), 0);
	assert_int_equal(maildir_name_write(b, 0, S, 0, out), MAILDIR_NAME_MAX);
	assert_int_equal(maildir_name_write(b, 0, S | F, 0, out), 0);
}

static void test_sizes(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_true(maildir_name_size(BYTES("1.a,S=3,W=4"), 'W', &v));
	assert_int_equal(v, 4);
	assert_true(maildir_name_size(BYTES("1.a,S=3,W=4"), 'S', &v));
	assert_int_equal(v, 3);
	assert_false(maildir_name_size(BYTES("1.a,S=3"), 'W', &v));
	assert_false(maildir_name_size(BYTES("S=3"), 'S', &v));
	assert_false(maildir_name_size(BYTES("1.a,S="), 'S', &v));
	assert_false(maildir_name_size(BYTES("1.a,S=x"), 'S', &v));
	assert_false(maildir_name_size(BYTES("1.a,S=-1"), 'S', &v));
	assert_false(maildir_name_size(BYTES("1.a,S=99999999999999999999"), 'S', &v));
	assert_true(maildir_name_size(BYTES("1.a,W=140737488355327"), 'W', &v));
	assert_true(v == INDEX_SIZE_MAX);
	assert_false(maildir_name_size(BYTES("1.a,W=140737488355328"), 'W', &v));
}

static int order(const char *a, const char *b)
{
	struct maildir_order x = maildir_order(bytes_of(a)), y = maildir_order(bytes_of(b));

	return maildir_order_cmp(&x, &y);
}

static void test_order(void **state)
{
	(void)state;
	assert_true(order("9.x", "10.a") < 0);
	assert_true(order("10.M5P1.h", "10.M12P1.h") < 0);
	assert_true(order("10.M5P2.h", "10.M5P1.h") > 0);
	assert_true(order("10.a", "10.a") == 0);
	assert_true(order("noname", "1.a") < 0);
	assert_true(order("99999999999999999999999.a", "1.a") < 0); /* not a number we know */
}

static void test_stem_ok(void **state)
{
	(void)state;
	assert_true(maildir_stem_ok(BYTES("1.a \xc3\xa4")));
	assert_false(maildir_stem_ok(BYTES("")));
	assert_false(maildir_stem_ok(BYTES("a\nb")));
	assert_false(maildir_stem_ok(BYTES("a\r")));
	assert_false(maildir_stem_ok(BYTES("a\177")));
}

static void test_unique(void **state)
{
	char a[MAILDIR_NAME_MAX + 1], b[MAILDIR_NAME_MAX + 1];

	(void)state;
	size_t n = maildir_name_unique(a);
	maildir_name_unique(b);
	assert_string_not_equal(a, b);
	assert_true(maildir_stem_ok((struct bytes){ a, n }));
	assert_null(strchr(a, ':'));
	assert_null(strchr(a, '/'));
	assert_null(strchr(a, ','));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),   cmocka_unit_test(test_write),
		cmocka_unit_test(test_change),  cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_sizes),   cmocka_unit_test(test_order),
		cmocka_unit_test(test_stem_ok), cmocka_unit_test(test_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
