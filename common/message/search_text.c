/*
 * search_text.c: is a string in a header, in a text, in a message?
 * (RFC 3501 §6.4.4: substrings, case ignored, after decoding.)
 *
 * Needle and text are compared after i;unicode-casemap (RFC 5051); beyond it
 * the case of ASCII letters that come out of a decomposition is ignored too,
 * so that "fi" finds the ligature.  What is pure ASCII is searched where it
 * lies.  Only the surroundings of other characters are mapped: a match which
 * the search of the raw bytes misses has one of them in it.
 *
 * Only text and message parts are searched; markup is text; a string doesn't
 * match across two header fields or two parts.
 */
#include "arena.h"
#include "ascii.h"
#include "text.h"

#define PIECE 16384      /* bytes decoded at once */
#define FOLDED_MAX 32768 /* mapped text gathered before it is searched */
#define STRETCH 256      /* bytes mapped from where something must be; they may grow elevenfold */
#define GAP '\xff'       /* stands in no needle */

struct needle {
	struct bytes folded; /* its ASCII letters are lower case, but any case will do */
	size_t lead;         /* bytes before the last of the first character */
	bool ascii;          /* may be in text that is pure ASCII */
	bool has[256];       /* which bytes */
};

/* --- the needle --- */

/* Newlines are LF in the needle, and in the text if it has one. */
static void add_lf(struct buf *out, struct bytes in)
{
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != '\r' || i + 1 == in.n || in.p[i + 1] != '\n')
			buf_char(out, in.p[i]);
}

/* How many bytes the first character has before its last. */
static size_t lead_of(struct bytes folded)
{
	size_t n = ascii_none_span(folded), i = 1;

	while (i < n && (unsigned char)folded.p[i] < 0xc0)
		i++;
	return n ? i - 1 : 0;
}

static void describe(struct needle *k)
{
	k->lead = lead_of(k->folded);
	k->ascii = ascii_only(k->folded);
	for (size_t i = 0; i < k->folded.n; i++)
		k->has[(unsigned char)k->folded.p[i]] = true;
}

struct needle *needle_new(struct arena *a, struct bytes string, struct bytes charset)
{
	struct charset *c = charset_find(charset.n ? charset : BYTES("UTF-8"));
	struct buf text = BUF_INIT, folded = BUF_INIT, lf = BUF_INIT;
	struct needle *k = NULL;

	if (c && charset_text(c, string, &text)) {
		casemap(&folded, buf_view(&text));
		add_lf(&lf, buf_view(&folded));
		for (size_t i = 0; i < lf.n; i++)
			lf.p[i] = ascii_lower(lf.p[i]);
		k = arena_new(a, struct needle);
		k->folded = arena_bytes(a, buf_view(&lf));
		describe(k);
	}
	buf_free(&text);
	buf_free(&folded);
	buf_free(&lf);
	return k;
}

/* A needle that begins with a character of several bytes is looked for by the
 * last of these: the first are the same all over a text in one script. */
static bool find(const struct needle *k, struct bytes hay)
{
	struct bytes first = bytes_sub(k->folded, 0, k->lead);
	struct bytes rest = bytes_from(k->folded, k->lead);
	size_t from = first.n, at;

	while (from < hay.n && (at = bytes_ifind(bytes_from(hay, from), rest)) != BYTES_NONE) {
		from += at;
		if (bytes_eq(bytes_sub(hay, from - first.n, first.n), first))
			return true;
		from++;
	}
	return false;
}

/* --- text --- */

/* How many bytes to map at once, so that no character is cut. */
static size_t stretch(struct bytes text)
{
	if (text.n <= STRETCH)
		return text.n;
	for (size_t back = 1; back <= 3; back++)
		if ((unsigned char)text.p[STRETCH - back] >= 0xc0)
			return STRETCH - back;
	return STRETCH;
}

/* Searches what was gathered and keeps what may be the beginning of a match. */
static bool find_folded(const struct needle *k, struct buf *folded, size_t keep)
{
	if (find(k, buf_view(folded)))
		return true;
	if (folded->n > keep) {
		memmove(folded->p, folded->p + folded->n - keep, keep);
		folded->n = keep;
	}
	return false;
}

/* Maps what is not ASCII with as much ASCII on both sides as a match may have,
 * and searches that. */
static bool find_mapped(const struct needle *k, struct bytes text)
{
	struct buf folded = BUF_INIT;
	size_t keep = k->folded.n - 1;
	bool found = false;

	while (!found && text.n) {
		size_t plain = ascii_span(text), from = 0;
		if (plain > 2 * keep + 16 || plain == text.n) {
			casemap(&folded, bytes_sub(text, 0, keep < plain ? keep : plain));
			if (plain == text.n)
				break;
			buf_char(&folded, GAP);
			from = plain - keep;
		}
		size_t end = plain + stretch(bytes_from(text, plain));
		casemap(&folded, bytes_sub(text, from, end - from));
		text = bytes_from(text, end);
		if (folded.n > FOLDED_MAX + keep)
			found = find_folded(k, &folded, keep);
	}
	found = found || find(k, buf_view(&folded));
	buf_free(&folded);
	return found;
}

/* Can the character at `at` be part of a match of an ASCII needle?  An accented
 * letter can only be the last, and the byte before it must be the needle's last but
 * one. */
static bool may_match(const struct needle *k, struct bytes text, size_t at, struct bytes mapping)
{
	struct bytes s = k->folded;

	if (mapping.n > 1 && ascii_is(mapping.p[0]) &&
	    ascii_none_span(bytes_from(mapping, 1)) == mapping.n - 1) {
		bool alone = s.n == 1 || (at > 0 && !ascii_is(text.p[at - 1]));
		bool before = at > 0 && s.n > 1 && ascii_lower(text.p[at - 1]) == s.p[s.n - 2];
		return ascii_lower(mapping.p[0]) == s.p[s.n - 1] && (alone || before);
	}
	for (size_t i = 0; i < mapping.n; i++)
		if (ascii_is(mapping.p[i]) && k->has[(unsigned char)ascii_lower(mapping.p[i])])
			return true;
	return false;
}

/* An ASCII needle in characters that have ASCII in their mapping: maps those
 * that may be part of a match, with what is around them. */
static bool find_hidden(const struct needle *k, struct bytes text)
{
	struct buf folded = BUF_INIT;
	struct bytes mapping;
	size_t around = 4 * k->folded.n, ahead = STRETCH + 2 * around, at = 0, length;
	bool found = false;

	while (!found && (at = casemap_hidden(text, at, &length, &mapping)) != BYTES_NONE) {
		if (may_match(k, text, at, mapping)) {
			size_t from = at > around ? at - around : 0;
			buf_reset(&folded);
			casemap(&folded, bytes_sub(text, from, at - from + ahead + around));
			found = find(k, buf_view(&folded));
			length = ahead;
		}
		at += length;
	}
	buf_free(&folded);
	return found;
}

static bool in_text(const struct needle *k, struct bytes text)
{
	if (k->ascii)
		return find(k, text) || find_hidden(k, text);
	return !ascii_only(text) && find_mapped(k, text);
}

bool needle_in_text(const struct needle *k, struct bytes utf8)
{
	struct buf lf = BUF_INIT;

	if (k->folded.n == 0)
		return true;
	if (!k->has['\n'])
		return in_text(k, utf8);
	add_lf(&lf, utf8);
	bool found = in_text(k, buf_view(&lf));
	buf_free(&lf);
	return found;
}

/* --- headers --- */

/* Only white space can lie across a fold. */
static bool may_span(const struct needle *k)
{
	return k->has[' '] || k->has['\t'];
}

/* Decoding would change nothing but the folding. */
static bool is_plain(struct bytes header)
{
	return ascii_only(header) && (bytes_chr(header, '=') == BYTES_NONE ||
				      bytes_find(header, BYTES("=?")) == BYTES_NONE);
}

static bool in_plain(const struct needle *k, struct bytes header)
{
	struct buf unfolded = BUF_INIT;

	if (!k->ascii)
		return false;
	if (!may_span(k) || bytes_chr(header, '\n') == BYTES_NONE)
		return find(k, header);
	header_unfold(&unfolded, header);
	bool found = find(k, buf_view(&unfolded));
	buf_free(&unfolded);
	return found;
}

bool needle_in_header(const struct needle *k, struct bytes value)
{
	struct buf decoded = BUF_INIT;

	if (k->folded.n == 0)
		return true;
	if (k->has['\n'])
		return false; /* unfolded, there is none */
	if (is_plain(value))
		return in_plain(k, value);
	header_decode(&decoded, value);
	bool found = in_text(k, buf_view(&decoded));
	buf_free(&decoded);
	return found;
}

/* Appends the header unfolded: newlines are left only between fields. */
static void unfold_fields(struct buf *out, struct bytes header)
{
	size_t lf;

	while ((lf = bytes_chr(header, '\n')) != BYTES_NONE) {
		bool folded =
			lf + 1 < header.n && (header.p[lf + 1] == ' ' || header.p[lf + 1] == '\t');
		size_t end = folded && lf && header.p[lf - 1] == '\r' ? lf - 1 : lf;
		buf_bytes(out, bytes_sub(header, 0, end));
		buf_char(out, folded ? ' ' : '\n');
		header = bytes_from(header, folded ? lf + 2 : lf + 1);
	}
	buf_bytes(out, header);
}

/* In fields that are plain. */
static bool in_plain_fields(const struct needle *k, struct bytes fields)
{
	struct buf unfolded = BUF_INIT;

	if (!k->ascii)
		return false;
	if (!k->has['\t'] && find(k, fields))
		return true;
	if (!may_span(k))
		return false;
	unfold_fields(&unfolded, fields);
	bool found = find(k, buf_view(&unfolded));
	buf_free(&unfolded);
	return found;
}

/* Where the field begins that the byte at `at` is in; not before `from`. */
static size_t field_start(struct bytes header, size_t from, size_t at)
{
	while (at > from) {
		bool blank = header.p[at] == ' ' || header.p[at] == '\t';
		if (header.p[at - 1] == '\n' && !blank)
			break;
		at--;
	}
	return at;
}

/* Where the field ends, its newline included. */
static size_t field_end(struct bytes header, size_t at)
{
	size_t lf;

	while ((lf = bytes_chr(bytes_from(header, at), '\n')) != BYTES_NONE) {
		at += lf + 1;
		if (at == header.n || (header.p[at] != ' ' && header.p[at] != '\t'))
			return at;
	}
	return header.n;
}

/* Where the next encoded-word and the next 8-bit byte are. */
struct special {
	size_t word, high;
};

/* The first place at or behind `from` where something must be decoded. */
static size_t next_special(struct special *s, struct bytes header, size_t from)
{
	if (s->word < from || from == 0) {
		size_t at = bytes_find(bytes_from(header, from), BYTES("=?"));
		s->word = at == BYTES_NONE ? header.n : from + at;
	}
	if (s->high < from || from == 0)
		s->high = from + ascii_span(bytes_from(header, from));
	return s->word < s->high ? s->word : s->high;
}

/* In any field of a whole header, its name included. */
static bool in_header(const struct needle *k, struct bytes header)
{
	struct special special = { 0, 0 };
	size_t from = 0, end;

	if (k->has['\n'])
		return false;
	for (; from < header.n; from = end) {
		size_t at = next_special(&special, header, from);
		size_t start = at < header.n ? field_start(header, from, at) : at;
		end = field_end(header, at);
		if (in_plain_fields(k, bytes_sub(header, from, start - from)))
			return true;
		if (at < header.n && needle_in_header(k, bytes_sub(header, start, end - start)))
			return true;
	}
	return false;
}

/* --- bodies --- */

/* How much text must be kept from one piece to the next: a byte of the needle
 * may come from a character of four, a newline of it from CRLF. */
static size_t overlap(const struct needle *k)
{
	return 4 * k->folded.n + 4;
}

static void keep_tail(struct buf *b, size_t keep)
{
	if (b->n <= keep)
		return;
	memmove(b->p, b->p + b->n - keep, keep);
	b->n = keep;
}

/* Decodes and searches piece by piece. */
static bool in_decoded(const struct needle *k, struct bytes body, enum transfer transfer,
		       struct charset *c)
{
	struct transfer_state state = { .kind = transfer };
	struct buf bin = BUF_INIT, text = BUF_INIT;
	size_t keep = overlap(k), piece = PIECE > 4 * keep ? PIECE : 4 * keep;
	bool found = false, utf8 = c == charset_find(BYTES("utf-8"));

	while (!found && body.n) {
		struct bytes in = bytes_sub(body, 0, piece);
		body = bytes_from(body, piece);
		keep_tail(&text, keep);
		buf_reset(&bin);
		transfer_decode(&state, in, body.n == 0, utf8 ? &text : &bin);
		if (!utf8)
			charset_to_utf8(c, buf_view(&bin), body.n == 0, &text);
		found = needle_in_text(k, buf_view(&text));
	}
	charset_reset(c);
	buf_free(&bin);
	buf_free(&text);
	return found;
}

static bool in_body(const struct needle *k, struct bytes body, enum transfer transfer,
		    struct charset *c)
{
	bool encoded = transfer == TRANSFER_BASE64 || transfer == TRANSFER_QP;

	if (!encoded && charset_is_utf8(c, body))
		return needle_in_text(k, body);
	return in_decoded(k, body, transfer, c);
}

/* The value of charset=, also in the form us-ascii''utf-8 (RFC 2231 §4). */
static struct charset *part_charset(const struct part *p)
{
	struct charset *c = NULL;

	for (const struct param *q = p->params; q; q = q->next) {
		if (!bytes_iis(q->name, "charset") && !bytes_iis(q->name, "charset*"))
			continue;
		size_t quote = q->extended ? bytes_rchr(q->value, '\'') : BYTES_NONE;
		c = charset_find(quote == BYTES_NONE ? q->value : bytes_from(q->value, quote + 1));
		break;
	}
	return c ? c : charset_guess();
}

static bool in_leaf(const struct needle *k, const struct message *m, const struct part *p)
{
	struct bytes body = part_body(m, p);

	if (bytes_iis(p->type, "text"))
		return in_body(k, body, transfer_of(p->encoding), part_charset(p));
	/* a multipart is a leaf where the parser's limits cut */
	if (bytes_iis(p->type, "message") || bytes_iis(p->type, "multipart"))
		return in_body(k, body, transfer_of(p->encoding), charset_guess());
	return false;
}

/* p and all parts below it. */
static bool in_part(const struct needle *k, const struct message *m, const struct part *p,
		    bool headers)
{
	bool embedded = p->parent && p->parent->kind == PART_MESSAGE;

	if ((headers || embedded) && in_header(k, part_header(m, p)))
		return true;
	if (p->kind == PART_LEAF)
		return in_leaf(k, m, p);
	for (const struct part *child = p->child; child; child = child->next)
		if (in_part(k, m, child, headers))
			return true;
	return false;
}

bool needle_in_message(const struct needle *k, struct arena *scratch, const struct message *m,
		       bool headers)
{
	(void)scratch;
	return k->folded.n == 0 || in_part(k, m, m->root, headers);
}
