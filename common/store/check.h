/*
 * check.h: a folder compared with its index, and the index built anew; for tools.
 */
#ifndef CHECK_H
#define CHECK_H

#include "store.h"

enum check_kind {
	CHECK_DAMAGE,  /* a file isn't as it was written */
	CHECK_DIFFERS, /* index and store disagree, and a session would believe the index */
	CHECK_PENDING, /* they disagree, and the next session takes it up: ordinary */
	CHECK_NOTE,    /* unusual, and right */
	CHECK_KINDS,
};

struct check {
	bool contents; /* reads each message: its size, and what the cache says of it */
	/* One finding; text may hold any byte of a file name.  NULL: only counted. */
	void (*tell)(void *ctx, enum check_kind kind, const char *text);
	/* Messages done, of all. */
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;

	uint64_t found[CHECK_KINDS];
	uint64_t messages; /* alive in the index */
	bool cached;       /* there is a cache, and the index names it */
	bool none;         /* there is no index yet, or none on disk: nothing was compared */
};

/* Counts a finding and tells it. */
void check_say(struct check *c, enum check_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Changes nothing.  Files of the index and the store are compared under the (shared) mailbox
 * lock, then without it what takes long: sizes, contents.  0: *c says what was found; -1. */
int mailbox_check(struct store *s, struct bytes name, struct check *c, struct error *e)
	__attribute__((warn_unused_result));

struct rebuild {
	bool contents; /* reads each message, so that size, date and cache are there */
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;

	uint64_t messages;
	uint32_t uidvalidity, before; /* as it is; as index or uidlist had it, 0: neither */
};

/* The index is built from the store alone, its cache begins anew; sessions at work go over
 * to it.  What uidlist or index know of UIDs is kept.  0/-1. */
int mailbox_rebuild(struct store *s, struct bytes name, struct rebuild *r, struct error *e)
	__attribute__((warn_unused_result));

#endif
