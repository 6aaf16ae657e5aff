/* Dates: what is read is in range, and what is written is read again. */
#include <assert.h>
#include <stdlib.h>

#include "date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_format(int64_t utc)
{
	char out[DATE_INTERNAL_LEN];
	struct date d;

	date_format_internal(out, utc);
	assert(date_parse_internal((struct bytes){ out, sizeof(out) }, &d));
	if (utc >= -62167219200 + 86400 && utc <= 253402300799 - 86400) {
		assert(d.utc == utc);
		assert(d.offset == date_local_offset(utc));
	}
}

static void check_date(const struct date *d)
{
	assert(d->offset >= -5999 && d->offset <= 5999);
	assert(d->utc >= -62167219200 - 5999 * 60 && d->utc <= 253402300800 + 5999 * 60);
	int64_t day = date_day(d->utc, d->offset);
	assert(day * 86400 <= d->utc + d->offset * 60);
	assert((day + 1) * 86400 > d->utc + d->offset * 60);
	check_format(d->utc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct bytes value = { copy, n };
	struct date d, e;
	int64_t day, any = 0;

	if (n)
		memcpy(copy, data, n);
	if (date_parse(value, &d))
		check_date(&d);
	if (date_parse_internal(value, &d)) {
		check_date(&d);
		assert(date_parse(value, &e)); /* a Date: field may look like that, too */
		assert(d.utc == e.utc && d.offset == e.offset);
	}
	if (date_parse_day(value, &day))
		assert(date_parse(value, &e) && e.utc == day * 86400);
	memcpy(&any, data, n < sizeof(any) ? n : sizeof(any));
	check_format(any);
	free(copy);
	return 0;
}
