/*
 * bodystructure.c: BODY and BODYSTRUCTURE.
 *
 * RFC 3501 §7.4.2 and §9 body, RFC 9051 §7.5.2.  The grammar wants what a
 * message may lack: a multipart without parts shows one empty text part, and a
 * message part that was not looked into (encoded, or beyond a limit) an empty
 * envelope and body.  Type names are as the message has them; a text part
 * without a charset is said to be in us-ascii (RFC 2045 §5.2).  Strings are not
 * decoded, RFC 2231 values not converted to UTF-8.
 */
#include "address.h"
#include "envelope.h"
#include "lex.h"
#include "params.h"

#define EMPTY_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
#define EMPTY_TEXT "\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0"
#define EMPTY_EXTENSION " NIL NIL NIL NIL"

struct writing {
	struct buf *out;
	struct arena *scratch;
	struct arena params; /* of one field */
	bool extended;
	size_t addresses; /* so many more may be shown */
};

/* The fields of a part's header that its structure shows, the first of each. */
enum content { ID, DESCRIPTION, MD5, DISPOSITION, LANGUAGE, LOCATION, CONTENTS };

static const struct bytes content_names[CONTENTS] = {
	[ID] = { "ID", 2 },
	[DESCRIPTION] = { "Description", 11 },
	[MD5] = { "MD5", 3 },
	[DISPOSITION] = { "Disposition", 11 },
	[LANGUAGE] = { "Language", 8 },
	[LOCATION] = { "Location", 8 },
};

static void contents_collect(const struct part *p, const struct field *found[CONTENTS])
{
	struct bytes prefix = BYTES("Content-");

	memset(found, 0, sizeof(found[0]) * CONTENTS);
	for (size_t i = 0; i < p->nfields; i++) {
		const struct field *f = &p->fields[i];
		if (f->name.n <= prefix.n || ascii_lower(f->name.p[0]) != 'c' ||
		    !bytes_istarts(f->name, prefix))
			continue;
		struct bytes rest = bytes_from(f->name, prefix.n);
		for (enum content c = 0; c < CONTENTS; c++) {
			if (!found[c] && bytes_ieq(rest, content_names[c]))
				found[c] = f;
		}
	}
}

static void write_content(struct buf *out, struct arena *scratch, const struct field *f)
{
	struct bytes none = { 0 };
	buf_char(out, ' ');
	imap_string_write(out, f ? field_unfold(scratch, f) : none);
}

static void write_param(struct buf *out, struct arena *scratch, const struct param *p)
{
	struct bytes name = p->name;

	if (p->extended) {
		char *starred = arena_alloc(scratch, name.n + 1);
		memcpy(starred, name.p, name.n);
		starred[name.n] = '*';
		name = (struct bytes){ starred, name.n + 1 };
	}
	imap_string_write(out, name);
	buf_char(out, ' ');
	imap_string_write(out, p->value);
}

/* body-fld-param, with a charset if the part is text and has none. */
static void write_params(struct buf *out, struct arena *scratch, const struct param *list,
			 bool text)
{
	char before = '(';

	for (; list; list = list->next) {
		text = text && !bytes_iis(list->name, "charset");
		buf_char(out, before);
		before = ' ';
		write_param(out, scratch, list);
	}
	if (text) {
		buf_char(out, before);
		before = ' ';
		buf_str(out, "\"charset\" \"us-ascii\"");
	}
	buf_str(out, before == '(' ? "NIL" : ")");
}

/* body-fld-dsp, RFC 2183. */
static void write_disposition(struct writing *w, const struct field *f)
{
	struct arena *a = &w->params;
	struct buf *out = w->out;
	struct param *params;
	struct bytes type = f ? params_token(a, f->value, &params) : BYTES("");

	if (type.n == 0) {
		buf_str(out, " NIL");
		return;
	}
	buf_str(out, " (");
	imap_string_write(out, type);
	buf_char(out, ' ');
	write_params(out, a, params, false);
	buf_char(out, ')');
	arena_reset(a);
}

/* body-fld-lang: tags between commas, RFC 3282 §2. */
static void write_language(struct buf *out, const struct field *f)
{
	struct lex l = lex_of(f ? f->value : BYTES(""));
	char before = '(';

	buf_char(out, ' ');
	for (size_t at = 0, end; (at = lex_cfws(&l, at)) < l.s.n; at = end) {
		end = lex_token(&l, at);
		if (end == at) {
			end++;
			continue;
		}
		buf_char(out, before);
		before = ' ';
		imap_string_write(out, bytes_sub(l.s, at, end - at));
	}
	buf_str(out, before == '(' ? "NIL" : ")");
}

/* What follows in BODYSTRUCTURE only, from the disposition on. */
static void write_extension(struct writing *w, const struct field *found[CONTENTS])
{
	write_disposition(w, found[DISPOSITION]);
	write_language(w->out, found[LANGUAGE]);
	write_content(w->out, w->scratch, found[LOCATION]);
}

static void write_body(struct writing *w, const struct part *p);

static void write_multipart(struct writing *w, const struct part *p,
			    const struct field *found[CONTENTS])
{
	for (const struct part *child = p->child; child; child = child->next)
		write_body(w, child);
	if (!p->child)
		buf_str(w->out,
			w->extended ? "(" EMPTY_TEXT EMPTY_EXTENSION ")" : "(" EMPTY_TEXT ")");
	buf_char(w->out, ' ');
	imap_string_write(w->out, p->subtype);
	if (!w->extended)
		return;
	buf_char(w->out, ' ');
	write_params(w->out, w->scratch, p->params, false);
	write_extension(w, found);
}

static void write_message(struct writing *w, const struct part *p)
{
	buf_char(w->out, ' ');
	if (p->child) {
		envelope_write_upto(w->out, w->scratch, p->child, &w->addresses);
		buf_char(w->out, ' ');
		write_body(w, p->child);
		return;
	}
	buf_str(w->out, EMPTY_ENVELOPE " (" EMPTY_TEXT);
	buf_str(w->out, w->extended ? EMPTY_EXTENSION ")" : ")");
}

static void write_lines(struct writing *w, const struct part *p)
{
	buf_char(w->out, ' ');
	buf_u64(w->out, p->body_lines);
}

static void write_single(struct writing *w, const struct part *p,
			 const struct field *found[CONTENTS])
{
	bool text = bytes_iis(p->type, "text");

	imap_string_write(w->out, p->type);
	buf_char(w->out, ' ');
	imap_string_write(w->out, p->subtype);
	buf_char(w->out, ' ');
	write_params(w->out, w->scratch, p->params, text);
	write_content(w->out, w->scratch, found[ID]);
	write_content(w->out, w->scratch, found[DESCRIPTION]);
	buf_char(w->out, ' ');
	imap_string_write(w->out, p->encoding.n ? p->encoding : BYTES("7bit"));
	buf_char(w->out, ' ');
	buf_u64(w->out, p->body_octets);
	if (part_is_message(p))
		write_message(w, p);
	if (text || part_is_message(p))
		write_lines(w, p);
	if (!w->extended)
		return;
	write_content(w->out, w->scratch, found[MD5]);
	write_extension(w, found);
}

/* Goes no deeper than MESSAGE_DEPTH_MAX: the tree is not deeper. */
static void write_body(struct writing *w, const struct part *p)
{
	const struct field *found[CONTENTS];

	contents_collect(p, found);
	buf_char(w->out, '(');
	if (p->kind == PART_MULTIPART)
		write_multipart(w, p, found);
	else
		write_single(w, p, found);
	buf_char(w->out, ')');
}

void bodystructure_write(struct buf *out, struct arena *scratch, const struct message *m,
			 bool extended)
{
	struct writing w = {
		.out = out,
		.scratch = scratch,
		.extended = extended,
		.addresses = ADDRESS_MAX,
	};
	write_body(&w, m->root);
	arena_free(&w.params);
}
