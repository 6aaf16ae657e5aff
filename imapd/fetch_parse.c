/*
 * fetch_parse.c: the data items of FETCH into a plan, RFC 3501 §6.4.5 and §9
 * (fetch, fetch-att, section, partial: RFC 9051's, with 63-bit numbers).
 *
 * The plan has everything that doesn't depend on the message: the label of each item as the
 * response spells it, which cached items and whether the file is needed.
 * A name that is asked for twice is sent once.  Macros stand alone, as the
 * grammar says.
 */
#include <stdlib.h>

#include "fetch.h"
#include "mailbox.h"
#include "parse.h"

static const struct {
	const char *name; /* of an item without a section */
	enum fetch_kind kind;
	uint32_t cached;
	const char *label;
} simple[] = {
	{ "UID", FETCH_UID, 0, "UID " },
	{ "FLAGS", FETCH_FLAGS, 0, "FLAGS " },
	{ "INTERNALDATE", FETCH_INTERNALDATE, 0, "INTERNALDATE " },
	{ "RFC822.SIZE", FETCH_SIZE, 0, "RFC822.SIZE " },
	{ "ENVELOPE", FETCH_ENVELOPE, 1u << ITEM_ENVELOPE, "ENVELOPE " },
	{ "BODYSTRUCTURE", FETCH_BODYSTRUCTURE, 1u << ITEM_BODYSTRUCTURE, "BODYSTRUCTURE " },
	{ "BODY", FETCH_BODY, 1u << ITEM_BODYSTRUCTURE, "BODY " },
};

static const struct {
	const char *name; /* of an item that is a section by another name */
	enum section_text text;
	bool seen;
	const char *label;
} rfc822[] = {
	{ "RFC822", SECTION_ALL, true, "RFC822 " },
	{ "RFC822.HEADER", SECTION_HEADER, false, "RFC822.HEADER " },
	{ "RFC822.TEXT", SECTION_TEXT, true, "RFC822.TEXT " },
};

static const struct {
	const char *name;
	enum fetch_kind kinds[5];
	size_t n;
} macros[] = {
	{ "ALL", { FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE, FETCH_ENVELOPE }, 4 },
	{ "FAST", { FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE }, 3 },
	{ "FULL", { FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE, FETCH_ENVELOPE, FETCH_BODY }, 5 },
};

static const struct {
	const char *name; /* longer names first where one begins another */
	enum section_text text;
} section_texts[] = {
	{ "HEADER.FIELDS.NOT", SECTION_FIELDS_NOT },
	{ "HEADER.FIELDS", SECTION_FIELDS },
	{ "HEADER", SECTION_HEADER },
	{ "TEXT", SECTION_TEXT },
	{ "MIME", SECTION_MIME },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Letters, digits and dots: the names of items and sections. */
static struct bytes take_name(struct bytes *c)
{
	size_t n = 0;

	while (n < c->n && (ascii_isalnum(c->p[n]) || c->p[n] == '.'))
		n++;
	struct bytes name = bytes_sub(*c, 0, n);
	*c = bytes_from(*c, n);
	return name;
}

static void add_kind(struct fetch_plan *plan, enum fetch_kind kind)
{
	if (plan->kinds & 1u << kind)
		return;
	for (size_t i = 0; i < COUNT(simple); i++) {
		if (simple[i].kind != kind)
			continue;
		plan->items[plan->n++] =
			(struct fetch_item){ .kind = kind, .label = bytes_of(simple[i].label) };
		plan->cached |= simple[i].cached;
	}
	plan->kinds |= 1u << kind;
}

/* Of the message, not of a part, which has to be found. */
static bool is_of_header(const struct section *s)
{
	return !s->nnumbers && (s->text == SECTION_HEADER || s->text == SECTION_FIELDS ||
				s->text == SECTION_FIELDS_NOT);
}

static void add_section(struct fetch_plan *plan, const struct section *section, struct bytes label,
			bool seen)
{
	plan->kinds |= 1u << FETCH_SECTION;
	plan->seen |= seen;
	plan->file |= !section->kept;
	plan->body |= !is_of_header(section);
	plan->octets |= section->text == SECTION_ALL && !section->nnumbers && !section->partial;
	plan->partial |= section->partial;
	if (section->kept)
		plan->cached |= 1u << ITEM_HEADERS;
	for (size_t i = 0; i < plan->n; i++)
		if (bytes_eq(plan->items[i].label, label))
			return;
	plan->items[plan->n++] = (struct fetch_item){ FETCH_SECTION, label, *section };
}

/* "3.1" off the front of a section's name; false: something else is between the dots. */
static bool parse_numbers(struct bytes *name, struct arena *a, struct section *section)
{
	size_t dots = 0;

	for (size_t i = 0; i < name->n; i++)
		dots += name->p[i] == '.';
	section->numbers = arena_array(a, uint32_t, dots + 1);
	while (name->n && ascii_isdigit(name->p[0])) {
		if (!parse_nz_number(name, &section->numbers[section->nnumbers++]))
			return false;
		if (name->n == 0)
			return true;
		if (!parse_char(name, '.') || name->n == 0)
			return false;
	}
	return true;
}

/* header-list, RFC 3501 §9. */
static bool parse_names(struct bytes *c, struct arena *a, struct section *section)
{
	struct bytes name;
	size_t cap = 0;

	if (!parse_space(c) || !parse_char(c, '('))
		return false;
	do {
		if (!parse_astring(c, a, &name) || name.n == 0 || name.n > FETCH_FIELD_NAME_MAX)
			return false;
		if (section->nnames == cap) {
			struct bytes *more = arena_array(a, struct bytes, cap = cap * 2 + 16);
			for (size_t i = 0; i < section->nnames; i++)
				more[i] = section->names[i];
			section->names = more;
		}
		section->names[section->nnames++] = name;
	} while (parse_space(c));
	return parse_char(c, ')');
}

/* What stands between the brackets, RFC 3501 §9 section-spec. */
static const char *parse_section(struct bytes *c, struct arena *a, struct section *section)
{
	struct bytes name = take_name(c);
	bool text = false;

	if (!parse_numbers(&name, a, section))
		return "Invalid part number";
	for (size_t i = 0; i < COUNT(section_texts) && !text; i++) {
		text = bytes_iis(name, section_texts[i].name);
		if (text)
			section->text = section_texts[i].text;
	}
	if (!text && name.n)
		return "Unknown section";
	if (section->text == SECTION_MIME && !section->nnumbers)
		return "MIME needs a part number";
	if (section->text != SECTION_FIELDS && section->text != SECTION_FIELDS_NOT)
		return NULL;
	if (!parse_names(c, a, section))
		return "List of header fields expected";
	section->kept = header_set_of(section->names, section->nnames, &section->set) &&
			section->text == SECTION_FIELDS && !section->nnumbers;
	return NULL;
}

static bool parse_partial(struct bytes *c, struct section *section)
{
	if (!parse_char(c, '<'))
		return true;
	section->partial = true;
	return parse_number64(c, &section->start) && section->start <= INT64_MAX &&
	       parse_char(c, '.') && parse_number64(c, &section->count) && section->count > 0 &&
	       section->count <= INT64_MAX && parse_char(c, '>');
}

/* An astring: the name as it came if it can stand without quotes. */
static void label_name(struct buf *label, struct bytes name)
{
	struct bytes rest = name, atom;

	if (parse_atom(&rest, &atom) && parse_end(&rest))
		buf_bytes(label, name);
	else
		imap_string_write(label, name);
}

/* "BODY[3.HEADER.FIELDS (Subject)]<0> " */
static struct bytes section_label(struct arena *a, const struct section *section)
{
	struct buf label = BUF_INIT;

	buf_str(&label, "BODY[");
	for (size_t i = 0; i < section->nnumbers; i++) {
		if (i)
			buf_char(&label, '.');
		buf_u64(&label, section->numbers[i]);
	}
	if (section->nnumbers && section->text != SECTION_ALL)
		buf_char(&label, '.');
	for (size_t i = 0; i < COUNT(section_texts) && section->text != SECTION_ALL; i++)
		if (section_texts[i].text == section->text)
			buf_str(&label, section_texts[i].name);
	for (size_t i = 0; i < section->nnames; i++) {
		buf_str(&label, i ? " " : " (");
		label_name(&label, section->names[i]);
	}
	buf_str(&label, section->nnames ? ")]" : "]");
	if (section->partial) {
		buf_char(&label, '<');
		buf_u64(&label, section->start);
		buf_char(&label, '>');
	}
	buf_char(&label, ' ');
	struct bytes copy = arena_bytes(a, buf_view(&label));
	buf_free(&label);
	return copy;
}

/* Behind BODY or BODY.PEEK: [section]<partial>. */
static const char *parse_body(struct bytes *c, struct arena *a, struct fetch_plan *plan, bool peek)
{
	struct section section = { .text = SECTION_ALL };
	const char *bad;

	if (!parse_char(c, '['))
		return "Section expected";
	bad = parse_section(c, a, &section);
	if (bad)
		return bad;
	if (!parse_char(c, ']'))
		return "Missing ]";
	if (!parse_partial(c, &section))
		return "Invalid partial";
	add_section(plan, &section, section_label(a, &section), !peek);
	return NULL;
}

static const char *parse_item(struct bytes *c, struct arena *a, struct fetch_plan *plan)
{
	struct bytes name = take_name(c);
	bool section = c->n && c->p[0] == '[';

	if (plan->n == IMAP_FETCH_ITEMS)
		return "Too many data items";
	if (bytes_iis(name, "BODY.PEEK") || (section && bytes_iis(name, "BODY")))
		return parse_body(c, a, plan, name.n > 4);
	for (size_t i = 0; i < COUNT(simple); i++) {
		if (bytes_iis(name, simple[i].name)) {
			add_kind(plan, simple[i].kind);
			return NULL;
		}
	}
	for (size_t i = 0; i < COUNT(rfc822); i++) {
		if (bytes_iis(name, rfc822[i].name)) {
			struct section all = { .text = rfc822[i].text };
			add_section(plan, &all, bytes_of(rfc822[i].label), rfc822[i].seen);
			return NULL;
		}
	}
	return "Unknown data item";
}

static bool parse_macro(struct bytes *c, struct fetch_plan *plan)
{
	struct bytes rest = *c, name = take_name(&rest);

	for (size_t i = 0; i < COUNT(macros); i++) {
		if (!bytes_iis(name, macros[i].name))
			continue;
		for (size_t k = 0; k < macros[i].n; k++)
			add_kind(plan, macros[i].kinds[k]);
		*c = rest;
		return true;
	}
	return false;
}

const char *fetch_parse(struct bytes *c, struct arena *a, struct fetch_plan *plan)
{
	const char *bad;

	*plan = (struct fetch_plan){ .items = arena_array(a, struct fetch_item, IMAP_FETCH_ITEMS) };
	if (parse_macro(c, plan))
		return NULL;
	if (!parse_char(c, '('))
		return parse_item(c, a, plan);
	do {
		bad = parse_item(c, a, plan);
		if (bad)
			return bad;
	} while (parse_space(c));
	return parse_char(c, ')') ? NULL : "Missing )";
}
