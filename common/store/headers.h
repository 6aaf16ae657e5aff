/*
 * headers.h: the header lines that lists of messages are made of, kept per
 * message as ITEM_HEADERS.
 *
 * Form of the item (part of CACHE_FORM; a change of it or of the numbers of
 * the fields in headers.c raises that):
 *
 *	1 byte		HEADERS_END if the header ends in an empty line,
 *			HEADERS_NUL if a byte of the lines is NUL
 *	per line, in the order of the message:
 *	1 byte		number of the field
 *	3 bytes		length n, little-endian
 *	n bytes		the line as a client sees it: CRLF, folding kept
 *
 * so that a subset of fields is found by comparing bytes.  A damaged item yields
 * fewer lines, never a read outside of it.
 */
#ifndef HEADERS_H
#define HEADERS_H

#include "message.h"
#include "writer.h"

#define HEADERS_KEPT_MAX 128 /* fields there may be numbers for */
#define HEADERS_LINE_MAX 0xffffff
#define HEADERS_END 1
#define HEADERS_NUL 2

/* A set of kept fields, compiled from names once per command. */
struct header_set {
	uint64_t bits[HEADERS_KEPT_MAX / 64];
};

static inline bool header_set_has(const struct header_set *set, unsigned id)
{
	return id < HEADERS_KEPT_MAX && (set->bits[id / 64] >> id % 64 & 1);
}

/* The number of a field (ASCII case ignored), or -1: its lines aren't kept. */
int header_id(struct bytes name);
/* False if some of the names are not kept; the set has the others. */
bool header_set_of(const struct bytes *names, size_t n, struct header_set *set);

/* Appends the item of a parsed header.  A line that the form has no room for
 * (it is beyond MESSAGE_HEADER_MAX) is left out. */
void headers_write(struct buf *out, const struct message *m);

/* Appends the ENVELOPE that the whole header would give: each of its fields is kept.  The item
 * may lie in *out. */
void headers_envelope(struct bytes item, struct arena *scratch, struct buf *out);

struct header_line {
	struct bytes line;  /* with its CRLF */
	struct bytes value; /* behind the colon, folded, without the last CRLF */
};
/* What stands before the first line; false: not an item. */
bool headers_begin(struct bytes item, struct bytes *rest, bool *end);
/* Takes lines off *rest up to the next one of that field; false: there is
 * none. */
bool headers_next(struct bytes *rest, int id, struct header_line *line);

/* Appends a header of the lines that are in the set, ended by an empty line if the message
 * has one (RFC 3501 §6.4.5). */
void headers_pick(struct bytes item, const struct header_set *set, struct buf *out);

/* The same for who sends it: its length; false if it has a NUL, which can't be sent. */
bool headers_picked_length(struct bytes item, const struct header_set *set, size_t *n);
void headers_pick_to(struct writer *w, struct bytes item, const struct header_set *set);

/* True if the header (with what ends it) has the empty line. */
bool header_has_end(struct bytes header);
/* Appends a piece of a message with every newline as CRLF. */
void header_crlf(struct buf *out, struct bytes stored);

#endif
