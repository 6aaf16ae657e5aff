/*
 * mailbox.h: one open folder: its messages, through the shared index.
 *
 * The view (view.h) tells what this session has been told; mailbox_sync brings
 * store and index together; changes go store, journal, index, doorbell
 * (index-design §1).  Every change takes UIDs in rising order and works
 * in batches, so that no lock is held for long.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include "store.h"
#include "cache.h"
#include "view.h"

struct mailbox;

enum {
	MAILBOX_READONLY = 1 << 0, /* EXAMINE: no change, \Recent stays */
	MAILBOX_NOVIEW = 1 << 1,   /* for APPEND/COPY targets and STATUS */
	/* For tools: only the directories are opened, nothing is made or written; what needs
	 * an index must not be called. */
	MAILBOX_LOOK = 1 << 2,
	MAILBOX_UNHURRIED = 1 << 3, /* closed as sessions are, also without a view */
};

/* Opens, takes over foreign files at first contact (Courier), builds or
 * reconciles the index.  ERROR_NONEXISTENT, ... */
int mailbox_open(struct store *s, struct bytes name, unsigned flags, struct mailbox **out,
		 struct error *e) __attribute__((warn_unused_result));
/* Settles directory times off the command path (index-design §8). */
void mailbox_close(struct mailbox *mb);

struct view *mailbox_view(struct mailbox *mb); /* NULL with NOVIEW */
struct index *mailbox_index(struct mailbox *mb);
bool mailbox_readonly(const struct mailbox *mb); /* asked for, or not writable */
struct bytes mailbox_name(const struct mailbox *mb);

/* Looks for what foreign programs did, and builds a lost index again. */
enum mailbox_sync {
	MAILBOX_SYNC_FAST, /* trust matching directory times: some stats */
	MAILBOX_SYNC_FULL, /* SELECT and CHECK: also settles doubtful times */
};
int mailbox_sync(struct mailbox *mb, enum mailbox_sync how, struct error *e)
	__attribute__((warn_unused_result));
/* In IDLE, CLOSE, LOGOUT: settles times, compacts, flushes the cache, unmaps. */
void mailbox_settle(struct mailbox *mb);
/* Message numbers of this session's \Recent: claims what no session saw yet
 * (unless readonly, which only looks).  uid >= the returned is recent; kept per mailbox
 * handle: call again after each sync that brought new messages. */
bool mailbox_is_recent(struct mailbox *mb, uint32_t uid);
uint32_t mailbox_recent(struct mailbox *mb); /* count in the view */

struct mailbox_status {
	uint32_t messages, recent, unseen, deleted, uidnext, uidvalidity;
	uint64_t size, highest_modseq;
};
int mailbox_status(struct mailbox *mb, struct mailbox_status *st, struct error *e);
/* The sum of all sizes: looks up those not known yet (st.size hasn't them). */
int mailbox_status_size(struct mailbox *mb, uint64_t *size, struct error *e);

/* --- flags --- */

/* Keyword names of this mailbox, n < INDEX_KEYWORDS; n == 0 bytes: unused.
 * Those without a name in the store are shown as the driver shows them. */
struct bytes mailbox_keyword(struct mailbox *mb, unsigned n);
unsigned mailbox_keywords(struct mailbox *mb); /* one past the highest in use */
/* The bit of that name (case ignored), or -1. */
int mailbox_keyword_find(struct mailbox *mb, struct bytes name);
bool mailbox_keywords_full(struct mailbox *mb); /* no \* in PERMANENTFLAGS */

struct flag_list {
	uint16_t flags;         /* FLAG_* */
	struct bytes *keywords; /* names; made if new */
	size_t nkeywords;
};

enum flag_mode { FLAGS_SET, FLAGS_ADD, FLAGS_REMOVE };

struct change_result {
	uint64_t before, modseq; /* for view_own; equal: nothing changed */
	bool alone;              /* nobody else changed anything in between */
	size_t missing;          /* uids that no longer exist */
	size_t skipped;          /* modseq above `unchanged_since` */
	uint32_t *skipped_uids;  /* in the arena */
};

/* Deltas to the names found on disk.  uids rise.  unchanged_since:
 * UINT64_MAX for none (RFC 7162 §3.1.3).  What was done before an error stays done. */
int mailbox_store_flags(struct mailbox *mb, struct arena *a, const uint32_t *uids, size_t n,
			enum flag_mode mode, const struct flag_list *fl, uint64_t unchanged_since,
			struct change_result *r, struct error *e)
	__attribute__((warn_unused_result));

/* Flag changes made so far are on disk when it returns 0: once for many STOREs, before
 * they are acknowledged. */
int mailbox_durable(struct mailbox *mb, struct error *e) __attribute__((warn_unused_result));

/* Removes those of the uids that are \Deleted (uids NULL: all that are; `any`: whether
 * \Deleted or not, for MOVE).  Gone from disk when it returns. */
int mailbox_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool any,
		    struct change_result *r, struct error *e) __attribute__((warn_unused_result));

/* --- reading --- */

struct mail {
	struct bytes raw; /* as stored; valid until mail_close */
	void *held;       /* the driver's */
	size_t mapped;
};

/* The bytes of a message of the view.  1; 0 it is gone (EXPUNGEISSUED); -1.
 * `head`: its header with the empty line is enough, whatever comes behind that. */
int mailbox_mail(struct mailbox *mb, uint32_t seq, bool head, struct mail *m, struct error *e)
	__attribute__((warn_unused_result));
void mail_close(struct mailbox *mb, struct mail *m);

/* What is kept ready to send. */
enum item {
	ITEM_ENVELOPE,      /* "(...)" */
	ITEM_BODYSTRUCTURE, /* "(...)"; BODY is made of it */
	ITEM_HEADERS,       /* the kept lines, see item_header_lines */
	ITEMS,
};
/* Fills items[] (views into *out or the arena) from the cache, else from the message, and
 * remembers it for the cache.  1; 0 the message is gone and not cached; -1. */
int mailbox_items(struct mailbox *mb, struct arena *a, uint32_t seq, const struct index_record *r,
		  uint32_t wanted, struct buf *out, struct bytes items[CACHE_ITEMS_MAX],
		  struct error *e) __attribute__((warn_unused_result));
/* The same for who has read the message already, or its `head`: without ITEM_BODYSTRUCTURE. */
void mailbox_items_of(struct mailbox *mb, struct arena *a, const struct index_record *r,
		      struct bytes raw, bool head, struct buf *out,
		      struct bytes items[CACHE_ITEMS_MAX]);
/* RFC822.SIZE and INTERNALDATE of a record, looked up if not known yet: 1, 0 gone, -1. */
int mailbox_size(struct mailbox *mb, uint32_t seq, const struct index_record *r, uint64_t *size);
int mailbox_date(struct mailbox *mb, uint32_t seq, const struct index_record *r, int64_t *date);

/* Who has read a message knows its size: the index is told (in batches). */
void mailbox_correct_size(struct mailbox *mb, uint32_t uid, uint64_t size);

/* ITEM_HEADERS keeps the lines of those fields that mail programs list
 * (headers.h); true if all the names are of that set. */
bool item_headers_kept(const struct bytes *names, size_t n);
/* Appends the wanted lines (CRLF, folding kept, order of the message), or, with
 * `not`, false is returned: only a whole header can answer HEADER.FIELDS.NOT. */
void item_header_lines(struct bytes item, const struct bytes *names, size_t n, struct buf *out);

/* --- new messages --- */

struct append;

/* One or many messages that appear together or not at all. */
int append_begin(struct mailbox *mb, struct append **out, struct error *e)
	__attribute__((warn_unused_result));
/* Then per message: start, write (streams to a file in tmp; nothing is held in memory), end.
 * date: INDEX_DATE_UNKNOWN for now. */
int append_start(struct append *ap, const struct flag_list *fl, int64_t date, struct error *e)
	__attribute__((warn_unused_result));
int append_write(struct append *ap, struct bytes piece, struct error *e)
	__attribute__((warn_unused_result));
int append_end(struct append *ap, struct error *e) __attribute__((warn_unused_result));
/* On disk, with UIDs, when it returns 0: files and directory synced, then the uidlist.
 * uids: array of the messages' UIDs in the order appended (arena of the append; valid until append_free). */
struct append_result {
	uint32_t uidvalidity;
	const uint32_t *uids;
	size_t n;
};
int append_commit(struct append *ap, struct append_result *r, struct error *e)
	__attribute__((warn_unused_result));
/* Aborts what was not committed. */
void append_free(struct append *ap);

/* COPY and MOVE.  The messages come with flags, keywords, internal date.  All or nothing
 * (RFC 3501 §6.4.7); missing ones make it fail with ERROR_EXPUNGED unless `move` or
 * UID, which pass over them.  from[i] became to[i]. */
struct copy_result {
	uint32_t uidvalidity;
	uint32_t *from, *to; /* in the arena */
	size_t n;
	struct change_result expunge; /* of the source, for move */
};
int mailbox_copy(struct mailbox *mb, struct mailbox *to, struct arena *a, const uint32_t *uids,
		 size_t n, bool move, struct copy_result *r, struct error *e)
	__attribute__((warn_unused_result));

/* For IDLE: descriptors to watch (bell.h): the index directory, and those that
 * foreign programs change (-1: none). */
void mailbox_watch(struct mailbox *mb, int *dir, int *watch1, int *watch2);

#endif
