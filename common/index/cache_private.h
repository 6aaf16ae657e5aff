/*
 * cache_private.h: what the reading and the writing half of the cache share.
 */
#ifndef CACHE_PRIVATE_H
#define CACHE_PRIVATE_H

#include "cache_format.h"

struct cache_pending {
	uint32_t uid;
	size_t at; /* in the batch */
};

struct cache {
	int dirfd; /* the caller's */
	bool readonly;

	/* Reading. */
	int fd;           /* -1: not open */
	uint64_t id;      /* of the open file */
	uint64_t refused; /* an id that the file of that name doesn't have */
	char *window;     /* bytes of the file from window_at on */
	size_t window_cap, window_n;
	uint64_t window_at;
	uint64_t last; /* end of the entry read last */
	unsigned run;  /* entries read in rising order, near each other */

	/* Writing. */
	struct buf batch; /* entries one after the other, not yet stamped */
	struct cache_pending *pending;
	size_t npending, pending_cap;
};

/* The file of that name, if it is a cache with that id (0: any): a descriptor,
 * or -1.  *id gets what it has. */
int cache_open_file(int dirfd, int flags, uint64_t *id);
/* Closes what is open for reading. */
void cache_forget(struct cache *c);
/* The entry there of that message, whole, valid until the next call. */
bool cache_raw(struct cache *c, uint64_t id, uint64_t at, uint32_t uid, struct bytes *entry);
uint64_t cache_new_id(void);
/* The name leads to that file. */
bool cache_is_named(struct cache *c, int fd, const char *name);
/* The cache lock, tried: it counts only on the file that has the name. */
bool cache_lock_file(struct cache *c, int fd);
/* The mailbox lock unless we have it: 1 taken, 0 was ours, -1 not to be had. */
int cache_lock_mailbox(struct index *ix);
void cache_header_init(struct cache_header *h, uint64_t id);
/* Puts id and checksum into the entry at p. */
void cache_stamp(char *p, uint64_t id);

#endif
