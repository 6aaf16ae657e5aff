/*
 * auth.c: the sources one after the other.
 *
 * AUTH names them ("users pam").  Without it they are those that this machine
 * has: users.cdb, and PAM if there is a configuration of the service.  A source
 * that fails ends it with "try later": the next one might let somebody else
 * of that name in, and a lookup would call a user unknown who is not.
 *
 * A refusal costs every source once, whoever knew the name: the one that decided has
 * compared the password, PAM and shadow compare it for names they don't know as well, and
 * the others are made to by auth_pay.
 */
#include "auth.h"

#include "conf.h"
#include "log.h"

typedef enum answer asking(const struct question *q, struct user *u);

static struct source {
	const char *name;
	asking *ask;
	bool (*present)(void);
	bool pays; /* asking about a name that it doesn't know takes the time of a wrong password */
	bool paid; /* this login has taken its time */
} sources[] = {
	{ .name = "users", .ask = users_ask, .present = users_present },
	{ .name = "pam", .ask = pam_ask, .present = pam_present, .pays = true },
	{ .name = "shadow", .ask = shadow_ask, .present = shadow_present, .pays = true },
};

#define SOURCES (sizeof(sources) / sizeof(sources[0]))

static struct source *named(struct bytes name)
{
	for (size_t i = 0; i < SOURCES; i++)
		if (bytes_is(name, sources[i].name))
			return &sources[i];
	return NULL;
}

/* The sources in their order: 1 and the next, 0 at the end, -1: it is not known. */
struct walk {
	struct bytes list;
	size_t i;
	bool listed;
};

static struct walk walk_start(void)
{
	struct bytes list = bytes_trim(bytes_of(conf_str("AUTH", "")));

	return (struct walk){ list, 0, list.n > 0 };
}

static int walk_next(struct walk *w, struct source **s)
{
	struct bytes word;

	while (w->listed && bytes_split(&w->list, ' ', &word))
		if (word.n) {
			*s = named(word);
			return *s ? 1 : -1;
		}
	while (!w->listed && w->i < SOURCES) {
		*s = &sources[w->i++];
		if ((*s)->present())
			return 1;
	}
	return 0;
}

enum answer auth_ask(const struct question *q, struct user *u)
{
	struct walk w = walk_start();
	struct source *s = NULL;
	enum answer a = ANSWER_UNKNOWN;
	bool any = false;
	int more = 0;

	while (a == ANSWER_UNKNOWN && (more = walk_next(&w, &s)) > 0) {
		any = true;
		a = s->ask(q, u);
		s->paid = a != ANSWER_UNKNOWN || s->pays;
	}
	if (more < 0)
		log_error("auth", "AUTH has a source that is not known");
	else if (!any)
		log_error("auth", "neither users.cdb nor a PAM service is there");
	return more < 0 || !any ? ANSWER_TROUBLE : a;
}

static void pay(struct source *s, const struct question *q)
{
	struct question nobody = { BYTES(AUTH_NOBODY), q->pass, false, false };
	struct user unused;

	if (!s->paid && s->pays)
		s->ask(&nobody, &unused);
	else if (!s->paid)
		users_waste_time(q);
	s->paid = true;
}

void auth_pay(const struct question *q)
{
	struct walk w = walk_start();
	struct source *s;

	while (walk_next(&w, &s) > 0)
		pay(s, q);
}

bool auth_asks_pam(void)
{
	struct walk w = walk_start();
	struct source *s;

	while (walk_next(&w, &s) > 0)
		if (bytes_is(bytes_of("pam"), s->name))
			return true;
	return false;
}

void auth_use_pam(asking *ask)
{
	named(BYTES("pam"))->ask = ask;
}
