/*
 * noop.c: NOOP, CHECK and LOGOUT, RFC 3501 §6.1.2, §6.4.1, §6.1.3.
 *
 * What NOOP and CHECK find is told where all news is told, in command.c.
 */
#include "session.h"

struct result cmd_noop(struct session *s, struct command *c)
{
	if (!parse_end(&c->args))
		return result_bad("NOOP takes no arguments");
	if (s->state == STATE_SELECTED)
		session_look(s, MAILBOX_SYNC_FAST);
	return result_ok("NOOP completed");
}

struct result cmd_check(struct session *s, struct command *c)
{
	if (!parse_end(&c->args))
		return result_bad("CHECK takes no arguments");
	session_look(s, MAILBOX_SYNC_FULL);
	return result_ok("CHECK completed");
}

struct result cmd_logout(struct session *s, struct command *c)
{
	if (!parse_end(&c->args))
		return result_bad("LOGOUT takes no arguments");
	writer_str(&s->out, "* BYE Logging out\r\n");
	s->state = STATE_LOGOUT;
	return result_ok("LOGOUT completed");
}
