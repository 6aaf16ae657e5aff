/*
 * field.c: header fields, as lines and by name.
 *
 * RFC 5322 §2.2 and §4.5.  Nothing is refused: a line without a colon is a
 * field without a name, as are mbox's "From " and ">From " at the start of a
 * header; a header ends with its empty line, or where an enclosing part ends.
 */
#include "lex.h"
#include "parser.h"

/* "From user date" is no field, "From: user" and "From : user" are, with whatever space is no
 * part of a name: a field is the same field whether others stand before it or not. */
static bool is_mbox_from(struct bytes line)
{
	struct bytes from = BYTES("From ");

	if (line.n && line.p[0] == '>')
		line = bytes_from(line, 1);
	if (!bytes_starts(line, from))
		return false;
	size_t at = from.n;
	while (at < line.n && ascii_isspace(line.p[at]))
		at++;
	return at == line.n || line.p[at] != ':';
}

static void field_split(struct field *f, struct bytes line, bool first)
{
	struct bytes first_line = bytes_sub(line, 0, crlf_find_lf(line.p, line.n));
	size_t colon = bytes_chr(first_line, ':');

	f->line = line;
	f->value = crlf_chomp(line);
	f->name = bytes_sub(line, 0, 0);
	if (colon == BYTES_NONE || ascii_isspace(line.p[0]) || (first && is_mbox_from(line)))
		return;
	f->value = bytes_from(f->value, colon + 1);
	while (colon > 0 && ascii_isspace(line.p[colon - 1]))
		colon--;
	f->name.n = colon;
}

/* Room for one more field behind those of the header being read. */
static struct field *field_new(struct parser *s, struct part *part)
{
	if (s->pool_n == s->pool_cap) {
		size_t cap = part->nfields < 32 ? 64 : part->nfields * 2;
		struct field *fields = arena_alloc(s->arena, cap * sizeof(*fields));
		if (part->nfields)
			memcpy(fields, part->fields, part->nfields * sizeof(*fields));
		s->fields = fields;
		s->pool_n = part->nfields;
		s->pool_cap = cap;
		part->fields = fields;
	}
	if (part->nfields == 0)
		part->fields = s->fields + s->pool_n;
	s->nfields++;
	part->nfields++;
	return &s->fields[s->pool_n++];
}

static void field_add(struct parser *s, struct part *part, size_t start, size_t end)
{
	if (end == start)
		return;
	if (s->nfields >= MESSAGE_FIELDS_MAX || end - part->head_at > MESSAGE_HEADER_MAX) {
		s->m->cut = true;
		return;
	}
	struct bytes line = { s->p + start, end - start };
	struct field *f = field_new(s, part);
	field_split(f, line, start == part->head_at);
}

void parser_header(struct parser *s, struct part *part)
{
	uint64_t bare = s->here.newlines.bare;
	size_t start = s->here.at;
	struct boundary b;

	part->head_at = start;
	while (s->here.at < s->n) {
		const char *line = s->p + s->here.at;
		size_t rest = s->n - s->here.at, empty = crlf_newline(line, rest);
		if (empty || (s->nopen && parser_boundary(s, &b))) {
			field_add(s, part, start, s->here.at);
			start = s->here.at + empty;
			parser_pass_line(s, empty);
			break;
		}
		if (*line != ' ' && *line != '\t') {
			field_add(s, part, start, s->here.at);
			start = s->here.at;
		}
		size_t lf = crlf_find_lf(line, rest);
		parser_pass_line(s, lf < rest ? lf + 1 : rest);
	}
	field_add(s, part, start, s->here.at);
	part->body_at = s->here.at;
	part->head_octets = part->body_at - part->head_at + (s->here.newlines.bare - bare);
}

size_t message_header_length(struct bytes raw)
{
	for (size_t at = 0; at < raw.n;) {
		size_t rest = raw.n - at, empty = crlf_newline(raw.p + at, rest);
		if (empty)
			return at + empty;
		at += crlf_find_lf(raw.p + at, rest) + 1;
	}
	return 0;
}

static const struct field *find(const struct field *f, const struct field *end, struct bytes name)
{
	for (; f < end; f++) {
		if (bytes_ieq(f->name, name))
			return f;
	}
	return NULL;
}

const struct field *part_field(const struct part *p, const char *name)
{
	return find(p->fields, p->fields + p->nfields, bytes_of(name));
}

const struct field *part_field_next(const struct part *p, const struct field *after)
{
	return find(after + 1, p->fields + p->nfields, after->name);
}

struct bytes field_unfold(struct arena *a, const struct field *f)
{
	return lex_unfold(a, f->value);
}
