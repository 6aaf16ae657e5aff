/*
 * view_private.h: what the three files of the view share.
 *
 * Members of a view, in the order of their UIDs:
 *  - records of the map below `slots` whose bit in `hidden` is not set.  A bit is set
 *    when the expunge was announced, or the record was dead before the session
 *    could know of it; never just because it is a tombstone (index-design §7).
 *  - ghosts: messages that the newer generation doesn't hold at all and whose
 *    expunge is not announced yet.  Their records and names are copies.
 *
 * Marks (modseqs; what happened up to there, inclusive):
 *  - flags_mark: flag news are told.
 *  - seen_mark: tombstones among the members are known of (`gone`).
 *  - gone_mark: expunges are announced; the oldest one that is not has a higher
 *    modseq, so gone_mark <= seen_mark (RFC 7162 §3.2).
 */
#ifndef VIEW_PRIVATE_H
#define VIEW_PRIVATE_H

#include "bits.h"
#include "index_map.h"
#include "view.h"

#define VIEW_NOWHERE (UINT64_MAX - 1) /* of the cursor: next to nothing */

struct ghost {
	struct index_record r;  /* with INDEX_DEAD */
	uint64_t at;            /* it stood before that slot of the map */
	size_t name_at, name_n; /* in view.names */
};

struct view {
	struct index *ix;
	struct index_map *map; /* one reference */
	uint32_t uidvalidity;
	uint32_t last_uid; /* nothing above it was ever a member */
	uint32_t tail_uid; /* of record slots - 1: tells a damaged map; 0: no slots */

	bool telling; /* it stays over its map until all is told */

	uint64_t slots;
	struct bits hidden;
	struct ghost *ghosts; /* in ghosts_mem: those not announced yet */
	size_t nghosts;
	struct ghost *ghosts_mem;
	struct buf names;

	uint64_t flags_mark, seen_mark, gone_mark;
	bool gone; /* some members are known to be dead (besides ghosts) */

	/* Carried over to an index whose modseqs say nothing about ours: the
	 * slots whose flags differed, not told yet; flags_mark before that. */
	struct bits differ;
	bool differ_all;
	uint64_t differ_mark;

	/* The record looked at last: the nth without the ghosts. */
	uint64_t cursor_nth, cursor_slot;
	uint32_t cursor_uid; /* 0: not looked at */

	/* The block view_skip let through last. */
	uint64_t skip_block;
	enum view_skip skip_what;
	uint64_t skip_modseq;
	/* Which of its records may match, if the file's `change` was this even number. */
	uint64_t skip_change; /* odd: not known */
	uint64_t skip_bits[INDEX_BLOCK / 64];
};

static inline bool view_differs(const struct view *v)
{
	return v->differ_all || v->differ.n;
}

void view_cursor_reset(struct view *v);
void view_drop_ghosts(struct view *v);
/* The seq of a visible slot. */
uint32_t view_seq_of_slot(const struct view *v, uint64_t slot);
/* The member is dead: remembers that there is something to announce. */
void view_found_dead(struct view *v, uint64_t modseq);
/* The map is damaged in a way that map.c can't see: remembers it, and marks the
 * file where it is still the index's, so that the next opener builds it again.
 * -1. */
int view_broke(struct view *v);

/* view_carry.c: moves the view to the generation the handle has now.  No
 * sequence number changes, nothing is told.  0 (or nothing to do), -1 it can't be:
 * UIDVALIDITY differs, or the old map is damaged and the new one doesn't
 * say which messages were in it.  Unchanged then. */
int view_carry(struct view *v);

#endif
