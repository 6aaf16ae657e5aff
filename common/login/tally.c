/* tally.c: see tally.h. */
#include "tally.h"

#include "clock.h"
#include "conf.h"
#include "penalty.h"

#define SETTING_MAX "LOGIN_WAITING_MAX"
#define SETTING_PER_ADDRESS "LOGIN_WAITING_PER_ADDRESS"

bool tally_enter(struct tally *l, const char *ip)
{
	struct waiting_limits most = {
		.total = (unsigned)conf_u64(SETTING_MAX, WAITING_TOTAL, 0, WAITING_TOTAL_MOST),
		.per_address = (unsigned)conf_u64(SETTING_PER_ADDRESS, WAITING_PER_ADDRESS, 0,
						  WAITING_TOTAL_MOST),
	};
	struct address a;

	*l = (struct tally){ .place = { .fd = -1 } };
	if (address_parse(&a, ip) && !network_setting("LOGIN_TRUSTED", NETWORK_LOOPBACK, &a)) {
		l->key = address_key(&a);
		l->counted = true;
	}
	return waiting_enter(&l->place, l->counted ? &l->key : NULL, most, clock_ms()) !=
	       WAITING_FULL;
}

void tally_busy(const struct tally *l, bool busy)
{
	waiting_busy(&l->place, busy);
}

void tally_leave(struct tally *l)
{
	waiting_leave(&l->place);
}

int tally_penalty(const struct tally *l)
{
	return l->counted ? penalty_ms(&l->key, clock_ms()) : 0;
}

void tally_failed(const struct tally *l)
{
	if (l->counted)
		penalty_add(&l->key, clock_ms());
}
