/*
 * search.h: the keys of SEARCH as a tree, RFC 3501 §6.4.4.
 *
 * search_parse.c builds the tree, the cheapest key of each list first;
 * search.c walks it for each message.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "parse.h"
#include "session.h"
#include "text.h"

enum search_kind {
	SEARCH_ALL,
	SEARCH_AND,     /* all of child.. */
	SEARCH_OR,      /* one of child.. */
	SEARCH_SEQ,     /* set */
	SEARCH_UID,     /* set */
	SEARCH_FLAG,    /* flag */
	SEARCH_KEYWORD, /* name; keyword once looked up, -1: nobody has it */
	SEARCH_RECENT,
	SEARCH_LARGER, /* number */
	SEARCH_SMALLER,
	SEARCH_BEFORE, /* day, of the internal date */
	SEARCH_ON,
	SEARCH_SINCE,
	SEARCH_SENTBEFORE, /* day, of the Date: field */
	SEARCH_SENTON,
	SEARCH_SENTSINCE,
	SEARCH_HEADER, /* name, header, needle (NULL: the field is there) */
	SEARCH_BODY,   /* needle */
	SEARCH_TEXT,
};

/* What a key needs that a message must be asked for. */
enum search_cost { COST_INDEX, COST_STORE, COST_CACHE, COST_HEADER, COST_BODY };

struct search_key {
	enum search_kind kind;
	enum search_cost cost; /* the highest of its children's */
	bool negate;
	struct search_key *child, *next;

	struct seqset set;
	uint16_t flag;
	int keyword;
	struct bytes name;
	int header; /* number of a kept field (headers.h), or -1 */
	struct needle *needle;
	uint64_t number;
	int64_t day;
};

struct search_plan {
	struct search_key *root; /* a SEARCH_AND */
	bool bad_charset;        /* NO [BADCHARSET] */
};

/* Takes all of *args.  count and last_uid are what "*" stands for in sets (0: an empty
 * mailbox).  NULL (then see bad_charset), or the text of BAD. */
const char *search_parse(struct bytes *args, struct arena *a, uint32_t count, uint32_t last_uid,
			 struct search_plan *plan);

#endif
