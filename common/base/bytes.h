/*
 * bytes.h: (pointer, length) views of memory that somebody else owns.
 *
 * A message or a line from the wire may hold any byte, NUL included, and is
 * never followed by one: nothing here looks at p[n].  No locale, no ctype:
 * letters are ASCII letters.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const char *p;
	size_t n;
};

#define BYTES(literal) ((struct bytes){ (literal), sizeof(literal) - 1 })
#define BYTES_NONE ((size_t)-1)

static inline struct bytes bytes_of(const char *s)
{
	return (struct bytes){ s, strlen(s) };
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline char ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static inline bool ascii_isdigit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_isalpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_isalnum(char c)
{
	return ascii_isdigit(c) || ascii_isalpha(c);
}

/* Space, tab, CR, LF: white space of a folded header field. */
static inline bool ascii_isspace(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal but for the case of ASCII letters. */
bool bytes_ieq(struct bytes a, struct bytes b);

static inline bool bytes_is(struct bytes a, const char *s)
{
	return bytes_eq(a, bytes_of(s));
}

static inline bool bytes_iis(struct bytes a, const char *s)
{
	return bytes_ieq(a, bytes_of(s));
}

bool bytes_starts(struct bytes a, struct bytes prefix);
bool bytes_istarts(struct bytes a, struct bytes prefix);

/* Order as memcmp, shorter first on a common prefix: <0, 0, >0. */
int bytes_cmp(struct bytes a, struct bytes b);
int bytes_icmp(struct bytes a, struct bytes b);

/* Index of the first c, or BYTES_NONE. */
size_t bytes_chr(struct bytes a, char c);
size_t bytes_rchr(struct bytes a, char c);
/* There is a byte below space, or DEL. */
bool bytes_any_control(struct bytes a);

/* Index of the first occurrence of needle (an empty one is at 0), or
 * BYTES_NONE.  Linear time on ordinary input; bytes_ifind folds ASCII case. */
size_t bytes_find(struct bytes hay, struct bytes needle);
size_t bytes_ifind(struct bytes hay, struct bytes needle);

/* The part from `from`, at most n bytes; clamped to what is there. */
static inline struct bytes bytes_sub(struct bytes a, size_t from, size_t n)
{
	if (from > a.n)
		from = a.n;
	if (n > a.n - from)
		n = a.n - from;
	return (struct bytes){ a.p ? a.p + from : a.p, n };
}

static inline struct bytes bytes_from(struct bytes a, size_t from)
{
	return bytes_sub(a, from, (size_t)-1);
}

/* Copies in to out with a CR before every LF that has none, and `nul` for each NUL;
 * last is the byte before in (0: none).  The length; out has room for 2 * in.n bytes. */
size_t bytes_to_crlf(char *out, struct bytes in, char last, char nul);

/* Without white space (ascii_isspace) at both ends. */
struct bytes bytes_trim(struct bytes a);

/* Takes what stands before the first c off the front of *rest, and the c.
 * False when *rest was used up (its p is NULL then); a trailing c yields one
 * more, empty, piece. */
bool bytes_split(struct bytes *rest, char c, struct bytes *piece);

#endif
