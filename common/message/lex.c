/*
 * lex.c: white space, comments, quoted strings and tokens of header fields.
 *
 * RFC 5322 §3.2 and RFC 2045 §5.1.  Comments nest to any depth without
 * recursion.  No encoded-words: those are decoded for people, not here.
 */
#include "lex.h"

size_t lex_quoted(struct lex *l, size_t at)
{
	const char *p = l->s.p;

	if (at >= l->quotes_end || p[at] != '"')
		return at;
	for (size_t i = at + 1; i < l->s.n; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == '"')
			return i + 1;
	}
	l->quotes_end = at;
	return at;
}

size_t lex_comment(struct lex *l, size_t at)
{
	const char *p = l->s.p;
	size_t depth = 0;

	if (at >= l->comments_end || p[at] != '(')
		return at;
	for (size_t i = at; i < l->s.n; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == '(')
			depth++;
		else if (p[i] == ')' && --depth == 0)
			return i + 1;
	}
	l->comments_end = at;
	return at;
}

size_t lex_space(const struct lex *l, size_t at)
{
	while (at < l->s.n && ascii_isspace(l->s.p[at]))
		at++;
	return at;
}

size_t lex_cfws(struct lex *l, size_t at)
{
	for (;;) {
		at = lex_space(l, at);
		size_t behind = lex_comment(l, at);
		if (behind == at)
			return at;
		at = behind;
	}
}

bool lex_istoken(char c)
{
	/* Printable ASCII without space and ()<>@,;:\"/[]?= */
	static const uint32_t bits[4] = { 0, 0x03ff6cfa, 0xc7fffffe, 0x7fffffff };
	unsigned char u = (unsigned char)c;
	return u < 128 && (bits[u / 32] >> (u % 32) & 1);
}

size_t lex_token(const struct lex *l, size_t at)
{
	while (at < l->s.n && lex_istoken(l->s.p[at]))
		at++;
	return at;
}

static bool is_newline(struct bytes s, size_t i)
{
	return s.p[i] == '\n' || (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');
}

struct bytes lex_unquote(struct arena *a, struct bytes quoted)
{
	struct bytes s = bytes_sub(quoted, 1, quoted.n - 2);

	if (bytes_chr(s, '\\') == BYTES_NONE && bytes_chr(s, '\n') == BYTES_NONE)
		return s;
	char *out = arena_alloc(a, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (is_newline(s, i))
			continue;
		if (s.p[i] == '\\' && i + 1 < s.n && !is_newline(s, i + 1))
			i++;
		out[n++] = s.p[i];
	}
	return (struct bytes){ out, n };
}

struct bytes lex_unfold(struct arena *a, struct bytes value)
{
	struct bytes s = bytes_trim(value);

	if (bytes_chr(s, '\n') == BYTES_NONE)
		return s;
	char *out = arena_alloc(a, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_newline(s, i))
			out[n++] = s.p[i];
	}
	return (struct bytes){ out, n };
}
