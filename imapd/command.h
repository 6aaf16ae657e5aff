/*
 * command.h: reading commands, for those handlers that read on by themselves.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "session.h"

/* Reads one command, runs it, answers. */
void command_run(struct session *s);

/* A line as it came: in s->text behind what was there. */
struct command_line {
	const char *bad;    /* too long or holds NUL: why it is refused */
	bool literal_waits; /* it ends with the announcement of a literal */
	struct literal literal;
};
/* False: the session ended. */
bool command_read_line(struct session *s, struct command_line *l);
/* Reads and drops what a client sends behind a refused line without being asked
 * (RFC 7888 §4).  False: the session ended. */
bool command_skip_rest(struct session *s, struct command_line l);

/* Asks for the literal that waits; its bytes come next from s->in. */
void command_take_literal(struct session *s, struct command *c);
/* The rest of the line behind that literal, which must be empty: NULL, or the text for BAD
 * (or anything, when s->state is STATE_LOGOUT). */
const char *command_end(struct session *s);

#endif
