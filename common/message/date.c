/*
 * date.c: dates of messages and of IMAP, and the local zone.
 *
 * RFC 5322 §3.3 and §4.3, RFC 3501 §9 date-time and date.  A Date: field is read
 * word by word, in any order that real mail has: asctime, RFC 850, ISO 8601,
 * "Jan 2, 2006 3:04 PM".  A date without a time is at midnight, one without a
 * known zone in UTC.  Days that a month doesn't have, and hours that a day
 * doesn't have, make it no date at all.
 */
#include "date.h"

#include <time.h>

#include "lex.h"

static const char month_names[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};

/* --- calendar --- */

struct civil {
	int year, month, day; /* month 1..12 */
};

#define DAYS_0000 719528 /* from 0000-01-01 to 1970-01-01 */

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const char days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month] + (month == 2 && is_leap(year));
}

/* Days of a common year before the month. */
static int days_before(int month)
{
	static const short days[13] = { 0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	return days[month];
}

static bool civil_valid(struct civil c)
{
	return c.year >= 0 && c.year <= 9999 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
	       c.day <= month_days(c.year, c.month);
}

/* Days since the epoch of a valid date. */
static int64_t civil_days(struct civil c)
{
	int past = c.year - 1;
	int leaps = c.year == 0 ? 0 : past / 4 - past / 100 + past / 400 + 1; /* 0 was one */
	int day = c.day - 1 + (c.month > 2 && is_leap(c.year));
	return (int64_t)c.year * 365 + leaps + days_before(c.month) + day - DAYS_0000;
}

/* The date of a day of the years 0..9999. */
static struct civil civil_of(int64_t days)
{
	int n = (int)(days + DAYS_0000);
	struct civil c = { .year = (int)((int64_t)n * 400 / 146097) };
	int first = (int)civil_days((struct civil){ c.year, 1, 1 }) + DAYS_0000;

	if (n < first) /* the estimate is at most one too high... */
		first = (int)civil_days((struct civil){ --c.year, 1, 1 }) + DAYS_0000;
	else if (n - first >= 365 + is_leap(c.year)) { /* ...or too low */
		first += 365 + is_leap(c.year);
		c.year++;
	}
	n -= first;
	c.month = 1;
	while (n >= month_days(c.year, c.month))
		n -= month_days(c.year, c.month++);
	c.day = n + 1;
	return c;
}

/* --- Date: fields --- */

struct reading {
	struct lex l;
	size_t at;
	struct civil date; /* 0, or year -1: not seen */
	int hour, minute, second;
	bool time, afternoon, forenoon, zone;
	int offset;
};

static bool at_digit(const struct reading *r, size_t at)
{
	return at < r->l.s.n && ascii_isdigit(r->l.s.p[at]);
}

static char at_char(const struct reading *r, size_t at)
{
	return at < r->l.s.n ? r->l.s.p[at] : '\0';
}

/* The digits here, at most 9 of them counted; *n is how many. */
static int take_digits(struct reading *r, int *n)
{
	int value = 0;

	for (*n = 0; at_digit(r, r->at); r->at++) {
		if (*n < 9) {
			value = value * 10 + (r->l.s.p[r->at] - '0');
			++*n;
		}
	}
	return value;
}

static int month_of(struct bytes word)
{
	for (int i = 0; word.n >= 3 && i < 12; i++) {
		if (bytes_ieq(bytes_sub(word, 0, 3), (struct bytes){ month_names[i], 3 }))
			return i + 1;
	}
	return 0;
}

/* RFC 5322 §4.3; the single letters of the military are all -0000. */
static bool zone_of(struct bytes word, int *offset)
{
	static const struct {
		char name[5];
		short hours;
	} zones[] = {
		{ "UT", 0 },   { "GMT", 0 },  { "UTC", 0 },  { "EST", -5 }, { "EDT", -4 },
		{ "CST", -6 }, { "CDT", -5 }, { "MST", -7 }, { "MDT", -6 }, { "PST", -8 },
		{ "PDT", -7 }, { "BST", 1 },  { "WET", 0 },  { "WEST", 1 }, { "CET", 1 },
		{ "CEST", 2 }, { "MET", 1 },  { "MEST", 2 }, { "EET", 2 },  { "EEST", 3 },
		{ "MSK", 3 },  { "JST", 9 },  { "KST", 9 },
	};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (bytes_iis(word, zones[i].name)) {
			*offset = zones[i].hours * 60;
			return true;
		}
	}
	*offset = 0;
	return word.n == 1;
}

static void take_word(struct reading *r)
{
	size_t from = r->at;
	int offset, month;

	while (r->at < r->l.s.n && ascii_isalpha(r->l.s.p[r->at]))
		r->at++;
	struct bytes word = bytes_sub(r->l.s, from, r->at - from);
	if (r->date.month == 0 && (month = month_of(word)) != 0)
		r->date.month = month;
	else if (r->time && bytes_iis(word, "PM"))
		r->afternoon = true;
	else if (r->time && bytes_iis(word, "AM"))
		r->forenoon = true;
	else if (r->time && !r->zone && zone_of(word, &offset)) {
		r->offset = offset;
		r->zone = word.n > 1 || ascii_lower(word.p[0]) == 'z';
	}
}

/* "+hhmm", "+hh:mm" or "+hh" with the sign here. */
static bool take_zone(struct reading *r)
{
	bool west = r->l.s.p[r->at] == '-';
	int n, value;

	r->at++;
	value = take_digits(r, &n);
	if (n <= 2)
		value *= 100;
	if (n <= 2 && at_char(r, r->at) == ':' && at_digit(r, r->at + 1)) {
		int digits;
		r->at++;
		int minutes = take_digits(r, &digits);
		value += minutes < 60 ? minutes : 60;
	}
	if (n == 0 || n > 4 || value % 100 >= 60)
		return false;
	r->offset = value / 100 * 60 + value % 100;
	if (west)
		r->offset = -r->offset;
	r->zone = true;
	return true;
}

/* Passes the separator here, with what may stand around it (RFC 5322 §4.3). */
static bool pass_colon(struct reading *r, char colon)
{
	size_t at = lex_cfws(&r->l, r->at);
	if (at_char(r, at) != colon)
		return false;
	at = lex_cfws(&r->l, at + 1);
	if (!at_digit(r, at))
		return false;
	r->at = at;
	return true;
}

/* The minute here, and ":ss" or ".ss" with a fraction. */
static bool take_time(struct reading *r, int hour, char colon)
{
	int n, digits = 1;

	r->time = true;
	r->hour = hour;
	r->minute = take_digits(r, &n);
	if (pass_colon(r, colon))
		r->second = take_digits(r, &digits);
	char point = at_char(r, r->at);
	if ((point == '.' || point == ',') && at_digit(r, r->at + 1)) {
		int ignored;
		r->at++;
		take_digits(r, &ignored);
	}
	return n <= 2 && digits <= 2 && r->hour < 24 && r->minute < 60 && r->second <= 60;
}

/* "-mm-dd" behind a year, and a 'T'. */
static bool take_iso(struct reading *r, int year)
{
	int n;

	r->date.year = year;
	r->at++;
	r->date.month = take_digits(r, &n);
	if (at_char(r, r->at) != '-')
		return false;
	r->at++;
	r->date.day = take_digits(r, &n);
	if (ascii_lower(at_char(r, r->at)) == 't')
		r->at++;
	return true;
}

/* RFC 5322 §4.3: 00-49 is 2000 and later, 50-99 and three digits 1900. */
static bool set_year(struct reading *r, int value, int digits)
{
	if (digits == 2)
		value += value < 50 ? 2000 : 1900;
	else if (digits == 3)
		value += 1900;
	r->date.year = value;
	return digits >= 2 && digits <= 4;
}

static bool take_number(struct reading *r)
{
	int n, value = take_digits(r, &n);

	if (!r->time && n <= 2 && pass_colon(r, ':'))
		return take_time(r, value, ':');
	if (!r->time && n <= 2 && r->date.year >= 0 && pass_colon(r, '.'))
		return take_time(r, value, '.');
	if (n == 4 && r->date.year < 0 && r->date.month == 0 && at_char(r, r->at) == '-' &&
	    at_digit(r, r->at + 1))
		return take_iso(r, value);
	if (n <= 2 && r->date.day == 0) {
		r->date.day = value;
		return value != 0;
	}
	if (r->date.year < 0)
		return set_year(r, value, n);
	return true; /* something more that nobody knows */
}

static bool take_item(struct reading *r)
{
	char c = r->l.s.p[r->at];

	if (ascii_isdigit(c))
		return take_number(r);
	if (ascii_isalpha(c))
		take_word(r);
	else if ((c == '+' || c == '-') && r->time && at_digit(r, r->at + 1) &&
		 (!r->zone || r->offset == 0))
		return take_zone(r) || r->date.year >= 0;
	else
		r->at++;
	return true;
}

static bool reading_finish(struct reading *r, struct date *d)
{
	if ((r->afternoon || r->forenoon) && (r->hour > 12 || r->hour == 0))
		r->afternoon = r->forenoon = false;
	if (r->afternoon && r->hour < 12)
		r->hour += 12;
	if (r->forenoon && r->hour == 12)
		r->hour = 0;
	if (!civil_valid(r->date))
		return false;
	d->offset = r->offset;
	d->utc = civil_days(r->date) * 86400 + r->hour * 3600 + r->minute * 60 + r->second -
		 (int64_t)r->offset * 60;
	return true;
}

bool date_parse(struct bytes value, struct date *d)
{
	struct reading r = { .l = lex_of(value), .date = { .year = -1 } };

	while ((r.at = lex_cfws(&r.l, r.at)) < value.n) {
		if (!take_item(&r))
			return false;
	}
	return reading_finish(&r, d);
}

/* --- IMAP --- */

/* n decimal digits at p, or -1. */
static int fixed_digits(const char *p, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!ascii_isdigit(p[i]))
			return -1;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

/* "d-Mon-yyyy" with n digits of a day. */
static bool civil_parse(const char *p, size_t n, struct civil *c)
{
	c->day = fixed_digits(p, n);
	c->month = p[n] == '-' && p[n + 4] == '-' ? month_of((struct bytes){ p + n + 1, 3 }) : 0;
	c->year = fixed_digits(p + n + 5, 4);
	return civil_valid(*c);
}

bool date_parse_day(struct bytes s, int64_t *day)
{
	struct civil c;

	if ((s.n != 10 && s.n != 11) || !civil_parse(s.p, s.n - 9, &c))
		return false;
	*day = civil_days(c);
	return true;
}

/* " hh:mm:ss +zzzz" at p, 15 bytes. */
static bool time_parse(const char *p, int *seconds, int *offset)
{
	int hour = fixed_digits(p + 1, 2), minute = fixed_digits(p + 4, 2);
	int second = fixed_digits(p + 7, 2);
	int zone_hours = fixed_digits(p + 11, 2), zone_minutes = fixed_digits(p + 13, 2);

	if (p[0] != ' ' || p[3] != ':' || p[6] != ':' || p[9] != ' ')
		return false;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	if ((p[10] != '+' && p[10] != '-') || zone_hours < 0 || zone_minutes < 0 ||
	    zone_minutes > 59)
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	*offset = zone_hours * 60 + zone_minutes;
	if (p[10] == '-')
		*offset = -*offset;
	return true;
}

bool date_parse_internal(struct bytes s, struct date *d)
{
	struct civil c;
	int seconds, offset;

	bool space = s.n && s.p[0] == ' ';
	s = bytes_from(s, space);
	if (s.n != DATE_INTERNAL_LEN - 1 && (s.n != DATE_INTERNAL_LEN || space))
		return false;
	size_t digits = s.n - 24;
	if (!civil_parse(s.p, digits, &c) || !time_parse(s.p + s.n - 15, &seconds, &offset))
		return false;
	d->offset = offset;
	d->utc = civil_days(c) * 86400 + seconds - (int64_t)offset * 60;
	return true;
}

/* --- the local zone --- */

#define UTC_MIN (-(int64_t)DAYS_0000 * 86400)
#define UTC_MAX (((int64_t)3652425 - DAYS_0000) * 86400 - 1) /* end of 9999 */

/* Zones change at most once in such a time; some have done so twice within a
 * month (Ramadan), none twice in a week. */
#define WINDOW_SHIFT 19 /* 2^19 s: six days */
#define WINDOWS 64

struct window {
	int64_t change; /* the second from which `after` holds */
	int number;     /* 1 + that of the window; 0: unused */
	short before, after;
};

static short libc_offset(int64_t utc)
{
	time_t t = (time_t)utc;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return 0;
	return (short)(tm.tm_gmtoff / 60);
}

static void window_fill(struct window *w, int64_t index)
{
	int64_t low = UTC_MIN + index * (1 << WINDOW_SHIFT), high = low + (1 << WINDOW_SHIFT);

	w->before = libc_offset(low);
	w->after = libc_offset(high - 1);
	if (w->before == w->after)
		low = high;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (libc_offset(middle) == w->before)
			low = middle;
		else
			high = middle;
	}
	w->change = high;
}

int date_local_offset(int64_t utc)
{
	static struct window windows[WINDOWS];

	if (utc < UTC_MIN || utc > UTC_MAX)
		return 0;
	int64_t index = (utc - UTC_MIN) >> WINDOW_SHIFT;
	struct window *w = &windows[index % WINDOWS];
	if (w->number != (int)index + 1) {
		window_fill(w, index);
		w->number = (int)index + 1;
	}
	return utc < w->change ? w->before : w->after;
}

static void put_digits(char *out, int value, int n)
{
	while (n-- > 0) {
		out[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

void date_format_internal(char *out, int64_t utc)
{
	int offset = date_local_offset(utc);
	int64_t local = utc < UTC_MIN ? UTC_MIN : utc > UTC_MAX ? UTC_MAX : utc;

	local += offset * 60;
	if (local < UTC_MIN || local > UTC_MAX)
		local -= offset * 60;
	int64_t day = date_day(local, 0);
	struct civil c = civil_of(day);
	int second = (int)(local - day * 86400);
	int zone = offset < 0 ? -offset : offset;
	memcpy(out, "01-Jan-1970 00:00:00 +0000", DATE_INTERNAL_LEN);
	put_digits(out, c.day, 2);
	memcpy(out + 3, month_names[c.month - 1], 3);
	put_digits(out + 7, c.year, 4);
	put_digits(out + 12, second / 3600, 2);
	put_digits(out + 15, second / 60 % 60, 2);
	put_digits(out + 18, second % 60, 2);
	out[21] = offset < 0 ? '-' : '+';
	put_digits(out + 22, zone / 60 * 100 + zone % 60, 4);
}
