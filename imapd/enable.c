/*
 * enable.c: ENABLE, RFC 5161.  Nothing that is announced so far needs to be
 * enabled, so every name is one to ignore.
 */
#include "session.h"

struct result cmd_enable(struct session *s, struct command *c)
{
	struct bytes name;

	do {
		if (!parse_space(&c->args) || !parse_atom(&c->args, &name))
			return result_bad("Capability name expected");
	} while (!parse_end(&c->args));
	writer_str(&s->out, "* ENABLED\r\n");
	return result_ok("ENABLE completed");
}
