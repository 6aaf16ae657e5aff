/* date.h: dates of messages (RFC 5322 §3.3, obsolete forms and real-world
 * ones) and of IMAP (RFC 3501 §9 date-time, date). */
#ifndef DATE_H
#define DATE_H

#include "bytes.h"

struct date {
	int64_t utc; /* seconds since the epoch */
	int offset;  /* of the sender's zone, minutes east */
};

/* A Date: field's value, comments and folding included.  False: no date in it. */
bool date_parse(struct bytes value, struct date *d);
/* "17-Jul-1996 02:44:25 -0700", day with or without a leading space or zero. */
bool date_parse_internal(struct bytes s, struct date *d);
/* "1-Feb-1994": *day is days since the epoch. */
bool date_parse_day(struct bytes s, int64_t *day);

#define DATE_INTERNAL_LEN 26
/* "17-Jul-1996 02:44:25 -0700" without quotes, 26 bytes at out, in the local
 * zone of this process; years are clamped to 0..9999. */
void date_format_internal(char *out, int64_t utc);
/* The offset of the local zone at that moment, minutes east.  Cached: cheap for
 * rising or falling sequences.  The first call reads the zone's file: make it
 * before the process shuts itself in. */
int date_local_offset(int64_t utc);
/* Day number (days since the epoch) of a moment in a zone. */
static inline int64_t date_day(int64_t utc, int offset_min)
{
	int64_t s;
	if (__builtin_add_overflow(utc, (int64_t)offset_min * 60, &s))
		s = utc;
	return s / 86400 - (s % 86400 < 0);
}

#endif
