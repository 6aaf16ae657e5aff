/*
 * lex.h: the lexical tokens of structured header fields (RFC 5322 §3.2), for
 * the files of this directory.
 *
 * Positions are offsets into s.  A quote or parenthesis that is never closed
 * is an ordinary character, as are all that follow it: so a text is looked
 * through for missing ends only once, and time stays linear.
 */
#ifndef LEX_H
#define LEX_H

#include "arena.h"
#include "buf.h"

struct lex {
	struct bytes s;
	size_t quotes_end;   /* from here on '"' is an ordinary character */
	size_t comments_end; /* from here on '(' is one */
};

static inline struct lex lex_of(struct bytes s)
{
	return (struct lex){ s, s.n, s.n };
}

/* Behind the quoted string or the comment that begins at `at`; `at` when none
 * begins there. */
size_t lex_quoted(struct lex *l, size_t at);
size_t lex_comment(struct lex *l, size_t at);
/* Behind the white space and comments at `at`. */
size_t lex_cfws(struct lex *l, size_t at);
size_t lex_space(const struct lex *l, size_t at);

/* A character of an RFC 2045 token: printable ASCII, neither space nor
 * tspecial. */
bool lex_istoken(char c);
/* Behind the token at `at`. */
size_t lex_token(const struct lex *l, size_t at);

/* The inside of a quoted string or comment, given with its delimiters:
 * quoted-pairs undone, newlines of folding dropped.  The result points into
 * the text when there was nothing to undo. */
struct bytes lex_unquote(struct arena *a, struct bytes quoted);
/* Without CR LF and LF (RFC 5322 §2.2.3), without white space around. */
struct bytes lex_unfold(struct arena *a, struct bytes value);

#endif
