/*
 * search_parse.c: the keys of SEARCH, RFC 3501 §6.4.4 and §9 (search,
 * search-key).
 *
 * UN- keys and NOT are a bit of the key they deny.  Sequence numbers beyond the mailbox
 * are no error here, they match nothing: a search asks, it doesn't act.
 * Strings without CHARSET are taken as UTF-8, which US-ASCII is part of.
 */
#include "search.h"

#include "date.h"
#include "headers.h"

struct parser {
	struct bytes *c;
	struct arena *a;
	uint32_t count, last_uid;
	struct bytes charset; /* n == 0: none given */
	unsigned depth, keys;
	bool bad_charset;
};

enum argument { ARG_NONE, ARG_STRING, ARG_HEADER, ARG_DATE, ARG_NUMBER, ARG_KEYWORD, ARG_UID };

static const struct key_name {
	const char *name;
	enum search_kind kind;
	enum search_cost cost;
	enum argument argument;
	uint16_t flag;
	bool negate;
	const char *header;
} key_names[] = {
	{ .name = "ALL", .kind = SEARCH_ALL },
	{ .name = "ANSWERED", .kind = SEARCH_FLAG, .flag = FLAG_ANSWERED },
	{ .name = "DELETED", .kind = SEARCH_FLAG, .flag = FLAG_DELETED },
	{ .name = "DRAFT", .kind = SEARCH_FLAG, .flag = FLAG_DRAFT },
	{ .name = "FLAGGED", .kind = SEARCH_FLAG, .flag = FLAG_FLAGGED },
	{ .name = "SEEN", .kind = SEARCH_FLAG, .flag = FLAG_SEEN },
	{ .name = "UNANSWERED", .kind = SEARCH_FLAG, .flag = FLAG_ANSWERED, .negate = true },
	{ .name = "UNDELETED", .kind = SEARCH_FLAG, .flag = FLAG_DELETED, .negate = true },
	{ .name = "UNDRAFT", .kind = SEARCH_FLAG, .flag = FLAG_DRAFT, .negate = true },
	{ .name = "UNFLAGGED", .kind = SEARCH_FLAG, .flag = FLAG_FLAGGED, .negate = true },
	{ .name = "UNSEEN", .kind = SEARCH_FLAG, .flag = FLAG_SEEN, .negate = true },
	{ .name = "RECENT", .kind = SEARCH_RECENT },
	{ .name = "OLD", .kind = SEARCH_RECENT, .negate = true },
	{ "KEYWORD", SEARCH_KEYWORD, COST_INDEX, ARG_KEYWORD, 0, false, NULL },
	{ "UNKEYWORD", SEARCH_KEYWORD, COST_INDEX, ARG_KEYWORD, 0, true, NULL },
	{ "UID", SEARCH_UID, COST_INDEX, ARG_UID, 0, false, NULL },
	{ "LARGER", SEARCH_LARGER, COST_STORE, ARG_NUMBER, 0, false, NULL },
	{ "SMALLER", SEARCH_SMALLER, COST_STORE, ARG_NUMBER, 0, false, NULL },
	{ "BEFORE", SEARCH_BEFORE, COST_STORE, ARG_DATE, 0, false, NULL },
	{ "ON", SEARCH_ON, COST_STORE, ARG_DATE, 0, false, NULL },
	{ "SINCE", SEARCH_SINCE, COST_STORE, ARG_DATE, 0, false, NULL },
	{ "SENTBEFORE", SEARCH_SENTBEFORE, COST_CACHE, ARG_DATE, 0, false, "Date" },
	{ "SENTON", SEARCH_SENTON, COST_CACHE, ARG_DATE, 0, false, "Date" },
	{ "SENTSINCE", SEARCH_SENTSINCE, COST_CACHE, ARG_DATE, 0, false, "Date" },
	{ "BCC", SEARCH_HEADER, COST_CACHE, ARG_STRING, 0, false, "Bcc" },
	{ "CC", SEARCH_HEADER, COST_CACHE, ARG_STRING, 0, false, "Cc" },
	{ "FROM", SEARCH_HEADER, COST_CACHE, ARG_STRING, 0, false, "From" },
	{ "SUBJECT", SEARCH_HEADER, COST_CACHE, ARG_STRING, 0, false, "Subject" },
	{ "TO", SEARCH_HEADER, COST_CACHE, ARG_STRING, 0, false, "To" },
	{ "HEADER", SEARCH_HEADER, COST_CACHE, ARG_HEADER, 0, false, NULL },
	{ "BODY", SEARCH_BODY, COST_BODY, ARG_STRING, 0, false, NULL },
	{ "TEXT", SEARCH_TEXT, COST_BODY, ARG_STRING, 0, false, NULL },
};

static const char *parse_key(struct parser *p, struct search_key **key);

static struct bytes take_word(struct bytes *c)
{
	size_t n = 0;

	while (n < c->n && ascii_isalpha(c->p[n]))
		n++;
	struct bytes word = bytes_sub(*c, 0, n);
	*c = bytes_from(*c, n);
	return word;
}

static struct search_key *new_key(struct parser *p, enum search_kind kind)
{
	struct search_key *k = arena_new(p->a, struct search_key);

	k->kind = kind;
	k->keyword = k->header = -1;
	return k;
}

/* Among its siblings a key stands behind those that cost no more. */
static void add_child(struct search_key *list, struct search_key *k)
{
	struct search_key **at = &list->child;

	while (*at && (*at)->cost <= k->cost)
		at = &(*at)->next;
	k->next = *at;
	*at = k;
	if (k->cost > list->cost)
		list->cost = k->cost;
}

static const char *parse_needle(struct parser *p, struct search_key *k)
{
	struct bytes s;

	if (!parse_space(p->c) || !parse_astring(p->c, p->a, &s))
		return "String expected";
	if (s.n == 0) {
		if (k->kind == SEARCH_HEADER)
			return NULL;
		k->kind = SEARCH_ALL;
		k->cost = COST_INDEX;
		return NULL;
	}
	k->needle = needle_new(p->a, s, p->charset.n ? p->charset : BYTES("UTF-8"));
	if (k->needle)
		return NULL;
	if (p->charset.n)
		return "String isn't in its charset";
	p->bad_charset = true;
	return NULL;
}

static const char *parse_header_key(struct parser *p, struct search_key *k)
{
	if (!parse_space(p->c) || !parse_astring(p->c, p->a, &k->name))
		return "Header field expected";
	k->header = header_id(k->name);
	if (k->header < 0)
		k->cost = COST_HEADER;
	return parse_needle(p, k);
}

/* date, RFC 3501 §9: with or without quotes. */
static const char *parse_date(struct parser *p, struct search_key *k)
{
	struct bytes s;

	if (!parse_space(p->c))
		return "Date expected";
	bool quoted = p->c->n && p->c->p[0] == '"';
	if (!(quoted ? parse_string(p->c, p->a, &s) : parse_atom(p->c, &s)) ||
	    !date_parse_day(s, &k->day))
		return "Invalid date";
	return NULL;
}

static const char *parse_argument(struct parser *p, enum argument argument, struct search_key *k)
{
	switch (argument) {
	case ARG_NONE:
		return NULL;
	case ARG_STRING:
		return parse_needle(p, k);
	case ARG_HEADER:
		return parse_header_key(p, k);
	case ARG_DATE:
		return parse_date(p, k);
	case ARG_NUMBER:
		return parse_space(p->c) && parse_number64(p->c, &k->number) ? NULL
									     : "Number expected";
	case ARG_KEYWORD:
		return parse_space(p->c) && parse_atom(p->c, &k->name) ? NULL : "Keyword expected";
	case ARG_UID:
		return parse_space(p->c) && parse_seqset(p->c, p->a, p->last_uid, &k->set)
			       ? NULL
			       : "UID set expected";
	}
	return NULL;
}

/* RECENT UNSEEN. */
static void parse_new(struct parser *p, struct search_key **key)
{
	struct search_key *unseen = new_key(p, SEARCH_FLAG);

	*key = new_key(p, SEARCH_AND);
	unseen->flag = FLAG_SEEN;
	unseen->negate = true;
	add_child(*key, unseen);
	add_child(*key, new_key(p, SEARCH_RECENT));
}

static const char *parse_named(struct parser *p, struct bytes word, struct search_key **key)
{
	for (size_t i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++) {
		const struct key_name *n = &key_names[i];

		if (!bytes_iis(word, n->name))
			continue;
		struct search_key *k = *key = new_key(p, n->kind);
		k->cost = n->cost;
		k->flag = n->flag;
		k->negate = n->negate;
		if (n->header) {
			k->name = bytes_of(n->header);
			k->header = header_id(k->name);
		}
		return parse_argument(p, n->argument, k);
	}
	return "Unknown search key";
}

/* n keys, each behind a space, into a new key. */
static const char *parse_children(struct parser *p, enum search_kind kind, unsigned n,
				  struct search_key **key)
{
	struct search_key *child;
	const char *bad;

	*key = new_key(p, kind);
	while (n-- > 0) {
		if (!parse_space(p->c))
			return "Search key expected";
		bad = parse_key(p, &child);
		if (bad)
			return bad;
		add_child(*key, child);
	}
	return NULL;
}

/* 1*(key) with a space between. */
static const char *parse_list(struct parser *p, struct search_key **key)
{
	struct search_key *child;
	const char *bad;

	*key = new_key(p, SEARCH_AND);
	do {
		bad = parse_key(p, &child);
		if (bad)
			return bad;
		add_child(*key, child);
	} while (parse_space(p->c));
	return NULL;
}

static const char *parse_group(struct parser *p, struct search_key **key)
{
	const char *bad = parse_list(p, key);

	if (bad)
		return bad;
	return parse_char(p->c, ')') ? NULL : "Missing )";
}

static const char *parse_set(struct parser *p, struct search_key **key)
{
	*key = new_key(p, SEARCH_SEQ);
	return parse_seqset(p->c, p->a, p->count, &(*key)->set) ? NULL : "Unknown search key";
}

static const char *parse_not(struct parser *p, struct search_key **key)
{
	const char *bad = parse_children(p, SEARCH_AND, 1, key);

	(*key)->negate = true;
	return bad;
}

static const char *parse_one(struct parser *p, struct search_key **key)
{
	struct bytes word;

	if (parse_char(p->c, '('))
		return parse_group(p, key);
	word = take_word(p->c);
	if (word.n == 0)
		return parse_set(p, key);
	if (bytes_iis(word, "NOT"))
		return parse_not(p, key);
	if (bytes_iis(word, "OR"))
		return parse_children(p, SEARCH_OR, 2, key);
	if (bytes_iis(word, "NEW")) {
		parse_new(p, key);
		return NULL;
	}
	return parse_named(p, word, key);
}

static const char *parse_key(struct parser *p, struct search_key **key)
{
	const char *bad;

	if (++p->keys > IMAP_SEARCH_KEYS)
		return "Too many search keys";
	if (++p->depth > IMAP_SEARCH_DEPTH)
		return "Search keys too deep";
	bad = parse_one(p, key);
	p->depth--;
	return bad;
}

/* [SP "CHARSET" SP astring] */
static const char *parse_charset(struct parser *p)
{
	struct bytes rest = *p->c, word = take_word(&rest);

	if (!bytes_iis(word, "CHARSET"))
		return NULL;
	*p->c = rest;
	if (!parse_space(p->c) || !parse_astring(p->c, p->a, &p->charset) || !p->charset.n)
		return "Charset expected";
	p->bad_charset = !charset_find(p->charset);
	if (p->bad_charset)
		p->charset = (struct bytes){ NULL, 0 };
	return parse_space(p->c) ? NULL : "Search key expected";
}

const char *search_parse(struct bytes *args, struct arena *a, uint32_t count, uint32_t last_uid,
			 struct search_plan *plan)
{
	struct parser p = { .c = args, .a = a, .count = count, .last_uid = last_uid };
	const char *bad = parse_charset(&p);

	if (!bad)
		bad = parse_list(&p, &plan->root);
	if (!bad && !parse_end(args))
		bad = "Unexpected argument";
	plan->bad_charset = p.bad_charset;
	return bad;
}
