/*
 * index.h: what a mailbox contains, as files shared by all its sessions.
 *
 * Implements /index-design/: the store is the truth, the journal comes before
 * the index, readers take no lock, every file may vanish at any time.  This
 * layer knows no mail format: a name is up to 255 opaque bytes, the driver's
 * header words and record bits are the driver's.
 *
 * A handle is one process's access to one mailbox's index.  Two kinds of use:
 *
 *   reading   any time, through a view (view.h) or index_head/index_read;
 *   writing   between index_lock and index_unlock, in transactions.
 */
#ifndef INDEX_H
#define INDEX_H

#include "buf.h"
#include "error.h"
#include "index_format.h"

struct index;

struct index_place {
	int dirfd;     /* where the three files are or will be; stays the caller's */
	int lockfd;    /* open directory of the store: the mailbox lock is flock on it */
	bool private;  /* anonymous memory only: network filesystem, unwritable place */
	bool readonly; /* maps and reads, never locks or writes */
	bool hasty;    /* closing never syncs (deliver): a later session marks it clean */
};

/* How long we wait for the mailbox lock before [INUSE]: longer than anybody
 * may hold it (1,000 renames), shorter than a client's patience. */
#define INDEX_LOCK_TIMEOUT_MS 20000

/* A handle, with the file mapped if there is a trustworthy one.  Never
 * creates anything.  Never NULL. */
struct index *index_open(const struct index_place *place);
/* If this process changed something and is the last of those who did: syncs
 * journal, then index, then marks it clean (index-design §6).  Frees. */
void index_close(struct index *ix);

/* There is an index to work with.  False: it must be built (under the lock). */
bool index_usable(const struct index *ix);
/* It lives in anonymous memory (asked for, or no room on disk). */
bool index_is_private(const struct index *ix);

/* Takes the mailbox lock, then makes the handle current: the files are still
 * those of their names (else opens them again), a torn journal tail is cut,
 * what the journal has beyond the index is replayed.  0; -1: ERROR_INUSE, ...
 * Afterwards index_usable() may have become false or true.  In private mode
 * locks as well (it protects the store), unless lockfd is -1. */
int index_lock(struct index *ix, int timeout_ms, struct error *e)
	__attribute__((warn_unused_result));
void index_unlock(struct index *ix);
bool index_locked(const struct index *ix);

/* Without the lock: looks whether the file was superseded, deleted or
 * replaced and opens the newer one.  True if the generation changed. */
bool index_refresh(struct index *ix);

/* --- reading --- */

/* A consistent copy of the header.  False if there is none to be had (not
 * usable; or a writer died in the middle and the lock isn't to be had). */
bool index_head(struct index *ix, struct index_header *h);
/* The slot of the record with that uid, dead or alive, or the first above it
 * (== count if none); *exact says which. */
uint64_t index_find(struct index *ix, uint32_t uid, bool *exact);
/* A consistent copy of one record.  False beyond count or as index_head. */
bool index_read(struct index *ix, uint64_t slot, struct index_record *r);
bool index_read_block(struct index *ix, uint64_t block, struct index_block *b);
/* The record's name, NUL-ended; its length, or 0 when the word is damaged. */
size_t index_name(struct index *ix, const struct index_record *r, char out[INDEX_NAME_MAX + 1]);
/* Name of keyword n; n == 0 bytes if unset.  Copied to out.  In a transaction it is
 * the name that it gives. */
size_t index_keyword(struct index *ix, unsigned n, char out[INDEX_KEYWORD_SIZE]);

/* --- transactions (the lock is held) --- */

/* All changes of one transaction get one modseq, highest + 1, and become
 * visible to readers at once.  Changes are collected; index_commit appends
 * them to the journal with one write, then applies them. */
void index_begin(struct index *ix);
/* Of the open transaction, and the same after its commit.  It is used up (nobody
 * else gets it) if the transaction has an add, flags or an expunge, even
 * of unknown uids; else no record carries it and the next one may get it. */
uint64_t index_modseq(const struct index *ix);

/* A new message: r->uid >= uidnext; r->modseq, name and state are set here.
 * Names are at most INDEX_NAME_MAX bytes, without NUL, and may be empty. */
void index_add(struct index *ix, const struct index_record *r, struct bytes name);
/* Absolute values.  Unknown or dead uids are ignored. */
void index_set_flags(struct index *ix, uint32_t uid, uint16_t flags, uint64_t keywords);
void index_set_place(struct index *ix, uint32_t uid, uint8_t driver, struct bytes name);
void index_expunge(struct index *ix, uint32_t uid);
void index_set_keyword(struct index *ix, unsigned n, struct bytes name);
void index_set_uidnext(struct index *ix, uint32_t uidnext); /* never falls */
void index_set_first_recent(struct index *ix, uint32_t uid);
void index_set_driver(struct index *ix, const uint64_t words[INDEX_DRIVER_WORDS]);

/* Journal, then index.  A transaction of header words and places alone raises
 * no modseq.  0: done; when the file couldn't take it (no room, no right) it is
 * marked stale, the handle goes on in anonymous memory (index_is_private) and the
 * change is made there.  -1 (*e): nothing is visible, the file is marked stale,
 * the handle is unusable: the store has the change, the next sync rebuilds. */
int index_commit(struct index *ix, struct error *e) __attribute__((warn_unused_result));
void index_abort(struct index *ix);

/* Derived data, no journal, no modseq; the lock is held; ignored for unknown
 * uids.  Lost with a crash, learned again. */
void index_learn_size(struct index *ix, uint32_t uid, uint64_t vsize);
void index_learn_cache(struct index *ix, uint32_t uid, uint64_t cache_at);
void index_learn_date(struct index *ix, uint32_t uid, int64_t internal_date);
void index_learn_cache_id(struct index *ix, uint64_t cache_id);

/* --- building and generations (the lock is held) --- */

struct index_build {
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint64_t epoch;   /* from the store, already raised and synced there */
	uint64_t counter; /* modseqs begin there in the epoch; 0: at 1.  Where the epoch could not
				 * be raised: milliseconds, so that they rise all the same */
	uint32_t first_recent;
	uint64_t expect; /* messages: the table is made larger than that */
	uint64_t driver[INDEX_DRIVER_WORDS];
};
/* A new index from the store: begin, keywords, add in UID order, commit.  All
 * records get the base modseq of the epoch.  The old file is still there for
 * index_hint until the commit renames.  Falls back to anonymous memory when there is no
 * room; -1 only when even that fails. */
int index_build_begin(struct index *ix, const struct index_build *b, struct error *e)
	__attribute__((warn_unused_result));
void index_build_keyword(struct index *ix, unsigned n, struct bytes name);
/* In place of those given to index_build_begin; until the commit. */
void index_build_driver(struct index *ix, const uint64_t words[INDEX_DRIVER_WORDS]);
void index_build_add(struct index *ix, const struct index_record *r, struct bytes name);
int index_build_commit(struct index *ix, struct error *e) __attribute__((warn_unused_result));
/* What an old, perhaps damaged index says of that uid: 1 if it has a plausible
 * record whose name begins with `base`; sizes, dates, cache offset are hints to be
 * used only where the store can't say. */
int index_hint(struct index *ix, uint32_t uid, struct bytes base, struct index_record *r);

/* Rewrites into a new generation when it pays (a quarter of the records are
 * old tombstones, or names are mostly garbage) or when forced.  1 rewritten,
 * 0 not needed, -1.  Called off the command path. */
int index_compact(struct index *ix, bool force, struct error *e);
/* Says that the store can't be trusted to match: next opener rebuilds. */
void index_mark_stale(struct index *ix);

/* fdatasync of journal and index: off the command path, and before `clean`. */
int index_checkpoint(struct index *ix, struct error *e);

/* Gives back the pages of the map that this process has touched: before it
 * waits.  The next reader finds them in the page cache. */
void index_trim(struct index *ix);
/* Under the lock: everything that can be checked is as index_format.h says.
 * 0; -1: *e says the first thing that isn't. */
int index_check(struct index *ix, struct error *e);

#endif
