/*
 * prelogin.c: the syntax of commands before login, RFC 3501 §6.1, §6.2 and §9, RFC 2971,
 * 4616, 4959.
 *
 * Nothing here reads from the peer or looks behind the end of its view.  As in
 * imapd a quoted string may hold 8-bit bytes: that's how clients send names.
 */
#include "prelogin.h"

#include "num.h"
#include "record.h"

static bool take_char(struct bytes *c, char want)
{
	if (!c->n || c->p[0] != want)
		return false;
	*c = bytes_from(*c, 1);
	return true;
}

static bool is_astring_char(char ch)
{
	return ch > ' ' && ch < 0x7f && !strchr("(){\"\\%*", ch);
}

static bool take_atom(struct bytes *c, struct bytes *atom)
{
	size_t n = 0;

	while (n < c->n && is_astring_char(c->p[n]))
		n++;
	*atom = bytes_sub(*c, 0, n);
	*c = bytes_from(*c, n);
	return n > 0;
}

bool prelogin_tag(struct bytes *c, struct bytes *tag)
{
	return take_atom(c, tag) && record_tag_valid(*tag) && take_char(c, ' ');
}

enum prelogin_verb prelogin_verb(struct bytes *c)
{
	static const char *const verbs[] = { "",   "CAPABILITY", "NOOP",         "LOGOUT",
					     "ID", "LOGIN",      "AUTHENTICATE", "STARTTLS" };
	struct bytes word;

	if (take_atom(c, &word))
		for (unsigned i = 1; i < sizeof verbs / sizeof verbs[0]; i++)
			if (bytes_iis(word, verbs[i]))
				return (enum prelogin_verb)i;
	return VERB_UNKNOWN;
}

/* "{5}" or "{5+}"; a size of any number of digits that fits. */
static bool take_literal(struct bytes *c, struct prelogin_literal *l)
{
	uint64_t size;

	if (!take_char(c, '{') || !num_take(c, UINT32_MAX, &size))
		return false;
	l->size = (size_t)size;
	l->plus = take_char(c, '+');
	return take_char(c, '}');
}

bool prelogin_literal(struct bytes line, struct prelogin_literal *l)
{
	size_t at = bytes_rchr(line, '{');

	if (at == BYTES_NONE)
		return false;
	line = bytes_from(line, at);
	return take_literal(&line, l) && line.n == 0;
}

/* Undone at *scratch, which moves on. */
static bool take_quoted(struct bytes *c, char **scratch, struct bytes *out)
{
	char *to = *scratch;

	for (size_t i = 1; i < c->n; i++) {
		char ch = c->p[i];

		if (ch == '"') {
			*out = (struct bytes){ *scratch, (size_t)(to - *scratch) };
			*scratch = to;
			*c = bytes_from(*c, i + 1);
			return true;
		}
		if (ch == '\\' && (++i >= c->n || (c->p[i] != '"' && c->p[i] != '\\')))
			return false;
		if (ch == '\r' || ch == '\n' || ch == '\0')
			return false;
		*to++ = c->p[i];
	}
	return false;
}

static bool take_string(struct bytes *c, char **scratch, struct bytes *out)
{
	struct prelogin_literal l;

	if (c->n && c->p[0] == '"')
		return take_quoted(c, scratch, out);
	if (!take_literal(c, &l) || !take_char(c, '\r') || !take_char(c, '\n') || l.size > c->n)
		return false;
	*out = bytes_sub(*c, 0, l.size);
	*c = bytes_from(*c, l.size);
	return bytes_chr(*out, '\0') == BYTES_NONE;
}

static bool take_astring(struct bytes *c, char **scratch, struct bytes *out)
{
	return c->n && is_astring_char(c->p[0]) ? take_atom(c, out) : take_string(c, scratch, out);
}

bool prelogin_login(struct bytes c, char *scratch, struct credentials *out)
{
	return take_char(&c, ' ') && take_astring(&c, &scratch, &out->user) && take_char(&c, ' ') &&
	       take_astring(&c, &scratch, &out->password) && c.n == 0;
}

static bool take_nil(struct bytes *c)
{
	if (!bytes_istarts(*c, BYTES("NIL")))
		return false;
	*c = bytes_from(*c, 3);
	return true;
}

bool prelogin_id(struct bytes c)
{
	char memory[PRELOGIN_COMMAND_MAX], *scratch = memory;
	struct bytes s;

	if (c.n > sizeof memory || !take_char(&c, ' '))
		return false;
	if (take_nil(&c))
		return c.n == 0;
	if (!take_char(&c, '('))
		return false;
	if (take_char(&c, ')'))
		return c.n == 0;
	do {
		if (!take_string(&c, &scratch, &s) || !take_char(&c, ' ') ||
		    !(take_nil(&c) || take_string(&c, &scratch, &s)))
			return false;
	} while (take_char(&c, ' '));
	return take_char(&c, ')') && c.n == 0;
}

bool prelogin_authenticate(struct bytes c, enum prelogin_mech *mech, struct bytes *initial)
{
	struct bytes word;

	*initial = (struct bytes){ NULL, 0 };
	if (!take_char(&c, ' ') || !take_atom(&c, &word))
		return false;
	*mech = bytes_iis(word, "PLAIN")      ? MECH_PLAIN
		: bytes_iis(word, "LOGIN")    ? MECH_LOGIN
		: bytes_iis(word, "EXTERNAL") ? MECH_EXTERNAL
					      : MECH_UNKNOWN;
	if (c.n == 0)
		return true;
	if (!take_char(&c, ' ') || c.n == 0)
		return false;
	*initial = bytes_is(c, "=") ? (struct bytes){ c.p, 0 } : c;
	return true;
}

bool prelogin_plain(struct bytes message, struct bytes *authzid, struct credentials *out)
{
	size_t first = bytes_chr(message, '\0'), second;

	if (first == BYTES_NONE)
		return false;
	*authzid = bytes_sub(message, 0, first);
	message = bytes_from(message, first + 1);
	second = bytes_chr(message, '\0');
	if (second == BYTES_NONE)
		return false;
	out->user = bytes_sub(message, 0, second);
	out->password = bytes_from(message, second + 1);
	return bytes_chr(out->password, '\0') == BYTES_NONE;
}
