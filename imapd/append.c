/*
 * append.c: APPEND, RFC 3501 §6.3.11; APPENDUID of RFC 4315; TOOBIG of RFC 4469.
 *
 * All that can be refused is refused before the message is asked for.  Then
 * its bytes go to a file piece by piece; memory doesn't depend on their
 * number.  If that fails on the way, the rest is read and dropped, because
 * the client is sending it.  The mailbox has the message only after all of
 * it, and the end of the line, arrived.  A client that goes away leaves
 * nothing behind.
 */
#include "command.h"
#include "date.h"

struct append_args {
	struct bytes mailbox;
	struct flag_list flags;
	int64_t date;
};

static const char *parse_args(struct session *s, struct command *c, struct append_args *a)
{
	struct bytes text;
	struct date date;
	struct literal l;

	*a = (struct append_args){ .date = INDEX_DATE_UNKNOWN };
	if (!parse_space(&c->args) ||
	    !parse_mailbox(&c->args, &s->cmd, store_separator(s->store), &a->mailbox) ||
	    !parse_space(&c->args))
		return "Mailbox name expected";
	if (c->args.n && c->args.p[0] == '(' &&
	    (!parse_flags(&c->args, &s->cmd, false, &a->flags) || !parse_space(&c->args)))
		return "Invalid flags";
	if (c->args.n && c->args.p[0] == '"') {
		if (!parse_string(&c->args, &s->cmd, &text) || !date_parse_internal(text, &date) ||
		    !parse_space(&c->args))
			return "Invalid date";
		a->date = date.utc;
	}
	if (!c->literal_waits || !parse_literal(&c->args, &l) || !parse_end(&c->args))
		return "A message as a literal expected";
	return NULL;
}

/* The literal to the file.  0; 1: the file failed (*e), all was read; -1: the client is gone. */
static int stream(struct session *s, uint64_t left, struct append *ap, struct error *e)
{
	int failed = 0;

	while (left) {
		size_t want = left < s->in.cap ? (size_t)left : s->in.cap;
		struct bytes piece;

		if (session_lost(s, reader_some(&s->in, want, &piece)))
			return -1;
		left -= piece.n;
		if (!failed && append_write(ap, piece, e) < 0)
			failed = 1;
	}
	return failed;
}

/* The message is asked for, read and committed. */
static struct result receive(struct session *s, struct command *c, struct append *ap)
{
	struct append_result done;
	struct error e;
	const char *bad;
	int failed;

	command_take_literal(s, c);
	failed = stream(s, c->literal.size, ap, &e);
	bad = failed < 0 ? NULL : command_end(s);
	if (s->state == STATE_LOGOUT)
		return (struct result){ RESULT_NONE, NULL, NULL };
	if (bad)
		return result_bad(bad);
	if (failed || append_end(ap, &e) < 0 || append_commit(ap, &done, &e) < 0)
		return result_error(s, "append", &e);
	return (struct result){
		RESULT_OK, arena_printf(&s->cmd, "APPENDUID %u %u", done.uidvalidity, done.uids[0]),
		"APPEND completed"
	};
}

static struct result append_to(struct session *s, struct command *c, struct mailbox *mb,
			       const struct append_args *a)
{
	struct append *ap;
	struct result r;
	struct error e;

	if (append_begin(mb, &ap, &e) < 0)
		return result_error(s, "append", &e);
	if (append_start(ap, &a->flags, a->date, &e) < 0)
		r = result_error(s, "append", &e);
	else
		r = receive(s, c, ap);
	append_free(ap);
	return r;
}

struct result cmd_append(struct session *s, struct command *c)
{
	struct append_args a;
	const char *bad = parse_args(s, c, &a);
	struct mailbox *mb;
	struct result r;
	struct error e;

	if (bad)
		return result_bad(bad);
	if (c->literal.size > s->message_max)
		return result_no("TOOBIG", "The message is too large");
	if (!c->literal.size)
		return result_no("CANNOT", "The message is empty");
	if (mailbox_open(s->store, a.mailbox, MAILBOX_NOVIEW, &mb, &e) < 0)
		return result_target_error(s, "append", &e);
	r = append_to(s, c, mb, &a);
	mailbox_close(mb);
	return r;
}
