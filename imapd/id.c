/*
 * id.c: ID, RFC 2971.  What the client says of itself is checked for syntax and
 * dropped; of ourselves we say the name only.
 */
#include "session.h"

/* NIL or a list of pairs. */
static bool parse_params(struct bytes *c, struct arena *a)
{
	struct bytes name, value;

	if (parse_word(c, "NIL"))
		return true;
	if (!parse_char(c, '('))
		return false;
	if (parse_char(c, ')'))
		return true;
	do {
		if (!parse_string(c, a, &name) || !parse_space(c) || !parse_nstring(c, a, &value))
			return false;
	} while (parse_space(c));
	return parse_char(c, ')');
}

struct result cmd_id(struct session *s, struct command *c)
{
	if (!parse_space(&c->args) || !parse_params(&c->args, &s->cmd) || !parse_end(&c->args))
		return result_bad("ID takes NIL or a list of strings");
	writer_str(&s->out, "* ID (\"name\" \"roost\")\r\n");
	return result_ok("ID completed");
}
