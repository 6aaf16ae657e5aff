/* A handler's last words. */
#include "wait.h"

#include "test.h"

static void test_traffic(void **state)
{
	static const struct {
		struct bytes text;
		bool known;
		uint64_t in, out;
	} rows[] = {
		{ BYTES("in=0 out=0"), true, 0, 0 },
		{ BYTES("in=7 out=90\n"), true, 7, 90 },
		{ BYTES("in=18446744073709551615 out=18446744073709551615\n"), true, UINT64_MAX,
		  UINT64_MAX },
		{ BYTES("in=18446744073709551616 out=1"), false, 0, 0 },
		{ BYTES("in=1 out=18446744073709551616"), false, 0, 0 },
		{ BYTES(""), false, 0, 0 },
		{ BYTES("R"), false, 0, 0 },
		{ BYTES("in=1"), false, 0, 0 },
		{ BYTES("in= out="), false, 0, 0 },
		{ BYTES("in=1 out=2 "), false, 0, 0 },
		{ BYTES("in=1 out=2\n\n"), false, 0, 0 },
		{ BYTES("in=1 out=2\nin=1 out=2"), false, 0, 0 },
		{ BYTES("in=1  out=2"), false, 0, 0 },
		{ BYTES("in=-1 out=2"), false, 0, 0 },
		{ BYTES("in=+1 out=2"), false, 0, 0 },
		{ BYTES("in=0x1 out=2"), false, 0, 0 },
		{ BYTES("in=1 out=2\0"), false, 0, 0 },
		{ BYTES(" in=1 out=2"), false, 0, 0 },
		{ BYTES("out=2 in=1"), false, 0, 0 },
		{ BYTES("in=00000000000000000000000000000000000000000000000000001 out=123"), true,
		  1, 123 },
		{ BYTES("in=000000000000000000000000000000000000000000000000000001 out=123"), false,
		  0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct traffic t = { .in = 5, .out = 6, .known = false };

		if (traffic_parse(&t, rows[i].text) != rows[i].known || t.known != rows[i].known)
			fail_msg("%.*s", (int)rows[i].text.n, rows[i].text.p);
		assert_int_equal(t.in, rows[i].known ? rows[i].in : 5);
		assert_int_equal(t.out, rows[i].known ? rows[i].out : 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_traffic) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
