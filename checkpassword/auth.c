/*
 * auth.c: the sources one after the other.
 *
 * AUTH names them ("users pam").  Without it they are those that this machine
 * has: users.cdb, and PAM if there is a configuration of the service.  A source
 * that fails ends it with "try later": the next one might let somebody else
 * of that name in, and a lookup would call a user unknown who is not.
 */
#include "auth.h"

#include "conf.h"
#include "log.h"

static const struct source {
	const char *name;
	enum answer (*ask)(const struct question *q, struct user *u);
	bool (*present)(void);
} sources[] = {
	{ "users", users_ask, users_present },
	{ "pam", pam_ask, pam_present },
	{ "shadow", shadow_ask, shadow_present },
};

#define SOURCES (sizeof(sources) / sizeof(sources[0]))

static enum answer ask_present(const struct question *q, struct user *u)
{
	enum answer a = ANSWER_UNKNOWN;
	bool any = false;

	for (size_t i = 0; i < SOURCES && a == ANSWER_UNKNOWN; i++)
		if (sources[i].present()) {
			any = true;
			a = sources[i].ask(q, u);
		}
	if (!any)
		log_error("auth", "neither users.cdb nor a PAM service is there");
	return any ? a : ANSWER_TROUBLE;
}

static const struct source *named(struct bytes name)
{
	for (size_t i = 0; i < SOURCES; i++)
		if (bytes_is(name, sources[i].name))
			return &sources[i];
	log_error("auth", "AUTH has a source that is not known");
	return NULL;
}

static enum answer ask_listed(struct bytes list, const struct question *q, struct user *u)
{
	enum answer a = ANSWER_UNKNOWN;
	struct bytes name;

	while (a == ANSWER_UNKNOWN && bytes_split(&list, ' ', &name)) {
		const struct source *s = name.n ? named(name) : NULL;

		if (name.n)
			a = s ? s->ask(q, u) : ANSWER_TROUBLE;
	}
	return a;
}

enum answer auth_ask(const struct question *q, struct user *u)
{
	struct bytes list = bytes_trim(bytes_of(conf_str("AUTH", "")));
	enum answer a = list.n ? ask_listed(list, q, u) : ask_present(q, u);

	if (a == ANSWER_UNKNOWN && !q->lookup)
		users_waste_time(q);
	return a;
}
