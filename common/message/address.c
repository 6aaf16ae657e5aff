/*
 * address.c: address lists of header fields.
 *
 * RFC 5322 §3.4 with §4.4 (routes, empty members, words between dots), and RFC
 * 822's habit of writing the name as a comment behind the address.
 *
 * Forgiven: dots, 8-bit and '@' in names, ';' between addresses, addresses
 * without '@' or without a separator, groups and brackets that are not closed,
 * encoded-words with commas in them.  A part that is missing is an empty string,
 * not a made-up name: a client shows "user" then, and not user@SOMETHING.  The
 * local part loses its quotes, as RFC 3501's addr-mailbox has it.
 */
#include "address.h"

#include "lex.h"

struct list {
	struct lex l;
	size_t at;
	struct arena *arena;
	struct address *first, **end;
	size_t n;
	bool in_group;
	size_t comment, comment_end; /* the last one passed; equal: none */
};

struct range {
	size_t from, to;
};

/* Characters that may end an address or begin what hides one that does. */
static const bool special[256] = {
	['"'] = true, ['='] = true, ['('] = true, ['['] = true, [','] = true,
	[';'] = true, ['<'] = true, ['>'] = true, [':'] = true, ['@'] = true,
};

static bool is_special(char c)
{
	return special[(unsigned char)c];
}

/* Behind "=?charset?q?text?=" at `at`, or `at`.  RFC 2047 §5 (3) forbids ','
 * and '@' inside one, but they are there. */
static size_t encoded_word(struct bytes s, size_t at)
{
	size_t i = at + 2, marks = 0;

	if (s.n - at < 8 || s.p[at + 1] != '?')
		return at;
	for (; i < s.n && marks < 3 && !ascii_isspace(s.p[i]); i++) {
		if (s.p[i] != '?')
			continue;
		marks++;
		char kind = ascii_lower(s.p[i - 1]);
		if (marks == 2 && (s.p[i - 2] != '?' || (kind != 'q' && kind != 'b')))
			return at;
	}
	return marks == 3 && i < s.n && s.p[i] == '=' ? i + 1 : at;
}

/* Behind "[...]" at `at`, or `at`: RFC 5322 §3.4.1 domain-literal, or a list's
 * tag in a name. */
static size_t domain_literal(struct bytes s, size_t at)
{
	size_t i = at + 1;

	while (i < s.n && (!is_special(s.p[i]) || s.p[i] == ':')) {
		if (s.p[i++] == ']')
			return i;
	}
	return at;
}

/* Behind what begins at `at` and hides special characters; `at` if nothing
 * does. */
static size_t pass_hidden(struct list *a, size_t at)
{
	size_t end = at;

	switch (a->l.s.p[at]) {
	case '"':
		return lex_quoted(&a->l, at);
	case '=':
		return encoded_word(a->l.s, at);
	case '[':
		return domain_literal(a->l.s, at);
	case '(':
		end = lex_comment(&a->l, at);
		if (end > at) {
			a->comment = at;
			a->comment_end = end;
		}
		return end;
	default:
		return at;
	}
}

/* The first of the characters in stops in p[at..to), or `to`. */
static size_t find(struct list *a, size_t at, size_t to, const char *stops)
{
	const char *p = a->l.s.p;

	while (at < to) {
		if (!is_special(p[at])) {
			at++;
			continue;
		}
		size_t behind = pass_hidden(a, at);
		if (behind == at && strchr(stops, p[at]))
			return at;
		at = behind > at ? behind : at + 1;
	}
	return to;
}

/* How words are put together: those of a name with one space where there was
 * white space, those of a local part or domain only if no dot stands there. */
enum joint { JOIN_WORDS, JOIN_DOTS };

/* What find() passes as one: a quoted string, a comment, an encoded-word, a
 * domain literal; else one character.  Never goes beyond `to`. */
static struct bytes unit(struct list *a, size_t at, size_t to, size_t *end)
{
	*end = pass_hidden(a, at);
	if (*end == at || *end > to)
		*end = at + 1;
	return bytes_sub(a->l.s, at, *end - at);
}

/* The words in r, quotes and comments undone.  p == NULL: there are none. */
static struct bytes words(struct list *a, struct range r, enum joint joint)
{
	char *out = NULL;
	size_t n = 0;
	bool space = false;

	for (size_t at = r.from, end; at < r.to; at = end) {
		struct bytes u = unit(a, at, r.to, &end);
		if (ascii_isspace(*u.p) || (*u.p == '(' && u.n > 1)) {
			space = n > 0;
			continue;
		}
		if (*u.p == '"' && u.n > 1)
			u = lex_unquote(a->arena, u);
		else if (bytes_chr(u, '\n') != BYTES_NONE) /* a domain literal */
			u = lex_unfold(a->arena, u);
		if (!out)
			out = arena_alloc(a->arena, r.to - r.from);
		bool dots = joint == JOIN_DOTS && (bytes_is(u, ".") || (n && out[n - 1] == '.'));
		if (space && !dots)
			out[n++] = ' ';
		space = false;
		if (u.n)
			memcpy(out + n, u.p, u.n);
		n += u.n;
	}
	return (struct bytes){ out, out ? n : 0 };
}

static struct range range_trim(struct bytes s, struct range r)
{
	while (r.from < r.to && ascii_isspace(s.p[r.from]))
		r.from++;
	while (r.from < r.to && ascii_isspace(s.p[r.to - 1]))
		r.to--;
	return r;
}

/* No quotes, no comments, single spaces: nothing to undo. */
static bool is_plain(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '"' || c == '(' || (c == ' ' && s.p[i + 1] == ' ') ||
		    (c != ' ' && ascii_isspace(c)))
			return false;
	}
	return true;
}

/* The trimmed words in r, copied only if they must be. */
static struct bytes text(struct list *a, struct range r, enum joint joint)
{
	r = range_trim(a->l.s, r);
	struct bytes b = bytes_sub(a->l.s, r.from, r.to - r.from);

	if (b.n && lex_quoted(&a->l, r.from) == r.to)
		return lex_unquote(a->arena, b);
	if (is_plain(b) && (joint == JOIN_WORDS || bytes_chr(b, ' ') == BYTES_NONE))
		return b;
	return words(a, r, joint);
}

/* A display name; p == NULL: none. */
static struct bytes phrase(struct list *a, struct range r)
{
	struct bytes b = text(a, r, JOIN_WORDS);
	return b.n ? b : (struct bytes){ 0 };
}

/* A local part or a domain; never NULL. */
static struct bytes dotted(struct list *a, struct range r)
{
	struct bytes b = text(a, r, JOIN_DOTS);
	return b.n ? b : BYTES("");
}

static struct address *address_add(struct list *a)
{
	struct address *new = arena_new(a->arena, struct address);

	*a->end = new;
	a->end = &new->next;
	a->n++;
	return new;
}

/* The comment that stands where a name is missing. */
static struct bytes name_or_comment(struct list *a, struct bytes name)
{
	size_t n = a->comment_end - a->comment;

	if (name.n || n == 0 || a->comment_end > a->at)
		return name;
	struct bytes inside = bytes_trim(lex_unquote(a->arena, bytes_sub(a->l.s, a->comment, n)));
	return inside.n ? inside : (struct bytes){ 0 };
}

/* "local@domain" in r; the last '@' divides, none leaves the host empty. */
static void add_spec(struct list *a, struct bytes name, struct bytes route, struct range r)
{
	size_t divide = r.to;

	for (size_t i = find(a, r.from, r.to, "@"); i < r.to; i = find(a, i + 1, r.to, "@"))
		divide = i;
	struct address *new = address_add(a);
	new->mailbox = dotted(a, (struct range){ r.from, divide });
	new->host = BYTES("");
	if (divide < r.to)
		new->host = dotted(a, (struct range){ divide + 1, r.to });
	new->route = route;
	new->name = name;
}

/* Takes "@a,@b:" off the front of an angle-addr. */
static struct bytes route_take(struct list *a)
{
	size_t from = lex_cfws(&a->l, a->at), end;

	while (from < a->l.s.n && a->l.s.p[from] == ',')
		from = lex_cfws(&a->l, from + 1);
	if (from == a->l.s.n || a->l.s.p[from] != '@')
		return (struct bytes){ 0 };
	end = find(a, from, a->l.s.n, ":<>;");
	if (end == a->l.s.n || a->l.s.p[end] != ':')
		return (struct bytes){ 0 };
	a->at = end + 1;
	return words(a, (struct range){ from, end }, JOIN_WORDS);
}

/* At "<": the address in it, and the comment behind it. */
static void add_angle(struct list *a, size_t start)
{
	struct bytes name = phrase(a, (struct range){ start, a->at });
	struct bytes s = a->l.s;

	while (a->at < s.n && s.p[a->at] == '<')
		a->at++;
	struct bytes route = route_take(a);
	struct range spec = { .from = a->at };
	spec.to = a->at = find(a, a->at, s.n, ">,;<");
	if (a->at < s.n && s.p[a->at] == '>') {
		a->at = lex_space(&a->l, a->at + 1);
		while (a->at < s.n && s.p[a->at] == '(' && pass_hidden(a, a->at) > a->at)
			a->at = lex_space(&a->l, a->comment_end);
	}
	add_spec(a, name_or_comment(a, name), route, spec);
}

static void group_end(struct list *a)
{
	if (a->in_group)
		address_add(a);
	a->in_group = false;
}

/* One address, or the start of a group, from a->at on. */
static void address_take(struct list *a)
{
	size_t start = a->at;
	const char *stops = a->in_group ? ",;<>" : ",;<>:";

	a->comment = a->comment_end = 0;
	a->at = find(a, start, a->l.s.n, stops);
	char c = a->at < a->l.s.n ? a->l.s.p[a->at] : ',';
	struct range r = { start, a->at };
	if (c == '<') {
		add_angle(a, start);
		return;
	}
	if (c == ':') {
		struct bytes name = phrase(a, r);
		address_add(a)->mailbox = name.p ? name : BYTES("");
		a->in_group = true;
		a->at++;
		return;
	}
	if (lex_cfws(&a->l, start) < r.to) /* more than a comment */
		add_spec(a, name_or_comment(a, (struct bytes){ 0 }), (struct bytes){ 0 }, r);
}

struct address *address_parse(struct arena *arena, struct bytes value)
{
	struct list a = { .l = lex_of(value), .arena = arena };

	a.end = &a.first;
	while (a.n < ADDRESS_MAX) {
		a.at = lex_space(&a.l, a.at);
		if (a.at == value.n)
			break;
		char c = value.p[a.at];
		if (c == ';')
			group_end(&a);
		if (c == ';' || c == ',' || c == '>')
			a.at++;
		else
			address_take(&a);
	}
	group_end(&a);
	return a.first;
}
