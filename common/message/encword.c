/*
 * encword.c: header values as UTF-8: unfolding, encoded-words (RFC 2047, with
 * the languages of RFC 2231 §5), raw 8-bit text.
 *
 * More is accepted than RFC 2047 §6.1 allows, as mail programs do: words of
 * any length, with spaces inside, touching other text, inside quotes; and
 * adjacent words of one charset are one text, because mailers cut characters
 * in two.  What can't be a word stays as it stands.
 */
#include "ascii.h"
#include "text.h"
#include "utf8.h"

#define CHARSET_LONGEST 100 /* with a language */

struct word {
	struct bytes charset; /* without the language */
	bool base64;
	struct bytes text;
	size_t end; /* offset behind it */
};

struct decoder {
	struct buf *out;
	struct bytes value;
	struct charset *charset; /* of the words not yet converted */
	struct buf words;
	bool pending;
	size_t dead; /* no word's text that begins before this offset ends */
};

/* --- raw text --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Unfolds what out has from start on (RFC 5322 §2.2.3): newlines vanish, a
 * tab behind one becomes a space, as if the line had never been folded.  A
 * newline that folds nothing becomes a space too. */
static void unfold(struct buf *out, size_t start)
{
	size_t to = start;

	if (bytes_chr(bytes_from(buf_view(out), start), '\n') == BYTES_NONE)
		return;
	for (size_t i = start; i < out->n; i++) {
		char c = out->p[i], next = i + 1 < out->n ? out->p[i + 1] : ' ';
		if (c == '\r' && next == '\n')
			continue;
		if (c != '\n')
			out->p[to++] = c;
		else if (!is_blank(next))
			out->p[to++] = ' ';
		else if (next == '\t')
			out->p[i + 1] = ' ';
	}
	out->n = to;
}

void header_unfold(struct buf *out, struct bytes value)
{
	size_t start = out->n;
	buf_bytes(out, value);
	unfold(out, start);
}

static void raw_text(struct decoder *d, struct bytes text)
{
	size_t start = d->out->n;

	if (ascii_only(text))
		buf_bytes(d->out, text);
	else
		charset_to_utf8(charset_guess(), text, true, d->out);
	unfold(d->out, start);
}

/* --- encoded-words --- */

/* Takes what stands before the next '?' off *rest: a token. */
static bool take_token(struct bytes *rest, struct bytes *token)
{
	size_t n = bytes_chr(bytes_sub(*rest, 0, CHARSET_LONGEST + 1), '?');

	if (n == BYTES_NONE || n == 0)
		return false;
	*token = bytes_sub(*rest, 0, n);
	for (size_t i = 0; i < n; i++)
		if (token->p[i] <= ' ' || token->p[i] == '=' || token->p[i] == 0x7f)
			return false;
	*rest = bytes_from(*rest, n + 1);
	return true;
}

/* "=?", but not the end of a word in "=?=". */
static bool word_start(struct bytes b)
{
	return b.n > 2 && b.p[0] == '=' && b.p[1] == '?' && b.p[2] != '=';
}

/* Where in value the "?=" is that ends the text which begins at `from`.  Text with
 * white space and another word's beginning in it was never ended. */
static bool find_end(struct decoder *d, size_t from, size_t *end)
{
	const char *p = d->value.p;
	size_t i = from;

	if (from < d->dead)
		return false;
	for (; i + 1 < d->value.n; i++) {
		if (p[i] == '?' && p[i + 1] == '=') {
			*end = i;
			return true;
		}
		if (i > from && ascii_isspace(p[i - 1]) && word_start(bytes_from(d->value, i)))
			break;
	}
	d->dead = i;
	return false;
}

/* Is there an encoded-word at `at`, where "=?" stands? */
static bool parse(struct decoder *d, size_t at, struct word *w)
{
	struct bytes rest = bytes_from(d->value, at + 2), encoding;
	size_t from, end;

	if (!take_token(&rest, &w->charset) || !take_token(&rest, &encoding))
		return false;
	if (!bytes_iis(encoding, "q") && !bytes_iis(encoding, "b"))
		return false;
	from = d->value.n - rest.n;
	if (!find_end(d, from, &end))
		return false;
	size_t star = bytes_chr(w->charset, '*');
	w->charset = bytes_sub(w->charset, 0, star);
	w->base64 = bytes_iis(encoding, "b");
	w->text = bytes_sub(d->value, from, end - from);
	w->end = end + 2;
	return true;
}

static int hex(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047 §4.2. */
static void decode_q(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		int hi = c == '=' && text.n - i > 2 ? hex(text.p[i + 1]) : -1;
		int lo = hi >= 0 ? hex(text.p[i + 2]) : -1;

		if (lo >= 0) {
			buf_char(out, (char)(hi << 4 | lo));
			i += 2;
		} else if (c != '\r' && c != '\n') {
			buf_char(out, c == '_' ? ' ' : c);
		}
	}
}

/* Converts the words gathered; a line break in one would be mistaken for the
 * end of a field. */
static void flush(struct decoder *d)
{
	size_t start = d->out->n;

	if (!d->pending)
		return;
	charset_to_utf8(d->charset, buf_view(&d->words), true, d->out);
	for (size_t i = start; i < d->out->n; i++)
		if (d->out->p[i] == '\r' || d->out->p[i] == '\n' || d->out->p[i] == '\0')
			d->out->p[i] = ' ';
	buf_reset(&d->words);
	d->pending = false;
}

static void add_word(struct decoder *d, const struct word *w)
{
	struct transfer_state base64 = { .kind = TRANSFER_BASE64 };
	struct charset *charset = charset_find(w->charset);

	if (!charset)
		charset = charset_guess();
	if (d->pending && d->charset != charset)
		flush(d);
	d->charset = charset;
	d->pending = true;
	if (w->base64)
		transfer_decode(&base64, w->text, true, &d->words);
	else
		decode_q(&d->words, w->text);
}

static bool all_space(struct bytes b)
{
	return bytes_trim(b).n == 0;
}

void header_decode(struct buf *out, struct bytes value)
{
	struct decoder d = { .out = out, .value = value };
	struct word w;
	size_t text = 0, at = 0, next; /* text: not yet written from here */

	while ((next = bytes_find(bytes_from(value, at), BYTES("=?"))) != BYTES_NONE) {
		at += next;
		if (!parse(&d, at, &w)) {
			at += 2;
			continue;
		}
		struct bytes between = bytes_sub(value, text, at - text);
		if (!d.pending || !all_space(between)) {
			flush(&d);
			raw_text(&d, between);
		}
		add_word(&d, &w);
		text = at = w.end;
	}
	flush(&d);
	raw_text(&d, bytes_from(value, text));
	buf_free(&d.words);
}
