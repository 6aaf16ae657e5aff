/*
 * uidlist.h: the text of dovecot-uidlist: which UID has which file.
 *
 *	3 V<uidvalidity> N<uidnext> G<32 hex> [E<epoch>] [K<names>] [others...]\n
 *	<uid> [S<size>] [W<crlf size>] [G<guid>] [K<hex>] [others...] :<stem>\n
 *
 * Uids rise.  Fields are a letter A to Z and a value without spaces; those we don't
 * know are carried along, as Dovecot carries ours: E in the header is the epoch
 * of our modseqs (index-design §3), K the keywords beyond the 26 letters, their
 * names in the header ('%' between them), their bits on the line.
 *
 * Version 1 ("1 <uidvalidity> <uidnext>\n<uid> <stem>\n") is Courier's and old
 * Dovecot's; it is read, never written.
 */
#ifndef UIDLIST_H
#define UIDLIST_H

#include "buf.h"
#include "hashmap.h"
#include "index_format.h"

#define UIDLIST_FILE "dovecot-uidlist"
#define UIDLIST_LOCK "dovecot-uidlist.lock"
#define UIDLIST_MAX (2ull << 30)    /* bytes: some 30 million messages */
#define UIDLIST_UID_MAX 0xfffffff0u /* a list that is nearer to the end is unusable */
#define UIDLIST_HIGH_FIRST 26       /* first keyword that has no letter */
#define UIDLIST_HIGH (INDEX_KEYWORDS - UIDLIST_HIGH_FIRST)

struct uidlist_line {
	uint32_t uid;
	uint64_t keywords;   /* bits 26 and above */
	struct bytes fields; /* all of them, without the space at the end */
	struct bytes stem;
};

struct uidlist {
	struct buf text; /* views below point into it */
	bool usable;     /* there is a header that makes sense */
	bool complete;   /* every line did, and the last one ends in a newline */
	bool as_written; /* complete, and the lines are bytes as we write them */
	uint32_t uidvalidity;
	uint32_t uidnext; /* above all lines, too */
	uint64_t epoch;
	struct bytes guid;               /* n == 0: none */
	struct bytes others;             /* header fields carried along, "X1 Y2" */
	struct bytes high[UIDLIST_HIGH]; /* names of keywords 26... */
	struct uidlist_line *lines;
	size_t n, cap;
	struct hashmap by_stem; /* line index; made by uidlist_by_stem */
};

#define UIDLIST_INIT ((struct uidlist){ 0 })

/* Parses l->text.  Lines that make no sense are passed over (their files get new
 * UIDs); of two lines with one name uidlist_by_stem finds the later. */
void uidlist_parse(struct uidlist *l);
/* Lines alone, for what was appended since; `after`: the highest uid before. */
void uidlist_parse_tail(struct uidlist *l, uint32_t after);
void uidlist_free(struct uidlist *l);

/* The line of that stem, or NULL. */
const struct uidlist_line *uidlist_by_stem(struct uidlist *l, struct bytes stem);
/* The line of that uid, or NULL. */
const struct uidlist_line *uidlist_by_uid(const struct uidlist *l, uint32_t uid);
/* Value of a line's field, or p == NULL. */
struct bytes uidlist_field(const struct uidlist_line *line, char key);

/* Appends to *out.  `fields` as parsed; K in it is replaced by `keywords`. */
void uidlist_write_line(struct buf *out, uint32_t uid, struct bytes fields, uint64_t keywords,
			struct bytes stem);
void uidlist_write_header(struct buf *out, const struct uidlist *l);

#endif
