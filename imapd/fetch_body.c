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

#include "num.h"

#define NUL_SENT '\x80'
#define LITERAL_HEAD (NUM_DIGITS + 4) /* "{octets}" CRLF */

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

/* A section; b.p == NULL: NIL. */
static struct fetch_piece find_piece(struct buf *text, struct fetch_message *m,
				     const struct section *s)
{
	const struct part *p = section_part(&m->message, s);
	struct fetch_piece piece = { 0 };

	if (!p)
		return piece;
	if (s->text == SECTION_FIELDS || s->text == SECTION_FIELDS_NOT) {
		fields_subset(text, &m->message, p, s);
		piece.b = buf_view(text);
		piece.octets = text->n;
	} else if (s->text == SECTION_HEADER || s->text == SECTION_MIME) {
		piece.b = part_header(&m->message, p);
		piece.octets = p->head_octets;
	} else if (m->parsed == PARSED_ALL) {
		piece.b = part_body(&m->message, p);
		piece.octets = p->body_octets;
	} else {
		piece.b = bytes_from(m->message.raw, p->body_at);
		piece.octets = crlf_octets(piece.b);
	}
	return piece;
}

/* --- windows of the same section, one after the other --- */

static bool memo_takes(const struct fetch_message *m, const struct section *s)
{
	return m->memo && s->partial && s->nnumbers <= FETCH_MEMO_NUMBERS &&
	       s->text != SECTION_FIELDS && s->text != SECTION_FIELDS_NOT;
}

static bool memo_find(const struct fetch_message *m, const struct section *s,
		      struct fetch_piece *piece)
{
	const struct fetch_memo *k = m->memo;

	if (!memo_takes(m, s) || k->uid != m->record.uid || k->mailbox != m->mailbox ||
	    k->size != m->mail.raw.n || k->text != s->text || k->nnumbers != s->nnumbers ||
	    memcmp(k->numbers, s->numbers, s->nnumbers * sizeof(*s->numbers)) != 0)
		return false;
	*piece = k->piece;
	piece->b = bytes_sub(m->mail.raw, k->from, k->length);
	return true;
}

static void memo_keep(const struct fetch_message *m, const struct section *s,
		      const struct fetch_piece *piece)
{
	struct fetch_memo *k = m->memo;

	if (!memo_takes(m, s) || !piece->b.p)
		return;
	*k = (struct fetch_memo){
		.mailbox = m->mailbox,
		.uid = m->record.uid,
		.size = m->mail.raw.n,
		.text = s->text,
		.nnumbers = s->nnumbers,
		.from = (size_t)(piece->b.p - m->mail.raw.p),
		.length = piece->b.n,
		.piece = *piece,
	};
	memcpy(k->numbers, s->numbers, s->nnumbers * sizeof(*s->numbers));
}

/* --- strings --- */

/* Writes it at p; its length. */
static size_t literal_head(char *p, uint64_t octets)
{
	size_t n = 1 + num_format(p + 1, octets);

	p[0] = '{';
	memcpy(p + n, "}\r\n", 3);
	return n + 3;
}

/* Bytes that need nothing but that NUL is no CHAR8. */
static void put_straight(struct writer *w, struct bytes b)
{
	for (;;) {
		size_t nul = bytes_chr(b, '\0');

		writer_bytes(w, bytes_sub(b, 0, nul));
		if (nul == BYTES_NONE)
			return;
		writer_char(w, NUL_SENT);
		b = bytes_from(b, nul + 1);
	}
}

/* Where octet n of a piece with bare LF lies, from the known place on. */
static size_t piece_offset(const struct fetch_piece *p, uint64_t n, bool *split)
{
	bool known = n >= p->octet;
	size_t at = known ? p->at : 0;

	return at + crlf_offset(bytes_from(p->b, at), n - (known ? p->octet : 0), split);
}

/* n octets from octet `start` on of a piece that has bare LF. */
static void put_crlf(struct writer *w, struct fetch_piece *p, uint64_t start, uint64_t n)
{
	bool lf_first = false, cr_last = false;
	size_t from = piece_offset(p, start, &lf_first);
	size_t end = p->b.n;
	char last = from ? p->b.p[from - 1] : 0;

	if (lf_first) {
		last = '\r';
	} else if (last != '\r') {
		p->octet = start;
		p->at = from;
	}
	if (start + n < p->octets)
		end = piece_offset(p, start + n, &cr_last);
	for (struct bytes rest = bytes_sub(p->b, from, end - from); rest.n;) {
		size_t nul = bytes_chr(rest, '\0');

		writer_crlf(w, bytes_sub(rest, 0, nul), &last);
		if (nul == BYTES_NONE)
			break;
		writer_char(w, NUL_SENT);
		last = NUL_SENT;
		rest = bytes_from(rest, nul + 1);
	}
	if (cr_last)
		writer_char(w, '\r');
}

/* A whole message that fits the buffer twice: counted, copied and converted in one walk, and
 * the length written before it afterwards.  False: it doesn't fit. */
static bool put_whole(struct writer *w, struct fetch_message *m)
{
	char head[LITERAL_HEAD];
	struct bytes raw = m->mail.raw;
	uint64_t likely = m->counted                              ? m->octets
			  : m->record.vsize != INDEX_SIZE_UNKNOWN ? m->record.vsize
								  : raw.n;
	size_t room = literal_head(head, likely);

	if (raw.n == 0 || raw.n > (w->cap - sizeof(head)) / 2)
		return false;
	char *to = writer_room(w, sizeof(head) + 2 * raw.n);
	size_t n = bytes_to_crlf(to + room, raw, 0, NUL_SENT);
	size_t length = literal_head(head, n);
	if (length != room)
		memmove(to + length, to + room, n);
	memcpy(to, head, length);
	writer_wrote(w, length + n);
	m->octets = n;
	m->counted = true;
	return true;
}

static void put_piece(struct writer *w, struct fetch_piece *p, const struct section *s)
{
	char head[LITERAL_HEAD];
	uint64_t start = 0, n = p->octets;

	if (s->partial) {
		start = s->start < p->octets ? s->start : p->octets;
		n = p->octets - start < s->count ? p->octets - start : s->count;
	}
	if (n == 0) {
		writer_str(w, "\"\"");
		return;
	}
	writer_put(w, head, literal_head(head, n));
	if (p->octets == p->b.n)
		put_straight(w, bytes_sub(p->b, (size_t)start, (size_t)n));
	else
		put_crlf(w, p, start, n);
}

/* Kept lines go from the cache's item straight to the writer.  False: they can't. */
static bool put_kept(struct writer *w, struct bytes item, const struct section *s)
{
	size_t n;

	if (s->partial || !headers_picked_length(item, &s->set, &n) || n == 0)
		return false;
	writer_char(w, '{');
	writer_u64(w, n);
	writer_put(w, "}\r\n", 3);
	headers_pick_to(w, item, &s->set);
	return true;
}

void fetch_section(struct writer *w, struct arena *scratch, struct buf *text,
		   struct fetch_message *m, const struct section *s)
{
	struct fetch_piece piece = { 0 };

	buf_reset(text);
	if (s->kept && put_kept(w, m->items[ITEM_HEADERS], s))
		return;
	if (s->kept) {
		headers_pick(m->items[ITEM_HEADERS], &s->set, text);
		piece.b = buf_view(text);
		piece.octets = text->n;
	} else if (memo_find(m, s, &piece)) {
		/* as the last time */
	} else if (s->text == SECTION_ALL && !s->nnumbers) {
		if (!s->partial && put_whole(w, m))
			return;
		piece.b = m->mail.raw;
		piece.octets = fetch_octets(m);
	} else {
		parse_message(scratch, m, s->nnumbers > 0);
		piece = find_piece(text, m, s);
	}
	if (!piece.b.p) {
		writer_str(w, "NIL");
		return;
	}
	put_piece(w, &piece, s);
	if (!s->kept)
		memo_keep(m, s, &piece);
}
