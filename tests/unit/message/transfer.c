/* Transfer encodings: what mail holds, whole and cut at every place. */
#include "test.h"

#include "text.h"

#define LONG_BLANKS                                \
	"                                        " \
	"                                        " /* 80 */

static const struct {
	enum transfer kind;
	struct bytes in, out;
} cases[] = {
	{ TRANSFER_NONE, BYTES("a=20b \r\n"), BYTES("a=20b \r\n") },
	{ TRANSFER_UNKNOWN, BYTES("begin 644 x"), BYTES("begin 644 x") },

	/* RFC 4648 §10 */
	{ TRANSFER_BASE64, BYTES(""), BYTES("") },
	{ TRANSFER_BASE64, BYTES("Zg=="), BYTES("f") },
	{ TRANSFER_BASE64, BYTES("Zm8="), BYTES("fo") },
	{ TRANSFER_BASE64, BYTES("Zm9v"), BYTES("foo") },
	{ TRANSFER_BASE64, BYTES("Zm9vYg=="), BYTES("foob") },
	{ TRANSFER_BASE64, BYTES("Zm9vYmE="), BYTES("fooba") },
	{ TRANSFER_BASE64, BYTES("Zm9vYmFy"), BYTES("foobar") },
	{ TRANSFER_BASE64, BYTES("+/+/AAEC"), BYTES("\xfb\xff\xbf\0\1\2") },
	/* lines, foreign bytes, no padding, padding in the middle, a lone sextet */
	{ TRANSFER_BASE64, BYTES("Zm9v\r\nYmFy\r\n"), BYTES("foobar") },
	{ TRANSFER_BASE64, BYTES("Zm\n9 v\tY!m\0F\xffy"), BYTES("foobar") },
	{ TRANSFER_BASE64, BYTES("Zm8"), BYTES("fo") },
	{ TRANSFER_BASE64, BYTES("Zg==Zg=="), BYTES("ff") },
	{ TRANSFER_BASE64, BYTES("Zg=Zm9v"), BYTES("ffoo") },
	{ TRANSFER_BASE64, BYTES("Zm9vY"), BYTES("foo") },
	{ TRANSFER_BASE64, BYTES("===="), BYTES("") },

	/* RFC 2045 §6.7 */
	{ TRANSFER_QP, BYTES("=41=7a=C3=a9"), BYTES("Az\xc3\xa9") },
	{ TRANSFER_QP, BYTES("Now's the time =\r\nfor all folk to come=\r\n to the aid"),
	  BYTES("Now's the time for all folk to come to the aid") },
	{ TRANSFER_QP, BYTES("a=\nb"), BYTES("ab") },
	{ TRANSFER_QP, BYTES("a= \t\r\nb"), BYTES("ab") },
	{ TRANSFER_QP, BYTES("a=\r\n\r\nb"), BYTES("a\r\nb") },
	/* rule 3: white space at the end of a line isn't the sender's */
	{ TRANSFER_QP, BYTES("a \t \r\nb \nc"), BYTES("a\r\nb\nc") },
	{ TRANSFER_QP, BYTES("a=20 \r\n=20\r\n"), BYTES("a \r\n \r\n") },
	{ TRANSFER_QP, BYTES("a b  c"), BYTES("a b  c") },
	{ TRANSFER_QP, BYTES("a  "), BYTES("a") },
	{ TRANSFER_QP, BYTES("a  =\r\n"), BYTES("a  ") },
	{ TRANSFER_QP, BYTES("\r\n \r\n\t\n"), BYTES("\r\n\r\n\n") },
	{ TRANSFER_QP, BYTES("a" LONG_BLANKS "\nb"), BYTES("a\nb") },
	{ TRANSFER_QP, BYTES("a" LONG_BLANKS " \nb"), BYTES("a" LONG_BLANKS " \nb") },
	{ TRANSFER_QP, BYTES("a" LONG_BLANKS "\r\nb"), BYTES("a" LONG_BLANKS "\r\nb") },
	{ TRANSFER_QP, BYTES("a=" LONG_BLANKS "\nb"), BYTES("a=" LONG_BLANKS "\nb") },
	/* what isn't an escape stays */
	{ TRANSFER_QP, BYTES("a=b c=zz d=4"), BYTES("a=b c=zz d=4") },
	{ TRANSFER_QP, BYTES("1==2=3D3"), BYTES("1==2=3") },
	{ TRANSFER_QP, BYTES("a= b"), BYTES("a= b") },
	{ TRANSFER_QP, BYTES("a=\rb \rc\r"), BYTES("a=\rb \rc\r") },
	{ TRANSFER_QP, BYTES("a=4\r\nb"), BYTES("a=4\r\nb") },
	{ TRANSFER_QP, BYTES("a="), BYTES("a") },
	{ TRANSFER_QP, BYTES("a= \r"), BYTES("a") },
	{ TRANSFER_QP, BYTES("\0\xff=00"), BYTES("\0\xff\0") },
};

static void decode(struct transfer_state *s, struct bytes in, size_t from, size_t to, bool last,
		   struct buf *out)
{
	transfer_decode(s, bytes_sub(in, from, to - from), last, out);
}

static void check(size_t i, struct buf *got)
{
	struct bytes want = cases[i].out;

	if (!bytes_eq(buf_view(got), want))
		fail_msg("case %zu \"%s\": got \"%.*s\", want \"%s\"", i, cases[i].in.p,
			 (int)got->n, got->p, want.p);
	buf_reset(got);
}

static void test_cut_everywhere(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes in = cases[i].in;
		struct transfer_state s = { .kind = cases[i].kind };
		transfer_decode(&s, in, true, &out);
		check(i, &out);
		for (size_t at = 0; at <= in.n; at++) {
			decode(&s, in, 0, at, false, &out);
			decode(&s, in, at, in.n, true, &out);
			check(i, &out);
		}
		for (size_t at = 0; at < in.n; at++)
			decode(&s, in, at, at + 1, false, &out);
		decode(&s, in, in.n, in.n, true, &out);
		check(i, &out);
	}
	buf_free(&out);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(transfer_of(BYTES("Base64")), TRANSFER_BASE64);
	assert_int_equal(transfer_of(BYTES(" quoted-PRINTABLE\t")), TRANSFER_QP);
	assert_int_equal(transfer_of(BYTES("7bit")), TRANSFER_NONE);
	assert_int_equal(transfer_of(BYTES("8BIT")), TRANSFER_NONE);
	assert_int_equal(transfer_of(BYTES("binary")), TRANSFER_NONE);
	assert_int_equal(transfer_of(BYTES("")), TRANSFER_NONE);
	assert_int_equal(transfer_of(BYTES("x-uuencode")), TRANSFER_UNKNOWN);
	assert_int_equal(transfer_of(BYTES("base6")), TRANSFER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
