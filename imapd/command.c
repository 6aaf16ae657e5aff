/*
 * command.c: one command from its first byte to its tagged line.
 *
 * RFC 3501 §2.2, §4.3, §7, §9; RFC 7888 (LITERAL+).  A command is gathered with
 * its literals, found in the table, checked against the state, run; then the
 * news of the mailbox is told and the tagged line written, here and nowhere
 * else.  The message of an APPEND is not gathered: its handler streams it.
 * Whatever is refused (too long, unknown, not now) is refused before its
 * literals are asked for; those that come unasked are skipped.
 */
#include "command.h"

#include "num.h"

enum {
	COMMAND_UID = 1 << 0,        /* also as UID ... */
	COMMAND_NO_EXPUNGE = 1 << 1, /* without UID: RFC 3501 §7.4.1 */
	COMMAND_STREAMS = 1 << 2,    /* reads its last literal itself */
};

#define ANY (STATE_AUTHENTICATED | STATE_SELECTED)

struct entry {
	const char *name;
	handler *run;
	unsigned states;
	unsigned flags;
};

static const struct entry table[] = {
	{ "FETCH", cmd_fetch, STATE_SELECTED, COMMAND_UID | COMMAND_NO_EXPUNGE },
	{ "STORE", cmd_store, STATE_SELECTED, COMMAND_UID | COMMAND_NO_EXPUNGE },
	{ "SEARCH", cmd_search, STATE_SELECTED, COMMAND_UID | COMMAND_NO_EXPUNGE },
	{ "COPY", cmd_copy, STATE_SELECTED, COMMAND_UID },
	{ "MOVE", cmd_move, STATE_SELECTED, COMMAND_UID },
	{ "EXPUNGE", cmd_expunge, STATE_SELECTED, COMMAND_UID },
	{ "CHECK", cmd_check, STATE_SELECTED, 0 },
	{ "CLOSE", cmd_close, STATE_SELECTED, 0 },
	{ "UNSELECT", cmd_unselect, STATE_SELECTED, 0 },
	{ "NOOP", cmd_noop, ANY, 0 },
	{ "IDLE", cmd_idle, ANY, 0 },
	{ "SELECT", cmd_select, ANY, 0 },
	{ "EXAMINE", cmd_examine, ANY, 0 },
	{ "STATUS", cmd_status, ANY, 0 },
	{ "LIST", cmd_list, ANY, 0 },
	{ "LSUB", cmd_lsub, ANY, 0 },
	{ "APPEND", cmd_append, ANY, COMMAND_STREAMS },
	{ "CREATE", cmd_create, ANY, 0 },
	{ "DELETE", cmd_delete, ANY, 0 },
	{ "RENAME", cmd_rename, ANY, 0 },
	{ "SUBSCRIBE", cmd_subscribe, ANY, 0 },
	{ "UNSUBSCRIBE", cmd_unsubscribe, ANY, 0 },
	{ "CAPABILITY", cmd_capability, ANY, 0 },
	{ "NAMESPACE", cmd_namespace, ANY, 0 },
	{ "ENABLE", cmd_enable, ANY, 0 },
	{ "ID", cmd_id, ANY, 0 },
	{ "LOGOUT", cmd_logout, ANY, 0 },
	{ "LOGIN", NULL, 0, 0 }, /* done already */
	{ "AUTHENTICATE", NULL, 0, 0 },
	{ "STARTTLS", NULL, 0, 0 },
};

static const struct entry *find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (bytes_iis(name, table[i].name))
			return &table[i];
	return NULL;
}

#define ANNOUNCEMENT_MAX 32 /* "{", 20 digits, "+}", some zeros in front */

/* Does the line end with "{n}" or "{n+}"? */
static bool announcement(struct bytes line, struct literal *l)
{
	struct bytes end =
		line.n > ANNOUNCEMENT_MAX ? bytes_from(line, line.n - ANNOUNCEMENT_MAX) : line;
	size_t brace = bytes_rchr(end, '{');

	end = bytes_from(end, brace == BYTES_NONE ? end.n : brace);
	return parse_literal(&end, l) && parse_end(&end);
}

/* Reads on to the end of a line of which `piece` is the first part.  Its last bytes
 * still matter: RFC 7888 §3 wants every line looked at. */
static enum reader_status skip_long_line(struct session *s, struct bytes piece,
					 struct command_line *l)
{
	enum reader_status status = READER_TOO_LONG;
	char end[2 * ANNOUNCEMENT_MAX];
	size_t n = 0;

	for (;;) {
		struct bytes last = piece.n > ANNOUNCEMENT_MAX
					    ? bytes_from(piece, piece.n - ANNOUNCEMENT_MAX)
					    : piece;
		if (n > ANNOUNCEMENT_MAX) {
			memmove(end, end + n - ANNOUNCEMENT_MAX, ANNOUNCEMENT_MAX);
			n = ANNOUNCEMENT_MAX;
		}
		memcpy(end + n, last.p, last.n);
		n += last.n;
		if (status != READER_TOO_LONG)
			break;
		status = reader_line(&s->in, IMAP_LINE_MAX, &piece);
	}
	l->literal_waits = announcement((struct bytes){ end, n }, &l->literal);
	return status;
}

bool command_read_line(struct session *s, struct command_line *l)
{
	struct bytes line;
	enum reader_status status = reader_line(&s->in, IMAP_LINE_MAX, &line);

	*l = (struct command_line){ 0 };
	if (status != READER_OK && status != READER_TOO_LONG)
		return !session_lost(s, status);
	if (bytes_chr(line, '\0') != BYTES_NONE)
		l->bad = "NUL in a command";
	buf_bytes(&s->text, line);
	if (status == READER_TOO_LONG) {
		l->bad = "Line too long";
		return !session_lost(s, skip_long_line(s, line, l));
	}
	l->literal_waits = announcement(line, &l->literal);
	return true;
}

bool command_skip_rest(struct session *s, struct command_line l)
{
	while (l.literal_waits && l.literal.plus) {
		if (session_lost(s, reader_skip(&s->in, l.literal.size)))
			return false;
		buf_reset(&s->text);
		if (!command_read_line(s, &l))
			return false;
	}
	return true;
}

static void ask_for(struct session *s, const struct literal *l)
{
	if (!l->plus)
		writer_str(&s->out, "+ OK\r\n");
}

/* Appends a literal to the text.  NULL, or why not; then nothing was asked for. */
static const char *read_literal(struct session *s, struct command_line *l)
{
	char *p;
	size_t n;

	if (l->literal.size > IMAP_COMMAND_MAX)
		return "Literal too large";
	n = (size_t)l->literal.size;
	if (s->text.n + n + 2 > IMAP_COMMAND_MAX)
		return "Command too large";
	ask_for(s, &l->literal);
	buf_add(&s->text, "\r\n", 2);
	p = buf_reserve(&s->text, n);
	if (session_lost(s, reader_exact(&s->in, p, n)))
		return "";
	s->text.n += n;
	if (memchr(p, '\0', n))
		l->bad = "NUL in a literal";
	return NULL;
}

/* The line behind a literal. */
static const char *read_behind_literal(struct session *s, struct command_line *l)
{
	const char *bad = l->bad;

	reader_ack(&s->in);
	if (!command_read_line(s, l))
		return "";
	if (!bad)
		bad = l->bad;
	return s->text.full ? "Command too large" : bad;
}

/* Takes tag and name off the text, which may move later: offsets, not views, survive. */
static const char *parse_start(struct session *s, struct command *c, const struct entry **e,
			       size_t *args)
{
	struct bytes rest = buf_view(&s->text), tag, name;

	if (!rest.n)
		return "Empty command line";
	if (!parse_tag(&rest, &tag))
		return "Invalid tag";
	memcpy(s->tag, tag.p, tag.n);
	c->tag = (struct bytes){ s->tag, tag.n };
	if (!parse_space(&rest) || !parse_atom(&rest, &name))
		return "Command expected";
	if (bytes_iis(name, "UID")) {
		c->uid = true;
		if (!parse_space(&rest) || !parse_atom(&rest, &name))
			return "Command expected behind UID";
	}
	*e = find(name);
	if (!*e || (c->uid && !((*e)->flags & COMMAND_UID)))
		return "Unknown command";
	if (!((*e)->states & s->state))
		return (*e)->states ? "No mailbox is selected" : "Already logged in";
	c->name = bytes_of((*e)->name);
	*args = s->text.n - rest.n;
	return NULL;
}

/* Is the literal at the end of the text the message of an APPEND?  Only the
 * mailbox may be a literal before it. */
static bool is_message(const struct session *s, const struct entry *e, size_t args)
{
	struct bytes rest = bytes_from(buf_view(&s->text), args);
	struct literal l;

	return (e->flags & COMMAND_STREAMS) &&
	       !(parse_space(&rest) && parse_literal(&rest, &l) && parse_end(&rest));
}

/* Gathers a command.  NULL, or the text for BAD (anything if the session ended). */
static const char *gather(struct session *s, struct command *c, const struct entry **e)
{
	struct command_line l;
	const char *bad;
	size_t args = 0;

	if (!command_read_line(s, &l))
		return "";
	bad = parse_start(s, c, e, &args);
	if (l.bad)
		bad = l.bad;
	while (!bad && l.literal_waits && !is_message(s, *e, args)) {
		bad = read_literal(s, &l);
		if (!bad)
			bad = read_behind_literal(s, &l);
		if (s->state == STATE_LOGOUT)
			return "";
	}
	if (bad) {
		command_skip_rest(s, l);
		return bad;
	}
	c->args = bytes_from(buf_view(&s->text), args);
	c->literal_waits = l.literal_waits;
	c->literal = l.literal;
	return NULL;
}

void command_take_literal(struct session *s, struct command *c)
{
	ask_for(s, &c->literal);
	c->literal_waits = false;
}

const char *command_end(struct session *s)
{
	struct command_line l;

	buf_reset(&s->text);
	reader_ack(&s->in);
	if (!command_read_line(s, &l))
		return "";
	if (!l.bad && !s->text.n)
		return NULL;
	command_skip_rest(s, l);
	return l.bad ? l.bad : "Nothing expected behind the message";
}

static void write_result(struct session *s, struct bytes tag, const struct result *r)
{
	static const char *const words[] = { " OK ", " NO ", " BAD " };

	writer_bytes(&s->out, tag.n ? tag : BYTES("*"));
	writer_str(&s->out, words[r->kind]);
	if (r->code) {
		writer_char(&s->out, '[');
		writer_str(&s->out, r->code);
		writer_str(&s->out, "] ");
	}
	writer_str(&s->out, r->text);
	writer_str(&s->out, "\r\n");
}

static void count_bads(struct session *s, enum result_kind kind)
{
	s->bads = kind == RESULT_BAD ? s->bads + 1 : 0;
	if (s->bads >= IMAP_BAD_MAX) {
		s->bye = "Too many bad commands";
		s->state = STATE_LOGOUT;
	}
}

void command_run(struct session *s)
{
	struct command c = { 0 };
	const struct entry *e = NULL;
	struct result r;
	const char *bad;

	arena_reset(&s->cmd);
	buf_trim(&s->text, IMAP_TEXT_KEEP);
	bad = gather(s, &c, &e);
	if (s->state == STATE_LOGOUT)
		return;
	if (bad) {
		r = result_bad(bad);
	} else {
		s->uid = c.uid;
		r = e->run(s, &c);
		if (c.literal_waits)
			command_skip_rest(s, (struct command_line){ NULL, true, c.literal });
		if (s->state == STATE_SELECTED && r.kind != RESULT_NONE)
			session_news(s, c.uid || !(e->flags & COMMAND_NO_EXPUNGE));
	}
	if (r.kind == RESULT_NONE)
		return;
	write_result(s, c.tag, &r);
	session_close_left(s);
	count_bads(s, r.kind);
}
