/*
 * list.c: LIST and LSUB, RFC 3501 §6.3.8 and §6.3.9; the options and return data of RFC
 * 5258 that SPECIAL-USE (RFC 6154) needs; \HasChildren of RFC 3348.
 *
 * Reference and pattern are joined as they are.  Special uses and children
 * are told in any LIST, asked for or not.  Without RECURSIVEMATCH, REMOTE and
 * the rest of LIST-EXTENDED, which is not announced.
 */
#include "list.h"

#include "hashmap.h"
#include "response.h"
#include "utf8.h"

enum {
	LIST_SUBSCRIBED = 1 << 0, /* selection */
	LIST_SPECIAL = 1 << 1,
	LIST_TELL_SUBSCRIBED = 1 << 2, /* return */
};

struct list_args {
	struct bytes reference;
	struct bytes *patterns;
	size_t n;
	unsigned options;
};

#define LIST_PATTERNS_MAX 64

struct option {
	const char *word;
	unsigned bits;
};

static const struct option selections[] = {
	{ "SUBSCRIBED", LIST_SUBSCRIBED | LIST_TELL_SUBSCRIBED },
	{ "SPECIAL-USE", LIST_SPECIAL },
	{ NULL, 0 },
};

static const struct option returns[] = {
	{ "SUBSCRIBED", LIST_TELL_SUBSCRIBED },
	{ "SPECIAL-USE", 0 },
	{ "CHILDREN", 0 },
	{ NULL, 0 },
};

static bool parse_option(struct bytes *c, const struct option *o, unsigned *options)
{
	for (; o->word; o++) {
		if (parse_word(c, o->word)) {
			*options |= o->bits;
			return true;
		}
	}
	return false;
}

/* "(" [option *(SP option)] ")" */
static bool parse_options(struct bytes *c, const struct option *known, unsigned *options)
{
	if (!parse_char(c, '('))
		return false;
	if (parse_char(c, ')'))
		return true;
	do {
		if (!parse_option(c, known, options))
			return false;
	} while (parse_space(c));
	return parse_char(c, ')');
}

static bool parse_patterns(struct bytes *c, struct arena *a, struct list_args *l)
{
	l->patterns = arena_array(a, struct bytes, LIST_PATTERNS_MAX);
	if (!parse_char(c, '(')) {
		l->n = 1;
		return parse_list_mailbox(c, a, &l->patterns[0]);
	}
	do {
		if (l->n == LIST_PATTERNS_MAX || !parse_list_mailbox(c, a, &l->patterns[l->n++]))
			return false;
	} while (parse_space(c));
	return parse_char(c, ')');
}

/* LIST with all its options; LSUB takes none of them. */
static bool parse_args(struct session *s, struct command *c, bool extended, struct list_args *l)
{
	struct bytes *args = &c->args;

	*l = (struct list_args){ 0 };
	if (!parse_space(args))
		return false;
	if (extended && args->n && args->p[0] == '(' &&
	    (!parse_options(args, selections, &l->options) || !parse_space(args)))
		return false;
	if (!parse_astring(args, &s->cmd, &l->reference) || !parse_space(args) ||
	    (!extended && args->n && args->p[0] == '(') || !parse_patterns(args, &s->cmd, l))
		return false;
	if (extended && parse_space(args) &&
	    (!parse_word(args, "RETURN") || !parse_space(args) ||
	     !parse_options(args, returns, &l->options)))
		return false;
	return parse_end(args);
}

/* Reference and pattern in UTF-8; not valid modified UTF-7: a pattern that matches nothing. */
static struct bytes canonical(struct session *s, struct bytes reference, struct bytes pattern)
{
	struct buf wire = BUF_INIT, utf8 = BUF_INIT;
	struct bytes b;

	buf_bytes(&wire, reference);
	buf_bytes(&wire, pattern);
	if (!utf7_to_utf8(&utf8, buf_view(&wire))) {
		buf_reset(&utf8);
		buf_char(&utf8, '\xff');
	}
	b = arena_bytes(&s->cmd, buf_view(&utf8));
	buf_free(&wire);
	buf_free(&utf8);
	return b;
}

static bool same_char(char pattern, char name, bool fold)
{
	return pattern == name || (fold && ascii_upper(pattern) == name);
}

/*
 * "*" matches anything, "%" anything but the separator.  Going back to the last
 * wildcard of each kind is enough: a "*" that matched can take whatever an earlier
 * wildcard could, and between two separators the same holds for "%".
 */
bool list_match(struct bytes pattern, struct bytes name, char separator)
{
	struct bytes inbox = BYTES("INBOX");
	bool fold =
		bytes_starts(name, inbox) && (name.n == inbox.n || name.p[inbox.n] == separator);
	size_t p = 0, n = 0, star = BYTES_NONE, star_n = 0, percent = BYTES_NONE, percent_n = 0;

	for (;;) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			star_n = n;
			percent = BYTES_NONE;
		} else if (p < pattern.n && pattern.p[p] == '%') {
			percent = ++p;
			percent_n = n;
		} else if (p == pattern.n && n == name.n) {
			return true;
		} else if (p < pattern.n && n < name.n &&
			   same_char(pattern.p[p], name.p[n], fold && n < inbox.n)) {
			p++;
			n++;
		} else if (percent != BYTES_NONE && percent_n < name.n &&
			   name.p[percent_n] != separator) {
			p = percent;
			n = ++percent_n;
		} else if (star != BYTES_NONE && star_n < name.n) {
			p = star;
			n = ++star_n;
			percent = BYTES_NONE;
		} else {
			return false;
		}
	}
}

static bool match_any(struct session *s, const struct list_args *l, struct bytes name)
{
	for (size_t i = 0; i < l->n; i++)
		if (list_match(l->patterns[i], name, store_separator(s->store)))
			return true;
	return false;
}

static const struct {
	unsigned bit;
	const char *name;
} attributes[] = {
	{ FOLDER_NONEXISTENT, "\\NonExistent" },
	{ FOLDER_NOSELECT, "\\Noselect" },
	{ FOLDER_MARKED, "\\Marked" },
	{ FOLDER_UNMARKED, "\\Unmarked" },
	{ FOLDER_SUBSCRIBED, "\\Subscribed" },
	{ FOLDER_DRAFTS, "\\Drafts" },
	{ FOLDER_SENT, "\\Sent" },
	{ FOLDER_TRASH, "\\Trash" },
	{ FOLDER_JUNK, "\\Junk" },
	{ FOLDER_ARCHIVE, "\\Archive" },
};

#define SPECIAL_USES (FOLDER_DRAFTS | FOLDER_SENT | FOLDER_TRASH | FOLDER_JUNK | FOLDER_ARCHIVE)

/* A LIST or LSUB response; `more` is one more attribute, or "". */
static void write_name(struct session *s, const char *command, unsigned attrs, const char *more,
		       struct bytes name)
{
	const char *gap = "";

	writer_printf(&s->out, "* %s (", command);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (attrs & attributes[i].bit) {
			writer_printf(&s->out, "%s%s", gap, attributes[i].name);
			gap = " ";
		}
	}
	writer_printf(&s->out, "%s%s) ", *more ? gap : "", more);
	response_separator(s);
	writer_char(&s->out, ' ');
	response_mailbox(s, name);
	writer_str(&s->out, "\r\n");
}

/* LIST ref "": the separator, and the root of the reference (RFC 3501 §6.3.8). */
static void write_root(struct session *s, const char *command, struct bytes reference)
{
	struct bytes prefix = bytes_of(store_prefix(s->store));

	if (!bytes_starts(reference, prefix))
		prefix.n = 0;
	write_name(s, command, FOLDER_NOSELECT, "", prefix);
}

static void list_folder(struct session *s, const struct list_args *l, const struct folder *f)
{
	unsigned attrs = f->attrs;

	if ((l->options & LIST_SUBSCRIBED) ? !(attrs & FOLDER_SUBSCRIBED)
					   : (attrs & FOLDER_NONEXISTENT) != 0)
		return;
	if ((l->options & LIST_SPECIAL) && !(attrs & SPECIAL_USES))
		return;
	if (!match_any(s, l, f->name))
		return;
	if (!(l->options & LIST_TELL_SUBSCRIBED))
		attrs &= ~(unsigned)FOLDER_SUBSCRIBED;
	write_name(s, "LIST", attrs, attrs & FOLDER_CHILDREN ? "\\HasChildren" : "\\HasNoChildren",
		   f->name);
}

/* The parents of a subscribed name that a pattern ending in "%" matches, each once. */
static void lsub_parents(struct session *s, const struct list_args *l, struct bytes name,
			 struct hashmap *told)
{
	char separator = store_separator(s->store);

	for (size_t i = 1; i < name.n; i++) {
		struct bytes parent = bytes_sub(name, 0, i);
		bool found;

		if (name.p[i] != separator || !match_any(s, l, parent))
			continue;
		hashmap_put(told, parent, &found);
		if (!found)
			write_name(s, "LSUB", FOLDER_NOSELECT, "", parent);
	}
}

static void lsub(struct session *s, const struct list_args *l, const struct folder *list, size_t n)
{
	struct bytes pattern = l->patterns[0];
	bool parents = pattern.n && pattern.p[pattern.n - 1] == '%';
	struct hashmap told = HASHMAP_INIT;

	for (size_t i = 0; i < n; i++)
		if (list[i].attrs & FOLDER_SUBSCRIBED)
			hashmap_put(&told, list[i].name, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!(list[i].attrs & FOLDER_SUBSCRIBED))
			continue;
		if (match_any(s, l, list[i].name))
			write_name(s, "LSUB", 0, "", list[i].name);
		else if (parents)
			lsub_parents(s, l, list[i].name, &told);
	}
	hashmap_free(&told);
}

static struct result list(struct session *s, struct list_args *l, bool is_lsub)
{
	struct folder *folders;
	struct error e;
	size_t n;

	if (l->n == 1 && !l->patterns[0].n && !l->options) {
		write_root(s, is_lsub ? "LSUB" : "LIST", l->reference);
		return result_ok(NULL);
	}
	for (size_t i = 0; i < l->n; i++)
		l->patterns[i] = canonical(s, l->reference, l->patterns[i]);
	if (store_list(s->store, &s->cmd, false, &folders, &n, &e) < 0)
		return result_error(s, "list", &e);
	if (is_lsub)
		lsub(s, l, folders, n);
	else
		for (size_t i = 0; i < n; i++)
			list_folder(s, l, &folders[i]);
	return result_ok(NULL);
}

struct result cmd_list(struct session *s, struct command *c)
{
	struct list_args l;
	struct result r;

	if (!parse_args(s, c, true, &l))
		return result_bad("LIST [(options)] reference pattern [RETURN (options)] expected");
	r = list(s, &l, false);
	if (r.kind == RESULT_OK)
		r.text = "LIST completed";
	return r;
}

struct result cmd_lsub(struct session *s, struct command *c)
{
	struct list_args l;
	struct result r;

	if (!parse_args(s, c, false, &l))
		return result_bad("Reference and pattern expected");
	r = list(s, &l, true);
	if (r.kind == RESULT_OK)
		r.text = "LSUB completed";
	return r;
}
