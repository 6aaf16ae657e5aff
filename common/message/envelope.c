/*
 * envelope.c: ENVELOPE and the strings of IMAP.
 *
 * RFC 3501 §7.4.2 and §9 envelope, RFC 9051 §7.5.2.  Of several Date, Subject,
 * In-Reply-To or Message-ID fields the first counts; the addresses of several
 * From or To fields are shown together, so that no sender hides behind a field
 * that clients don't look at.  Nothing is decoded.
 */
#include "envelope.h"

#include "address.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* --- strings --- */

enum { PLAIN, ESCAPE, NUL, LITERAL };

/* RFC 3501 §9: QUOTED-CHAR is any 7-bit character but CR, LF and NUL. */
static uint8_t char_class(unsigned char c)
{
	if (c >= 128 || c == '\r' || c == '\n')
		return LITERAL;
	if (c == 0)
		return NUL;
	return c == '"' || c == '\\' ? ESCAPE : PLAIN;
}

static void write_literal(struct buf *out, struct bytes s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] != '\0';
	buf_char(out, '{');
	buf_u64(out, n);
	buf_add(out, "}\r\n", 3);
	for (size_t i = 0, end; i < s.n; i = end + 1) {
		end = bytes_chr(bytes_from(s, i), '\0');
		end = end == BYTES_NONE ? s.n : i + end;
		buf_add(out, s.p + i, end - i);
	}
}

/* Copies what needs no escape, in blocks; how much that was. */
static size_t copy_plain(char *out, struct bytes s)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');
	for (; s.n - i >= 16; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i bad = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));
		/* signed: what is below a space is a control character or 8-bit */
		bad = _mm_or_si128(bad, _mm_cmplt_epi8(x, space));
		if (_mm_movemask_epi8(bad))
			break;
		_mm_storeu_si128((__m128i *)(void *)(out + i), x);
	}
#endif
	(void)out;
	return i;
}

void imap_string_write(struct buf *out, struct bytes s)
{
	char *p;
	size_t n = 1;

	if (!s.p) {
		buf_add(out, "NIL", 3);
		return;
	}
	if (s.n > SIZE_MAX / 2 - 2 || !(p = buf_reserve(out, s.n * 2 + 2)))
		return;
	p[0] = '"';
	size_t i = copy_plain(p + n, s);
	for (n += i; i < s.n; i++) {
		uint8_t class = char_class((unsigned char)s.p[i]);
		if (class == LITERAL) {
			write_literal(out, s);
			return;
		}
		if (class == NUL)
			continue;
		if (class == ESCAPE)
			p[n++] = '\\';
		p[n++] = s.p[i];
	}
	p[n++] = '"';
	out->n += n;
}

/* --- addresses --- */

static void address_write(struct buf *out, const struct address *a)
{
	buf_char(out, '(');
	imap_string_write(out, a->name);
	buf_char(out, ' ');
	imap_string_write(out, a->route);
	buf_char(out, ' ');
	imap_string_write(out, a->mailbox);
	buf_char(out, ' ');
	imap_string_write(out, a->host);
	buf_char(out, ')');
}

/* --- the ten members --- */

enum member {
	DATE,
	SUBJECT,
	FROM,
	SENDER,
	REPLY_TO,
	TO,
	CC,
	BCC,
	IN_REPLY_TO,
	MESSAGE_ID,
	MEMBERS
};

static const struct {
	struct bytes name;
	bool addresses;
} members[MEMBERS] = {
	[DATE] = { { "Date", 4 }, false },
	[SUBJECT] = { { "Subject", 7 }, false },
	[FROM] = { { "From", 4 }, true },
	[SENDER] = { { "Sender", 6 }, true },
	[REPLY_TO] = { { "Reply-To", 8 }, true },
	[TO] = { { "To", 2 }, true },
	[CC] = { { "Cc", 2 }, true },
	[BCC] = { { "Bcc", 3 }, true },
	[IN_REPLY_TO] = { { "In-Reply-To", 11 }, false },
	[MESSAGE_ID] = { { "Message-ID", 10 }, false },
};

/* The first field of each member's name, or NULL. */
static void members_collect(const struct part *p, const struct field *first[MEMBERS])
{
	memset(first, 0, sizeof(first[0]) * MEMBERS);
	for (size_t i = 0; i < p->nfields; i++) {
		struct bytes name = p->fields[i].name;
		for (enum member m = 0; m < MEMBERS; m++) {
			if (name.n == members[m].name.n && !first[m] &&
			    bytes_ieq(name, members[m].name))
				first[m] = &p->fields[i];
		}
	}
}

struct writing {
	struct buf *out;
	struct arena *scratch;
	struct arena addresses; /* of one field */
	size_t room;            /* so many more may be shown */
	bool in_group;
};

static void field_write(struct writing *w, const struct field *f)
{
	const struct address *a = address_parse(&w->addresses, f->value);

	for (; a && w->room; a = a->next, w->room--) {
		address_write(w->out, a);
		if (!a->host.p)
			w->in_group = a->mailbox.p;
	}
	arena_reset(&w->addresses);
}

/* The addresses of all fields of first's name.  False: there are none, nothing
 * was written. */
static bool addresses_write(struct writing *w, const struct part *p, const struct field *first)
{
	static const struct address group_end;
	size_t before = w->out->n;

	buf_char(w->out, '(');
	for (const struct field *f = first; f && w->room; f = part_field_next(p, f))
		field_write(w, f);
	if (w->in_group)
		address_write(w->out, &group_end);
	w->in_group = false;
	if (w->out->n == before + 1)
		w->out->n = before;
	else
		buf_char(w->out, ')');
	return w->out->n > before;
}

/* Once more what stands at out->p[from..to). */
static void repeat(struct buf *out, size_t from, size_t to)
{
	char *p = buf_reserve(out, to - from);
	if (!p)
		return;
	memcpy(p, out->p + from, to - from);
	out->n += to - from;
}

static void members_write(struct writing *w, const struct part *p)
{
	const struct field *first[MEMBERS];
	size_t from = 0, from_end = 0; /* where that member stands in out */

	members_collect(p, first);
	for (enum member i = 0; i < MEMBERS; i++) {
		const struct field *f = first[i];
		buf_char(w->out, i == 0 ? '(' : ' ');
		size_t start = w->out->n;
		if (!members[i].addresses)
			imap_string_write(w->out,
					  f ? field_unfold(w->scratch, f) : (struct bytes){ 0 });
		else if (f && addresses_write(w, p, f))
			;
		else if (i == SENDER || i == REPLY_TO)
			repeat(w->out, from, from_end);
		else
			buf_add(w->out, "NIL", 3);
		if (i == FROM) {
			from = start;
			from_end = w->out->n;
		}
	}
	buf_char(w->out, ')');
}

void envelope_write_upto(struct buf *out, struct arena *scratch, const struct part *p, size_t *room)
{
	struct writing w = { .out = out, .scratch = scratch, .room = *room };

	members_write(&w, p);
	arena_free(&w.addresses);
	*room = w.room;
}

void envelope_write(struct buf *out, struct arena *scratch, const struct message *m,
		    const struct part *p)
{
	size_t room = ADDRESS_MAX;

	(void)m;
	envelope_write_upto(out, scratch, p, &room);
}
