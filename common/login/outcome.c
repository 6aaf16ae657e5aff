/*
 * outcome.c: what a refused login is called, RFC 5530 §3, and whether it counts
 * among the few failures that one connection may have.
 *
 * What the user typed wrong counts; what is wrong with us does not.
 */
#include "record.h"

static const struct {
	const char *code, *text;
	bool counts;
} refusals[OUTCOME_REFUSALS] = {
	[OUTCOME_FAILED] = { "AUTHENTICATIONFAILED", "Wrong name or password", true },
	[OUTCOME_UNAVAILABLE] = { "UNAVAILABLE", "Login is not possible now, try again", false },
	[OUTCOME_EXPIRED] = { "EXPIRED", "The password has expired", true },
	[OUTCOME_LIMIT] = { "LIMIT", "Too many sessions", false },
	[OUTCOME_AUTHORIZATION] = { "AUTHORIZATIONFAILED", "Not allowed for this user", true },
	[OUTCOME_PRIVACY] = { "PRIVACYREQUIRED", "Not without encryption", false },
	[OUTCOME_CONTACTADMIN] = { "CONTACTADMIN", "Please ask your administrator", false },
	[OUTCOME_INUSE] = { "INUSE", "The mailbox is in use", false },
};

const char *outcome_code(enum outcome o)
{
	return refusals[o].code;
}

const char *outcome_text(enum outcome o)
{
	return refusals[o].text;
}

bool outcome_counts(enum outcome o)
{
	return refusals[o].counts;
}

enum outcome outcome_of_code(struct bytes code)
{
	for (unsigned i = 0; i < OUTCOME_REFUSALS; i++)
		if (bytes_is(code, refusals[i].code))
			return (enum outcome)i;
	return OUTCOME_UNAVAILABLE;
}
