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
#define RUN_MAX 4096     /* bytes mapped at once; they may grow elevenfold */
#define GAP '\xff'       /* stands in no needle */

struct needle {
	struct bytes folded; /* case of ASCII letters is of no account */
	bool ascii;          /* may be in text that is pure ASCII */
	bool blank, tab;     /* has a space or tab: may lie across a fold */
	bool newline;        /* CRLF is written LF here */
};

/* --- the needle --- */

/* Appends in with every CRLF as LF. */
static void add_lf(struct buf *out, struct bytes in)
{
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != '\r' || i + 1 == in.n || in.p[i + 1] != '\n')
			buf_char(out, in.p[i]);
}

struct needle *needle_new(struct arena *a, struct bytes string, struct bytes charset)
{
	struct charset *c = charset_find(charset.n ? charset : BYTES("UTF-8"));
	struct needle *k = arena_new(a, struct needle);
	struct buf text = BUF_INIT, folded = BUF_INIT, lf = BUF_INIT;
	bool ok = c && charset_text(c, string, &text);

	casemap(&folded, buf_view(&text));
	add_lf(&lf, buf_view(&folded));
	k->folded = arena_bytes(a, buf_view(&lf));
	k->ascii = ascii_only(k->folded);
	k->newline = bytes_chr(k->folded, '\n') != BYTES_NONE;
	k->tab = bytes_chr(k->folded, '\t') != BYTES_NONE;
	k->blank = k->tab || bytes_chr(k->folded, ' ') != BYTES_NONE;
	buf_free(&text);
	buf_free(&folded);
	buf_free(&lf);
	return ok ? k : NULL;
}

static bool find(const struct needle *k, struct bytes hay)
{
	return bytes_ifind(hay, k->folded) != BYTES_NONE;
}

/* --- text --- */

/* How many bytes of a run of non-ASCII to map at once: all, or so many
 * that no character is cut. */
static size_t run_length(struct bytes run)
{
	if (run.n <= RUN_MAX)
		return run.n;
	for (size_t back = 1; back <= 3; back++)
		if ((unsigned char)run.p[RUN_MAX - back] >= 0xc0)
			return RUN_MAX - back;
	return RUN_MAX;
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
		struct bytes rest = bytes_from(text, plain);
		size_t run = run_length(bytes_sub(rest, 0, ascii_none_span(rest)));
		casemap(&folded, bytes_sub(text, from, plain + run - from));
		text = bytes_from(rest, run);
		if (folded.n > FOLDED_MAX + keep)
			found = find_folded(k, &folded, keep);
	}
	found = found || find(k, buf_view(&folded));
	buf_free(&folded);
	return found;
}

static bool in_text(const struct needle *k, struct bytes text)
{
	if (k->ascii && find(k, text))
		return true;
	return !ascii_only(text) && find_mapped(k, text);
}

bool needle_in_text(const struct needle *k, struct bytes utf8)
{
	struct buf lf = BUF_INIT;

	if (k->folded.n == 0)
		return true;
	if (!k->newline)
		return in_text(k, utf8);
	add_lf(&lf, utf8);
	bool found = in_text(k, buf_view(&lf));
	buf_free(&lf);
	return found;
}

/* --- headers --- */

/* Decoding would change nothing but the folding. */
static bool is_plain(struct bytes header)
{
	return ascii_only(header) && bytes_find(header, BYTES("=?")) == BYTES_NONE;
}

static bool in_plain(const struct needle *k, struct bytes header)
{
	struct buf unfolded = BUF_INIT;

	if (!k->ascii)
		return false;
	if (!k->blank || bytes_chr(header, '\n') == BYTES_NONE)
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
	if (k->newline)
		return false; /* unfolded, there is none */
	if (is_plain(value))
		return in_plain(k, value);
	header_decode(&decoded, value);
	bool found = in_text(k, buf_view(&decoded));
	buf_free(&decoded);
	return found;
}

/* Takes a field with its continuation lines off *header; its last newline is not
 * part of it. */
static bool take_field(struct bytes *header, struct bytes *field)
{
	size_t n = 0, line;

	if (header->n == 0)
		return false;
	do {
		line = bytes_chr(bytes_from(*header, n), '\n');
		n = line == BYTES_NONE ? header->n : n + line + 1;
	} while (n < header->n && (header->p[n] == ' ' || header->p[n] == '\t'));
	size_t end = n;
	if (line != BYTES_NONE)
		end -= n > 1 && header->p[n - 2] == '\r' ? 2 : 1;
	*field = bytes_sub(*header, 0, end);
	*header = bytes_from(*header, n);
	return true;
}

/* In any field of a whole header, its name included. */
static bool in_header(const struct needle *k, struct bytes header)
{
	struct bytes field;

	if (k->newline)
		return false;
	if (is_plain(header)) {
		if (!k->ascii || (!k->tab && find(k, header)))
			return k->ascii;
		if (!k->blank)
			return false;
	}
	while (take_field(&header, &field))
		if (needle_in_header(k, field))
			return true;
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
