/*
 * view.c: sequence numbers and records as one session has been told of them.
 *
 * A sequence number is a rank over the bitmap of hidden slots (bits.h), plus the
 * ghosts before it (view_private.h), which are nearly always none.  A
 * cursor makes the next number cost what the record costs.  UIDs never change
 * in a map, so each one read must fit its neighbour and the session's highest:
 * that is how a map that somebody overwrote is noticed before it is believed.
 * What changed since is told in view_sync.c.
 */
#include "view_private.h"

#include <assert.h>
#include <stdlib.h>

#include "arena.h"
#include "index_private.h"

/* --- opening --- */

/* Dead already: they never were in this view. */
static bool hide_dead(struct view *v, uint64_t from, uint64_t to)
{
	struct index_record r;

	for (uint64_t slot = from; slot < to; slot++) {
		if (!map_read(v->map, slot, &r))
			return false;
		if (r.state & INDEX_DEAD)
			bits_add(&v->hidden, slot);
	}
	return true;
}

/* Block summaries say where to look; the last block's may already count
 * newer records. */
static bool hide_all_dead(struct view *v, const struct index_header *h)
{
	struct index_block b;
	uint64_t slot = 0;

	if (h->alive == h->count)
		return true;
	for (; slot + INDEX_BLOCK <= h->count; slot += INDEX_BLOCK) {
		if (!map_block(v->map, slot / INDEX_BLOCK, &b))
			return false;
		if (b.alive != INDEX_BLOCK && !hide_dead(v, slot, slot + INDEX_BLOCK))
			return false;
	}
	return hide_dead(v, slot, h->count);
}

static bool look_first(struct view *v)
{
	struct index_header h;

	if (!v->map || !map_head(v->map, &h) || h.count > v->map->capacity)
		return false;
	v->uidvalidity = h.uidvalidity;
	v->slots = h.count;
	v->flags_mark = v->seen_mark = v->gone_mark = h.highest_modseq;
	if (h.count)
		v->last_uid = v->tail_uid = map_uid(v->map, h.count - 1);
	return hide_all_dead(v, &h) && (!h.count || v->tail_uid);
}

struct view *view_open(struct index *ix)
{
	struct view *v = mem_alloc(sizeof *v);

	*v = (struct view){ .ix = ix, .map = index_map_hold(ix) };
	view_cursor_reset(v);
	if (look_first(v))
		return v;
	view_close(v);
	return NULL;
}

void view_close(struct view *v)
{
	if (!v)
		return;
	if (v->map)
		index_map_release(v->map);
	bits_free(&v->hidden);
	bits_free(&v->differ);
	view_drop_ghosts(v);
	free(v);
}

void view_drop_ghosts(struct view *v)
{
	free(v->ghosts_mem);
	v->ghosts = v->ghosts_mem = NULL;
	v->nghosts = 0;
	buf_free(&v->names);
}

/* --- damage --- */

int view_broke(struct view *v)
{
	struct index *ix = v->ix;

	if (ix->map == v->map && map_ok(v->map)) {
		v->map->broken = true;
		if (ix->locked)
			index_mark_stale(ix);
		else if (index_lock(ix, 0, NULL) == 0) /* marks it, seeing that it's broken */
			index_unlock(ix);
	}
	v->map->broken = true;
	return -1;
}

bool view_waits(const struct view *v)
{
	return map_ok(v->map) && index_in_vain(v->ix);
}

/* --- places --- */

void view_cursor_reset(struct view *v)
{
	v->cursor_nth = v->cursor_slot = VIEW_NOWHERE;
	v->cursor_uid = 0;
	v->skip_block = UINT64_MAX;
}

uint32_t view_count(const struct view *v)
{
	return (uint32_t)(v->slots - v->hidden.n + v->nghosts);
}

/* Ghosts before that slot (those that stand directly before it included). */
static size_t ghosts_before_slot(const struct view *v, uint64_t slot)
{
	size_t low = 0, high = v->nghosts;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (v->ghosts[mid].at <= slot)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t view_seq_of_slot(const struct view *v, uint64_t slot)
{
	return (uint32_t)(bits_rank_missing(&v->hidden, slot) + ghosts_before_slot(v, slot)) + 1;
}

/* Ghosts with a uid below. */
static size_t ghosts_below(const struct view *v, uint32_t uid)
{
	size_t low = 0, high = v->nghosts;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (v->ghosts[mid].r.uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t ghost_seq(const struct view *v, size_t i)
{
	return (uint32_t)(bits_rank_missing(&v->hidden, v->ghosts[i].at) + i) + 1;
}

/* Ghosts with a lower seq. */
static size_t ghosts_before(const struct view *v, uint32_t seq)
{
	size_t low = 0, high = v->nghosts;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (ghost_seq(v, mid) < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The ghost with that seq, or NULL and *nth, the record's number among the
 * visible ones, from 0. */
static const struct ghost *find_ghost(const struct view *v, uint32_t seq, uint64_t *nth)
{
	*nth = seq - 1;
	if (!v->nghosts)
		return NULL;
	size_t i = ghosts_before(v, seq);
	if (i < v->nghosts && ghost_seq(v, i) == seq)
		return &v->ghosts[i];
	*nth = seq - 1 - i;
	return NULL;
}

static uint64_t slot_of(const struct view *v, uint64_t nth)
{
	if (!v->hidden.n)
		return nth;
	if (nth == v->cursor_nth)
		return v->cursor_slot;
	if (nth == v->cursor_nth + 1)
		return bits_next_missing(&v->hidden, v->cursor_slot + 1);
	return bits_select_missing(&v->hidden, nth);
}

/* Moves the cursor, if that uid may stand there. */
static bool visit(struct view *v, uint64_t nth, uint64_t slot, uint32_t uid)
{
	bool fits = uid && uid <= v->last_uid;

	if (nth == v->cursor_nth)
		fits = fits && (!v->cursor_uid || uid == v->cursor_uid);
	else if (nth == v->cursor_nth + 1)
		fits = fits && uid > v->cursor_uid;
	v->cursor_nth = nth;
	v->cursor_slot = slot;
	v->cursor_uid = fits ? uid : 0;
	return fits && map_ok(v->map);
}

/* The record there, with its check; false: refused, and if it is there but
 * can't be the right one, the map is damaged. */
static bool read_slot(struct view *v, uint64_t nth, uint64_t slot, struct index_record *r)
{
	if (!map_read(v->map, slot, r))
		return false;
	return visit(v, nth, slot, r->uid) || view_broke(v) == 0;
}

static bool uid_at(struct view *v, uint64_t nth, uint64_t slot, uint32_t *uid)
{
	*uid = map_whole_uid(v->map, slot);
	return *uid && (visit(v, nth, slot, *uid) || view_broke(v) == 0);
}

uint32_t view_uid(struct view *v, uint32_t seq)
{
	uint32_t uid;
	uint64_t nth;

	assert(seq >= 1 && seq <= view_count(v));
	(void)view_carry(v); /* a map that can't be left is damaged: view_ok says so */
	const struct ghost *g = find_ghost(v, seq, &nth);
	if (g)
		return g->r.uid;
	return uid_at(v, nth, slot_of(v, nth), &uid) ? uid : 0;
}

/* The first slot with that uid or a higher one, sought from the cursor on. */
static uint64_t find_slot(struct view *v, uint32_t uid)
{
	uint64_t slot = v->cursor_slot + 1;

	if (!v->cursor_uid || v->cursor_uid >= uid || slot >= v->slots)
		slot = map_find(v->map, v->slots, uid);
	else
		slot = map_find_from(v->map, slot, v->slots, uid);
	if (slot > v->slots)
		slot = v->slots;
	map_found(v->map, v->slots, slot, uid); /* if not: view_ok says so */
	return slot;
}

bool view_ok(const struct view *v)
{
	return map_ok(v->map) && index_usable(v->ix);
}

/* It is not there: so say its neighbours, which are read with their checks.  A
 * uid that somebody overwrote can mislead the search to no other place. */
static void check_gap(struct view *v, uint64_t slot, uint32_t uid)
{
	struct index_record r;

	if (slot < v->slots && map_read(v->map, slot, &r) && r.uid < uid)
		view_broke(v);
	if (slot > 0 && map_read(v->map, slot - 1, &r) && r.uid >= uid)
		view_broke(v);
}

uint32_t view_seq(struct view *v, uint32_t uid)
{
	(void)view_carry(v);
	size_t ghosts = ghosts_below(v, uid);
	uint32_t is;

	if (ghosts < v->nghosts && v->ghosts[ghosts].r.uid == uid)
		return ghost_seq(v, ghosts);
	uint64_t slot = find_slot(v, uid);
	if (slot == v->slots || map_uid(v->map, slot) != uid)
		check_gap(v, slot, uid);
	else if (!bits_has(&v->hidden, slot)) {
		uint64_t nth = bits_rank_missing(&v->hidden, slot);
		if (uid_at(v, nth, slot, &is))
			return (uint32_t)(nth + ghosts) + 1;
	}
	return 0;
}

uint32_t view_seq_from(struct view *v, uint32_t uid)
{
	(void)view_carry(v);
	uint64_t slot = find_slot(v, uid);

	check_gap(v, slot, uid);
	return (uint32_t)(bits_rank_missing(&v->hidden, slot) + ghosts_below(v, uid)) + 1;
}

/* --- reading --- */

void view_found_dead(struct view *v, uint64_t modseq)
{
	v->gone = true;
	if (modseq && modseq - 1 < v->gone_mark)
		v->gone_mark = modseq - 1;
}

bool view_read(struct view *v, uint32_t seq, struct index_record *r)
{
	uint64_t nth;

	if (view_carry(v) < 0)
		return false;
	assert(seq >= 1 && seq <= view_count(v));
	const struct ghost *g = find_ghost(v, seq, &nth);
	if (g) {
		*r = g->r;
		return true;
	}
	if (!read_slot(v, nth, slot_of(v, nth), r))
		return false;
	if (r->state & INDEX_DEAD)
		view_found_dead(v, r->modseq);
	return true;
}

size_t view_name(struct view *v, const struct index_record *r, char out[INDEX_NAME_MAX + 1])
{
	size_t i = ghosts_below(v, r->uid);

	if (i == v->nghosts || v->ghosts[i].r.uid != r->uid)
		return map_name(v->map, r->name, out);
	memcpy(out, v->names.p + v->ghosts[i].name_at, v->ghosts[i].name_n);
	out[v->ghosts[i].name_n] = 0;
	return v->ghosts[i].name_n;
}

size_t view_keyword(struct view *v, unsigned n, char out[INDEX_KEYWORD_SIZE])
{
	return map_keyword(v->map, n, out);
}

uint64_t view_cache_id(struct view *v)
{
	return map_ok(v->map) ? map_load(v->map, HEAD_AT(cache_id)) : 0;
}

bool view_head(struct view *v, struct index_header *h)
{
	return map_head(v->map, h);
}

uint64_t view_modseq(const struct view *v)
{
	uint64_t m = v->flags_mark < v->gone_mark ? v->flags_mark : v->gone_mark;
	return view_differs(v) && v->differ_mark < m ? v->differ_mark : m;
}

bool view_is_expunged(struct view *v, uint32_t seq)
{
	struct index_record r;
	return view_read(v, seq, &r) && r.state & INDEX_DEAD;
}

bool view_has_expunges(struct view *v)
{
	return v->gone || v->nghosts;
}

/* --- whole blocks --- */

static bool block_may(struct view *v, uint64_t block, enum view_skip what, uint64_t modseq)
{
	struct index_block b;
	uint64_t end = (block + 1) * INDEX_BLOCK;

	/* The last one's summary says more than we see; damage is found by
	 * reading the records. */
	if (end > v->slots || !map_block(v->map, block, &b))
		return true;
	if (what == VIEW_MODSEQ)
		return b.modseq > modseq;
	/* Summaries count the living only; the dead that are not announced count
	 * for this session (RFC 2180 §4.1.1). */
	uint64_t visible = bits_rank_missing(&v->hidden, end) -
			   bits_rank_missing(&v->hidden, block * INDEX_BLOCK);
	if (visible > b.alive)
		return true;
	return (what == VIEW_DELETED ? b.deleted : what == VIEW_UNSEEN ? b.unseen : b.flagged) > 0;
}

/* A flag's bit in the first word of a record, or its absence. */
static uint64_t flag_word(enum view_skip what)
{
	uint64_t flag = what == VIEW_DELETED  ? FLAG_DELETED
			: what == VIEW_UNSEEN ? FLAG_SEEN
					      : FLAG_FLAGGED;

	return flag << 8 * offsetof(struct index_record, flags);
}

/* Looks at the flags of a block's records without their checks.  That is enough if the summary,
 * which has one, counts as many: a flag that was lost makes it fewer, one that was
 * added is found out when its record is read. */
static void scan_block(struct view *v, uint64_t block, enum view_skip what)
{
	const uint64_t dead = (uint64_t)INDEX_DEAD << 8 * offsetof(struct index_record, state);
	const uint64_t flag = flag_word(what), unset = what == VIEW_UNSEEN ? flag : 0;
	uint64_t change = map_load(v->map, HEAD_AT(change)), first = block * INDEX_BLOCK;
	uint64_t at = map_record_at(v->map, first);
	uint32_t alive = 0, match = 0;
	struct index_block b;

	v->skip_change = 1;
	if (change & 1 || what == VIEW_MODSEQ || first + INDEX_BLOCK > v->slots)
		return;
	memset(v->skip_bits, 0, sizeof v->skip_bits);
	for (unsigned i = 0; i < INDEX_BLOCK; i++, at += sizeof(struct index_record)) {
		uint64_t word = map_load(v->map, at), living = !(word & dead);
		uint64_t yes = living & (((word ^ unset) & flag) != 0);
		v->skip_bits[i / 64] |= yes << i % 64;
		alive += (uint32_t)living;
		match += (uint32_t)yes;
	}
	uint64_t visible = bits_rank_missing(&v->hidden, first + INDEX_BLOCK) -
			   bits_rank_missing(&v->hidden, first);
	/* Where some are dead and not announced, each must be asked. */
	if (map_block(v->map, block, &b) && b.alive == alive && visible == alive &&
	    match == (what == VIEW_DELETED  ? b.deleted
		      : what == VIEW_UNSEEN ? b.unseen
					    : b.flagged) &&
	    map_load(v->map, HEAD_AT(change)) == change)
		v->skip_change = change;
}

static bool let_through(struct view *v, uint64_t block, enum view_skip what, uint64_t modseq)
{
	if (block == v->skip_block && what == v->skip_what && modseq == v->skip_modseq)
		return true;
	if (!block_may(v, block, what, modseq))
		return false;
	v->skip_block = block;
	v->skip_what = what;
	v->skip_modseq = modseq;
	scan_block(v, block, what);
	return true;
}

/* The first slot of the block let through that may match, or where the next block begins. */
static uint64_t next_match(struct view *v, uint64_t slot)
{
	uint64_t block = slot / INDEX_BLOCK;
	unsigned i = (unsigned)(slot % INDEX_BLOCK), end = INDEX_BLOCK / 64;

	if (v->skip_change & 1 || map_load(v->map, HEAD_AT(change)) != v->skip_change)
		return slot;
	uint64_t word = v->skip_bits[i / 64] & UINT64_MAX << i % 64;
	for (i /= 64; !word && ++i < end;)
		word = v->skip_bits[i];
	return block * INDEX_BLOCK +
	       (word ? i * 64 + (unsigned)__builtin_ctzll(word) : INDEX_BLOCK);
}

uint32_t view_skip(struct view *v, uint32_t from, enum view_skip what, uint64_t modseq)
{
	uint32_t end = view_count(v) + 1;

	assert(from >= 1);
	if (from >= end || v->nghosts)
		return from < end ? from : end;
	uint64_t slot = slot_of(v, from - 1), first = slot;
	while (slot < v->slots) {
		uint64_t block = slot / INDEX_BLOCK;
		slot = let_through(v, block, what, modseq) ? next_match(v, slot)
							   : (block + 1) * INDEX_BLOCK;
		if (slot / INDEX_BLOCK == block)
			break;
	}
	if (slot == first)
		return from;
	return slot < v->slots ? (uint32_t)bits_rank_missing(&v->hidden, slot) + 1 : end;
}

uint32_t view_first_unseen(struct view *v)
{
	struct index_record r;
	uint32_t seq = 1;

	while ((seq = view_skip(v, seq, VIEW_UNSEEN, 0)) <= view_count(v)) {
		if (!view_read(v, seq, &r))
			return 0;
		if (!(r.flags & FLAG_SEEN))
			return seq;
		seq++;
	}
	return 0;
}
