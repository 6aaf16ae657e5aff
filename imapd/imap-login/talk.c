/*
 * talk.c: IMAP before login: greeting, CAPABILITY, NOOP, ID, LOGOUT, LOGIN and AUTHENTICATE
 * PLAIN or LOGIN, RFC 3501 §6.1 and §6.2, 2971, 4616, 4959 (SASL-IR), 7888 (LITERAL+).
 *
 * Runs in the jailed half.  It never learns that a login succeeded: the gate ends this
 * process then, and what the client sent behind the login command is still in the
 * socket.  What held a password is wiped after every command.
 */
#include "talk.h"

#include <unistd.h>

#include "clock.h"
#include "codec.h"
#include "http.h"
#include "pages.h"
#include "peek.h"
#include "prelogin.h"
#include "signals.h"
#include "writer.h"

#define TALK_BAD_MAX 10     /* bad commands of one connection */
#define TALK_SKIP_MAX 65536 /* bytes that are thrown away before we give up */
#define CAPABILITIES "IMAP4rev1 LITERAL+ SASL-IR ID"

struct session {
	const struct talk *talk;
	struct peek in;
	struct writer out;
	struct bytes tag; /* in text */
	enum talk_end end;
	bool over;
	unsigned bad;
	size_t n;    /* bytes of text */
	size_t most; /* bytes of this command that were ever in one of the buffers */
};

PAGES_APART static char text[PRELOGIN_COMMAND_MAX + 2]; /* the command as it came */
PAGES_APART static char scratch[PRELOGIN_COMMAND_MAX];  /* its strings, decoded */
PAGES_APART static char decoded[PRELOGIN_LINE_MAX], decoded_name[PRELOGIN_LINE_MAX];
PAGES_APART static char output[1024];

static void bye(struct session *s, enum talk_end end, const char *why)
{
	if (why)
		writer_printf(&s->out, "* BYE %s\r\n", why);
	s->over = true;
	s->end = end;
}

static void tagged(struct session *s, const char *rest)
{
	writer_bytes(&s->out, s->tag);
	writer_printf(&s->out, " %s\r\n", rest);
}

static void count_bad(struct session *s)
{
	if (++s->bad >= TALK_BAD_MAX)
		bye(s, TALK_ABUSE, "Too many bad commands");
}

static void bad(struct session *s, const char *why)
{
	if (s->tag.n)
		writer_bytes(&s->out, s->tag);
	else
		writer_char(&s->out, '*');
	writer_printf(&s->out, " BAD %s\r\n", why);
	count_bad(s);
}

static void refused(struct session *s, enum outcome o)
{
	writer_bytes(&s->out, s->tag);
	writer_printf(&s->out, " NO [%s] %s\r\n", outcome_code(o), outcome_text(o));
}

/* False: the connection is over, with the reason that the status stands for. */
static bool alive(struct session *s, enum peek_status status)
{
	switch (status) {
	case PEEK_OK:
	case PEEK_TOO_LONG:
		return true;
	case PEEK_SILENT:
		bye(s, TALK_SILENT, "Autologout; idle for too long");
		break;
	case PEEK_EXPIRED:
		bye(s, TALK_EXPIRED, "Login took too long");
		break;
	case PEEK_STOP:
		bye(s, TALK_STOP, "Server shutting down");
		break;
	case PEEK_TLS:
		bye(s, TALK_TLS, "This port does not begin with TLS");
		break;
	case PEEK_EOF:
	case PEEK_ERROR:
		bye(s, TALK_EOF, NULL);
		break;
	}
	return false;
}

/* Whoever waits for the client lets it have its replies first. */
static bool flushed(struct session *s)
{
	if (writer_flush(&s->out) == 0)
		return true;
	bye(s, TALK_EOF, NULL);
	return false;
}

/* A line at p: 1; 0 if it was too long and is skipped; -1: the connection is over. */
static int read_line(struct session *s, char *p, size_t max, size_t *n)
{
	enum peek_status status;
	size_t skipped = 0, rest;

	if (!flushed(s))
		return -1;
	status = peek_line(&s->in, p, max, n);
	s->most += *n;
	if (!alive(s, status))
		return -1;
	if (status == PEEK_OK)
		return 1;
	while (status == PEEK_TOO_LONG) {
		if ((skipped += max) > TALK_SKIP_MAX) {
			bye(s, TALK_ABUSE, "Line too long");
			return -1;
		}
		status = peek_line(&s->in, scratch, max < sizeof scratch ? max : sizeof scratch,
				   &rest);
		if (!alive(s, status))
			return -1;
	}
	return 0;
}

/* Tag and verb of what was read so far: only LOGIN and ID have literals, and a password
 * that must not be sent in the clear is not asked for. */
static bool literal_allowed(struct session *s)
{
	struct bytes c = { text, s->n };
	enum prelogin_verb verb;

	if (!prelogin_tag(&c, &s->tag)) {
		s->tag = (struct bytes){ NULL, 0 };
		bad(s, "Invalid tag");
		return false;
	}
	verb = prelogin_verb(&c);
	if (verb == VERB_LOGIN && !s->talk->plaintext)
		refused(s, OUTCOME_PRIVACY);
	else if (verb != VERB_LOGIN && verb != VERB_ID)
		bad(s, "No literal here");
	else
		return true;
	return false;
}

/* Throws away a literal that comes unasked, and the line it stands in. */
static void skip_literal(struct session *s, struct prelogin_literal l)
{
	char piece[512];
	size_t n;

	while (l.plus) {
		if (l.size > TALK_SKIP_MAX) {
			bye(s, TALK_ABUSE, "Literal too large");
			return;
		}
		while (l.size) {
			n = l.size < sizeof piece ? l.size : sizeof piece;
			if (!flushed(s) || !alive(s, peek_exact(&s->in, piece, n)))
				return;
			l.size -= n;
		}
		if (read_line(s, scratch, PRELOGIN_LINE_MAX, &n) < 1 ||
		    !prelogin_literal((struct bytes){ scratch, n }, &l))
			return;
	}
}

/* The literal announced at the end of text.  False: the command is over. */
static bool read_literal(struct session *s, struct prelogin_literal l)
{
	bool allowed = literal_allowed(s);

	if (allowed && (l.size > PRELOGIN_LITERAL_MAX ||
			l.size + PRELOGIN_LINE_MAX + 2 > PRELOGIN_COMMAND_MAX - s->n)) {
		bad(s, "Literal too large");
		allowed = false;
	}
	if (!allowed) {
		skip_literal(s, l);
		return false;
	}
	if (!l.plus)
		writer_str(&s->out, "+ OK\r\n");
	text[s->n++] = '\r';
	text[s->n++] = '\n';
	s->most += l.size + 2;
	if (!flushed(s) || !alive(s, peek_exact(&s->in, text + s->n, l.size)))
		return false;
	s->n += l.size;
	return true;
}

/* A whole command in text; false: there is none to obey. */
static bool read_command(struct session *s)
{
	s->n = 0;
	s->tag = (struct bytes){ NULL, 0 };
	for (;;) {
		struct prelogin_literal l;
		size_t n;
		int got = read_line(s, text + s->n, PRELOGIN_LINE_MAX, &n);

		if (got == 0)
			bad(s, "Line too long");
		if (got < 1)
			return false;
		s->n += n;
		if (!prelogin_literal((struct bytes){ text + s->n - n, n }, &l))
			return true;
		if (!read_literal(s, l))
			return false;
	}
}

/* Asks the gate.  Does not come back from a login: the gate ends us. */
static void login(struct session *s, const struct credentials *c, enum method method)
{
	struct answer answer;
	struct record r;

	if (!flushed(s))
		return;
	if (!record_fill(&r, s->tag, c->user, c->password)) {
		refused(s, OUTCOME_FAILED); /* longer than any that exist */
		count_bad(s);
		return;
	}
	r.method = method;
	if (!talk_ask(s->talk, &r, &answer)) {
		bye(s, TALK_STOP, "Server shutting down");
	} else {
		refused(s, (enum outcome)answer.outcome);
		if (answer.final)
			bye(s, TALK_FAILURES, "Too many failures");
	}
	record_wipe(&r);
}

static void cmd_login(struct session *s, struct bytes args)
{
	struct credentials c;

	if (!s->talk->plaintext)
		refused(s, OUTCOME_PRIVACY);
	else if (!prelogin_login(args, scratch, &c))
		bad(s, "LOGIN wants a name and a password");
	else
		login(s, &c, METHOD_LOGIN);
}

/* base64 at `in` to out (PRELOGIN_LINE_MAX bytes); false was told to the client. */
static bool decode(struct session *s, struct bytes in, char *out, struct bytes *message)
{
	struct buf b = BUF_IN(out, PRELOGIN_LINE_MAX);
	bool ok = base64_decode(&b, in) && !b.full;

	*message = (struct bytes){ out, ok ? b.n : 0 };
	if (!ok)
		bad(s, "Invalid base64");
	return ok;
}

/* One response of the client, decoded: asked for with `challenge` unless it came with
 * the command.  False: cancelled, wrong or over, and told. */
static bool response(struct session *s, struct bytes initial, const char *challenge, char *out,
		     struct bytes *message)
{
	struct bytes line = initial;
	int got = 1;

	if (!initial.p) {
		writer_printf(&s->out, "+ %s\r\n", challenge);
		got = read_line(s, scratch, PRELOGIN_LINE_MAX, &line.n);
		line.p = scratch;
	}
	if (got == 0)
		bad(s, "Line too long");
	else if (got == 1 && !initial.p && bytes_is(line, "*"))
		bad(s, "AUTHENTICATE cancelled");
	else if (got == 1)
		return decode(s, line, out, message);
	return false;
}

static void auth_plain(struct session *s, struct bytes initial)
{
	struct credentials c;
	struct bytes message, authzid;

	if (!response(s, initial, "", decoded, &message))
		return;
	if (!prelogin_plain(message, &authzid, &c)) {
		bad(s, "Invalid PLAIN message");
	} else if (authzid.n && !bytes_eq(authzid, c.user)) {
		refused(s, OUTCOME_AUTHORIZATION);
		count_bad(s);
	} else {
		login(s, &c, METHOD_PLAIN);
	}
}

/* The challenges are "Username:" and "Password:". */
static void auth_login(struct session *s, struct bytes initial)
{
	const struct bytes ask = { NULL, 0 };
	struct credentials c;

	if (!response(s, initial, "VXNlcm5hbWU6", decoded_name, &c.user) ||
	    !response(s, ask, "UGFzc3dvcmQ6", decoded, &c.password))
		return;
	if (bytes_chr(c.user, '\0') != BYTES_NONE || bytes_chr(c.password, '\0') != BYTES_NONE)
		bad(s, "Invalid LOGIN message");
	else
		login(s, &c, METHOD_LOGIN);
}

/* RFC 4422 appendix A: the client says whom it wants to be, or nothing. */
static void auth_external(struct session *s, struct bytes initial)
{
	struct credentials c = { .password = { "", 0 } };

	if (!response(s, initial, "", decoded, &c.user))
		return;
	if (bytes_chr(c.user, '\0') != BYTES_NONE)
		bad(s, "Invalid EXTERNAL message");
	else
		login(s, &c, METHOD_EXTERNAL);
}

static void cmd_authenticate(struct session *s, struct bytes args)
{
	enum prelogin_mech mech;
	struct bytes initial;

	if (!prelogin_authenticate(args, &mech, &initial))
		bad(s, "AUTHENTICATE wants a mechanism");
	else if (mech == MECH_UNKNOWN || (mech == MECH_EXTERNAL && !s->talk->external))
		tagged(s, "NO [CANNOT] Unknown mechanism"), count_bad(s);
	else if (!s->talk->plaintext)
		refused(s, OUTCOME_PRIVACY);
	else if (mech == MECH_PLAIN)
		auth_plain(s, initial);
	else if (mech == MECH_EXTERNAL)
		auth_external(s, initial);
	else
		auth_login(s, initial);
}

static void write_capabilities(struct session *s)
{
	writer_str(&s->out, "CAPABILITY " CAPABILITIES);
	if (s->talk->starttls)
		writer_str(&s->out, " STARTTLS");
	writer_str(&s->out, s->talk->plaintext ? " AUTH=PLAIN AUTH=LOGIN" : " LOGINDISABLED");
	if (s->talk->external)
		writer_str(&s->out, " AUTH=EXTERNAL");
}

/* RFC 3501 §6.2.1.  What the client sent behind the command, or somebody in its name, is
 * dropped; the next byte that is read is TLS. */
static void cmd_starttls(struct session *s)
{
	int answer;

	if (!s->talk->starttls) {
		bad(s, s->talk->greeted ? "TLS has begun already" : "There is no TLS here");
		return;
	}
	if (!flushed(s))
		return;
	answer = talk_starttls(s->talk);
	if (answer > 0) {
		peek_drain(&s->in);
		bye(s, TALK_STARTTLS, NULL);
		tagged(s, "OK Begin TLS now");
	} else if (answer == 0) {
		tagged(s, "NO [UNAVAILABLE] TLS is not possible now");
		bye(s, TALK_STOP, "TLS is not possible now");
	} else {
		bye(s, TALK_STOP, "Server shutting down");
	}
}

static void cmd_logout(struct session *s)
{
	bye(s, TALK_LOGOUT, "Logging out");
	tagged(s, "OK LOGOUT completed");
}

static void obey(struct session *s, enum prelogin_verb verb, struct bytes args)
{
	bool bare = verb == VERB_CAPABILITY || verb == VERB_NOOP || verb == VERB_LOGOUT ||
		    verb == VERB_STARTTLS;

	if (bare && args.n) {
		bad(s, "No arguments here");
	} else if (verb == VERB_CAPABILITY) {
		writer_str(&s->out, "* ");
		write_capabilities(s);
		writer_str(&s->out, "\r\n");
		tagged(s, "OK CAPABILITY completed");
	} else if (verb == VERB_NOOP) {
		tagged(s, "OK NOOP completed");
	} else if (verb == VERB_LOGOUT) {
		cmd_logout(s);
	} else if (verb == VERB_STARTTLS) {
		cmd_starttls(s);
	} else if (verb == VERB_LOGIN) {
		cmd_login(s, args);
	} else if (verb == VERB_AUTHENTICATE) {
		cmd_authenticate(s, args);
	} else if (verb == VERB_ID && prelogin_id(args)) {
		writer_str(&s->out, "* ID (\"name\" \"roost\")\r\n");
		tagged(s, "OK ID completed");
	} else {
		bad(s, verb == VERB_ID ? "ID takes NIL or a list of strings"
				       : "Unknown command, or not before login");
	}
}

static void command(struct session *s)
{
	struct bytes c = { text, 0 };

	if (!read_command(s))
		return;
	c.n = s->n;
	if (http_is_request(c)) {
		bye(s, TALK_HTTP, "This is IMAP, not HTTP");
	} else if (prelogin_tag(&c, &s->tag)) {
		enum prelogin_verb verb = prelogin_verb(&c);
		obey(s, verb, c);
	} else {
		s->tag = (struct bytes){ NULL, 0 };
		bad(s, "Invalid tag");
	}
}

static void wipe_buffer(const struct session *s, char *p, size_t size)
{
	explicit_bzero(p, s->most < size ? s->most : size);
}

/* No more than was used: a page that was never touched costs nothing. */
static void wipe(struct session *s)
{
	wipe_buffer(s, text, sizeof text);
	wipe_buffer(s, scratch, sizeof scratch);
	wipe_buffer(s, decoded, sizeof decoded);
	wipe_buffer(s, decoded_name, sizeof decoded_name);
	s->most = 0;
}

enum talk_end imap_talk(const struct talk *t)
{
	struct session s = { .talk = t };

	s.in = (struct peek){ .fd = 0,
			      .other = t->gate,
			      .silence_ms = t->silence_ms,
			      .deadline = t->deadline,
			      .stop = &signals_stop,
			      .waiting = signals_waiting() };
	writer_init(&s.out, 1, output, sizeof output, t->silence_ms);
	if (!t->greeted) {
		writer_str(&s.out, "* OK [");
		write_capabilities(&s);
		writer_str(&s.out, "] roost ready\r\n");
	}
	while (!s.over) {
		command(&s);
		wipe(&s);
	}
	(void)writer_flush(&s.out);
	if (s.end != TALK_LOGOUT && s.end != TALK_EOF && s.end != TALK_STARTTLS)
		peek_drain(&s.in);
	return s.end;
}
