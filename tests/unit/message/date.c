/* Dates of messages and of IMAP. */
#include "test.h"

#include "date.h"

static void test_fields(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		int64_t utc;
		int offset;
	} rows[] = {
		/* RFC 5322 appendix A */
		{ " Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360 },
		{ "Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, 120 },
		{ "Thu, 13 Feb 1969 23:32:54 -0330", -27723426, -210 },
		{ "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
		  "               -0330 (Newfoundland Time)",
		  -27723480, -210 },
		{ "21 Nov 97 09:55:06 GMT", 880106106, 0 },
		{ "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360 },
		/* §4.3 */
		{ "21 Nov 97 09:55:06 EST", 880124106, -300 },
		{ "21 Nov 97 09:55:06 pdt", 880131306, -420 },
		{ "21 Nov 97 09:55:06 A", 880106106, 0 },
		{ "21 Nov 97 09:55:06 Z", 880106106, 0 },
		{ "21 Nov 97 09:55:06 XYZT", 880106106, 0 },
		{ "1 Jan 49 00:00 UT", 2493072000, 0 },
		{ "1 Jan 50 00:00 UT", -631152000, 0 },
		{ "1 Jan 00 00:00 UT", 946684800, 0 },
		{ "1 Jan 100 00:00 UT", 946684800, 0 },
		{ "1 Jan 0000 00:00 UT", -62167219200, 0 },
		{ "31 Dec 9999 23:59:59 +0000", 253402300799, 0 },
		{ "31 Dec 2016 23:59:60 +0000", 1483228800, 0 },
		{ "29 Feb 2000 12:00:00 +0000", 951825600, 0 },
		/* what real mail has */
		{ "Fri Nov 21 09:55:06 1997", 880106106, 0 },
		{ "Fri Nov 21 09:55:06 PST 1997", 880134906, -480 },
		{ "Fri Nov 21 09:55:06 -0800 1997", 880134906, -480 },
		{ "Friday, 21-Nov-97 09:55:06 GMT", 880106106, 0 },
		{ "Friday, 21-Nov-1997 09:55:06 +0100", 880102506, 60 },
		{ "1997-11-21T09:55:06Z", 880106106, 0 },
		{ "1997-11-21T09:55:06.123+05:30", 880086306, 330 },
		{ "1997-11-21 09:55:06 -0600", 880127706, -360 },
		{ "1997-11-21", 880070400, 0 },
		{ "Fri, 21 Nov 1997", 880070400, 0 },
		{ "Fri, 21 Nov 1997 09:55", 880106100, 0 },
		{ "Fri, 21 Nov 1997 09:55:06", 880106106, 0 },
		{ "Fri, 21 Nov 1997 9:55:6 +0000", 880106106, 0 },
		{ "Fri, 21 Nov 1997 09.55.06 +0000", 880106106, 0 },
		{ "Fri, 21 Nov 1997 09:55:06 GMT+0100", 880102506, 60 },
		{ "Fri, 21 Nov 1997 09:55:06 UTC-3", 880116906, -180 },
		{ "Fri, 21 Nov 1997 09:55:06 +1:30", 880100706, 90 },
		{ "Fri, 21 Nov 1997 09:55:06 +0000 (GMT)", 880106106, 0 },
		{ "Fri, 21 Nov 1997 09:55:06 +0000 GMT", 880106106, 0 },
		{ "Fri, 21 Nov 1997 09:55:06 EST -0500", 880124106, -300 },
		{ "Fri, 21 Nov 1997 09:55:06 +0060", 880106106, 0 },
		{ "Fri, 21 Nov 1997 09:55:06 +123456", 880106106, 0 },
		{ "November 21, 1997 9:55:06 PM", 880149306, 0 },
		{ "Nov 21, 1997 12:00AM", 880070400, 0 },
		{ "Nov 21, 1997 12:00 pm EST", 880131600, -300 },
		{ "Nov 21, 1997 15:00 PM", 880124400, 0 },
		{ "Fri, 21 Nov 1997 09:55:06 -9959", 880466046, -5999 },
		{ "(x (y) Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct date d = { 0 };
		if (!date_parse(bytes_of(rows[i].value), &d))
			fail_msg("%s: no date", rows[i].value);
		if (d.utc != rows[i].utc || d.offset != rows[i].offset)
			fail_msg("%s: got %lld %d", rows[i].value, (long long)d.utc, d.offset);
	}
}

static void test_no_date(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		" \r\n",
		"yesterday",
		"Fri, 21 Nov",
		"21 1997 10:00",
		"Nov 1997",
		"0 Nov 1997",
		"32 Nov 1997",
		"31 Nov 1997",
		"29 Feb 1900",
		"29 Feb 2001 10:00:00 +0000",
		"21 Nov 12345 10:00:00 +0000",
		"21 Nov 1 10:00:00 +0000",
		"21 Nov 1997 24:00:00 +0000",
		"21 Nov 1997 23:60:00 +0000",
		"21 Nov 1997 23:59:61 +0000",
		"21 Nov 1997 23:000:00 +0000",
		"21 Nov 99999999999999999999 10:00",
		"1997-13-01",
		"1997-00-01",
		"1997-1",
		"1234567890",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct date d;
		if (date_parse(bytes_of(rows[i]), &d))
			fail_msg("%s: got %lld", rows[i], (long long)d.utc);
	}
}

static void test_internal(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		bool ok;
		int64_t utc;
		int offset;
	} rows[] = {
		{ "17-Jul-1996 02:44:25 -0700", true, 837596665, -420 },
		{ " 7-Jul-1996 02:44:25 -0700", true, 836732665, -420 },
		{ "07-Jul-1996 02:44:25 -0700", true, 836732665, -420 },
		{ "7-jUL-1996 02:44:25 -0700", true, 836732665, -420 },
		{ "01-Jan-0000 00:00:00 +9959", true, -62167579140, 5999 },
		{ "31-Dec-9999 23:59:60 -9959", true, 253402660740, -5999 },
		{ " 17-Jul-1996 02:44:25 -0700", false, 0, 0 },
		{ "17-Jul-1996 02:44:25 -070", false, 0, 0 },
		{ "17-Jul-1996 02:44:25 -07000", false, 0, 0 },
		{ "17-Jul-1996 02:44:25  0700", false, 0, 0 },
		{ "17-Jul-1996 02:44:25 +0760", false, 0, 0 },
		{ "17-Jul-1996 24:44:25 +0700", false, 0, 0 },
		{ "17-Jul-1996 02:60:25 +0700", false, 0, 0 },
		{ "17-Jul-1996 02:44:61 +0700", false, 0, 0 },
		{ "17-Jul-1996 02.44:25 +0700", false, 0, 0 },
		{ "17-Jul-1996 02:44.25 +0700", false, 0, 0 },
		{ "17-Jul-1996T02:44:25 +0700", false, 0, 0 },
		{ "17-Jul-1996 02:44:25T+0700", false, 0, 0 },
		{ "17-Jul-199x 02:44:25 +0700", false, 0, 0 },
		{ "17-Jux-1996 02:44:25 +0700", false, 0, 0 },
		{ "17/Jul/1996 02:44:25 +0700", false, 0, 0 },
		{ "00-Jul-1996 02:44:25 +0700", false, 0, 0 },
		{ "31-Jun-1996 02:44:25 +0700", false, 0, 0 },
		{ "30-Feb-1996 02:44:25 +0700", false, 0, 0 },
		{ "", false, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct date d = { 0 };
		bool ok = date_parse_internal(bytes_of(rows[i].s), &d);
		if (ok != rows[i].ok || d.utc != rows[i].utc || d.offset != rows[i].offset)
			fail_msg("%s: %d %lld %d", rows[i].s, ok, (long long)d.utc, d.offset);
	}
}

static void test_day(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		bool ok;
		int64_t day;
	} rows[] = {
		{ "1-Feb-1994", true, 8797 },   { "01-Feb-1994", true, 8797 },
		{ "1-Jan-1970", true, 0 },      { "31-Dec-1969", true, -1 },
		{ "29-feb-2000", true, 11016 }, { "1-Jan-0000", true, -719528 },
		{ " 1-Feb-1994", false, 0 },    { "1-Feb-94", false, 0 },
		{ "1-Feb-19944", false, 0 },    { "32-Jan-1994", false, 0 },
		{ "29-Feb-1994", false, 0 },    { "1-Foo-1994", false, 0 },
		{ "1 Feb 1994", false, 0 },     { "", false, 0 },
		{ "-1-Feb-1994", false, 0 },    { "\"1-Feb-1994", false, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t day = 0;
		bool ok = date_parse_day(bytes_of(rows[i].s), &day);
		if (ok != rows[i].ok || day != rows[i].day)
			fail_msg("%s: %d %lld", rows[i].s, ok, (long long)day);
	}
	assert_int_equal(date_day(0, -1), -1);
	assert_int_equal(date_day(86399, 0), 0);
	assert_int_equal(date_day(86399, 1), 1);
	assert_int_equal(date_day(-86400, 0), -1);
	assert_int_equal(date_day(-86401, 0), -2);
	assert_int_equal(date_day(INT64_MAX, 60), INT64_MAX / 86400);
	assert_int_equal(date_day(INT64_MIN, -60), INT64_MIN / 86400 - 1);
}

static struct bytes format(int64_t utc)
{
	static char out[DATE_INTERNAL_LEN];
	date_format_internal(out, utc);
	return (struct bytes){ out, sizeof(out) };
}

/* Every day of the years 0..9999, and both ways. */
static void test_every_day(void **state)
{
	(void)state;
	for (int64_t day = -719528; day < 3652425 - 719528; day++) {
		struct date d;
		int64_t again;
		struct bytes s = format(day * 86400 + 86399);
		assert_true(date_parse_internal(s, &d));
		assert_int_equal(d.utc, day * 86400 + 86399);
		assert_true(date_parse_day(bytes_sub(s, 0, 11), &again));
		assert_int_equal(again, day);
	}
}

static void test_clamped(void **state)
{
	(void)state;
	assert_bytes(format(INT64_MAX), "31-Dec-9999 23:59:59 +0000");
	assert_bytes(format(253402300800), "31-Dec-9999 23:59:59 +0000");
	assert_bytes(format(253402300799), "31-Dec-9999 23:59:59 +0000");
	assert_bytes(format(INT64_MIN), "01-Jan-0000 00:00:00 +0000");
	assert_bytes(format(-62167219200), "01-Jan-0000 00:00:00 +0000");
	assert_bytes(format(-1), "31-Dec-1969 23:59:59 +0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),    cmocka_unit_test(test_no_date),
		cmocka_unit_test(test_internal),  cmocka_unit_test(test_day),
		cmocka_unit_test(test_every_day), cmocka_unit_test(test_clamped),
	};
	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
