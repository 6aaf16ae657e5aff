/*
 * params.c: parameters of MIME header fields.
 *
 * RFC 2045 §5.1 for the syntax, RFC 2231 §3 and §4 for values in sections,
 * which are joined whatever their order (RFC 2231 §6), gaps included.  Charsets
 * are not converted: an extended value keeps its charset'lang'%-form.
 *
 * Real mail leaves out semicolons and quotes: a value without quotes goes on
 * over spaces up to the next ';' unless "name=" follows, and a word that is
 * no parameter is passed over.
 */
#include "params.h"

#include <stdlib.h>

#include "lex.h"
#include "num.h"

#define NO_SECTION UINT32_MAX

struct section {
	struct bytes name, value;
	uint32_t number; /* NO_SECTION: the whole value */
	bool extended;
	size_t order;
};

struct sections {
	struct section *list;
	size_t n, cap;
	bool numbered;           /* some have numbers */
	struct section first[8]; /* list, while that is enough */
};

static struct section *section_add(struct arena *a, struct sections *all)
{
	if (all->n == all->cap) {
		size_t cap = all->cap * 4;
		struct section *list = arena_alloc(a, cap * sizeof(*list));
		memcpy(list, all->list, all->n * sizeof(*list));
		all->list = list;
		all->cap = cap;
	}
	struct section *s = &all->list[all->n];
	s->order = all->n++;
	return s;
}

/* RFC 2231 §3, §4: "name", "name*", "name*3", "name*3*". */
static void section_name(struct section *s, struct bytes name)
{
	size_t star = bytes_chr(name, '*');
	uint64_t number;

	s->name = name;
	s->number = NO_SECTION;
	s->extended = false;
	if (star == BYTES_NONE || star == 0)
		return;
	bool extended = name.p[name.n - 1] == '*';
	struct bytes digits = bytes_from(name, star + 1);
	if (extended && digits.n)
		digits.n--;
	if (digits.n && !num_parse(digits, NO_SECTION - 1, &number))
		return;
	if (digits.n)
		s->number = (uint32_t)number;
	s->name.n = star;
	s->extended = extended;
}

/* A parameter begins at `at`: a token and '='. */
static bool param_begins(struct lex *l, size_t at)
{
	size_t end = lex_token(l, at);
	return end > at && end < l->s.n && l->s.p[end] == '=';
}

static struct bytes value_take(struct arena *a, struct lex *l, size_t *at)
{
	struct bytes s = l->s;
	size_t start = *at, end;

	if (start < s.n && (end = lex_quoted(l, start)) > start) {
		*at = end;
		return lex_unquote(a, bytes_sub(s, start, end - start));
	}
	if (start < s.n && s.p[start] == '"')
		start++; /* and nothing closes it */
	for (end = start; end < s.n && !ascii_isspace(s.p[end]) && s.p[end] != ';'; end++)
		if (s.p[end] == '(' && lex_comment(l, end) > end)
			break;
	size_t next = lex_cfws(l, end);
	if (next < s.n && s.p[next] != ';' && (next == end || !param_begins(l, next))) {
		size_t rest = bytes_chr(bytes_from(s, next), ';');
		next = rest == BYTES_NONE ? s.n : next + rest;
		end = next;
	}
	*at = next;
	return lex_unfold(a, bytes_sub(s, start, end - start));
}

static void sections_read(struct arena *a, struct lex *l, size_t at, struct sections *all)
{
	while (all->n < PARAMS_MAX && (at = lex_cfws(l, at)) < l->s.n) {
		size_t end = lex_token(l, at);
		if (end == at) {
			size_t quoted = lex_quoted(l, at);
			at = quoted > at ? quoted : at + 1;
			continue;
		}
		struct bytes name = bytes_sub(l->s, at, end - at);
		at = lex_cfws(l, end);
		if (at == l->s.n || l->s.p[at] != '=')
			continue;
		at = lex_cfws(l, at + 1);
		struct section *s = section_add(a, all);
		section_name(s, name);
		all->numbered |= s->number != NO_SECTION;
		s->value = value_take(a, l, &at);
	}
}

static int section_order(const void *a, const void *b)
{
	const struct section *x = a, *y = b;
	int names = bytes_icmp(x->name, y->name);
	if (names)
		return names;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* RFC 2231 §7 attribute-char. */
static bool is_attribute_char(char c)
{
	return lex_istoken(c) && c != '*' && c != '\'' && c != '%';
}

static size_t percent_encode(char *out, struct bytes s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = out;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (is_attribute_char(s.p[i])) {
			*p++ = s.p[i];
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return (size_t)(p - out);
}

/* The n numbered sections of one name, in order, as one value. */
static struct param *sections_join(struct arena *a, const struct section *s, size_t n)
{
	struct param *param = arena_new(a, struct param);
	size_t room = 2;

	param->name = s->name;
	for (size_t i = 0; i < n; i++) {
		room += s[i].value.n * 3;
		param->extended |= s[i].extended;
	}
	char *out = arena_alloc(a, room), *p = out;
	if (param->extended && !s->extended) {
		*p++ = '\''; /* RFC 2231 §4.1 (5): charset and language are left blank */
		*p++ = '\'';
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && s[i].number == s[i - 1].number)
			continue;
		if (param->extended && !s[i].extended) {
			p += percent_encode(p, s[i].value);
		} else if (s[i].value.n) {
			memcpy(p, s[i].value.p, s[i].value.n);
			p += s[i].value.n;
		}
	}
	param->value = (struct bytes){ out, (size_t)(p - out) };
	return param;
}

static struct param *section_param(struct arena *a, const struct section *s)
{
	struct param *param = arena_new(a, struct param);
	param->name = s->name;
	param->value = s->value;
	param->extended = s->extended;
	return param;
}

/* Joins what belongs together; each result stands where its first section
 * stood in the field. */
static void sections_params(struct arena *a, struct sections *all, struct param **out)
{
	struct section *s = all->list;

	qsort(s, all->n, sizeof(*s), section_order);
	for (size_t i = 0, end; i < all->n; i = end) {
		end = i + 1;
		if (s[i].number == NO_SECTION) {
			out[s[i].order] = section_param(a, &s[i]);
			continue;
		}
		size_t first = s[i].order;
		for (; end < all->n && s[end].number != NO_SECTION; end++) {
			if (!bytes_ieq(s[end].name, s[i].name))
				break;
			if (s[end].order < first)
				first = s[end].order;
		}
		out[first] = sections_join(a, s + i, end - i);
	}
}

static struct param *params_read(struct arena *a, struct lex *l, size_t at)
{
	struct sections all;
	struct param *list = NULL;

	all.list = all.first;
	all.n = 0;
	all.cap = sizeof(all.first) / sizeof(all.first[0]);
	all.numbered = false;
	sections_read(a, l, at, &all);
	struct param **out = NULL;
	if (all.numbered) {
		out = arena_array(a, struct param *, all.n);
		sections_params(a, &all, out);
	}
	for (size_t i = all.n; i-- > 0;) {
		struct param *param = out ? out[i] : section_param(a, &all.list[i]);
		if (!param)
			continue;
		param->next = list;
		list = param;
	}
	return list;
}

bool params_content_type(struct arena *a, struct bytes value, struct bytes *type,
			 struct bytes *subtype, struct param **params)
{
	struct lex l = lex_of(value);
	size_t at = lex_cfws(&l, 0);
	size_t end = lex_token(&l, at);

	*type = bytes_sub(value, at, end - at);
	*subtype = (struct bytes){ 0 };
	at = lex_cfws(&l, end);
	if (at < value.n && value.p[at] == '/') {
		at = lex_cfws(&l, at + 1);
		end = lex_token(&l, at);
		*subtype = bytes_sub(value, at, end - at);
	}
	bool valid = type->n && subtype->n;
	if (params)
		*params = params_read(a, &l, valid ? end : 0);
	return valid;
}

struct bytes params_token(struct arena *a, struct bytes value, struct param **params)
{
	struct lex l = lex_of(value);
	size_t at = lex_cfws(&l, 0);
	size_t end = at < value.n ? lex_quoted(&l, at) : at;
	struct bytes token;

	if (end > at) {
		token = bytes_trim(lex_unquote(a, bytes_sub(value, at, end - at)));
	} else {
		end = lex_token(&l, at);
		token = bytes_sub(value, at, end - at);
	}
	if (params)
		*params = params_read(a, &l, end);
	return token;
}

const struct param *params_find(const struct param *list, const char *name)
{
	while (list && (list->extended || !bytes_iis(list->name, name)))
		list = list->next;
	return list;
}
