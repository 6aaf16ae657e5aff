/*
 * subject.c: base subjects (RFC 5256 §2.1, §5) and message-ids for threading.
 *
 * The numbers in the comments are the steps of §2.1.  Only what the RFC names
 * is removed: "Re", "Fw", "Fwd", "(fwd)", "[fwd: ]" and blobs, no words of
 * other languages, because all servers must agree.
 */
#include "arena.h"
#include "text.h"

/* --- the grammar of §5; each returns the length of a match, or 0 --- */

/* White space has been made single spaces. */
static size_t spaces(struct bytes b)
{
	size_t n = 0;
	while (n < b.n && b.p[n] == ' ')
		n++;
	return n;
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP */
static size_t blob(struct bytes b)
{
	if (b.n == 0 || b.p[0] != '[')
		return 0;
	for (size_t i = 1; i < b.n && b.p[i] != '[' && b.p[i] != '\0'; i++)
		if (b.p[i] == ']')
			return i + 1 + spaces(bytes_from(b, i + 1));
	return 0;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static size_t refwd(struct bytes b)
{
	size_t n;

	if (bytes_istarts(b, BYTES("re")))
		n = 2;
	else if (bytes_istarts(b, BYTES("fwd")))
		n = 3;
	else if (bytes_istarts(b, BYTES("fw")))
		n = 2;
	else
		return 0;
	n += spaces(bytes_from(b, n));
	n += blob(bytes_from(b, n));
	return n < b.n && b.p[n] == ':' ? n + 1 : 0;
}

/* --- the steps --- */

/* (2): all of subj-trailer = "(fwd)" / WSP */
static bool strip_trailers(struct bytes *s)
{
	bool fwd = false;

	for (;;) {
		while (s->n && s->p[s->n - 1] == ' ')
			s->n--;
		if (s->n < 5 || !bytes_iis(bytes_from(*s, s->n - 5), "(fwd)"))
			return fwd;
		s->n -= 5;
		fwd = true;
	}
}

/* (3) to (5): subj-leader = (*subj-blob subj-refwd) / WSP, then blobs as long
 * as something remains.  Blobs are walked over once: either "re:" follows the
 * last of a run, or none of the run begins a leader. */
static bool strip_leaders(struct bytes *s)
{
	bool reply = false;

	for (;;) {
		struct bytes rest = bytes_from(*s, spaces(*s)), base = rest;
		size_t n;
		while ((n = blob(rest)) > 0) {
			if (rest.n > n)
				base = bytes_from(rest, n);
			rest = bytes_from(rest, n);
		}
		n = refwd(rest);
		*s = n ? bytes_from(rest, n) : base;
		if (n == 0)
			return reply;
		reply = true;
	}
}

/* (6): "[fwd:" subject "]" */
static bool strip_forward(struct bytes *s)
{
	if (!bytes_istarts(*s, BYTES("[fwd:")) || s->p[s->n - 1] != ']')
		return false;
	*s = bytes_sub(*s, 5, s->n - 6);
	return true;
}

/* (1): tabs, newlines and runs of spaces to one space. */
static void single_spaces(struct buf *b)
{
	size_t to = 0;

	for (size_t i = 0; i < b->n; i++) {
		char c = ascii_isspace(b->p[i]) ? ' ' : b->p[i];
		if (c != ' ' || to == 0 || b->p[to - 1] != ' ')
			b->p[to++] = c;
	}
	b->n = to;
}

void subject_base(struct buf *out, struct arena *scratch, struct bytes value, bool *reply)
{
	struct buf text = BUF_INIT;
	bool changed = false, forward;

	(void)scratch;
	header_decode(&text, value);
	single_spaces(&text);
	struct bytes s = buf_view(&text);
	do {
		changed |= strip_trailers(&s);
		changed |= strip_leaders(&s);
		forward = strip_forward(&s);
		changed |= forward;
	} while (forward);
	buf_bytes(out, s);
	buf_free(&text);
	if (reply)
		*reply = changed;
}

/* --- message-ids --- */

/* Where the '>' of "<...>" is (b begins behind the '<'); quotes hide it.
 * BYTES_NONE: another '<' or the end comes first. */
static size_t id_end(struct bytes b)
{
	bool quoted = false;

	for (size_t i = 0; i < b.n; i++) {
		if (quoted && b.p[i] == '\\')
			i++;
		else if (b.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && b.p[i] == '>')
			return i;
		else if (!quoted && b.p[i] == '<')
			return BYTES_NONE;
	}
	return BYTES_NONE;
}

/* Undoes quotes and folding: <"a\b"@c> is <ab@c> (RFC 5256 §3, REFERENCES). */
static struct bytes id_plain(struct arena *a, struct bytes raw)
{
	char *p = arena_alloc(a, raw.n);
	size_t n = 0;
	bool quoted = false;

	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		bool pair = quoted && c == '\\' && i + 1 < raw.n;
		if (pair)
			c = raw.p[++i];
		if (c != '\r' && c != '\n' && (pair || quoted || !ascii_isspace(c)))
			p[n++] = c;
	}
	return (struct bytes){ p, n };
}

/* Something before an '@' and something behind it. */
static bool id_valid(struct bytes id)
{
	size_t at = bytes_rchr(id, '@');
	return at != BYTES_NONE && at > 0 && at + 1 < id.n;
}

size_t msgid_list(struct arena *a, struct bytes value, struct bytes *ids, size_t max)
{
	size_t n = 0, at, end;

	while (n < max && (at = bytes_chr(value, '<')) != BYTES_NONE) {
		value = bytes_from(value, at + 1);
		end = id_end(value);
		if (end == BYTES_NONE)
			continue;
		ids[n] = id_plain(a, bytes_sub(value, 0, end));
		if (id_valid(ids[n]))
			n++;
		value = bytes_from(value, end + 1);
	}
	return n;
}
