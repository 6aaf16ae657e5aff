/*
 * fetch.h: FETCH data items, RFC 3501 §6.4.5 and §7.4.2, parsed and written.
 *
 * fetch_parse.c turns the items into a plan, once per command; fetch.c sends
 * the items of each message after the plan; fetch_body.c knows what a
 * section of a message is.
 */
#ifndef FETCH_H
#define FETCH_H

#include "headers.h"
#include "session.h"

/* Messages whose \Seen is set together before they are sent. */
#define FETCH_BATCH 100
/* A field name of HEADER.FIELDS; longer than any that a header line can hold. */
#define FETCH_FIELD_NAME_MAX 998

enum section_text {
	SECTION_ALL, /* BODY[], BODY[1] */
	SECTION_HEADER,
	SECTION_FIELDS,
	SECTION_FIELDS_NOT,
	SECTION_TEXT,
	SECTION_MIME,
};

struct section {
	enum section_text text;
	uint32_t *numbers; /* "3.1" */
	size_t nnumbers;
	struct bytes *names; /* of FIELDS and FIELDS_NOT */
	size_t nnames;
	bool kept; /* ITEM_HEADERS answers it, through set */
	struct header_set set;
	bool partial;
	uint64_t start, count;
};

enum fetch_kind {
	FETCH_UID,
	FETCH_FLAGS,
	FETCH_INTERNALDATE,
	FETCH_SIZE,
	FETCH_ENVELOPE,
	FETCH_BODYSTRUCTURE,
	FETCH_BODY,
	FETCH_SECTION,
};

struct fetch_item {
	enum fetch_kind kind;
	struct bytes label; /* as the response has it, with a space behind */
	struct section section;
};

struct fetch_plan {
	struct fetch_item *items;
	size_t n;
	uint32_t cached; /* bits of enum item that must be there */
	unsigned kinds;  /* bit n: has an item of kind n */
	bool seen;       /* sets \Seen */
	bool file;       /* some section needs the message itself */
	bool body;       /* ... more of it than its header */
	bool octets;     /* ... all of it: its size is counted anyway */
	bool partial;    /* ... a window of it */
};

/* Takes the items off *args.  NULL, or the text of BAD. */
const char *fetch_parse(struct bytes *args, struct arena *a, struct fetch_plan *plan);

/* A piece of a message as it is stored, and its length as the client sees it. */
struct fetch_piece {
	struct bytes b;
	uint64_t octets;
	uint64_t octet; /* one whose place in b is known: b.p[at] */
	size_t at;
};

#define FETCH_MEMO_NUMBERS 8

/* The piece of which a window was sent last: clients load a large attachment in many, and
 * each would begin with parsing the message.  Name of the mailbox, UIDVALIDITY and
 * UID stand for the same bytes for ever (RFC 3501 §2.3.1.1). */
struct fetch_memo {
	uint64_t mailbox; /* hash of name and UIDVALIDITY */
	uint32_t uid;     /* 0: nothing remembered */
	size_t size;      /* stored, of the message */
	enum section_text text;
	uint32_t numbers[FETCH_MEMO_NUMBERS];
	size_t nnumbers;
	size_t from, length; /* of the piece in the message */
	struct fetch_piece piece;
};

/* A message on its way to the client. */
struct fetch_message {
	uint32_t seq;
	struct index_record record;
	struct bytes items[CACHE_ITEMS_MAX];
	bool have_mail;
	struct mail mail;
	enum { PARSED_NOT, PARSED_HEADER, PARSED_ALL } parsed;
	struct message message;
	bool counted;
	uint64_t octets;         /* of the whole, if counted */
	struct fetch_memo *memo; /* or NULL */
	uint64_t mailbox;        /* as in the memo */
};

/* The octets of the whole message, counted in its bytes. */
uint64_t fetch_octets(struct fetch_message *m);
/* Writes the value of a section, an nstring.  The message's bytes are there unless
 * section->kept. */
void fetch_section(struct writer *w, struct arena *scratch, struct buf *text,
		   struct fetch_message *m, const struct section *section);

/* The untagged FETCH of one message with flags (and UID), for STORE's reply. */
void fetch_write_flags(struct session *s, uint32_t seq, const struct index_record *r, bool uid);

#endif
