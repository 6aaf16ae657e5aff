/*
 * parse.c: tokens of a command, RFC 3501 §9.
 *
 * A view of the command moves over its tokens; nothing here reads from the
 * peer, and nothing looks behind the view's end.  More liberal than the grammar in one
 * thing: a quoted string may hold 8-bit bytes (clients put UTF-8 there; what
 * it means is the caller's business).  "{5+}" (RFC 7888) is a literal too.
 */
#include "parse.h"

#include <stdlib.h>

#include "mailbox.h"
#include "num.h"
#include "session.h"
#include "utf8.h"

enum {
	CHAR_ATOM = 1 << 0,
	CHAR_WILD = 1 << 1, /* % * */
	CHAR_RESP = 1 << 2, /* ] */
};

static unsigned char_class(char ch)
{
	if (ch <= ' ' || ch == 0x7f) /* CTL and, where char is signed, 8-bit */
		return 0;
	switch (ch) {
	case '(':
	case ')':
	case '{':
	case '"':
	case '\\':
		return 0;
	case '%':
	case '*':
		return CHAR_WILD;
	case ']':
		return CHAR_RESP;
	}
	return (unsigned char)ch < 0x80 ? CHAR_ATOM : 0;
}

/* Takes 1*<characters of these classes>. */
static bool take_chars(struct bytes *c, unsigned classes, struct bytes *out)
{
	size_t n = 0;

	while (n < c->n && (char_class(c->p[n]) & classes))
		n++;
	if (!n)
		return false;
	*out = bytes_sub(*c, 0, n);
	*c = bytes_from(*c, n);
	return true;
}

bool parse_char(struct bytes *c, char want)
{
	if (!c->n || c->p[0] != want)
		return false;
	*c = bytes_from(*c, 1);
	return true;
}

bool parse_space(struct bytes *c)
{
	return parse_char(c, ' ');
}

bool parse_end(const struct bytes *c)
{
	return c->n == 0;
}

bool parse_atom(struct bytes *c, struct bytes *atom)
{
	return take_chars(c, CHAR_ATOM, atom);
}

bool parse_tag(struct bytes *c, struct bytes *tag)
{
	struct bytes rest = *c;

	if (!take_chars(&rest, CHAR_ATOM | CHAR_RESP, tag) || tag->n > IMAP_TAG_MAX ||
	    bytes_chr(*tag, '+') != BYTES_NONE)
		return false;
	*c = rest;
	return true;
}

bool parse_word(struct bytes *c, const char *word)
{
	size_t n = strlen(word);

	if (!bytes_istarts(*c, bytes_of(word)) || (c->n > n && (char_class(c->p[n]) & CHAR_ATOM)))
		return false;
	*c = bytes_from(*c, n);
	return true;
}

/* Undoes the \ of a quoted string of `escapes` escapes. */
static struct bytes unquote(struct bytes in, struct arena *a, size_t escapes)
{
	char *p, *to;

	if (!escapes)
		return in;
	p = to = arena_alloc(a, in.n);
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\\')
			i++;
		*to++ = in.p[i];
	}
	return (struct bytes){ p, (size_t)(to - p) };
}

static bool parse_quoted(struct bytes *c, struct arena *a, struct bytes *s)
{
	size_t escapes = 0;

	for (size_t i = 1; i < c->n; i++) {
		switch (c->p[i]) {
		case '"':
			*s = unquote(bytes_sub(*c, 1, i - 1), a, escapes);
			*c = bytes_from(*c, i + 1);
			return true;
		case '\\':
			if (++i >= c->n || (c->p[i] != '"' && c->p[i] != '\\'))
				return false;
			escapes++;
			break;
		case '\r':
		case '\n':
		case '\0':
			return false;
		}
	}
	return false;
}

bool parse_literal(struct bytes *c, struct literal *l)
{
	struct bytes rest = *c;
	struct literal found = { 0 };

	if (!parse_char(&rest, '{') || !num_take(&rest, INT64_MAX, &found.size))
		return false;
	found.plus = parse_char(&rest, '+');
	if (!parse_char(&rest, '}'))
		return false;
	*l = found;
	*c = rest;
	return true;
}

bool parse_string(struct bytes *c, struct arena *a, struct bytes *s)
{
	struct bytes rest = *c;
	struct literal l;

	if (c->n && c->p[0] == '"')
		return parse_quoted(c, a, s);
	if (!parse_literal(&rest, &l) || !parse_char(&rest, '\r') || !parse_char(&rest, '\n') ||
	    l.size > rest.n)
		return false;
	*s = bytes_sub(rest, 0, (size_t)l.size);
	*c = bytes_from(rest, (size_t)l.size);
	return true;
}

bool parse_astring(struct bytes *c, struct arena *a, struct bytes *s)
{
	return take_chars(c, CHAR_ATOM | CHAR_RESP, s) || parse_string(c, a, s);
}

bool parse_list_mailbox(struct bytes *c, struct arena *a, struct bytes *s)
{
	return take_chars(c, CHAR_ATOM | CHAR_RESP | CHAR_WILD, s) || parse_string(c, a, s);
}

bool parse_nstring(struct bytes *c, struct arena *a, struct bytes *s)
{
	if (parse_word(c, "NIL")) {
		*s = (struct bytes){ NULL, 0 };
		return true;
	}
	return parse_string(c, a, s);
}

bool parse_number64(struct bytes *c, uint64_t *n)
{
	struct bytes rest = *c;
	uint64_t v;

	if (!num_take(&rest, UINT64_MAX, &v))
		return false;
	*n = v;
	*c = rest;
	return true;
}

bool parse_number(struct bytes *c, uint32_t *n)
{
	struct bytes rest = *c;
	uint64_t v;

	if (!num_take(&rest, UINT32_MAX, &v))
		return false;
	*n = (uint32_t)v;
	*c = rest;
	return true;
}

bool parse_nz_number(struct bytes *c, uint32_t *n)
{
	return c->n && c->p[0] != '0' && parse_number(c, n);
}

struct bytes mailbox_inbox(struct bytes name, char separator, struct arena *a)
{
	const struct bytes inbox = BYTES("INBOX");
	char *p;

	if (!bytes_istarts(name, inbox) || (name.n > inbox.n && name.p[inbox.n] != separator))
		return name;
	p = arena_str(a, name);
	memcpy(p, inbox.p, inbox.n);
	return (struct bytes){ p, name.n };
}

bool parse_mailbox(struct bytes *c, struct arena *a, char separator, struct bytes *name)
{
	struct bytes wire;
	struct buf utf8 = BUF_INIT;

	if (!parse_astring(c, a, &wire))
		return false;
	if (!utf7_to_utf8(&utf8, wire)) {
		buf_reset(&utf8);
		buf_char(&utf8, '\xff');
		buf_bytes(&utf8, wire);
	}
	*name = mailbox_inbox(arena_bytes(a, buf_view(&utf8)), separator, a);
	buf_free(&utf8);
	return true;
}

static const struct {
	const char *name;
	uint16_t flag;
} system_flags[] = {
	{ "Answered", FLAG_ANSWERED }, { "Flagged", FLAG_FLAGGED }, { "Deleted", FLAG_DELETED },
	{ "Seen", FLAG_SEEN },         { "Draft", FLAG_DRAFT },
};

static bool parse_system_flag(struct bytes *c, uint16_t *flags)
{
	for (size_t i = 0; i < sizeof(system_flags) / sizeof(system_flags[0]); i++) {
		if (parse_word(c, system_flags[i].name)) {
			*flags |= system_flags[i].flag;
			return true;
		}
	}
	return false;
}

/* One flag; a keyword goes to the array, which has room. */
static bool parse_flag(struct bytes *c, struct flag_list *fl)
{
	if (parse_char(c, '\\'))
		return parse_system_flag(c, &fl->flags);
	if (fl->nkeywords == IMAP_FLAGS_MAX || !parse_atom(c, &fl->keywords[fl->nkeywords]))
		return false;
	fl->nkeywords++;
	return true;
}

bool parse_flags(struct bytes *c, struct arena *a, bool parens_optional, struct flag_list *fl)
{
	struct bytes rest = *c;
	bool parens = parse_char(&rest, '(');

	if (!parens && !parens_optional)
		return false;
	*fl = (struct flag_list){ .keywords = arena_array(a, struct bytes, IMAP_FLAGS_MAX) };
	if (!parens || !parse_char(&rest, ')')) {
		do {
			if (!parse_flag(&rest, fl))
				return false;
		} while (parse_space(&rest));
		if (parens && !parse_char(&rest, ')'))
			return false;
	}
	*c = rest;
	return true;
}

/* seq-number; "*" is star. */
static bool parse_seq_number(struct bytes *c, uint32_t star, uint32_t *n)
{
	if (parse_char(c, '*')) {
		*n = star;
		return true;
	}
	return parse_nz_number(c, n);
}

static bool parse_seqrange(struct bytes *c, uint32_t star, struct seqrange *r)
{
	uint32_t swap;

	if (!parse_seq_number(c, star, &r->first))
		return false;
	r->last = r->first;
	if (!parse_char(c, ':'))
		return true;
	if (!parse_seq_number(c, star, &r->last))
		return false;
	if (r->last < r->first) {
		swap = r->first;
		r->first = r->last;
		r->last = swap;
	}
	return true;
}

static int seqrange_cmp(const void *x, const void *y)
{
	const struct seqrange *a = x, *b = y;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Sorted ranges, overlapping or touching, become fewer. */
static void seqset_merge(struct seqset *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct seqrange r = set->r[i];

		if (n && (r.first <= set->r[n - 1].last || r.first == set->r[n - 1].last + 1)) {
			if (r.last > set->r[n - 1].last)
				set->r[n - 1].last = r.last;
		} else {
			set->r[n++] = r;
		}
	}
	set->n = n;
}

/* The ranges there can be at most in the set at the front of c. */
static size_t seqset_bound(struct bytes c)
{
	size_t n = 1;

	for (size_t i = 0; i < c.n && c.p[i] != ' '; i++)
		n += c.p[i] == ',';
	return n;
}

bool parse_seqset(struct bytes *c, struct arena *a, uint32_t star, struct seqset *set)
{
	struct bytes rest = *c;
	size_t bound = seqset_bound(rest);
	struct seqrange r = { 0, 0 };
	bool sorted = true;

	if (bound > IMAP_SEQSET_MAX)
		return false;
	*set = (struct seqset){ arena_array(a, struct seqrange, bound), 0 };
	do {
		if (!parse_seqrange(&rest, star, &r))
			return false;
		if (!r.first) /* "*" of an empty mailbox */
			continue;
		sorted = sorted && (!set->n || set->r[set->n - 1].first <= r.first);
		set->r[set->n++] = r;
	} while (parse_char(&rest, ','));
	if (!sorted)
		qsort(set->r, set->n, sizeof(set->r[0]), seqrange_cmp);
	seqset_merge(set);
	*c = rest;
	return true;
}

bool seqset_has(const struct seqset *set, uint32_t n)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->r[mid].last < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low < set->n && set->r[low].first <= n;
}
