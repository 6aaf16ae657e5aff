/* The fast search agrees with the slow one: decode all, map all, look for
 * the needle everywhere.
 *
 * Byte 0: length of the needle; byte 1: how much filler is put before the text
 * (from 0xc0 on), so that the borders of pieces are met; then needle and text. */
#include <assert.h>
#include <stdlib.h>

#include "arena.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* --- the slow search --- */

static struct bytes needle; /* as given: well-formed UTF-8 */

/* CRLF is LF, if the needle has one. */
static void map(struct buf *out, struct bytes text)
{
	bool lf = bytes_chr(needle, '\n') != BYTES_NONE;
	size_t to = 0;

	casemap(out, text);
	for (size_t i = 0; i < out->n; i++) {
		char c = out->p[i];
		if (!lf || c != '\r' || i + 1 == out->n || out->p[i + 1] != '\n')
			out->p[to++] = ascii_lower(c);
	}
	out->n = to;
}

static bool slow_text(struct bytes text)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	map(&a, needle);
	map(&b, text);
	bool found = a.n == 0 || (b.n && memmem(b.p, b.n, a.p, a.n) != NULL);
	buf_free(&a);
	buf_free(&b);
	return found;
}

static bool slow_value(struct bytes value)
{
	struct buf b = BUF_INIT;

	header_decode(&b, value);
	bool found = slow_text(buf_view(&b));
	buf_free(&b);
	return found;
}

static bool slow_header(struct bytes header)
{
	size_t start = 0;

	for (size_t i = 0; i < header.n; i++) {
		bool end = i + 1 == header.n || (header.p[i] == '\n' && header.p[i + 1] != ' ' &&
						 header.p[i + 1] != '\t');
		if (!end)
			continue;
		struct bytes field = bytes_sub(header, start, i + 1 - start);
		if (slow_value(field))
			return true;
		start = i + 1;
	}
	return false;
}

static struct charset *slow_charset(const struct part *p)
{
	for (const struct param *q = p->params; q; q = q->next) {
		if (bytes_iis(q->name, "charset")) {
			struct charset *c = charset_find(q->value);
			return c && !q->extended ? c : charset_guess();
		}
		if (q->extended && bytes_iis(q->name, "charset*")) {
			struct bytes v = q->value;
			for (size_t i = 0; i < v.n; i++)
				if (v.p[i] == '\'')
					v = bytes_from(v, i + 1), i = (size_t)-1;
			struct charset *c = charset_find(v);
			return c ? c : charset_guess();
		}
	}
	return charset_guess();
}

static bool slow_body(struct bytes body, enum transfer kind, struct charset *c)
{
	struct transfer_state s = { .kind = kind };
	struct buf bin = BUF_INIT, text = BUF_INIT;

	transfer_decode(&s, body, true, &bin);
	if (c == charset_find(BYTES("UTF-8")))
		buf_bytes(&text, buf_view(&bin));
	else
		charset_to_utf8(c, buf_view(&bin), true, &text);
	bool found = slow_text(buf_view(&text));
	buf_free(&bin);
	buf_free(&text);
	return found;
}

static bool slow_part(const struct message *m, const struct part *p, bool headers)
{
	bool is_text = bytes_iis(p->type, "text");
	bool is_leaf = p->kind == PART_LEAF;

	if ((headers || (p->parent && p->parent->kind == PART_MESSAGE)) &&
	    slow_header(part_header(m, p)))
		return true;
	if (is_leaf &&
	    (is_text || bytes_iis(p->type, "message") || bytes_iis(p->type, "multipart")) &&
	    slow_body(part_body(m, p), transfer_of(p->encoding),
		      is_text ? slow_charset(p) : charset_guess()))
		return true;
	for (const struct part *q = p->child; q; q = q->next)
		if (slow_part(m, q, headers))
			return true;
	return false;
}

/* --- */

static void check_message(struct arena *a, const struct needle *k, struct bytes text)
{
	struct message m;

	message_parse(a, text, &m);
	assert(needle_in_message(k, a, &m, false) ==
	       (needle.n == 0 || slow_part(&m, m.root, false)));
	assert(needle_in_message(k, a, &m, true) == (needle.n == 0 || slow_part(&m, m.root, true)));
}

/* The end of the header in text, or 0. */
static size_t body_at(struct bytes text)
{
	size_t lf = bytes_find(text, BYTES("\n\n"));
	return lf == BYTES_NONE ? 0 : lf + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = ARENA_INIT;
	struct buf padded = BUF_INIT;

	if (n < 2 || data[0] > n - 2)
		return 0;
	needle = (struct bytes){ (const char *)data + 2, data[0] };
	struct bytes text = bytes_from((struct bytes){ (const char *)data + 2, n - 2 }, needle.n);
	struct needle *k = needle_new(&a, needle, BYTES("UTF-8"));
	assert((k != NULL) == utf8_valid(needle));
	if (k) {
		assert(needle_in_text(k, text) == slow_text(text));
		assert(needle_in_header(k, text) == slow_value(text));
		check_message(&a, k, text);
		if (data[1] >= 0xc0 && n < 1000) {
			size_t at = body_at(text);
			buf_bytes(&padded, bytes_sub(text, 0, at));
			for (size_t i = 16384 - (data[1] & 0x3fu) * 4; i; i--)
				buf_char(&padded, 'A');
			buf_bytes(&padded, bytes_from(text, at));
			check_message(&a, k, buf_view(&padded));
		}
	}
	buf_free(&padded);
	arena_free(&a);
	return 0;
}
