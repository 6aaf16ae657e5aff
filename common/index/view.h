/*
 * view.h: the mailbox as one session has been told of it.
 *
 * Sequence numbers are ranks over a bitmap "not in my view" beside the shared
 * records: about one bit per message of private memory, none while nothing
 * was expunged.  When the handle moves to another generation, view_read and view_sync
 * bring the view along, silently and with the same sequence numbers; what the
 * new one doesn't hold any more stays as a copy until its expunge is told
 * (index-design §7).  The view is closed before the index.
 */
#ifndef VIEW_H
#define VIEW_H

#include "index.h"

struct view;

/* Everything alive now.  NULL only if the index isn't usable. */
struct view *view_open(struct index *ix);
void view_close(struct view *v);

uint32_t view_count(const struct view *v);
/* seq in 1..view_count.  The uid of a record doesn't change: 0 only if somebody
 * damaged the file (view_read says false then, view_sync -1). */
uint32_t view_uid(struct view *v, uint32_t seq);
/* 0: not in this view. */
uint32_t view_seq(struct view *v, uint32_t uid);
/* False: the index turned out damaged; what was just looked up may be wrong, and is to be
 * looked up again once the store has built it anew. */
bool view_ok(const struct view *v);
/* The first seq whose uid is >= uid; view_count + 1 if none. */
uint32_t view_seq_from(struct view *v, uint32_t uid);
/* A consistent copy of the record as it is now; a tombstone not yet announced
 * is given with INDEX_DEAD and its last values.  False: the index broke under
 * us (the caller says [UNAVAILABLE] and closes the mailbox). */
bool view_read(struct view *v, uint32_t seq, struct index_record *r);
/* As index_name, in the generation of this view. */
size_t view_name(struct view *v, const struct index_record *r, char out[INDEX_NAME_MAX + 1]);
/* As index_keyword, in the generation of this view: what its records' bits mean. */
size_t view_keyword(struct view *v, unsigned n, char out[INDEX_KEYWORD_SIZE]);

/* The header the view looks at (uidvalidity, uidnext, keywords, cache_id). */
bool view_head(struct view *v, struct index_header *h);
uint64_t view_cache_id(struct view *v);     /* of that header, for cache_get */
uint64_t view_modseq(const struct view *v); /* all changes up to here are told */
uint32_t view_first_unseen(struct view *v); /* seq, 0: none; by block summaries */
/* First seq >= from that may match: skips whole blocks with no deleted, no
 * unseen, no flagged, none whose modseq is above the one given; view_count + 1
 * at the end.  Cheap to call for each seq.  For SEARCH DELETED, EXPUNGE etc. */
enum view_skip { VIEW_DELETED, VIEW_UNSEEN, VIEW_FLAGGED, VIEW_MODSEQ };
uint32_t view_skip(struct view *v, uint32_t from, enum view_skip what, uint64_t modseq);

struct view_events {
	/* In this order per sync; NULL ones are not told. */
	void (*expunged)(void *ctx, uint32_t seq, uint32_t uid); /* seq as of this moment */
	void (*exists)(void *ctx, uint32_t count);               /* once, if new messages came */
	void (*flags)(void *ctx, uint32_t seq, const struct index_record *r);
	void *ctx;
};

/* Brings the view up to date; costs what changed.  Without `expunges` nothing
 * disappears (RFC 3501 §7.4.1) and those expunges are told by a later sync;
 * flag news and new messages are told in both cases.  Who is told may ask the view.
 * 1 something was told, 0 nothing new, -1 the index broke (or UIDVALIDITY changed): once it
 * was built again another try may succeed, with the same sequence numbers. */
int view_sync(struct view *v, bool expunges, const struct view_events *ev);
/* That failed only because whoever changes the index has hung for longer than one waits:
 * nothing is damaged, a later try may succeed. */
bool view_waits(const struct view *v);

/* This process itself made the changes of transaction `modseq` and has told
 * them to the client: if the view was up to date just before, they aren't
 * told again as flag news. */
void view_own(struct view *v, uint64_t before, uint64_t modseq);

/* True if the message with that seq is gone but not announced yet. */
bool view_is_expunged(struct view *v, uint32_t seq);
/* Expunges are waiting for a sync that may tell them. */
bool view_has_expunges(struct view *v);

#endif
