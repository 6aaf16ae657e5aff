/*
 * message.c: the part tree of a message, in one pass.
 *
 * RFC 2045 §5, RFC 2046 §5.1 and §5.2.1, RFC 3501 §6.4.5.  A line is a boundary
 * of the open multipart whose boundary it begins with: of the longest such, and
 * of the innermost among equals, so that boundaries may prefix or repeat each
 * other.  The newline before it belongs to it unless it ends a header.  A
 * MIME-Version field is not asked for.  No transfer encoding is undone: a
 * message in base64 is a leaf (RFC 2046 §5.2.1 forbids it anyway).
 */
#include "parser.h"

#include "params.h"

/* --- boundaries --- */

/* Its ends are looked at first: lines of a hostile message meet many boundaries. */
static bool begins_with(const char *p, size_t n, struct bytes boundary)
{
	size_t last = boundary.n - 1;

	return boundary.n <= n && p[0] == boundary.p[0] && p[last] == boundary.p[last] &&
	       memcmp(p, boundary.p, boundary.n) == 0;
}

bool parser_boundary(const struct parser *s, struct boundary *b)
{
	const char *p = s->p + s->here.at;
	size_t n = s->n - s->here.at;
	size_t best = 0;

	if (n < 3 || p[0] != '-' || p[1] != '-')
		return false;
	for (size_t i = s->nopen; i-- > 0;) {
		struct bytes boundary = s->open[i].boundary;
		if (boundary.n > best && begins_with(p + 2, n - 2, boundary)) {
			best = boundary.n;
			b->level = i;
		}
	}
	b->length = best + 2;
	b->closing = n - b->length >= 2 && p[b->length] == '-' && p[b->length + 1] == '-';
	return best > 0;
}

void parser_pass_line(struct parser *s, size_t length)
{
	const char *end = s->p + s->here.at + length;

	if (length && end[-1] == '\n') {
		s->here.newlines.lf++;
		s->here.newlines.bare += length < 2 || end[-2] != '\r';
	}
	s->here.at += length;
}

/* Goes to the next boundary line, or to the end. */
static bool boundary_find(struct parser *s, struct boundary *b)
{
	while (s->here.at < s->n && s->nopen) {
		if (parser_boundary(s, b)) {
			if (b->closing || s->nparts < MESSAGE_PARTS_MAX)
				return true;
			s->m->cut = true; /* what follows stays in the last part */
			s->nopen = 0;
			break;
		}
		s->here.at +=
			crlf_count_dashes(s->p + s->here.at, s->n - s->here.at, &s->here.newlines);
	}
	crlf_count(s->p + s->here.at, s->n - s->here.at, &s->here.newlines);
	s->here.at = s->n;
	return false;
}

/* --- parts --- */

static struct part *part_new(struct parser *s, struct part *parent, uint32_t number)
{
	struct part *part = arena_new(s->arena, struct part);

	part->parent = parent;
	part->number = number;
	part->depth = parent ? parent->depth + 1 : 0;
	s->nparts++;
	return part;
}

/* RFC 2046 §5.1.5: the parts of a digest are messages if they don't say. */
static void part_default_type(struct part *part)
{
	const struct part *parent = part->parent;
	bool digest =
		parent && parent->kind == PART_MULTIPART && bytes_iis(parent->subtype, "digest");

	part->type = digest ? BYTES("message") : BYTES("text");
	part->subtype = digest ? BYTES("rfc822") : BYTES("plain");
}

/* RFC 2045 §5.2: what is no Content-Type is taken for text/plain. */
static void part_plain(struct part *part)
{
	part->type = BYTES("text");
	part->subtype = BYTES("plain");
}

static void part_content_type(struct parser *s, struct part *part, struct bytes value)
{
	bool room = s->nparams < MESSAGE_PARAMS_MAX;

	if (!params_content_type(s->arena, value, &part->type, &part->subtype,
				 room ? &part->params : NULL))
		part_plain(part);
	for (const struct param *param = part->params; param; param = param->next)
		s->nparams++;
	s->m->cut |= !room;
}

/* The first of several fields counts. */
static void part_read_type(struct parser *s, struct part *part)
{
	bool typed = false, encoded = false;

	part_default_type(part);
	for (size_t i = 0; i < part->nfields; i++) {
		const struct field *f = &part->fields[i];
		if (f->name.n == 12 && !typed && bytes_iis(f->name, "Content-Type")) {
			typed = true;
			part_content_type(s, part, f->value);
		} else if (f->name.n == 25 && !encoded &&
			   bytes_iis(f->name, "Content-Transfer-Encoding")) {
			encoded = true;
			part->encoding = params_token(s->arena, f->value, NULL);
		}
	}
}

/* RFC 2046 §5.1.1: trailing white space can't be part of a boundary.  Empty:
 * none that could be looked for. */
static struct bytes part_boundary(struct parser *s, const struct part *part)
{
	const struct param *param = params_find(part->params, "boundary");
	struct bytes boundary = param ? param->value : BYTES("");

	while (boundary.n && ascii_isspace(boundary.p[boundary.n - 1]))
		boundary.n--;
	if (boundary.n > MESSAGE_BOUNDARY_MAX) {
		s->m->cut = true;
		boundary.n = 0;
	}
	return boundary;
}

bool part_is_message(const struct part *part)
{
	return bytes_iis(part->type, "message") &&
	       (bytes_iis(part->subtype, "rfc822") || bytes_iis(part->subtype, "global"));
}

static bool part_is_encoded(const struct part *part)
{
	return bytes_iis(part->encoding, "base64") ||
	       bytes_iis(part->encoding, "quoted-printable") ||
	       bytes_istarts(part->encoding, BYTES("x-"));
}

/* A part of this one may have a node of its own. */
static bool may_nest(struct parser *s, const struct part *part)
{
	if (part->depth < MESSAGE_DEPTH_MAX && s->nparts < MESSAGE_PARTS_MAX)
		return true;
	s->m->cut = true;
	return false;
}

static void part_open_multipart(struct parser *s, struct part *part)
{
	struct bytes boundary = part_boundary(s, part);

	if (boundary.n == 0 || !may_nest(s, part)) {
		part_plain(part);
		return;
	}
	part->kind = PART_MULTIPART;
	s->open[s->nopen++] = (struct multipart){ .boundary = boundary, .part = part };
}

/* Reads the header here, and those of the messages it leads into; returns the
 * innermost part, at the start of its body. */
static struct part *part_open(struct parser *s, struct part *part)
{
	for (;;) {
		parser_header(s, part);
		part_read_type(s, part);
		s->body[part->depth] = s->here;
		if (!part_is_message(part) || part_is_encoded(part) || !may_nest(s, part))
			break;
		part->kind = PART_MESSAGE;
		part->child = part_new(s, part, 1);
		part = part->child;
	}
	if (bytes_iis(part->type, "multipart"))
		part_open_multipart(s, part);
	return part;
}

/* part and its parents below stop end here. */
static void parts_close(struct parser *s, struct part *part, const struct part *stop,
			const struct mark *end)
{
	for (; part != stop; part = part->parent) {
		const struct mark *body = &s->body[part->depth];
		part->end_at = end->at;
		part->body_lines = end->newlines.lf - body->newlines.lf;
		part->body_octets = end->at - body->at + end->newlines.bare - body->newlines.bare;
	}
}

/* RFC 2046 §5.1.1: the newline before a boundary line is part of it.  The
 * newline that ends part's header is not. */
static struct mark before_boundary(const struct parser *s, const struct part *part)
{
	struct mark end = s->here;

	if (end.at == part->body_at)
		return end;
	end.at--;
	end.newlines.lf--;
	if (end.at > part->body_at && s->p[end.at - 1] == '\r')
		end.at--;
	else
		end.newlines.bare--;
	return end;
}

/* Passes a boundary line: returns the part it begins, or NULL when it ends
 * the multipart, as does any boundary on the last line. */
static struct part *boundary_pass(struct parser *s, const struct boundary *b)
{
	struct multipart *open = &s->open[b->level];
	size_t rest = s->n - s->here.at;
	size_t lf = b->length + crlf_find_lf(s->p + s->here.at + b->length, rest - b->length);

	parser_pass_line(s, lf < rest ? lf + 1 : rest);
	if (b->closing || s->here.at == s->n) {
		s->nopen = b->level;
		return NULL;
	}
	s->nopen = b->level + 1;
	struct part *part = part_new(s, open->part, open->last ? open->last->number + 1 : 1);
	if (open->last)
		open->last->next = part;
	else
		open->part->child = part;
	open->last = part;
	return part;
}

static void parser_init(struct parser *s, struct arena *a, struct bytes raw, struct message *m)
{
	*m = (struct message){ .raw = raw };
	s->arena = a;
	s->m = m;
	s->p = raw.n ? raw.p : "";
	s->n = raw.n;
	s->here = (struct mark){ 0 };
	s->nparts = s->nparams = s->nfields = s->nopen = 0;
	s->fields = NULL;
	s->pool_n = s->pool_cap = 0;
	m->root = part_new(s, NULL, 0);
}

void message_parse(struct arena *a, struct bytes raw, struct message *m)
{
	struct parser s;
	struct boundary b;

	parser_init(&s, a, raw, m);
	struct part *part = part_open(&s, m->root);
	while (boundary_find(&s, &b)) {
		struct part *multipart = s.open[b.level].part;
		struct mark end = before_boundary(&s, part);
		parts_close(&s, part, multipart, &end);
		struct part *next = boundary_pass(&s, &b);
		part = next ? part_open(&s, next) : multipart;
	}
	parts_close(&s, part, NULL, &s.here);
	m->octets = raw.n + s.here.newlines.bare;
	m->lines = s.here.newlines.lf;
	m->bare_lf = s.here.newlines.bare > 0;
}

void message_parse_header(struct arena *a, struct bytes raw, struct message *m)
{
	struct parser s;

	parser_init(&s, a, raw, m);
	parser_header(&s, m->root);
	m->root->end_at = m->root->body_at;
}

/* --- sections --- */

static const struct part *nth_child(const struct part *part, uint32_t number)
{
	const struct part *child = part->child;
	while (child && child->number != number)
		child = child->next;
	return child;
}

const struct part *message_section(const struct message *m, const uint32_t *numbers, size_t n)
{
	const struct part *part = m->root;

	for (size_t i = 0; i < n && part; i++) {
		if (i > 0 && part->kind == PART_LEAF)
			return NULL;
		if (i > 0 && part->kind == PART_MESSAGE)
			part = part->child;
		if (part->kind == PART_MULTIPART)
			part = nth_child(part, numbers[i]);
		else if (numbers[i] != 1)
			return NULL;
	}
	return part;
}
