/*
 * parse.h: the tokens of RFC 3501 §9, taken off the front of a command.
 *
 * The command is one piece of memory as it came over the wire: literals stand
 * in place as "{5}\r\nhello" ("{5+}" as well).  Every function takes its token
 * off *c and returns true, or returns false and leaves *c alone.  Results are
 * views into the command, or into the arena where quoting had to be undone.
 */
#ifndef PARSE_H
#define PARSE_H

#include "arena.h"

bool parse_char(struct bytes *c, char want);
bool parse_space(struct bytes *c);                    /* exactly one SP */
bool parse_end(const struct bytes *c);                /* nothing left */
bool parse_atom(struct bytes *c, struct bytes *atom); /* 1*ATOM-CHAR */
bool parse_tag(struct bytes *c, struct bytes *tag);   /* at most IMAP_TAG_MAX bytes */
/* ATOM-CHAR and "]", for list-mailbox also % and *; or a string. */
bool parse_astring(struct bytes *c, struct arena *a, struct bytes *s);
bool parse_list_mailbox(struct bytes *c, struct arena *a, struct bytes *s);
bool parse_string(struct bytes *c, struct arena *a, struct bytes *s);  /* quoted or literal */
bool parse_nstring(struct bytes *c, struct arena *a, struct bytes *s); /* NIL: p == NULL */
bool parse_number(struct bytes *c, uint32_t *n);
bool parse_number64(struct bytes *c, uint64_t *n);
bool parse_nz_number(struct bytes *c, uint32_t *n);
/* "{5}" or "{5+}" without what follows: the announcement of a literal. */
struct literal {
	uint64_t size;
	bool plus; /* its bytes come without being asked for, RFC 7888 */
};
bool parse_literal(struct bytes *c, struct literal *l);
/* A word (ASCII case ignored) that ends at a non-atom character. */
bool parse_word(struct bytes *c, const char *word);
/* A mailbox name: modified UTF-7 undone to UTF-8; any case of INBOX (as a whole or as the
 * first part) becomes "INBOX".  What is not valid modified UTF-7 becomes a name
 * that is not valid UTF-8, which no store has or makes: NO rather than BAD. */
struct bytes mailbox_inbox(struct bytes name, char separator, struct arena *a);
bool parse_mailbox(struct bytes *c, struct arena *a, char separator, struct bytes *name);

/* "(\Seen foo)" or, if that is allowed, "\Seen foo".  \Recent (RFC 3501: flag, not
 * flag-fetch), unknown \Flags and more than IMAP_FLAGS_MAX keywords: false. */
struct flag_list;
bool parse_flags(struct bytes *c, struct arena *a, bool parens_optional, struct flag_list *fl);

/* sequence-set as sorted, merged ranges; "*" is `star`. */
struct seqset {
	struct seqrange {
		uint32_t first, last;
	} * r;
	size_t n;
};
/* star == 0 (empty mailbox): "*" stands for nothing. */
bool parse_seqset(struct bytes *c, struct arena *a, uint32_t star, struct seqset *set);
bool seqset_has(const struct seqset *set, uint32_t n);

#endif
