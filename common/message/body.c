/*
 * body.c: BODY from BODYSTRUCTURE.
 *
 * RFC 3501 §7.4.2: the first is the second without extension data, so only one of them
 * need be kept.  Reads what bodystructure.c wrote; of anything else it makes some text that is no
 * longer, and touches nothing outside.
 */
#include "message.h"

#include "num.h"

struct reading {
	struct bytes rest;
	struct buf *out;
	unsigned depth; /* of values in values; bounded, whatever is read */
};

/* Messages inside messages, with the lists of their envelopes. */
#define BODY_DEPTH_MAX (MESSAGE_DEPTH_MAX + 8)

static bool next_is(const struct reading *r, char c)
{
	return r->rest.n && r->rest.p[0] == c;
}

static size_t quoted_length(struct bytes s)
{
	size_t i = 1;

	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' ? 2 : 1;
	return i + 1;
}

/* {n}, a newline, n bytes. */
static size_t literal_length(struct bytes s)
{
	struct bytes rest = bytes_from(s, 1);
	uint64_t n;

	if (!num_take(&rest, s.n, &n))
		return 1;
	return s.n - rest.n + 3 + (size_t)n;
}

static size_t atom_length(struct bytes s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != ' ' && s.p[n] != '(' && s.p[n] != ')')
		n++;
	return n ? n : 1;
}

static size_t string_length(struct bytes s)
{
	size_t n = s.p[0] == '"'   ? quoted_length(s)
		   : s.p[0] == '{' ? literal_length(s)
				   : atom_length(s);
	return n < s.n ? n : s.n;
}

/* The length of the value at the front: a string, a number, NIL, or a list of these. */
static size_t value_length(struct bytes s)
{
	size_t depth = 0, at = 0;

	while (at < s.n) {
		char c = s.p[at];
		if (c == '(')
			depth++;
		else if (c == ')')
			depth -= depth > 0;
		if (c == '(' || c == ')' || c == ' ')
			at++;
		else
			at += string_length(bytes_from(s, at));
		if (!depth)
			break;
	}
	return at;
}

static struct bytes take(struct reading *r, size_t n)
{
	struct bytes b = bytes_sub(r->rest, 0, n);

	r->rest = bytes_from(r->rest, n);
	return b;
}

static void copy(struct reading *r, size_t n)
{
	buf_bytes(r->out, take(r, n));
}

/* A value, and the space before it if there is one. */
static struct bytes copy_value(struct reading *r)
{
	struct bytes v;

	if (next_is(r, ' '))
		copy(r, 1);
	v = take(r, value_length(r->rest));
	buf_bytes(r->out, v);
	return v;
}

/* The list ends here: what is left of it is extension data. */
static void leave_rest(struct reading *r)
{
	while (r->rest.n && !next_is(r, ')'))
		take(r, value_length(r->rest));
	copy(r, 1);
}

static void copy_body(struct reading *r);

static void copy_single(struct reading *r)
{
	struct bytes type = copy_value(r), subtype = copy_value(r);
	bool message = bytes_iis(type, "\"message\"") &&
		       (bytes_iis(subtype, "\"rfc822\"") || bytes_iis(subtype, "\"global\""));

	for (int i = 0; i < 5; i++) /* parameters, id, description, encoding, octets */
		copy_value(r);
	if (message) {
		copy_value(r); /* the envelope */
		copy(r, 1);
		copy_body(r);
	}
	if (message || bytes_iis(type, "\"text\""))
		copy_value(r); /* lines */
}

static void copy_body(struct reading *r)
{
	if (!next_is(r, '(') || r->depth == BODY_DEPTH_MAX)
		return;
	r->depth++;
	copy(r, 1);
	if (next_is(r, '(')) {
		while (next_is(r, '('))
			copy_body(r);
		copy_value(r); /* the subtype */
	} else {
		copy_single(r);
	}
	leave_rest(r);
	r->depth--;
}

void body_write(struct buf *out, struct bytes structure)
{
	struct reading r = { .rest = structure, .out = out };

	copy_body(&r);
}
