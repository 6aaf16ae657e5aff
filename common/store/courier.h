/*
 * courier.h: what Courier left in a Maildir, read at first contact.
 */
#ifndef COURIER_H
#define COURIER_H

#include "arena.h"
#include "mailbox_private.h"
#include "uidlist.h"

#define COURIER_KEYWORDS INDEX_KEYWORDS /* names; what is beyond is lost */

struct courier {
	struct arena arena;
	struct bytes names[COURIER_KEYWORDS];
	unsigned n;
	struct hashmap bits; /* stem -> bits of names */
};

#define COURIER_INIT ((struct courier){ 0 })

/* UIDVALIDITY and UIDs from courierimapuiddb; false: there is none to be believed. */
bool courier_uids(struct mailbox *mb, struct uidlist *l);
/* Keywords from courierimapkeywords/; true if there are some. */
bool courier_keywords(struct mailbox *mb, struct courier *c);
void courier_free(struct courier *c);
/* Bits of c->names. */
uint64_t courier_bits(const struct courier *c, struct bytes stem);

/* The file ":list": names, an empty line, "stem:number number ...". */
void courier_parse_list(struct courier *c, struct bytes text);
/* A file of one message: names, one per line; none clears. */
void courier_parse_update(struct courier *c, struct bytes stem, struct bytes text);
/* ".N.stem" or "stem": the stem, and how old (larger N is younger, no N the youngest).
 * False for ":list" and the like. */
bool courier_update_name(struct bytes name, struct bytes *stem, uint64_t *age);

#endif
