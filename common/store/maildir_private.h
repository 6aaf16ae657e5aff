/*
 * maildir_private.h: what the files of the Maildir driver share.
 *
 * Order of every change (index-design §1): the file (link, rename, unlink, the
 * line in the uidlist), then journal and index with the recorded directory times,
 * then the bell.  Killed in between, the times on disk differ from the recorded
 * ones and the next sync takes the change up as if a stranger had made it.
 *
 * Locks in this order: mailbox lock (index_lock: flock on `cur`), then
 * dovecot-uidlist.lock.  Only maildir_move.c holds the locks of two mailboxes.
 */
#ifndef MAILDIR_PRIVATE_H
#define MAILDIR_PRIVATE_H

#include <sys/stat.h>

#include "file.h"
#include "mailbox_private.h"
#include "maildir_name.h"
#include "pages.h"
#include "uidlist.h"

#define MAILDIR_BATCH 1000            /* files renamed, linked or unlinked under one lock */
#define MAILDIR_LIST_TIMEOUT_MS 10000 /* for dovecot-uidlist.lock */
#define MAILDIR_SOFT_TIMEOUT_MS 2000
#define MAILDIR_LIST_STALE_S 120                /* as Dovecot */
#define MAILDIR_GRANULARITY_NS 10000000ll       /* times closer to now are doubtful */
#define MAILDIR_GRANULARITY_FAR_NS 2000000000ll /* the same on other than local filesystems */
#define MAILDIR_RETRY_NS 5000000000ll
#define MAILDIR_TRUST_NS 2000000000ll /* own changes unsettled: trusted so long by SELECT */

struct stamp { /* all zero: not there */
	uint64_t inode;
	int64_t mtime, ctime; /* nanoseconds */
};

/* The driver words of the index header: what the index was last reconciled
 * with (index-design §8). */
struct maildir_state {
	uint64_t form;                /* MAILDIR_STATE_FORM */
	struct stamp cur, new;        /* taken before the scan began */
	struct stamp list;            /* dovecot-uidlist */
	uint64_t list_size;           /* bytes of it that were read */
	struct stamp keywords;        /* dovecot-keywords */
	int64_t cur_taken, new_taken; /* when the stamps were taken (clock_files_ns) */
	int64_t own_since;   /* 0, or when our first change after the last scan was made: the
				 * stamp of cur is the one after our changes, a foreign one that fell
				 * into the same moment may hide behind it (that of new is never
				 * replaced by ours: reading it again costs nothing) */
	int64_t own_last;    /* when the last one had been made, by the other clock */
	uint64_t new_from;   /* no message below this UID stands in `new` */
	uint64_t bits;       /* STATE_* */
	uint64_t list_lines; /* lines in the uidlist, dead ones included */
	int64_t tmp_cleaned; /* when `tmp` was looked through last */
};
#define MAILDIR_STATE_FORM 1
enum {
	STATE_SUSPECTS = 1 << 0, /* messages no scan found, not certainly gone */
	STATE_UNSIZED = 1 << 1,  /* some size is not known: the sum in the header isn't all */
	STATE_LEFT_OUT = 1 << 2, /* UIDs that could not be given, or written down, yet */
};
_Static_assert(sizeof(struct maildir_state) <= INDEX_DRIVER_WORDS * 8, "fits the header");

struct maildir {
	int root, cur, new; /* open directories */
	int tmp;            /* -1 until needed */
	int control;        /* may be the same descriptor as root */
	mode_t mode;        /* of new files */
	bool local;
	bool writable;            /* the mail */
	bool list_writable;       /* uidlist and keywords */
	bool not_owner;           /* of some message: O_NOATIME is refused */
	int old_list;             /* the uidlist before ours, open until nobody waits; -1 */
	unsigned list_locks;      /* how often dovecot-uidlist.lock is taken by us */
	bool unsynced;            /* renames that no fsync of `cur` followed yet */
	const char *path;         /* for the log only */
	const char *root_control; /* where dovecot-uidvalidity stands */
};

static inline struct maildir *maildir_of(const struct mailbox *mb)
{
	return mb->data;
}

/* --- maildir.c --- */

int maildir_tmp(struct maildir *m, struct error *e); /* opens tmp; 0/-1 */
/* The file name of a record; its length, 0: the record is damaged. */
size_t maildir_file_name(struct mailbox *mb, const struct index_record *r,
			 char out[MAILDIR_NAME_MAX + 1]);
static inline int maildir_dir(const struct maildir *m, unsigned driver)
{
	return driver & MAILDIR_NEW ? m->new : m->cur;
}
/* The living record of a UID as it is now, in *r: 1; 0 it is gone or unknown. */
int maildir_record(struct mailbox *mb, uint32_t uid, struct index_record *r);
uint64_t maildir_identity(struct bytes name);

/* --- maildir_state.c --- */

struct stamp stamp_of(const struct stat *st);
bool stamp_eq(struct stamp a, struct stamp b);
/* Fills stamps and times of cur, new and list in *now.  -1: the folder is gone. */
int maildir_look(struct mailbox *mb, struct maildir_state *now, struct error *e);
struct stamp maildir_stamp(int dirfd, const char *name, uint64_t *size);
void maildir_state_get(const struct index_header *h, struct maildir_state *s);
void maildir_state_set(struct mailbox *mb, const struct maildir_state *s); /* index_set_driver */
int64_t maildir_granularity(const struct maildir *m); /* of directory times, ns */
/* The time lies too close to the moment it was taken. */
bool maildir_doubtful(const struct maildir *m, struct stamp s, int64_t taken);
/* What must be read: `now` is as maildir_look filled it. */
bool maildir_cur_dirty(const struct maildir *m, const struct maildir_state *old,
		       const struct maildir_state *now, enum mailbox_sync how);
bool maildir_new_dirty(const struct maildir *m, const struct maildir_state *old,
		       const struct maildir_state *now);
/* Nothing to do for a sync of that kind. */
bool maildir_unchanged(const struct maildir *m, const struct maildir_state *old,
		       const struct maildir_state *now, enum mailbox_sync how);

/* Brackets a change of our own, under the mailbox lock: before the first rename;
 * then inside the open transaction, which it tells the times after the change, if those
 * before it were as recorded.  Those of the uidlist only if its lock is held all
 * the time. */
struct own_change {
	struct maildir_state state;
	bool cur, list; /* were as recorded */
};
void own_begin(struct mailbox *mb, struct own_change *c);
void own_end(struct mailbox *mb, struct own_change *c);

/* --- maildir_scan.c --- */

struct scan_entry {
	uint32_t at;   /* of the name in names */
	uint32_t hash; /* of the stem */
	uint32_t uid;  /* 0: no record or line has it yet */
	uint32_t next; /* entry + 1 with the same stem */
	uint8_t length, stem;
	uint8_t where; /* MAILDIR_NEW or 0 */
	uint8_t bits;  /* SCAN_* */
};
enum {
	SCAN_UNSURE = 1 << 0,  /* the kernel didn't say that it is a file */
	SCAN_KNOWN = 1 << 1,   /* the index has exactly this name */
	SCAN_DROPPED = 1 << 2, /* not to be looked at */
	SCAN_LISTED = 1 << 3,  /* its UID stands in the uidlist */
};

struct scan {
	struct buf names;
	struct scan_entry *entries;
	size_t n, cap;
	uint32_t *table; /* entry + 1 by hash of the stem, the first of each */
	size_t mask;
	size_t twice;   /* entries that are not the first of their stem */
	size_t renamed; /* by scan_resolve */
	bool new_only;
	bool left_out;         /* some could not be resolved */
	bool quiet;            /* the directories stood still: what it missed isn't there */
	struct stamp cur, new; /* before it began */
	int64_t began;
};

#define SCAN_INIT ((struct scan){ 0 })

/* Reads `new`, then `cur` unless new_only (in this order: a file moves from new
 * to cur, so it may be seen twice but not missed). */
int scan_run(struct mailbox *mb, struct scan *s, bool new_only, struct error *e);
void scan_free(struct scan *s);
struct bytes scan_name(const struct scan *s, const struct scan_entry *e); /* NUL-ended */
/* It will be looked at soon: asks for both ends of it. */
static PAGES_AHEAD void scan_expect_name(const struct scan *s, const struct scan_entry *e)
{
	__builtin_prefetch(s->names.p + e->at);
	__builtin_prefetch(s->names.p + e->at + e->length);
}
struct bytes scan_stem(const struct scan *s, const struct scan_entry *e);
/* The first entry of that stem, or NULL; then the others. */
struct scan_entry *scan_find(const struct scan *s, struct bytes stem);
/* The same for n of them, at most SCAN_MANY, much faster where there are many. */
#define SCAN_MANY 32
void scan_find_many(const struct scan *s, const struct bytes *stems, size_t n,
		    struct scan_entry **found);
struct scan_entry *scan_next(const struct scan *s, const struct scan_entry *e);
bool scan_stat(struct mailbox *mb, const struct scan *s, const struct scan_entry *e,
	       struct stat *st);
/* Names seen twice: rename artifacts are dropped, true duplicates get a new
 * base name (index-design §9), names the uidlist can't hold as well.  Afterwards
 * each stem is there once.  Entries that the index knows are marked before. */
void scan_resolve(struct mailbox *mb, struct scan *s);
/* Waits out the granularity if that is short: then the next scan may be quiet. */
void scan_wait(struct mailbox *mb);

/* --- maildir_list.c: the uidlist file --- */

/* Nested; -1 and nothing is locked. */
int list_lock(struct mailbox *mb, struct error *e) __attribute__((warn_unused_result));
/* Around renames of ours: Dovecot holds this lock while it scans, and a file renamed
 * meanwhile would get a new UID from it.  False: not locked; a full disk or a slow scan
 * must not stop a flag change. */
bool list_lock_soft(struct mailbox *mb);
void list_unlock(struct mailbox *mb);
/* 1; 0 it isn't there (*l is empty); -1.  Stamp and size into *s. */
int list_read(struct mailbox *mb, struct uidlist *l, struct maildir_state *s, struct error *e)
	__attribute__((warn_unused_result));
/* What was appended since *s; 1, 0: must be read as a whole, -1. */
int list_read_tail(struct mailbox *mb, struct uidlist *l, uint32_t after, struct maildir_state *s,
		   struct error *e) __attribute__((warn_unused_result));
/* One write(2) of whole lines; *fd for list_appended.  1; 0 it must be rewritten; -1. */
int list_append(struct mailbox *mb, struct bytes lines, int *fd, struct error *e)
	__attribute__((warn_unused_result));
/* fdatasync and close. */
int list_appended(struct mailbox *mb, int fd, struct error *e) __attribute__((warn_unused_result));
int list_replace(struct mailbox *mb, struct bytes text, struct error *e)
	__attribute__((warn_unused_result));
/* The same in two steps: other work is done while the disk takes it; then one of the next. */
int list_stage(struct mailbox *mb, struct bytes header, struct bytes lines, struct file_stage *s,
	       struct error *e) __attribute__((warn_unused_result));
int list_publish(struct mailbox *mb, struct file_stage *s, struct error *e)
	__attribute__((warn_unused_result));
void list_unstage(struct mailbox *mb, struct file_stage *s);
/* Closes the file that list_publish took the place of. */
void list_let_go(struct maildir *m);
/* Writes it anew from the index; `have` (may be NULL): fields and lines of messages that
 * aren't in the index yet. */
int list_rewrite(struct mailbox *mb, const struct uidlist *have, struct error *e)
	__attribute__((warn_unused_result));
/* The same with the keywords that `keywords` gives for those uids (rising). */
int list_set_keywords(struct mailbox *mb, const uint32_t *uids, const uint64_t *keywords, size_t n,
		      struct error *e) __attribute__((warn_unused_result));
void list_new_guid(char out[33]);

/* A new UIDVALIDITY, never used in this store before (uidvalidity.c). */
uint32_t uidvalidity_next(const char *dir);

/* --- dovecot_keywords.c --- */

struct keyword_names {
	char name[INDEX_KEYWORDS][INDEX_KEYWORD_SIZE]; /* NUL-ended; "": none */
	unsigned torn; /* 1 + the letter whose name has no end of line, so is perhaps half; 0 */
};
/* What IMAP can name: an atom of at most INDEX_KEYWORD_MAX bytes. */
bool keyword_name_ok(struct bytes name);
/* The bit of a name, a free one if it has none; -1: there is none left. */
int keyword_names_put(struct keyword_names *k, struct bytes name);
/* "0 name" lines; nonsense is passed over. */
void keywords_parse(struct bytes text, struct keyword_names *k);
void keywords_format(const struct keyword_names *k, struct buf *out);
int keyword_names_find(const struct keyword_names *k, struct bytes name); /* bit or -1 */
/* Reads dovecot-keywords into *k as far as it has no names; 1, 0 not there, -1.  *at: its
 * stamp before. */
int keywords_read(struct mailbox *mb, struct keyword_names *k, struct stamp *at, struct error *e);
/* Letters that we know and the file lost keep their names; true if there are such. */
bool keywords_merge(struct keyword_names *file, const struct keyword_names *ours);
/* Forgets what a line without an end says of a letter that `ours` has a name for. */
void keywords_drop_torn(struct keyword_names *file, const struct keyword_names *ours);
int keywords_write(struct mailbox *mb, const struct keyword_names *k, struct error *e);
struct stamp keywords_stamp(struct mailbox *mb);
void keywords_of_index(struct mailbox *mb, struct keyword_names *k);
/* Names without a letter, from the header of a uidlist. */
void keywords_take_high(struct keyword_names *k, const struct uidlist *l);
/* The bits if all names exist in the index already: true. */
bool keywords_known(struct mailbox *mb, const struct bytes *names, size_t n, uint64_t *bits);
/* The bits of these names, new ones made in the store and in the open
 * transaction.  Both locks are held. */
int keywords_make(struct mailbox *mb, const struct bytes *names, size_t n, uint64_t *bits,
		  struct error *e);

/* --- maildir_sync.c, maildir_build.c --- */

int maildir_sync(struct mailbox *mb, enum mailbox_sync how, struct error *e);
/* The lock is held; `force`: scans whatever the times say. */
int maildir_sync_locked(struct mailbox *mb, enum mailbox_sync how, bool force, struct error *e);
/* After the lock was released: `new` changed meanwhile. */
void maildir_look_again(struct mailbox *mb);
/* Scans now: a file was not where the index says. */
int maildir_rescan(struct mailbox *mb, struct error *e);
int maildir_build(struct mailbox *mb, struct error *e); /* locked */
/* Ends a transaction; if the index can't take it, builds it in memory from the store,
 * which has the change already: 0, *rebuilt says so. */
int maildir_commit(struct mailbox *mb, bool *rebuilt, struct error *e);
int maildir_durable(struct mailbox *mb, struct error *e);
void maildir_settle(struct mailbox *mb, bool closing);
int maildir_claim(struct mailbox *mb, struct error *e);
bool maildir_unclaimed(struct mailbox *mb, const struct index_header *h);

/* --- maildir_check.c --- */

int maildir_check(struct mailbox *mb, struct inspect *in, struct check *c, struct error *e);
uint32_t maildir_uidvalidity(struct mailbox *mb);

#endif
