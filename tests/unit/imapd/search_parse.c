/* SEARCH's keys into trees, RFC 3501 §6.4.4 and §9. */
#include "test.h"

#include "search.h"

static struct arena arena;

static void dump_key(struct buf *out, const struct search_key *k)
{
	static const char *const names[] = {
		"all",    "and",       "or",      "seq",    "uid",  "flag",  "keyword",
		"recent", "larger",    "smaller", "before", "on",   "since", "sentbefore",
		"senton", "sentsince", "header",  "body",   "text",
	};

	buf_str(out, k->negate ? "!" : "");
	buf_str(out, names[k->kind]);
	if (k->name.n) {
		buf_char(out, ':');
		buf_bytes(out, k->name);
	}
	if (k->flag)
		buf_printf(out, ":%x", (unsigned)k->flag);
	if (k->number)
		buf_printf(out, ":%llu", (unsigned long long)k->number);
	if (k->day)
		buf_printf(out, ":%lld", (long long)k->day);
	for (size_t i = 0; i < k->set.n; i++)
		buf_printf(out, ":%u-%u", k->set.r[i].first, k->set.r[i].last);
	if (k->child) {
		buf_char(out, '(');
		for (const struct search_key *c = k->child; c; c = c->next) {
			dump_key(out, c);
			buf_str(out, c->next ? " " : "");
		}
		buf_char(out, ')');
	}
}

static const char *dump(const char *text)
{
	static struct buf out;
	struct search_plan plan = { 0 };
	struct bytes c = bytes_of(text);
	const char *bad = search_parse(&c, &arena, 10, 100, &plan);

	buf_reset(&out);
	if (bad)
		return "BAD";
	if (plan.bad_charset)
		return "CHARSET";
	dump_key(&out, plan.root);
	return buf_cstr(&out);
}

static const struct {
	const char *args, *want;
} good[] = {
	{ "ALL", "and(all)" },
	{ "unseen deleted", "and(!flag:1 flag:8)" },
	{ "NEW", "and(and(!flag:1 recent))" },
	{ "OLD RECENT", "and(!recent recent)" },
	{ "5,1:3,9:*", "and(seq:1-3:5-5:9-10)" },
	{ "UID 50:*", "and(uid:50-100)" },
	{ "999", "and(seq:999-999)" },
	{ "NOT SEEN", "and(!and(flag:1))" },
	{ "NOT NOT SEEN", "and(!and(!and(flag:1)))" },
	{ "OR SEEN DELETED", "and(or(flag:1 flag:8))" },
	{ "OR (SEEN DRAFT) NOT 1", "and(or(and(flag:1 flag:10) !and(seq:1-1)))" },
	{ "((SEEN))", "and(and(and(flag:1)))" },
	{ "KEYWORD $Junk UNKEYWORD b", "and(keyword:$Junk !keyword:b)" },
	{ "LARGER 5 SMALLER 7", "and(larger:5 smaller:7)" },
	{ "SINCE 1-Feb-1970 BEFORE \"01-Mar-1970\"", "and(since:31 before:59)" },
	{ "ON 2-jan-1970 SENTON 3-Jan-1970", "and(on:1 senton:Date:2)" },
	{ "FROM x SEEN", "and(flag:1 header:From)" },
	{ "TEXT x FROM y HEADER Received z 1", "and(seq:1-1 header:From header:Received text)" },
	{ "BODY x OR TEXT y SUBJECT z TO {1+}\r\na",
	  "and(header:To body or(header:Subject text))" },
	{ "HEADER Message-ID \"\"", "and(header:Message-ID)" },
	{ "TEXT \"\"", "and(all)" },
	{ "CHARSET UTF-8 SUBJECT {2+}\r\n\xc3\xa9", "and(header:Subject)" },
	{ "CHARSET \"us-ascii\" ALL", "and(all)" },
	{ "CHARSET ISO-8859-1 SUBJECT {1+}\r\n\xe9", "and(header:Subject)" },
	{ "CHARSET X-UNKNOWN SUBJECT a", "CHARSET" },
	{ "SUBJECT {1+}\r\n\xe9", "CHARSET" },
};

static const char *const bad[] = {
	"",
	" ALL",
	"ALL ",
	"FOO",
	"()",
	"(ALL",
	"ALL)",
	"NOT",
	"NOT ",
	"OR SEEN",
	"OR SEEN ",
	"OR SEEN DELETED ",
	"KEYWORD",
	"KEYWORD \\Seen",
	"KEYWORD (",
	"LARGER x",
	"LARGER",
	"LARGER -1",
	"SINCE 32-Jan-2000",
	"SINCE 1-Foo-2000",
	"SINCE",
	"SINCE 2000-01-01",
	"SINCE \"1-Jan-2000",
	"FROM",
	"FROM ",
	"HEADER a",
	"HEADER",
	"UID x",
	"UID",
	"UID 0",
	"0",
	"1:",
	"1,",
	"1;2",
	"CHARSET",
	"CHARSET UTF-8",
	"CHARSET \"\" ALL",
	"CHARSET UTF-8 SUBJECT {1+}\r\n\xe9",
	"SEEN CHARSET UTF-8 SEEN",
	"SEENX",
	"SEEN  SEEN",
	"FROM {5+}\r\nabc",
};

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_string_equal(dump(good[i].args), good[i].want);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (strcmp(dump(bad[i]), "BAD"))
			fail_msg("accepted: %s", bad[i]);
	arena_free(&arena);
}

/* n times `open`, then ALL, then n times `close`. */
static bool accepts(unsigned n, const char *open, const char *close)
{
	struct search_plan plan = { 0 };
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < n; i++)
		buf_str(&b, open);
	buf_str(&b, "ALL");
	for (unsigned i = 0; i < n; i++)
		buf_str(&b, close);
	struct bytes c = buf_view(&b);
	bool ok = !search_parse(&c, &arena, 1, 1, &plan);
	buf_free(&b);
	arena_free(&arena);
	return ok;
}

static void test_limits(void **state)
{
	(void)state;
	assert_true(accepts(IMAP_SEARCH_DEPTH - 1, "(", ")"));
	assert_false(accepts(IMAP_SEARCH_DEPTH, "(", ")"));
	assert_true(accepts(IMAP_SEARCH_DEPTH - 1, "NOT ", ""));
	assert_false(accepts(IMAP_SEARCH_DEPTH, "NOT ", ""));
	assert_true(accepts(IMAP_SEARCH_DEPTH - 1, "OR ", " ALL"));
	assert_false(accepts(IMAP_SEARCH_DEPTH, "OR ", " ALL"));
	assert_true(accepts(IMAP_SEARCH_KEYS - 1, "ALL ", ""));
	assert_false(accepts(IMAP_SEARCH_KEYS, "ALL ", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
