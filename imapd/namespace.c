/* namespace.c: NAMESPACE, RFC 2342: one personal namespace, no others. */
#include "response.h"

struct result cmd_namespace(struct session *s, struct command *c)
{
	if (!parse_end(&c->args))
		return result_bad("NAMESPACE takes no arguments");
	writer_str(&s->out, "* NAMESPACE ((\"");
	writer_str(&s->out, store_prefix(s->store));
	writer_str(&s->out, "\" ");
	response_separator(s);
	writer_str(&s->out, ")) NIL NIL\r\n");
	return result_ok("NAMESPACE completed");
}
