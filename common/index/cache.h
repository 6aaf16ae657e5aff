/*
 * cache.h: per message, what clients ask for in the form it goes over the
 * wire.  Append-only file "roost.cache"; an index record holds the offset of
 * its message's entry.
 *
 * An entry carries the cache id, the uid, a 64-bit identity of the message
 * (a hash of its base name) and its stored size; all are compared on use, for a
 * checksum alone doesn't prove whose bytes they are (index-design §11).  Each
 * item has a checksum of its own, verified on the caller's copy.
 */
#ifndef CACHE_H
#define CACHE_H

#include "index.h"

/* Raised when the content of an item changes its form: older entries are as
 * good as absent. */
#define CACHE_FORM 3
#define CACHE_ITEMS_MAX 16
#define CACHE_ENTRY_MAX (1u << 20) /* a larger message structure isn't cached */

struct cache;

struct cache_key {
	uint32_t uid;
	uint64_t identity;
	uint64_t cache_at; /* from the record */
};

struct cache_item {
	uint8_t kind; /* the store's enumeration */
	struct bytes value;
};

/* A handle; files are opened on first use.  cache_id as in the index header
 * of the view; a file of another id is not used. */
struct cache *cache_open(int dirfd, bool readonly);
void cache_close(struct cache *c);
/* Gives back what reading ahead holds: before IDLE. */
void cache_trim(struct cache *c);

/* The wanted items (bit n: kind n) of an entry, copied to *out; items[] gets
 * views into *out, absent ones p == NULL.  1 all found, 0 no (complete,
 * valid) entry.  Sequential access reads ahead. */
int cache_get(struct cache *c, uint64_t cache_id, const struct cache_key *k, uint32_t wanted,
	      struct buf *out, struct bytes items[CACHE_ITEMS_MAX]);

/* The kinds of items that an entry says it has (bit n: kind n), 0 if there is no valid one. */
uint32_t cache_kinds(struct cache *c, uint64_t cache_id, const struct cache_key *k);

/* Collects an entry; cache_flush appends the batch under the cache lock (tried,
 * not waited for) and then, under the mailbox lock, tells the index where they are.
 * identity and uid as above; a put replaces nothing, the newer offset wins. */
void cache_put(struct cache *c, uint32_t uid, uint64_t identity, const struct cache_item *items,
	       size_t n);
size_t cache_pending(const struct cache *c); /* entries collected */
/* 1 written, 0 not this time (dropped), -1.  Takes the mailbox lock itself
 * unless it is held.  Creates the file if need be. */
int cache_flush(struct cache *c, struct index *ix, struct error *e);

/* Writes the file anew without the entries of messages that are gone, when about half
 * of it is garbage (guessed from some) or when forced.  Off the command path: it
 * reads all of it, under the cache lock; the mailbox lock is taken for the
 * end of it, unless it is held.  1 done, 0 not needed or not this time. */
int cache_compact(struct cache *c, struct index *ix, bool force);

#endif
