/*
 * response.c: pieces of responses, RFC 3501 §7.1, §7.2 and §9; the response codes of
 * RFC 5530 for what the store says.
 */
#include "response.h"

#include "log.h"
#include "utf8.h"

static bool is_atom(struct bytes b)
{
	struct bytes rest = b, atom;

	return parse_atom(&rest, &atom) && parse_end(&rest) && !bytes_iis(b, "NIL");
}

void response_mailbox(struct session *s, struct bytes name)
{
	struct buf wire = BUF_INIT;
	struct bytes b;

	if (!utf7_from_utf8(&wire, name))
		buf_reset(&wire);
	b = buf_view(&wire);
	if (is_atom(b)) {
		writer_bytes(&s->out, b);
	} else {
		writer_char(&s->out, '"');
		for (size_t i = 0; i < b.n; i++) {
			if (b.p[i] == '"' || b.p[i] == '\\')
				writer_char(&s->out, '\\');
			writer_char(&s->out, b.p[i]);
		}
		writer_char(&s->out, '"');
	}
	buf_free(&wire);
}

void response_separator(struct session *s)
{
	char separator = store_separator(s->store);

	writer_str(&s->out, separator == '\\' ? "\"\\" : "\"");
	writer_char(&s->out, separator);
	writer_char(&s->out, '"');
}

static void write_keywords(struct session *s)
{
	unsigned n = mailbox_keywords(s->mb);

	s->keywords_told = 0;
	for (unsigned i = 0; i < n; i++) {
		struct bytes name = mailbox_keyword(s->mb, i);

		if (!name.n)
			continue;
		s->keywords_told |= (uint64_t)1 << i;
		writer_char(&s->out, ' ');
		writer_bytes(&s->out, name);
	}
}

#define SYSTEM_FLAGS "\\Answered \\Flagged \\Deleted \\Seen \\Draft"

void response_flags(struct session *s)
{
	bool full = mailbox_keywords(s->mb) >= INDEX_KEYWORDS && mailbox_keywords_full(s->mb);

	writer_str(&s->out, "* FLAGS (" SYSTEM_FLAGS);
	write_keywords(s);
	writer_str(&s->out, ")\r\n");
	if (mailbox_readonly(s->mb)) {
		writer_str(&s->out, "* OK [PERMANENTFLAGS ()] Read-only mailbox\r\n");
		return;
	}
	writer_str(&s->out, "* OK [PERMANENTFLAGS (" SYSTEM_FLAGS);
	write_keywords(s);
	writer_str(&s->out, full ? "" : " \\*");
	writer_str(&s->out, ")] Flags permitted\r\n");
}

void response_new_keywords(struct session *s)
{
	unsigned n = mailbox_keywords(s->mb);

	for (unsigned i = 0; i < n; i++) {
		if (!(s->keywords_told >> i & 1) && mailbox_keyword(s->mb, i).n) {
			response_flags(s);
			return;
		}
	}
}

static const struct {
	uint16_t flag;
	uint8_t n;
	char text[11]; /* with the space before it */
} system_flags[] = {
	{ FLAG_ANSWERED, 10, " \\Answered" }, { FLAG_FLAGGED, 9, " \\Flagged" },
	{ FLAG_DELETED, 9, " \\Deleted" },    { FLAG_SEEN, 6, " \\Seen" },
	{ FLAG_DRAFT, 7, " \\Draft" },
};
#define RECENT_TEXT " \\Recent"
#define SYSTEM_FLAGS_ROOM 64 /* all of them */

/* "(\Seen \Recent" without the end; false if it is "(" alone. */
static bool write_system_flags(struct session *s, const struct index_record *r)
{
	char *start = writer_room(&s->out, SYSTEM_FLAGS_ROOM), *p = start;

	for (size_t i = 0; i < sizeof(system_flags) / sizeof(system_flags[0]); i++) {
		if (r->flags & system_flags[i].flag) {
			memcpy(p, system_flags[i].text, system_flags[i].n);
			p += system_flags[i].n;
		}
	}
	if (mailbox_is_recent(s->mb, r->uid)) {
		memcpy(p, RECENT_TEXT, sizeof(RECENT_TEXT) - 1);
		p += sizeof(RECENT_TEXT) - 1;
	}
	bool any = p > start;

	*start = '('; /* where the first space is */
	writer_wrote(&s->out, any ? (size_t)(p - start) : 1);
	return any;
}

void session_write_flags(struct session *s, const struct index_record *r)
{
	bool any = write_system_flags(s, r);

	for (uint64_t left = r->keywords; left; left &= left - 1) {
		struct bytes name = mailbox_keyword(s->mb, (unsigned)__builtin_ctzll(left));

		if (!name.n)
			continue;
		if (any)
			writer_char(&s->out, ' ');
		writer_bytes(&s->out, name);
		any = true;
	}
	writer_char(&s->out, ')');
}

static const char *error_code(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NONE:
	case ERROR_INVALID:
		break;
	case ERROR_TEMPORARY:
		return "UNAVAILABLE";
	case ERROR_INTERNAL:
		return "SERVERBUG";
	case ERROR_CORRUPT:
		return "CORRUPTION";
	case ERROR_NOSPACE:
		return "OVERQUOTA";
	case ERROR_NOPERM:
		return "NOPERM";
	case ERROR_NONEXISTENT:
		return "NONEXISTENT";
	case ERROR_EXISTS:
		return "ALREADYEXISTS";
	case ERROR_INUSE:
		return "INUSE";
	case ERROR_EXPUNGED:
		return "EXPUNGEISSUED";
	case ERROR_LIMIT:
		return "LIMIT";
	case ERROR_CANNOT:
		return "CANNOT";
	}
	return NULL;
}

/* Trouble of the machine or the installation, not of what the user asked for. */
static bool is_trouble(enum error_kind kind)
{
	return kind == ERROR_TEMPORARY || kind == ERROR_INTERNAL || kind == ERROR_CORRUPT ||
	       kind == ERROR_NOSPACE || kind == ERROR_NOPERM || kind == ERROR_INUSE;
}

struct result result_error(struct session *s, const char *operation, const struct error *e)
{
	if (is_trouble(e->kind))
		log_warn(operation, "%s", e->log);
	return result_no(error_code(e->kind), arena_str(&s->cmd, bytes_of(e->user)));
}

struct result result_selected_error(struct session *s, const char *operation, const struct error *e)
{
	struct result r = result_error(s, operation, e);

	if (session_gone(s))
		return result_no("NONEXISTENT", "The selected mailbox was deleted");
	return r;
}

struct result result_target_error(struct session *s, const char *operation, const struct error *e)
{
	struct result r = result_error(s, operation, e);

	if (e->kind == ERROR_NONEXISTENT)
		r.code = "TRYCREATE";
	return r;
}
