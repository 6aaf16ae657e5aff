/*
 * subscribe.c: SUBSCRIBE and UNSUBSCRIBE, RFC 3501 §6.3.6 and §6.3.7.  A name
 * needn't exist to be subscribed, and stays so when it goes.
 */
#include "session.h"

static struct result subscribe(struct session *s, struct command *c, bool on, const char *done)
{
	struct bytes name;
	struct error e;

	if (!parse_space(&c->args) ||
	    !parse_mailbox(&c->args, &s->cmd, store_separator(s->store), &name) ||
	    !parse_end(&c->args))
		return result_bad("Mailbox name expected");
	if (store_subscribe(s->store, name, on, &e) < 0)
		return result_error(s, "subscribe", &e);
	return result_ok(done);
}

struct result cmd_subscribe(struct session *s, struct command *c)
{
	return subscribe(s, c, true, "SUBSCRIBE completed");
}

struct result cmd_unsubscribe(struct session *s, struct command *c)
{
	return subscribe(s, c, false, "UNSUBSCRIBE completed");
}
