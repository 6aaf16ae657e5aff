/*
 * fetch_body.c: sections of a message, RFC 3501 §6.4.5 BODY[section]<partial>.
 *
 * Offsets and lengths are octets as the client sees them: with CRLF, whatever is
 * stored.  What has CRLF already leaves without a copy.  A part that doesn't
 * exist, or has no header of its own to show (2.HEADER of a text part), is
 * NIL; an empty piece is "".  NUL can't be in a literal (RFC 3501 §4.3.1) and
 * leaves as 0x80, the length unchanged, as other servers do it.
 */
#include "fetch.h"

static void parse_message(struct arena *scratch, struct fetch_message *m, bool all)
{
	if (all && m->parsed != PARSED_ALL) {
		message_parse(scratch, m->mail.raw, &m->message);
		m->parsed = PARSED_ALL;
		m->octets = m->message.octets;
		m->counted = true;
	} else if (m->parsed == PARSED_NOT) {
		message_parse_header(scratch, m->mail.raw, &m->message);
		m->parsed = PARSED_HEADER;
	}
}

uint64_t fetch_octets(struct fetch_message *m)
{
	if (!m->counted)
		m->octets = crlf_octets(m->mail.raw);
	m->counted = true;
	return m->octets;
}

static bool name_listed(const struct section *s, struct bytes name)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (bytes_ieq(name, s->names[i]))
			return true;
	return false;
}

/* The header of the fields asked for, as the client sees it. */
static void fields_subset(struct buf *text, const struct message *m, const struct part *p,
			  const struct section *s)
{
	bool wanted = s->text == SECTION_FIELDS;

	for (size_t i = 0; i < p->nfields; i++)
		if (name_listed(s, p->fields[i].name) == wanted)
			header_crlf(text, p->fields[i].line);
	if (header_has_end(part_header(m, p)))
		buf_str(text, "\r\n");
}

/* The part whose header or text a section shows, or NULL. */
static const struct part *section_part(const struct message *m, const struct section *s)
{
	const struct part *p;

	if (!s->nnumbers)
		return m->root;
	p = message_section(m, s->numbers, s->nnumbers);
	if (!p || s->text == SECTION_ALL || s->text == SECTION_MIME)
		return p;
	return p->kind == PART_MESSAGE ? p->child : NULL;
}

/* The bytes of a section, stored or in *text, and their octets; p == NULL: NIL. */
static struct bytes section_bytes(struct buf *text, struct fetch_message *m,
				  const struct section *s, uint64_t *octets)
{
	const struct part *p = section_part(&m->message, s);
	struct bytes b = { NULL, 0 };

	if (!p)
		return b;
	if (s->text == SECTION_FIELDS || s->text == SECTION_FIELDS_NOT) {
		fields_subset(text, &m->message, p, s);
		*octets = text->n;
		return buf_view(text);
	}
	if (s->text == SECTION_HEADER || s->text == SECTION_MIME) {
		*octets = p->head_octets;
		return part_header(&m->message, p);
	}
	if (m->parsed == PARSED_ALL) {
		*octets = p->body_octets;
		return part_body(&m->message, p);
	}
	b = bytes_from(m->message.raw, p->body_at);
	*octets = crlf_octets(b);
	return b;
}

/* Bytes that need nothing but that NUL is no CHAR8. */
static void put_straight(struct writer *w, struct bytes b)
{
	for (;;) {
		size_t nul = bytes_chr(b, '\0');

		writer_bytes(w, bytes_sub(b, 0, nul));
		if (nul == BYTES_NONE)
			return;
		writer_char(w, '\x80');
		b = bytes_from(b, nul + 1);
	}
}

/* n octets from octet `start` on of bytes that have bare LF, `octets` in all. */
static void put_crlf(struct writer *w, struct bytes b, uint64_t octets, uint64_t start, uint64_t n)
{
	bool lf_first = false, cr_last = false;
	size_t from = start ? crlf_offset(b, start, &lf_first) : 0;
	size_t end = start + n < octets ? crlf_offset(b, start + n, &cr_last) : b.n;
	char last = lf_first ? '\r' : from ? b.p[from - 1] : 0;

	for (struct bytes rest = bytes_sub(b, from, end - from); rest.n;) {
		size_t nul = bytes_chr(rest, '\0');

		writer_crlf(w, bytes_sub(rest, 0, nul), &last);
		if (nul == BYTES_NONE)
			break;
		writer_char(w, '\x80');
		last = '\x80';
		rest = bytes_from(rest, nul + 1);
	}
	if (cr_last)
		writer_char(w, '\r');
}

static void put_string(struct writer *w, struct bytes b, uint64_t octets, const struct section *s)
{
	uint64_t start = s->partial && s->start < octets ? s->start : 0;
	uint64_t n = octets - start;

	if (s->partial && s->start >= octets)
		n = 0;
	else if (s->partial && n > s->count)
		n = s->count;
	if (n == 0) {
		writer_str(w, "\"\"");
		return;
	}
	writer_char(w, '{');
	writer_u64(w, n);
	writer_str(w, "}\r\n");
	if (octets == b.n)
		put_straight(w, bytes_sub(b, (size_t)start, (size_t)n));
	else
		put_crlf(w, b, octets, start, n);
}

void fetch_section(struct writer *w, struct arena *scratch, struct buf *text,
		   struct fetch_message *m, const struct section *s)
{
	struct bytes b;
	uint64_t octets = 0;

	buf_reset(text);
	if (s->kept) {
		headers_pick(m->items[ITEM_HEADERS], &s->set, text);
		put_string(w, buf_view(text), text->n, s);
		return;
	}
	if (s->text == SECTION_ALL && !s->nnumbers) {
		put_string(w, m->mail.raw, fetch_octets(m), s);
		return;
	}
	parse_message(scratch, m, s->nnumbers > 0);
	b = section_bytes(text, m, s, &octets);
	if (b.p)
		put_string(w, b, octets, s);
	else
		writer_str(w, "NIL");
}
