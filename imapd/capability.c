/* capability.c: CAPABILITY, RFC 3501 §6.1.1.  The list is in response.h. */
#include "response.h"

struct result cmd_capability(struct session *s, struct command *c)
{
	if (!parse_end(&c->args))
		return result_bad("CAPABILITY takes no arguments");
	writer_str(&s->out, "* CAPABILITY " IMAP_CAPABILITIES "\r\n");
	return result_ok("CAPABILITY completed");
}
