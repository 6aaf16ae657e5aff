/* FETCH's data items into plans, RFC 3501 §6.4.5 and §9. */
#include "test.h"

#include "fetch.h"

static struct arena arena;

/* Labels as the response has them, then what the plan needs. */
static const char *dump(const char *text)
{
	static struct buf out;
	struct fetch_plan plan;
	struct bytes c = bytes_of(text);
	const char *bad = fetch_parse(&c, &arena, &plan);

	buf_reset(&out);
	if (bad || c.n)
		return "BAD";
	for (size_t i = 0; i < plan.n; i++)
		buf_bytes(&out, plan.items[i].label);
	buf_char(&out, '/');
	buf_str(&out, plan.seen ? "seen" : "");
	buf_str(&out, plan.file ? "file" : "");
	buf_str(&out, plan.cached & 1u << ITEM_HEADERS ? "headers" : "");
	return buf_cstr(&out);
}

static const struct {
	const char *args, *want;
} good[] = {
	{ "ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE /" },
	{ "fast", "FLAGS INTERNALDATE RFC822.SIZE /" },
	{ "Full", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY /" },
	{ "uid", "UID /" },
	{ "(FLAGS UID flags)", "FLAGS UID /" },
	{ "(BODYSTRUCTURE BODY)", "BODYSTRUCTURE BODY /" },
	{ "BODY[]", "BODY[] /seenfile" },
	{ "body.peek[]", "BODY[] /file" },
	{ "(BODY[] BODY.PEEK[])", "BODY[] /seenfile" },
	{ "RFC822", "RFC822 /seenfile" },
	{ "RFC822.HEADER", "RFC822.HEADER /file" },
	{ "rfc822.text", "RFC822.TEXT /seenfile" },
	{ "RFC822.SIZE", "RFC822.SIZE /" },
	{ "BODY[header]", "BODY[HEADER] /seenfile" },
	{ "BODY.PEEK[TEXT]<0.10>", "BODY[TEXT]<0> /file" },
	{ "BODY.PEEK[1]<5.4294967296>", "BODY[1]<5> /file" },
	{ "BODY.PEEK[1.mime]", "BODY[1.MIME] /file" },
	{ "BODY.PEEK[4.2.2.1]", "BODY[4.2.2.1] /file" },
	{ "BODY.PEEK[3.TEXT]", "BODY[3.TEXT] /file" },
	{ "BODY.PEEK[HEADER.FIELDS (Subject FROM)]",
	  "BODY[HEADER.FIELDS (Subject FROM)] /headers" },
	{ "BODY.PEEK[HEADER.FIELDS (\"Date\")]", "BODY[HEADER.FIELDS (Date)] /headers" },
	{ "BODY.PEEK[HEADER.FIELDS ({2+}\r\nTo)]", "BODY[HEADER.FIELDS (To)] /headers" },
	{ "BODY.PEEK[HEADER.FIELDS (\"a b\" \"x\\\"y\" \"p]q\")]",
	  "BODY[HEADER.FIELDS (\"a b\" \"x\\\"y\" \"p]q\")] /file" },
	{ "BODY.PEEK[HEADER.FIELDS (Received)]", "BODY[HEADER.FIELDS (Received)] /file" },
	{ "BODY.PEEK[HEADER.FIELDS.NOT (To)]<3.9>", "BODY[HEADER.FIELDS.NOT (To)]<3> /file" },
	{ "BODY.PEEK[2.HEADER.FIELDS (To)]", "BODY[2.HEADER.FIELDS (To)] /file" },
	{ "BODY[HEADER.FIELDS (To)]", "BODY[HEADER.FIELDS (To)] /seenheaders" },
};

static const char *const bad[] = {
	"",
	"()",
	"(",
	"FLAGS UID",
	"(FLAGS",
	"(FLAGS )",
	"( FLAGS)",
	"(FLAGS  UID)",
	"(ALL)",
	"(FAST UID)",
	"FLAG",
	"FLAGSX",
	"BODY.PEEK",
	"BODY[",
	"BODY[]<",
	"BODY[]<0>",
	"BODY[]<0.0>",
	"BODY[]<.5>",
	"BODY[]<-1.5>",
	"BODY[]<1.5",
	"BODY[]<9223372036854775808.1>",
	"BODY[MIME]",
	"BODY[0]",
	"BODY[1.0]",
	"BODY[1.]",
	"BODY[.1]",
	"BODY[1..2]",
	"BODY[1a]",
	"BODY[4294967296]",
	"BODY[HEADER.FIELDS]",
	"BODY[HEADER.FIELDS ()]",
	"BODY[HEADER.FIELDS (a]",
	"BODY[HEADER.FIELDS  (a)]",
	"BODY[HEADER.FIELDS (a )]",
	"BODY[HEADER.FIELDS (\"\")]",
	"BODY[HEADER.FIELDS.NOT]",
	"BODY[HEADER.MIME]",
	"BODY[TEXT.1]",
	"BODY[1.FOO]",
	"BODY[HEADERX]",
	"RFC822[]",
	"RFC822.PEEK",
	"BODY []",
	"BODY[ ]",
	"BODYSTRUCTURE[]",
	"UID[]",
	"(ENVELOPE))",
};

static void test_plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_string_equal(dump(good[i].args), good[i].want);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (strcmp(dump(bad[i]), "BAD"))
			fail_msg("accepted: %s", bad[i]);
	}
	arena_free(&arena);
}

static void test_limit(void **state)
{
	struct buf items = BUF_INIT;
	struct fetch_plan plan;
	struct bytes c;

	(void)state;
	for (unsigned i = 1; i <= IMAP_FETCH_ITEMS + 1; i++) {
		buf_printf(&items, "%cBODY[%u]", i == 1 ? '(' : ' ', i);
		struct buf whole = BUF_INIT;
		buf_printf(&whole, "%.*s)", (int)items.n, items.p);
		c = buf_view(&whole);
		assert_int_equal(fetch_parse(&c, &arena, &plan) == NULL, i <= IMAP_FETCH_ITEMS);
		buf_free(&whole);
		arena_reset(&arena);
	}
	buf_free(&items);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
