/*
 * mailbox_private.h: an open folder, as the files of the store layer see it.
 *
 * What every driver needs stands here; what only one needs hangs at `data`.
 */
#ifndef MAILBOX_PRIVATE_H
#define MAILBOX_PRIVATE_H

#include "bell.h"
#include "driver.h"
#include "mailbox.h"
#include "message.h"
#include "store_private.h"

/* A range of this session's \Recent messages. */
struct recent_range {
	uint32_t from, to; /* UIDs, both in it */
};

/* Learned while serving, told to the index in batches. */
struct learned {
	uint32_t uid;
	int64_t date;  /* INDEX_DATE_UNKNOWN: nothing learned */
	uint64_t size; /* INDEX_SIZE_UNKNOWN: nothing learned */
};
#define LEARN_BATCH 4096

struct mailbox {
	struct store *store;
	const struct driver *driver;
	struct arena arena; /* as long as the mailbox */
	struct bytes name;
	unsigned flags; /* MAILBOX_READONLY, ... */
	bool readonly;  /* asked for, or the store can't be written */

	/* Set by the driver's open. */
	int indexfd;  /* directory of index, journal, cache, bell */
	int lockfd;   /* directory whose flock is the mailbox lock */
	bool private; /* index in anonymous memory only */
	bool forget;  /* a build takes nothing from the index before */

	struct index *index;
	struct view *view; /* NULL with MAILBOX_NOVIEW */
	struct cache *cache;

	uint32_t uidvalidity;        /* as it was when opened */
	struct recent_range *recent; /* rising */
	size_t nrecent;
	char *keywords[INDEX_KEYWORDS]; /* what mailbox_keyword returned, of INDEX_KEYWORD_SIZE */
	struct learned *learned;
	size_t nlearned;
	struct buf body; /* mailbox_mail's, for messages that aren't mapped */
	bool body_used;  /* a struct mail points into it */

	void *data; /* the driver's */
};

/* 64 bits that stand for the message in the cache: a hash of its base name
 * (cache_key.identity). */
uint64_t mailbox_identity(struct mailbox *mb, const struct index_record *r);

/* Dates and sizes that were looked up; written to the index when there are
 * many and nobody has the lock, and by mailbox_settle. */
void mailbox_learn(struct mailbox *mb, uint32_t uid, int64_t date, uint64_t size);
void mailbox_learn_flush(struct mailbox *mb);

/* They are \Recent in this session. */
void mailbox_add_recent(struct mailbox *mb, uint32_t from, uint32_t to);

/* After a change others should see. */
void mailbox_ring(struct mailbox *mb);
/* A view where there should be one; -1: the index can't be used. */
int mailbox_need_view(struct mailbox *mb, struct error *e);

/* What an entry of the cache has: all, what a header alone can say, or only its lines. */
#define ITEMS_ALL ((1u << ITEMS) - 1)
#define ITEMS_OF_HEADER (1u << ITEM_ENVELOPE | 1u << ITEM_HEADERS)
#define ITEMS_LINES (1u << ITEM_HEADERS)
/* Items (bit n: item n) of a parsed message, appended to *out; the others: p == NULL. */
void items_make(struct arena *scratch, const struct message *m, uint32_t kinds, struct buf *out,
		struct bytes items[CACHE_ITEMS_MAX]);
/* Those that are there become an entry to be written. */
void items_put(struct mailbox *mb, uint32_t uid, uint64_t identity,
	       const struct bytes items[CACHE_ITEMS_MAX]);
/* Whichever an entry has, as cache_get; false: no whole entry. */
bool items_get(struct cache *c, uint64_t cache_id, const struct cache_key *k, struct buf *out,
	       struct bytes items[CACHE_ITEMS_MAX]);
/* items.c: parses a message that was stored just now and gives the cache what
 * it will be asked for.  No lock is held. */
void items_collect(struct mailbox *mb, struct arena *scratch, uint32_t uid, uint64_t identity,
		   struct bytes raw);

#endif
