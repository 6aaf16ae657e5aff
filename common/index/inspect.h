/*
 * inspect.h: the files of an index as they lie there, for tools.
 *
 * Whole or damaged, trusted or not, they are read and never written; nothing is replayed,
 * repaired or marked.  No lock is taken: who wants to see one moment holds the mailbox
 * lock, shared is enough.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "index.h"

struct inspect;

enum inspect_kind {
	INSPECT_DAMAGE, /* not as a writer left it */
	INSPECT_NOTE,   /* unusual, and right: what a killed process left, say */
};
typedef void inspect_tell(void *ctx, enum inspect_kind kind, const char *text);

/* Opens what is there.  Never NULL; dirfd stays the caller's. */
struct inspect *inspect_open(int dirfd);
void inspect_close(struct inspect *in);
/* There is a file of that name, whatever is in it. */
bool inspect_exists(const struct inspect *in);
/* Why sessions would build it again without looking further; NULL: they'd use it. */
const char *inspect_distrust(struct inspect *in);

/* The header as it stands; false: it is damaged, or there is none (*h is zeros then).  With
 * damage *h is still what stands there. */
bool inspect_head(struct inspect *in, struct index_header *h);
/* Records that can be looked at: the count of the header, if that is possible. */
uint64_t inspect_count(struct inspect *in);
/* A record and its name; false: one of the two is damaged (r->uid is what stands there). */
bool inspect_record(struct inspect *in, uint64_t slot, struct index_record *r,
		    char name[INDEX_NAME_MAX + 1]);
/* Length of the name of keyword n; 0: unset or damaged. */
size_t inspect_keyword(struct inspect *in, unsigned n, char out[INDEX_KEYWORD_SIZE]);

/* Everything that can be checked is as index_format.h says; else it is told. */
void inspect_index(struct inspect *in, inspect_tell *tell, void *ctx);

struct inspect_journal {
	uint64_t size; /* bytes of the file, 0: none */
	bool ours;     /* of this generation */
	uint64_t frames;
	uint64_t pending; /* of these, not applied yet */
};
/* The same of the journal. */
void inspect_journal(struct inspect *in, struct inspect_journal *j, inspect_tell *tell, void *ctx);

struct inspect_cache {
	uint64_t size;          /* bytes of the file, 0: none */
	bool ours;              /* it has the id that the index names */
	uint64_t outdated;      /* entries in a form that isn't used any more */
	uint64_t entries, live; /* of living messages; their bytes and the header's */
};
/* The header; with `entries` also the head of each that a record points to, which counts them
 * (whether its content is whole says cache_get). */
void inspect_cache(struct inspect *in, bool entries, struct inspect_cache *c, inspect_tell *tell,
		   void *ctx);
/* The record's entry is one of an older form (CACHE_FORM): as good as absent, and no damage. */
bool inspect_cache_outdated(struct inspect *in, const struct index_record *r);

#endif
