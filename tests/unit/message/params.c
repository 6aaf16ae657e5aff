/* Content-Type, its parameters, and RFC 2231. */
#include "test.h"

#include "params.h"

/* "type/subtype name=value name*=value", or "-" where there is no type. */
static void show(struct buf *out, struct arena *a, struct bytes value)
{
	struct bytes type, subtype;
	struct param *list;

	if (params_content_type(a, value, &type, &subtype, &list)) {
		buf_bytes(out, type);
		buf_char(out, '/');
		buf_bytes(out, subtype);
	} else {
		buf_char(out, '-');
	}
	for (; list; list = list->next) {
		buf_char(out, ' ');
		buf_bytes(out, list->name);
		buf_str(out, list->extended ? "*=" : "=");
		buf_bytes(out, list->value);
	}
}

struct row {
	const char *value, *want;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena a = ARENA_INIT;
		struct buf out = BUF_INIT;
		show(&out, &a, bytes_of(rows[i].value));
		if (!bytes_is(buf_view(&out), rows[i].want))
			fail_msg("%s\ngot  %s\nwant %s", rows[i].value, buf_cstr(&out),
				 rows[i].want);
		buf_free(&out);
		arena_free(&a);
	}
}

static void test_rfc2231(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* §3 */
		{ "message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n"
		  " URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
		  "message/external-body access-type=URL "
		  "URL=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar" },
		/* §4 */
		{ "application/x-stuff;\r\n title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
		  "application/x-stuff title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A" },
		/* §4.1, which forgets its semicolons */
		{ "application/x-stuff\r\n title*0*=us-ascii'en'This%20is%20even%20more%20\r\n"
		  " title*1*=%2A%2A%2Afun%2A%2A%2A%20\r\n title*2=\"isn't it!\"",
		  "application/x-stuff title*=us-ascii'en'This%20is%20even%20more%20"
		  "%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!" },
		/* order, case, gaps, repetition */
		{ "a/b; x*2=c; y=1; X*0=a; x*1=b", "a/b X=abc y=1" },
		{ "a/b; x*3=c; x*1=a", "a/b x=ac" },
		{ "a/b; x*0=a; x*0=z; x*1=b", "a/b x=ab" },
		{ "a/b; x*10=k; x*9=j; x*0=a", "a/b x=ajk" },
		{ "a/b; x=short; x*0=lo; x*1=ng", "a/b x=short x=long" },
		{ "a/b; x=ascii; x*=utf-8''%c3%a4", "a/b x=ascii x*=utf-8''%c3%a4" },
		{ "a/b; x*0=a b; x*1*=%20c", "a/b x*=''a%20b%20c" },
		{ "a/b; x*0*=utf-8''%c3; x*1=\"\xa4%\"", "a/b x*=utf-8''%c3%A4%25" },
		{ "a/b; x*y=1; x*0y=2; *=3; **=4; x**=5", "a/b x*y=1 x*0y=2 *=3 **=4 x*=5" },
		{ "a/b; x*4294967295=1; x*99999999999999999999=2",
		  "a/b x*4294967295=1 x*99999999999999999999=2" },
	};
	check(rows, COUNT(rows));
}

static void test_values(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "text/plain; charset=us-ascii (Plain text)", "text/plain charset=us-ascii" },
		{ "text/plain; charset=\"us-ascii\"", "text/plain charset=us-ascii" },
		{ "text/plain ; charset = \"a\\\"b\\\\\" ; x=y", "text/plain charset=a\"b\\ x=y" },
		{ "text/plain; x=\"a\r\n b\"", "text/plain x=a b" },
		{ "text/plain;charset=a;;;x=b;", "text/plain charset=a x=b" },
		{ "text/plain; x=\"\"; y=", "text/plain x= y=" },
		{ "text/plain; x=; y=1", "text/plain x= y=1" },
		/* without semicolons */
		{ "text/html charset=utf-8", "text/html charset=utf-8" },
		{ "text/html; charset=utf-8 name=x", "text/html charset=utf-8 name=x" },
		{ "text/html; charset=\"utf-8\" name=x", "text/html charset=utf-8 name=x" },
		{ "text/html, charset=utf-8", "text/html charset=utf-8" },
		/* without quotes */
		{ "a/b; name=my file.pdf; x=y", "a/b name=my file.pdf x=y" },
		{ "a/b; name=my\r\n file.pdf", "a/b name=my file.pdf" },
		{ "a/b; name=file(1).pdf", "a/b name=file(1).pdf" },
		{ "a/b; name=file (1).pdf", "a/b name=file (1).pdf" },
		{ "a/b; name=file (1", "a/b name=file (1" },
		{ "a/b; name==?utf-8?Q?=C3=A4?=", "a/b name==?utf-8?Q?=C3=A4?=" },
		{ "a/b; boundary=gc0pJq0M:08jU534c0p", "a/b boundary=gc0pJq0M:08jU534c0p" },
		{ "a/b; name=\"not closed; x=y", "a/b name=not closed x=y" },
		{ "a/b; name=\xc3\xa4 \xfc.txt", "a/b name=\xc3\xa4 \xfc.txt" },
		{ "a/b; name=a\"b\"c", "a/b name=a\"b\"c" },
		/* no parameters */
		{ "a/b; us-ascii", "a/b" },
		{ "a/b; us-ascii; x=y", "a/b x=y" },
		{ "a/b; =x; y=z", "a/b y=z" },
		{ "a/b; \"x\"=1; y=2", "a/b y=2" },
		{ "a/b; \xc3\xa4=1; y=2", "a/b y=2" },
		{ "a/b; x (c) = (d) 1 (e); y=2", "a/b x=1 y=2" },
	};
	check(rows, COUNT(rows));
}

static void test_types(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "text/html", "text/html" },
		{ " (a) text (b) / (c) html (d)", "text/html" },
		{ "\r\n text/\r\n html", "text/html" },
		{ "", "-" },
		{ "text", "-" },
		{ "text/", "-" },
		{ "/html", "-" },
		{ "text; charset=x", "- charset=x" },
		{ "charset=x", "- charset=x" },
		{ "text /; charset=x", "- charset=x" },
		{ "text/html/x; y=z", "text/html y=z" },
		{ "text/\xc3\xa4", "-" },
		{ "\"text/html\"", "-" },
		{ "text\0/html", "-" },
	};
	check(rows, COUNT(rows));
}

static void test_token(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "base64", "base64" },
		{ " (x) base64 (y)", "base64" },
		{ "base64; x=y", "base64" },
		{ "\"base64 \"", "base64" },
		{ "quoted-printable\r\n ", "quoted-printable" },
		{ "", "" },
		{ ";base64", "" },
		{ "\"not closed", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = ARENA_INIT;
		struct bytes got = params_token(&a, bytes_of(rows[i].value), NULL);
		if (!bytes_is(got, rows[i].want))
			fail_msg("%s: got \"%.*s\"", rows[i].value, (int)got.n, got.p);
		arena_free(&a);
	}
}

static size_t count(struct bytes value, struct arena *a, struct param **list)
{
	struct bytes type, subtype;
	size_t n = 0;

	assert_true(params_content_type(a, value, &type, &subtype, list));
	for (const struct param *p = *list; p; p = p->next)
		n++;
	return n;
}

static void test_limit(void **state)
{
	(void)state;
	for (size_t n = PARAMS_MAX - 1; n <= PARAMS_MAX + 1; n++) {
		struct arena a = ARENA_INIT;
		struct buf b = BUF_INIT;
		struct param *list;
		size_t want = n < PARAMS_MAX ? n : PARAMS_MAX;

		buf_str(&b, "a/b");
		for (size_t i = 0; i < n; i++)
			buf_str(&b, ";x=y");
		assert_int_equal(count(buf_view(&b), &a, &list), want);

		buf_reset(&b);
		buf_str(&b, "a/b");
		for (size_t i = n; i-- > 0;)
			buf_printf(&b, ";x*%zu=%zu", i, i % 10);
		assert_int_equal(count(buf_view(&b), &a, &list), 1);
		assert_int_equal(list->value.n, want);
		for (size_t i = 0; i < want; i++)
			assert_int_equal(list->value.p[i], '0' + (i + n - want) % 10);
		buf_free(&b);
		arena_free(&a);
	}
}

/* Each would take minutes if time were quadratic. */
static void test_bombs(void **state)
{
	(void)state;
	static const char *const units[] = {
		";x=(", ";x=\"",    "(",       "(;", ";x=y z", ";x= (a)b",     "=",  ";", ";x*0*=y",
		"\"",   ";x=a b=c", ";x=\\\"", " ",  "(a)",    ";x=(a)(a)b c", ";=",
	};
	for (size_t i = 0; i < COUNT(units); i++) {
		struct arena a = ARENA_INIT;
		struct buf b = BUF_INIT;
		struct param *list;
		buf_str(&b, "a/b");
		while (b.n < 1 << 21)
			buf_str(&b, units[i]);
		assert_true(count(buf_view(&b), &a, &list) <= PARAMS_MAX);
		buf_free(&b);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc2231), cmocka_unit_test(test_values),
		cmocka_unit_test(test_types),   cmocka_unit_test(test_token),
		cmocka_unit_test(test_limit),   cmocka_unit_test(test_bombs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
