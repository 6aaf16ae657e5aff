/* Base subjects (RFC 5256 §2.1) and message-ids. */
#include "test.h"

#include "arena.h"
#include "text.h"

static const struct {
	const char *in, *out;
	bool reply;
} cases[] = {
	{ "", "", false },
	{ "foo", "foo", false },
	{ "  foo \t bar ", "foo bar", false },
	{ "foo\r\n bar\r\n\tbaz", "foo bar baz", false },
	/* (2) */
	{ "foo (fwd)", "foo", true },
	{ "foo(FWD)  (fwd) ", "foo", true },
	{ "(fwd)", "", true },
	{ "foo (fwd) bar", "foo (fwd) bar", false },
	/* (3) */
	{ "Re: foo", "foo", true },
	{ "RE:foo", "foo", true },
	{ "fw: foo", "foo", true },
	{ "Fwd: foo", "foo", true },
	{ "re  : foo", "foo", true },
	{ "re: re: fwd: foo", "foo", true },
	{ "Re[2]: foo", "foo", true },
	{ "Re [2] : foo", "foo", true },
	{ "re:", "", true },
	{ "re", "re", false },
	{ "reply: foo", "reply: foo", false },
	{ "fwdx: foo", "fwdx: foo", false },
	{ "Aw: foo", "Aw: foo", false },
	{ "re[2: foo", "re[2: foo", false },
	{ "re[2][3]: foo", "re[2][3]: foo", false },
	/* (4) */
	{ "[list] foo", "foo", false },
	{ "[list]foo", "foo", false },
	{ "[a] [b] foo", "foo", false },
	{ "[list]", "[list]", false },
	{ "[a] [b]", "[b]", false },
	{ "[list] re: foo", "foo", true },
	{ "re: [list] foo", "foo", true },
	{ "re: [list] re: [list] foo", "foo", true },
	{ "[a][b]re: [c] [d]", "[d]", true },
	{ "[list foo", "[list foo", false },
	{ "[a[b] foo", "[a[b] foo", false },
	{ "[] foo", "foo", false },
	{ "[a] (fwd)", "[a]", true },
	/* (6) */
	{ "[fwd: foo]", "foo", true },
	{ "[Fwd: Re: foo (fwd)]", "foo", true },
	{ "[fwd: [fwd: foo]]", "foo", true },
	{ "[fwd: [list] foo]", "foo", true },
	{ "[fwd:]", "", true },
	{ "[fwd: foo] bar", "bar", false },
	{ "[fwd: foo", "[fwd: foo", false },
	{ "re: [fwd: foo]", "foo", true },
	{ "[a [fwd: foo]]", "[a [fwd: foo]]", false },
	/* (1) */
	{ "=?utf-8?Q?Re:_caf=C3=A9?=", "caf\u00e9", true },
	{ "=?utf-8?Q?_=09foo__bar_?=", "foo bar", false },
	{ "Re: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\u65e5\u672c", true },
};

static void test_base(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool reply = !cases[i].reply;
		subject_base(&out, &a, bytes_of(cases[i].in), &reply);
		if (!bytes_is(buf_view(&out), cases[i].out) || reply != cases[i].reply)
			fail_msg("\"%s\": got \"%.*s\", reply %d", cases[i].in, (int)out.n, out.p,
				 reply);
		buf_reset(&out);
	}
	subject_base(&out, &a, BYTES("re: x"), NULL);
	assert_bytes(buf_view(&out), "x");
	buf_free(&out);
	arena_free(&a);
}

/* A million blobs must not cost their square. */
static void test_base_hostile(void **state)
{
	static const char *const units[] = { "[a]", "re:", "[fwd:", "(fwd)", "[a]re:" };
	struct arena a = ARENA_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		buf_reset(&in);
		buf_reset(&out);
		for (int k = 0; k < 1000000; k++)
			buf_str(&in, units[i]);
		subject_base(&out, &a, buf_view(&in), NULL);
		assert_true(out.n <= in.n);
	}
	buf_free(&in);
	buf_free(&out);
	arena_free(&a);
}

static const struct {
	const char *in;
	const char *ids[4];
} lists[] = {
	{ "", { NULL } },
	{ "<a@b>", { "a@b" } },
	{ " <a@b>\r\n\t<c@d> text <e@f>", { "a@b", "c@d", "e@f" } },
	{ "<a@b><c@d>", { "a@b", "c@d" } },
	/* RFC 5256 §3: the same */
	{ "<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", { "01KF8JCEOCBS0045PS@xxx.yyy.com" } },
	{ "<01KF8JCEOCBS0045PS@xxx.yyy.com>", { "01KF8JCEOCBS0045PS@xxx.yyy.com" } },
	{ "<\"a\\\"b>c\"@d>", { "a\"b>c@d" } },
	{ "<\"a b\"@c>", { "a b@c" } },
	{ "<a\r\n @b>", { "a@b" } },
	{ "<\"a\\\n b\"@c>", { "a b@c" } },
	{ "<a@[1.2.3.4]>", { "a@[1.2.3.4]" } },
	{ "<a@b@c>", { "a@b@c" } },
	/* none */
	{ "a@b", { NULL } },
	{ "<>", { NULL } },
	{ "<noat>", { NULL } },
	{ "<@b> <a@>", { NULL } },
	{ "<a@b", { NULL } },
	{ "<a <b@c>", { "b@c" } },
	{ "<\"a@b> <c@d>", { "c@d" } },
	{ "Your message of Monday <20240101@x> joe@y", { "20240101@x" } },
};

static void test_msgids(void **state)
{
	struct arena a = ARENA_INIT;
	struct bytes ids[4];

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		size_t want = 0, n = msgid_list(&a, bytes_of(lists[i].in), ids, 4);
		while (want < 4 && lists[i].ids[want])
			want++;
		if (n != want)
			fail_msg("\"%s\": %zu ids", lists[i].in, n);
		for (size_t k = 0; k < n; k++)
			if (!bytes_is(ids[k], lists[i].ids[k]))
				fail_msg("\"%s\": got \"%.*s\"", lists[i].in, (int)ids[k].n,
					 ids[k].p);
	}
	assert_int_equal(msgid_list(&a, BYTES("<a@b> <c@d> <e@f>"), ids, 2), 2);
	assert_bytes(ids[1], "c@d");
	assert_int_equal(msgid_list(&a, BYTES("<a@b>"), ids, 0), 0);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_base_hostile),
		cmocka_unit_test(test_msgids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
