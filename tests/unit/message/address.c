/* Address lists: RFC 5322 appendix A, and what real mail has. */
#include "test.h"

#include "address.h"
#include "buf.h"

static void show(struct buf *out, struct bytes b)
{
	buf_str(out, b.p ? "[" : "-");
	buf_bytes(out, b);
	buf_str(out, b.p ? "]" : "");
}

/* "name route mailbox host", "-" for NULL, one address a line. */
static void show_list(struct buf *out, const struct address *a)
{
	for (; a; a = a->next) {
		show(out, a->name);
		show(out, a->route);
		show(out, a->mailbox);
		show(out, a->host);
		buf_char(out, '\n');
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
		show_list(&out, address_parse(&a, bytes_of(rows[i].value)));
		if (strcmp(buf_cstr(&out), rows[i].want) != 0)
			fail_msg("%s\ngot\n%swant\n%s", rows[i].value, buf_cstr(&out),
				 rows[i].want);
		buf_free(&out);
		arena_free(&a);
	}
}

static void test_rfc5322(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* appendix A.1.1, A.1.2 */
		{ " John Doe <jdoe@machine.example>", "[John Doe]-[jdoe][machine.example]\n" },
		{ "\"Joe Q. Public\" <john.q.public@example.com>",
		  "[Joe Q. Public]-[john.q.public][example.com]\n" },
		{ "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
		  "[Mary Smith]-[mary][x.test]\n--[jdoe][example.org]\n[Who?]-[one][y.test]\n" },
		{ "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
		  "--[boss][nil.test]\n[Giant; \"Big\" Box]-[sysservices][example.net]\n" },
		/* A.1.3 */
		{ "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
		  "--[A Group]-\n[Ed Jones]-[c][a.test]\n--[joe][where.test]\n"
		  "[John]-[jdoe][one.test]\n----\n" },
		{ "Undisclosed recipients:;", "--[Undisclosed recipients]-\n----\n" },
		/* A.2 */
		{ "\"Mary Smith: Personal Account\" <smith@home.example>",
		  "[Mary Smith: Personal Account]-[smith][home.example]\n" },
		/* A.5 */
		{ "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
		  "[Pete]-[pete][silly.test]\n" },
		{ "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
		  "         joe@example.org,\r\n"
		  "  John <jdoe@one.test> (my dear friend); (the end of the group)\r\n",
		  "--[A Group]-\n[Chris Jones]-[c][public.example]\n--[joe][example.org]\n"
		  "[John]-[jdoe][one.test]\n----\n" },
		{ "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
		  "--[Hidden recipients]-\n----\n" },
		/* A.6.1 */
		{ "Joe Q. Public <john.q.public@example.com>",
		  "[Joe Q. Public]-[john.q.public][example.com]\n" },
		{ "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
		  "[Mary Smith][@node.test][mary][example.net]\n--[jdoe][test.example]\n" },
		/* A.6.3 */
		{ "John Doe <jdoe@machine(comment).  example>",
		  "[John Doe]-[jdoe][machine.example]\n" },
		{ "Mary Smith\r\n          <mary@example.net>",
		  "[Mary Smith]-[mary][example.net]\n" },
		/* §3.4.1 */
		{ "x@[192.0.2.1], y@[IPv6:2001:db8::1], \"a b\"@c, \"q@r\\\"s\"@t",
		  "--[x][[192.0.2.1]]\n--[y][[IPv6:2001:db8::1]]\n--[a b][c]\n--[q@r\"s][t]\n" },
		/* §4.4 */
		{ "<@a.test,@b.test:c@d>, < , @e.test : f . g @ h . i >",
		  "-[@a.test,@b.test][c][d]\n-[@e.test][f.g][h.i]\n" },
		{ ",,a@b,,,c@d,", "--[a][b]\n--[c][d]\n" },
	};
	check(rows, COUNT(rows));
}

static void test_names(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a@b (Name)", "[Name]-[a][b]\n" },
		{ "a@b (One (two\\)) three)", "[One (two)) three]-[a][b]\n" },
		{ "a@b (one) (two)", "[two]-[a][b]\n" },
		{ "<a@b> (Name), c@d", "[Name]-[a][b]\n--[c][d]\n" },
		{ "X <a@b> (Name)", "[X]-[a][b]\n" },
		{ "(Name) a@b", "[Name]-[a][b]\n" },
		{ "a@b ()", "--[a][b]\n" },
		{ "\"\" <a@b>", "--[a][b]\n" },
		{ "=?utf-8?q?J=C3=BC?=\r\n =?utf-8?q?rgen?= <a@b>",
		  "[=?utf-8?q?J=C3=BC?= =?utf-8?q?rgen?=]-[a][b]\n" },
		{ "=?utf-8?Q?M=C3=BC,_<H>?= <a@b>, c@d",
		  "[=?utf-8?Q?M=C3=BC,_<H>?=]-[a][b]\n--[c][d]\n" },
		{ "=?\"?q?x?= <a@b>, \"c", "[=?\"?q?x?=]-[a][b]\n--[\"c][]\n" },
		{ "=?\"?q?x?= y  z <a@b>, c\"", "[=?\"?q?x?= y z]-[a][b]\n--[c\"][]\n" },
		{ "=?(?q?x?= y  z <a@b>, c)", "[=?(?q?x?= y z]-[a][b]\n--[c)][]\n" },
		{ "=?x?z?a,b?= <c@d>", "--[=?x?z?a][]\n[b?=]-[c][d]\n" },
		{ "J\xfcrgen Dr. M. <a@b>", "[J\xfcrgen Dr. M.]-[a][b]\n" },
		{ "\"J\xc3\xbcrgen\" \t \"X. Y\" Z <a@b>", "[J\xc3\xbcrgen X. Y Z]-[a][b]\n" },
		{ "a@b <c@d>", "[a@b]-[c][d]\n" },
		{ "\"a\\\\b\\c\" <a@b>", "[a\\bc]-[a][b]\n" },
		{ "DOMAIN\\user <a@b>", "[DOMAIN\\user]-[a][b]\n" },
		{ "[List: x] y <a@b>", "[[List: x] y]-[a][b]\n" },
	};
	check(rows, COUNT(rows));
}

static void test_broken(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", "" },
		{ " \r\n ", "" },
		{ "(only a comment)", "" },
		{ ";;,>", "" },
		{ "root", "--[root][]\n" },
		{ "John Smith", "--[John Smith][]\n" },
		{ "John Smith, root", "--[John Smith][]\n--[root][]\n" },
		{ "Foo <root>", "[Foo]-[root][]\n" },
		{ "<>", "--[][]\n" },
		{ "Foo <>, a@b", "[Foo]-[][]\n--[a][b]\n" },
		{ "@b", "--[][b]\n" },
		{ "a@", "--[a][]\n" },
		{ "a@b@c", "--[a@b][c]\n" },
		{ "a@b; c@d;", "--[a][b]\n--[c][d]\n" },
		{ "Foo <a@b, c@d>", "[Foo]-[a][b]\n--[c][d]\n" },
		{ "Foo <a@b", "[Foo]-[a][b]\n" },
		{ "Foo <a@b Bar <c@d>", "[Foo]-[a][b Bar]\n--[c][d]\n" },
		{ "Foo <a@b> Bar <c@d>", "[Foo]-[a][b]\n[Bar]-[c][d]\n" },
		{ "<<a@b>>", "--[a][b]\n" },
		{ "\"Foo <a@b>, c@d", "[\"Foo]-[a][b]\n--[c][d]\n" },
		{ "Foo (bar <a@b>, c@d", "[Foo (bar]-[a][b]\n--[c][d]\n" },
		{ "x@[1.2.3.4 , a@b", "--[x][[1.2.3.4]\n--[a][b]\n" },
		{ "x@[1.2\r\n .3.4], y@[5.6\n\t.7.8]", "--[x][[1.2 .3.4]]\n--[y][[5.6\t.7.8]]\n" },
		{ "G: a@b, c@d", "--[G]-\n--[a][b]\n--[c][d]\n----\n" },
		{ "G: H: a@b;, c@d", "--[G]-\n--[H: a][b]\n----\n--[c][d]\n" },
		{ ":;", "--[]-\n----\n" },
		{ "Foo <@b>", "[Foo]-[][b]\n" },
		{ "<@a,@b(c)>, d@e", "--[][a]\n[c]-[][b]\n--[d][e]\n" },
		{ "Foo <@b:>", "[Foo][@b][][]\n" },
		{ "a@b\r\n\tc@d", "--[a@b c][d]\n" },
	};
	check(rows, COUNT(rows));
}

static void test_nul(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct address *list = address_parse(&a, BYTES("x\0y <a\0b@c>"));
	assert_bytes(list->name, "x\0y");
	assert_bytes(list->mailbox, "a\0b");
	assert_null(list->next);
	arena_free(&a);
}

static size_t count(const struct address *list)
{
	size_t n = 0;
	for (; list; list = list->next)
		n++;
	return n;
}

static void test_limit(void **state)
{
	(void)state;
	for (size_t n = ADDRESS_MAX - 1; n <= ADDRESS_MAX + 1; n++) {
		struct arena a = ARENA_INIT;
		struct buf b = BUF_INIT;
		for (size_t i = 0; i < n; i++)
			buf_str(&b, "a@b,");
		size_t want = n < ADDRESS_MAX ? n : ADDRESS_MAX;
		assert_int_equal(count(address_parse(&a, buf_view(&b))), want);
		buf_free(&b);
		arena_free(&a);
	}
}

/* Each would take minutes if time were quadratic. */
static void test_bombs(void **state)
{
	(void)state;
	static const char *const units[] = {
		"<",      "<@a,", "\"",    "(", ")(",  "\\\"", "a@",       "=?",
		"=?a?q?", "[",    "<a@b(", ":", "@[",  "(\\",  "\"a\"(b)", "<@",
		"a ",     " .",   ",",     ";", "a:;", "\"\\", "=?q?b?=",
	};
	for (size_t i = 0; i < COUNT(units); i++) {
		struct arena a = ARENA_INIT;
		struct buf b = BUF_INIT;
		while (b.n < 1 << 20)
			buf_str(&b, units[i]);
		assert_true(count(address_parse(&a, buf_view(&b))) <= ADDRESS_MAX + 1);
		buf_free(&b);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc5322), cmocka_unit_test(test_names),
		cmocka_unit_test(test_broken),  cmocka_unit_test(test_nul),
		cmocka_unit_test(test_limit),   cmocka_unit_test(test_bombs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
