/* BODY and BODYSTRUCTURE of whole messages, the same however they are stored. */
#include "test.h"

#include "parsed.h"

#define PLAIN(octets, lines) \
	"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" " octets " " lines ")"

struct row {
	const char *name, *text, *want;
};

/* BODY comes out of BODYSTRUCTURE as it comes out of the message; cut, no more comes out of
 * it than goes in. */
static void check_short(struct parsed *t)
{
	struct buf full = BUF_INIT, want = BUF_INIT, got = BUF_INIT;

	bodystructure_write(&full, &t->arena, &t->m, true);
	bodystructure_write(&want, &t->arena, &t->m, false);
	body_write(&got, buf_view(&full));
	if (!bytes_eq(buf_view(&got), buf_view(&want)))
		fail_msg("got  %s\nwant %s", buf_cstr(&got), buf_cstr(&want));
	for (size_t n = 0; n < full.n; n++) {
		struct bytes cut = arena_bytes(&t->arena, bytes_sub(buf_view(&full), 0, n));

		buf_reset(&got);
		body_write(&got, cut);
		assert_true(got.n <= n);
	}
	buf_free(&full);
	buf_free(&want);
	buf_free(&got);
}

static void check(const struct row *rows, size_t n, bool extended)
{
	for (size_t i = 0; i < n; i++) {
		for (enum newlines how = 0; how < NEWLINES; how++) {
			struct parsed t;
			parsed_open(&t, bytes_of(rows[i].text), how);
			bodystructure_write(&t.out, &t.arena, &t.m, extended);
			check_short(&t);
			if (!bytes_is(buf_view(&t.out), rows[i].want))
				fail_msg("%s (%d)\ngot  %s\nwant %s", rows[i].name, (int)how,
					 buf_cstr(&t.out), rows[i].want);
			parsed_close(&t);
		}
	}
}

static const char simple[] = "From: Nathaniel Borenstein <nsb@bellcore.com>\n"
			     "To: Ned Freed <ned@innosoft.com>\n"
			     "Date: Sun, 21 Mar 1993 23:56:48 -0800 (PST)\n"
			     "Subject: Sample message\n"
			     "MIME-Version: 1.0\n"
			     "Content-type: multipart/mixed; boundary=\"simple boundary\"\n"
			     "\n"
			     "This is the preamble.  It is to be ignored, though it\n"
			     "is a handy place for composition agents to include an\n"
			     "explanatory note to non-MIME conformant readers.\n"
			     "\n"
			     "--simple boundary\n"
			     "\n"
			     "This is implicitly typed plain US-ASCII text.\n"
			     "It does NOT end with a linebreak.\n"
			     "--simple boundary\n"
			     "Content-type: text/plain; charset=us-ascii\n"
			     "\n"
			     "This is explicitly typed plain US-ASCII text.\n"
			     "It DOES end with a linebreak.\n"
			     "\n"
			     "--simple boundary--\n"
			     "\n"
			     "This is the epilogue.  It is also to be ignored.\n";

static const char digest[] = "From: Moderator-Address\n"
			     "To: Recipient-List\n"
			     "Date: Mon, 22 Mar 1994 13:34:51 +0000\n"
			     "Subject: Internet Digest, volume 42\n"
			     "MIME-Version: 1.0\n"
			     "Content-Type: multipart/mixed;\n"
			     "              boundary=\"---- main boundary ----\"\n"
			     "\n"
			     "------ main boundary ----\n"
			     "\n"
			     "  ...Introductory text or table of contents...\n"
			     "\n"
			     "------ main boundary ----\n"
			     "Content-Type: multipart/digest;\n"
			     "              boundary=\"---- next message ----\"\n"
			     "\n"
			     "------ next message ----\n"
			     "\n"
			     "From: someone-else\n"
			     "Date: Fri, 26 Mar 1993 11:13:32 +0200\n"
			     "Subject: my opinion\n"
			     "\n"
			     "  ...body goes here ...\n"
			     "\n"
			     "------ next message ----\n"
			     "\n"
			     "From: someone-else-again\n"
			     "Date: Fri, 26 Mar 1993 10:07:13 -0500\n"
			     "Subject: my different opinion\n"
			     "\n"
			     "  ... another body goes here ...\n"
			     "\n"
			     "------ next message ------\n"
			     "\n"
			     "------ main boundary ------\n";

static const char complex_message[] =
	"MIME-Version: 1.0\n"
	"From: Nathaniel Borenstein <nsb@nsb.fv.com>\n"
	"To: Ned Freed <ned@innosoft.com>\n"
	"Date: Fri, 07 Oct 1994 16:15:05 -0700 (PDT)\n"
	"Subject: A multipart example\n"
	"Content-Type: multipart/mixed;\n"
	"              boundary=unique-boundary-1\n"
	"\n"
	"This is the preamble area of a multipart message.\n"
	"--unique-boundary-1\n"
	"\n"
	"  ... Some text appears here ...\n"
	"\n"
	"--unique-boundary-1\n"
	"Content-type: text/plain; charset=US-ASCII\n"
	"\n"
	"This could have been part of the previous part.\n"
	"\n"
	"--unique-boundary-1\n"
	"Content-Type: multipart/parallel; boundary=unique-boundary-2\n"
	"\n"
	"--unique-boundary-2\n"
	"Content-Type: audio/basic\n"
	"Content-Transfer-Encoding: base64\n"
	"\n"
	"AAAA\n"
	"\n"
	"--unique-boundary-2\n"
	"Content-Type: image/jpeg\n"
	"Content-Transfer-Encoding: base64\n"
	"\n"
	"BBBB\n"
	"\n"
	"--unique-boundary-2--\n"
	"\n"
	"--unique-boundary-1\n"
	"Content-type: text/enriched\n"
	"\n"
	"This is <bold>enriched.</bold>\n"
	"\n"
	"--unique-boundary-1\n"
	"Content-Type: message/rfc822\n"
	"\n"
	"From: (mailbox in US-ASCII)\n"
	"To: (address in US-ASCII)\n"
	"Subject: (subject in US-ASCII)\n"
	"Content-Type: Text/plain; charset=ISO-8859-1\n"
	"Content-Transfer-Encoding: Quoted-printable\n"
	"\n"
	"  ... Additional text in ISO-8859-1 goes here ...\n"
	"\n"
	"--unique-boundary-1--\n";

static void test_rfc(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "RFC 2046 §5.1.1", simple, "(" PLAIN("80", "1") PLAIN("78", "2") " \"mixed\")" },
		{ "RFC 2046 §5.1.5", digest,
		  "(" PLAIN(
			  "48",
			  "1") "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 107 (\"Fri, 26 Mar 1993 11:13:32 "
			       "+0200\" \"my opinion\" ((NIL NIL \"someone-else\" \"\")) ((NIL NIL "
			       "\"someone-else\" \"\")) ((NIL NIL \"someone-else\" \"\")) NIL NIL NIL NIL NIL) " PLAIN(
				       "25",
				       "1") " 5)"
					    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 132 (\"Fri, 26 Mar 1993 10:07:13 "
					    "-0500\" \"my different opinion\" ((NIL NIL \"someone-else-again\" \"\")) ((NIL "
					    "NIL \"someone-else-again\" \"\")) ((NIL NIL \"someone-else-again\" \"\")) NIL "
					    "NIL NIL NIL NIL) " PLAIN(
						    "34", "1") " 5) \"digest\") \"mixed\")" },
		{ "RFC 2049 appendix A", complex_message,
		  "(" PLAIN(
			  "34",
			  "1") "(\"text\" \"plain\" (\"charset\" \"US-ASCII\") NIL NIL \"7bit\" 49 1)"
			       "((\"audio\" \"basic\" NIL NIL NIL \"base64\" 6)"
			       "(\"image\" \"jpeg\" NIL NIL NIL \"base64\" 6) \"parallel\")"
			       "(\"text\" \"enriched\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 32 1)"
			       "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 232 (NIL \"(subject in US-ASCII)\" "
			       "NIL NIL NIL NIL NIL NIL NIL NIL) (\"Text\" \"plain\" (\"charset\" "
			       "\"ISO-8859-1\") NIL NIL \"Quoted-printable\" 51 1) 7) \"mixed\")" },
	};
	check(rows, COUNT(rows), false);
}

static void test_fields(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "all of a part",
		  "Content-Type: Text/HTML; charset=utf-8;\n name=\"a \\\"b\\\".html\"\n"
		  "Content-ID: <960723163407.20117h@cac.washington.edu>\n"
		  "Content-Description: Compiler\n diff\n"
		  "Content-Transfer-Encoding: BASE64\n"
		  "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n"
		  "Content-Disposition: attachment; filename*=utf-8''%c3%a4; size=12\n"
		  "Content-Language: en, (x) de-DE,\n"
		  "Content-Location: http://example.com/x\n"
		  "\n"
		  "QUJD\n",
		  "(\"Text\" \"HTML\" (\"charset\" \"utf-8\" \"name\" \"a \\\"b\\\".html\") "
		  "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 6 1 "
		  "\"Q2hlY2sgSW50ZWdyaXR5IQ==\" (\"attachment\" (\"filename*\" \"utf-8''%c3%a4\" "
		  "\"size\" \"12\")) (\"en\" \"de-DE\") \"http://example.com/x\")" },
		{ "all of a multipart",
		  "Content-Type: multipart/related; boundary=b; type=\"text/html\"\n"
		  "Content-Disposition: inline\n"
		  "Content-Language: en\n"
		  "Content-Location: x\n"
		  "Content-ID: <no place for it@x>\n"
		  "\n"
		  "--b\n\n\n--b--\n",
		  "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL "
		  "NIL) \"related\" (\"boundary\" \"b\" \"type\" \"text/html\") (\"inline\" NIL) "
		  "(\"en\") \"x\")" },
		{ "the first of several counts",
		  "Content-Type: text/html\nContent-Type: image/png\n"
		  "Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: base64\n"
		  "Content-ID: <1>\nContent-ID: <2>\n\nx",
		  "(\"text\" \"html\" (\"charset\" \"us-ascii\") \"<1>\" NIL \"8bit\" 1 0 NIL NIL "
		  "NIL NIL)" },
		{ "nothing in them",
		  "Content-Type:\nContent-Transfer-Encoding:\nContent-ID:\nContent-Description: \n"
		  "Content-Disposition: ; x=y\nContent-Language: ,;\nContent-Location:\n"
		  "Content-MD5:\n\n",
		  "(\"text\" \"plain\" (\"charset\" \"us-ascii\") \"\" \"\" \"7bit\" 0 0 \"\" NIL NIL "
		  "\"\")" },
		{ "not text: no charset, no lines", "Content-Type: application/x-y\n\na\nb\n",
		  "(\"application\" \"x-y\" NIL NIL NIL \"7bit\" 6 NIL NIL NIL NIL)" },
	};
	check(rows, COUNT(rows), true);
}

static void test_types(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "no header", "\nbody\n", PLAIN("6", "1") },
		{ "nothing at all", "", PLAIN("0", "0") },
		{ "no MIME-Version", "Content-Type: image/png\n\nx",
		  "(\"image\" \"png\" NIL NIL NIL \"7bit\" 1)" },
		{ "no subtype", "Content-Type: text\n\nx\n", PLAIN("3", "1") },
		{ "no subtype but a charset", "Content-Type: html; charset=utf-8\n\nx",
		  "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 1 0)" },
		{ "no type", "Content-Type: /plain\n\nx", PLAIN("1", "0") },
		{ "invalid in a digest",
		  "Content-Type: multipart/digest; boundary=b\n\n--b\nContent-Type: x\n\na: b\n--b--",
		  "(" PLAIN("4", "0") " \"digest\")" },
		{ "unknown encoding", "Content-Transfer-Encoding: (c) X-foo; bar\n\nx",
		  "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"X-foo\" 1 0)" },
		{ "spaces and comments", "Content-Type: (c) text / (d) html (e)\n\nx",
		  "(\"text\" \"html\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0)" },
		{ "multipart without a boundary", "Content-Type: multipart/mixed\n\n--\nx",
		  PLAIN("5", "1") },
		{ "multipart with an empty boundary",
		  "Content-Type: multipart/mixed; boundary=\" \"\n\n--\nx",
		  "(\"text\" \"plain\" (\"boundary\" \" \" \"charset\" \"us-ascii\") NIL NIL "
		  "\"7bit\" 5 1)" },
		{ "8-bit and quotes", "Content-Type: a/b; c=\"\xc3\xa4\"; d=\"\\\\\"\n\n",
		  "(\"a\" \"b\" (\"c\" {2}\r\n\xc3\xa4 \"d\" \"\\\\\") NIL NIL \"7bit\" 0)" },
		{ "multipart in base64 is read as it stands",
		  "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
		  "--b\n\nx\n--b--",
		  "(" PLAIN("1", "0") " \"mixed\")" },
	};
	check(rows, COUNT(rows), false);
}

#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

static void test_messages(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "message/rfc822 as the whole",
		  "Content-Type: message/rfc822\n\nSubject: x\n\ny\n",
		  "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 17 (NIL \"x\" NIL NIL NIL NIL NIL NIL "
		  "NIL NIL) " PLAIN("3", "1") " 3)" },
		{ "message/global", "Content-Type: message/GLOBAL\n\nSubject: x\n\ny\n",
		  "(\"message\" \"GLOBAL\" NIL NIL NIL \"7bit\" 17 (NIL \"x\" NIL NIL NIL NIL NIL NIL "
		  "NIL NIL) " PLAIN("3", "1") " 3)" },
		{ "another message type", "Content-Type: message/delivery-status\n\na: b\n",
		  "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 6)" },
		{ "in base64",
		  "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDo=\n",
		  "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 14 " NO_ENVELOPE
		  " " PLAIN("0", "0") " 1)" },
		{ "in 8bit", "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8BIT\n\n\nx",
		  "(\"message\" \"rfc822\" NIL NIL NIL \"8BIT\" 3 " NO_ENVELOPE
		  " " PLAIN("1", "0") " 1)" },
		{ "empty",
		  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
		  "\n--b--",
		  "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 2 " NO_ENVELOPE
		  " " PLAIN("0", "0") " 1) \"mixed\")" },
		{ "of nothing",
		  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n"
		  "\n--b--",
		  "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 0 " NO_ENVELOPE
		  " " PLAIN("0", "0") " 0) \"mixed\")" },
	};
	check(rows, COUNT(rows), false);
}

#define MIXED_B "Content-Type: multipart/mixed; boundary=b\n\n"
#define LEAF(type, octets, lines) \
	"(\"text\" \"" type "\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" " octets " " lines ")"

static void test_boundaries(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "no part", MIXED_B "nothing\n", "(" PLAIN("0", "0") " \"mixed\")" },
		{ "no part but an end", MIXED_B "--b--\n", "(" PLAIN("0", "0") " \"mixed\")" },
		{ "no end", MIXED_B "--b\n\none\n--b\n\ntwo\n",
		  "(" PLAIN("3", "0") PLAIN("5", "1") " \"mixed\")" },
		{ "end without dashes", MIXED_B "--b\n\none\n--b\n",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "end cut off", MIXED_B "--b\n\none\n--b-", "(" PLAIN("3", "0") " \"mixed\")" },
		{ "first line of the body, no newline at the end", MIXED_B "--b\n\none\n--b--",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "padding", MIXED_B "--b \t\n\none\n--b-- \t\n\nepilogue\n--b\n\nnot a part\n",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "not at the start of a line",
		  MIXED_B "x--b\n --b\n--b\n\none --b\n-\n--\n-b\n--b--",
		  "(" PLAIN("18", "3") " \"mixed\")" },
		{ "empty parts", MIXED_B "--b\n--b\n\n--b\n\n\n--b\nX: y\n--b\nX: y\n\n--b--",
		  "(" PLAIN("0", "0") PLAIN("0", "0") PLAIN("0", "0") PLAIN("0", "0")
			  PLAIN("0", "0") " \"mixed\")" },
		{ "white space at the end of the parameter",
		  "Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\none\n--b--",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "outer prefixes inner",
		  MIXED_B "--b\nContent-Type: multipart/alternative; boundary=bb\n\n"
			  "--bb\n\none\n--bb\n\ntwo\n--bb--\n--b\n\nthree\n--b--",
		  "((" PLAIN("3", "0")
			  PLAIN("3", "0") " \"alternative\")" PLAIN("5", "0") " \"mixed\")" },
		{ "inner prefixes outer",
		  "Content-Type: multipart/mixed; boundary=bb\n\n"
		  "--bb\nContent-Type: multipart/alternative; boundary=b\n\n"
		  "--b\n\none\n--b\n\ntwo\n--b--\n--bb\n\nthree\n--bb--",
		  "((" PLAIN("3", "0")
			  PLAIN("3", "0") " \"alternative\")" PLAIN("5", "0") " \"mixed\")" },
		{ "boundary that ends in dashes",
		  "Content-Type: multipart/mixed; boundary=b--\n\n"
		  "--b--\nContent-Type: multipart/alternative; boundary=b\n\n"
		  "--b\n\none\n--b--\n\ntwo\n--b----",
		  "((" PLAIN("3", "0") " \"alternative\")" PLAIN("3", "0") " \"mixed\")" },
		{ "the same boundary inside: the innermost wins",
		  MIXED_B "--b\nContent-Type: multipart/alternative; boundary=b\n\n"
			  "--b\n\none\n--b\n\ntwo\n--b--\n--b\n\nthree\n--b--",
		  "((" PLAIN("3", "0")
			  PLAIN("3", "0") " \"alternative\")" PLAIN("5", "0") " \"mixed\")" },
		{ "outer boundary ends the inner multipart",
		  MIXED_B "--b\nContent-Type: multipart/alternative; boundary=i\n\n"
			  "--i\n\none\n--b\n\ntwo\n--i\n--b--",
		  "((" PLAIN("3", "0") " \"alternative\")" PLAIN("8", "1") " \"mixed\")" },
		{ "outer boundary ends a message",
		  MIXED_B "--b\nContent-Type: message/rfc822\n\nSubject: x\n--b\n\ntwo\n--b--",
		  "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 12 (NIL \"x\" NIL NIL NIL NIL NIL "
		  "NIL NIL NIL) " PLAIN("0", "0") " 1)" PLAIN("3", "0") " \"mixed\")" },
		{ "a header ends at a boundary",
		  MIXED_B "--b\nContent-Type: text/html\n--b\n\nx\n--b--",
		  "(" LEAF("html", "0", "0") PLAIN("1", "0") " \"mixed\")" },
		{ "inner without a boundary",
		  MIXED_B "--b\nContent-Type: multipart/alternative\n\n--i\n\none\n--b--",
		  "(" PLAIN("10", "2") " \"mixed\")" },
		{ "more on the boundary line", MIXED_B "--b more\n\none\n--b--more\n\ntwo\n",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "boundary in sections",
		  "Content-Type: multipart/mixed; boundary*1=\"c\"; boundary*0=b\n\n--bc\n\none\n--bc--",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "boundary with '=' and no quotes",
		  "Content-Type: multipart/mixed; boundary==_b?:\n\n--=_b?:\n\none\n--=_b?:--",
		  "(" PLAIN("3", "0") " \"mixed\")" },
		{ "header without an empty line",
		  "Subject: x\nno colon here\nContent-Type: text/html\n", LEAF("html", "0", "0") },
		{ "mbox's line first",
		  "From a@b Mon Jan  1 00:00:00 2001\nContent-Type: text/html\n\nx\n",
		  LEAF("html", "3", "1") },
		{ "the same, quoted",
		  ">From a@b Mon Jan  1 00:00:00 2001\nContent-Type: text/html\n\nx\n",
		  LEAF("html", "3", "1") },
	};
	check(rows, COUNT(rows), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),        cmocka_unit_test(test_fields),
		cmocka_unit_test(test_types),      cmocka_unit_test(test_messages),
		cmocka_unit_test(test_boundaries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
