/*
 * maildir_name.h: what the name of a file in a Maildir says.
 *
 *	stem[:2,letters]     stem = base[,S=bytes][,W=crlf bytes]
 *
 * The stem is what identifies a message; letters are flags (D F R S T), keywords (a to
 * z) and what others put there, which is carried along.
 */
#ifndef MAILDIR_NAME_H
#define MAILDIR_NAME_H

#include "buf.h"
#include "index_format.h"

#define MAILDIR_NAME_MAX 255 /* NAME_MAX of every filesystem that matters */
#define MAILDIR_LETTERS 26
#define MAILDIR_STEM_MAX 221 /* ":2,", five flags and all letters fit behind it */
#define MAILDIR_LETTERS_MASK ((1ull << MAILDIR_LETTERS) - 1)

/* Bits of index_record.driver. */
enum {
	MAILDIR_NEW = 1 << 0, /* it stands in `new` */
	MAILDIR_ODD = 1 << 1, /* the index has the complete name as found on disk; without
				 * it, the stem: the name is the stem in `new`, in `cur` the
				 * stem, ":2," and the letters of the record's flags, sorted */
};

struct maildir_name {
	struct bytes stem;
	uint16_t flags;
	uint64_t keywords; /* the letters a to z */
	bool odd;          /* the name is not what maildir_name_write makes of it */
};

/* Never fails.  in_new: MAILDIR_NEW or 0. */
void maildir_name_parse(struct bytes name, unsigned in_new, struct maildir_name *out);

/* The file name of a record: its length, NUL-ended at out; 0 if it would be
 * too long.  `stored`: the record's name. */
size_t maildir_name_write(struct bytes stored, unsigned driver, uint16_t flags, uint64_t keywords,
			  char out[MAILDIR_NAME_MAX + 1]);

/* The name in `cur` that a file gets with other flags and keywords: letters of
 * others stay.  Length, 0: too long. */
size_t maildir_name_change(struct bytes name, uint16_t flags, uint64_t keywords,
			   char out[MAILDIR_NAME_MAX + 1]);

/* The part of a name that identifies the message. */
struct bytes maildir_stem(struct bytes name);

/* ",S=" or ",W=" of a stem; false: none, no number, or above INDEX_SIZE_MAX. */
bool maildir_name_size(struct bytes stem, char which, uint64_t *size);

/* The stem can stand in a line of the uidlist and is not empty. */
bool maildir_stem_ok(struct bytes stem);

/* Order of delivery: seconds, then microseconds (".M"), then bytes. */
struct maildir_order {
	uint64_t seconds, micros;
	struct bytes stem;
};
struct maildir_order maildir_order(struct bytes stem);
int maildir_order_cmp(const struct maildir_order *a, const struct maildir_order *b);

/* A new stem without sizes, unique on this host: "time.M<usec>P<pid>Q<n>.<host>". */
size_t maildir_name_unique(char out[MAILDIR_NAME_MAX + 1]);

#endif
