/* A message as it may arrive: the tree covers the bytes, sizes agree, wire
 * forms can be parsed, and newlines make no difference to a client. */
#include <assert.h>
#include <stdlib.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* --- the tree --- */

static void check_fields(const struct message *m, const struct part *p)
{
	const char *at = m->raw.p + p->head_at;
	for (size_t i = 0; i < p->nfields; i++) {
		const struct field *f = &p->fields[i];
		assert(f->line.p >= at && f->line.n > 0);
		at = f->line.p + f->line.n;
		assert(at <= m->raw.p + p->body_at);
		assert(f->name.p == f->line.p && f->name.n < f->line.n + 1);
		assert(f->value.p >= f->line.p && f->value.p + f->value.n <= at);
		assert(bytes_chr(f->name, '\n') == BYTES_NONE);
		assert(part_field(p, "X") != f || bytes_iis(f->name, "X"));
	}
}

static size_t check_part(const struct message *m, const struct part *p)
{
	size_t nodes = 1, at = p->body_at;
	uint32_t number = 1;

	assert(p->head_at <= p->body_at && p->body_at <= p->end_at && p->end_at <= m->raw.n);
	assert(p->head_octets == crlf_octets(part_header(m, p)));
	assert(p->body_octets == crlf_octets(part_body(m, p)));
	assert(p->depth <= MESSAGE_DEPTH_MAX);
	assert(p->type.n && p->subtype.n);
	assert((p->kind == PART_LEAF) <= !p->child);
	check_fields(m, p);
	for (const struct part *c = p->child; c; c = c->next) {
		assert(c->parent == p && c->depth == p->depth + 1 && c->number == number++);
		assert(c->head_at >= at && c->end_at <= p->end_at);
		at = c->end_at;
		nodes += check_part(m, c);
	}
	if (p->kind == PART_MESSAGE) {
		assert(part_is_message(p) && p->child && !p->child->next);
		assert(p->child->head_at == p->body_at && p->child->end_at == p->end_at);
		assert(p->body_octets == p->child->head_octets + p->child->body_octets);
	}
	return nodes;
}

/* Section numbers lead to the part they were made from. */
static void check_sections(const struct message *m, const struct part *p, uint32_t *numbers,
			   size_t n)
{
	if (p->parent && p->parent->kind == PART_MULTIPART)
		numbers[n++] = p->number;
	else if (p->kind != PART_MULTIPART)
		numbers[n++] = 1;
	if (n > 0)
		assert(message_section(m, numbers, n) == p || p->kind == PART_MULTIPART);
	numbers[n] = UINT32_MAX;
	assert(!message_section(m, numbers, n + 1));
	for (const struct part *c = p->child; c; c = c->next)
		check_sections(m, c, numbers, n);
}

static void check_tree(const struct message *m)
{
	uint32_t numbers[2 * MESSAGE_DEPTH_MAX + 4];

	assert(m->octets == crlf_octets(m->raw));
	assert(m->octets == m->root->head_octets + m->root->body_octets);
	assert(m->bare_lf == (m->octets > m->raw.n));
	assert(m->root->head_at == 0 && m->root->end_at == m->raw.n);
	assert(check_part(m, m->root) <= MESSAGE_PARTS_MAX);
	check_sections(m, m->root, numbers, 0);
}

/* --- wire forms: a parser of what RFC 3501 §9 calls body and envelope --- */

static struct bytes wire;

static char take(void)
{
	assert(wire.n > 0);
	wire.n--;
	return *wire.p++;
}

static void take_literal(void)
{
	size_t n = 0;
	for (char c = take(); c != '}'; c = take()) {
		assert(ascii_isdigit(c));
		n = n * 10 + (size_t)(c - '0');
	}
	assert(take() == '\r');
	assert(take() == '\n');
	assert(wire.n >= n && (n == 0 || !memchr(wire.p, '\0', n)));
	wire = bytes_from(wire, n);
}

static void take_quoted(void)
{
	for (char c = take(); c != '"'; c = take()) {
		if (c == '\\') {
			c = take();
			assert(c == '"' || c == '\\');
		}
		assert((unsigned char)c < 128 && c != '\0' && c != '\r' && c != '\n');
	}
}

/* A list, a string, a number or NIL; only spaces between, none elsewhere. */
static void take_value(void)
{
	char c = take();
	if (c == '(') {
		while (wire.n && *wire.p != ')') {
			take_value();
			if (wire.n && *wire.p == ' ')
				take();
			else
				assert(wire.n && (*wire.p == '(' || *wire.p == ')'));
		}
		assert(take() == ')');
	} else if (c == '"') {
		take_quoted();
	} else if (c == '{') {
		take_literal();
	} else if (c == 'N') {
		assert(take() == 'I');
		assert(take() == 'L');
	} else {
		assert(ascii_isdigit(c));
		while (wire.n && ascii_isdigit(*wire.p))
			take();
	}
}

static void check_wire(const struct buf *b)
{
	wire = buf_view(b);
	assert(wire.n && *wire.p == '(');
	take_value();
	assert(wire.n == 0);
}

static void write_all(struct arena *a, const struct message *m, struct buf out[3])
{
	envelope_write(&out[0], a, m, m->root);
	bodystructure_write(&out[1], a, m, false);
	bodystructure_write(&out[2], a, m, true);
}

/* BODY is BODYSTRUCTURE without extension data; what is neither does no harm. */
static void check_short(struct arena *a, const struct message *m, struct buf wires[3])
{
	struct buf body = BUF_INIT;

	body_write(&body, buf_view(&wires[2]));
	assert(bytes_eq(buf_view(&body), buf_view(&wires[1])));
	buf_reset(&body);
	body_write(&body, arena_bytes(a, m->raw));
	assert(body.n <= m->raw.n);
	buf_free(&body);
}

/* --- the same with CRLF --- */

static struct bytes to_crlf(struct arena *a, struct bytes raw)
{
	char *out = arena_alloc(a, raw.n * 2);
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\n' && (i == 0 || raw.p[i - 1] != '\r'))
			out[n++] = '\r';
		out[n++] = raw.p[i];
	}
	return (struct bytes){ out, n };
}

static void check_offset(const struct message *m, struct bytes sent, size_t skip)
{
	bool split;
	size_t at = crlf_offset(m->raw, skip, &split);
	assert(at < m->raw.n);
	bool bare = m->raw.p[at] == '\n' && (at == 0 || m->raw.p[at - 1] != '\r');
	assert(bare || !split);
	assert(sent.p[skip] == (bare && !split ? '\r' : m->raw.p[at]));
	assert(crlf_octets(bytes_sub(m->raw, 0, at)) + split == skip);
}

static void check_sent(struct arena *a, const struct message *m, struct buf wires[3])
{
	struct bytes sent = to_crlf(a, m->raw);
	struct message again;
	struct buf other[3] = { BUF_INIT, BUF_INIT, BUF_INIT };

	message_parse(a, sent, &again);
	assert(again.octets == sent.n && sent.n == m->octets);
	assert(!again.bare_lf && again.lines == m->lines);
	write_all(a, &again, other);
	for (int i = 0; i < 3; i++) {
		assert(bytes_eq(buf_view(&wires[i]), buf_view(&other[i])));
		buf_free(&other[i]);
	}
	size_t step = sent.n / 12 + 1;
	for (size_t skip = 0; skip < sent.n; skip += step)
		check_offset(m, sent, skip);
}

static void check_header(struct arena *a, const struct message *m)
{
	struct message header;
	message_parse_header(a, m->raw, &header);
	assert(header.root->nfields == m->root->nfields);
	assert(header.root->head_octets == m->root->head_octets);
	assert(header.root->body_at == m->root->body_at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = ARENA_INIT;
	struct message m;
	struct buf wires[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct bytes raw = arena_bytes(&a, (struct bytes){ (const char *)data, n });

	message_parse(&a, raw, &m);
	check_tree(&m);
	check_header(&a, &m);
	write_all(&a, &m, wires);
	for (int i = 0; i < 3; i++)
		check_wire(&wires[i]);
	check_short(&a, &m, wires);
	check_sent(&a, &m, wires);
	for (int i = 0; i < 3; i++)
		buf_free(&wires[i]);
	arena_free(&a);
	return 0;
}
