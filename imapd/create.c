/*
 * create.c: CREATE, DELETE, RENAME, RFC 3501 §6.3.3 to §6.3.5.
 *
 * What a name may be and what happens to children is the store's knowledge.
 */
#include "session.h"

static bool parse_name(struct session *s, struct command *c, struct bytes *name)
{
	return parse_space(&c->args) &&
	       parse_mailbox(&c->args, &s->cmd, store_separator(s->store), name);
}

struct result cmd_create(struct session *s, struct command *c)
{
	char separator = store_separator(s->store);
	struct bytes name;
	struct error e;

	if (!parse_name(s, c, &name) || !parse_end(&c->args))
		return result_bad("Mailbox name expected");
	/* A trailing separator announces children, which needs no announcement here. */
	if (name.n > 1 && name.p[name.n - 1] == separator)
		name.n--;
	if (store_create(s->store, name, &e) < 0)
		return result_error(s, "create", &e);
	return result_ok("CREATE completed");
}

struct result cmd_delete(struct session *s, struct command *c)
{
	struct bytes name;
	struct error e;

	if (!parse_name(s, c, &name) || !parse_end(&c->args))
		return result_bad("Mailbox name expected");
	if (s->mb && bytes_eq(name, mailbox_name(s->mb)) && !bytes_is(name, "INBOX")) {
		session_deselect(s);
		writer_str(&s->out, "* OK [CLOSED] The selected mailbox is being deleted\r\n");
	}
	if (store_delete(s->store, name, &e) < 0)
		return result_error(s, "delete", &e);
	return result_ok("DELETE completed");
}

struct result cmd_rename(struct session *s, struct command *c)
{
	struct bytes from, to;
	struct error e;

	if (!parse_name(s, c, &from) || !parse_name(s, c, &to) || !parse_end(&c->args))
		return result_bad("Two mailbox names expected");
	if (store_rename(s->store, from, to, &e) < 0)
		return result_error(s, "rename", &e);
	return result_ok("RENAME completed");
}
