/*
 * view_sync.c: tells a session what changed since it was last told.
 *
 * The highest modseq M is read first, then blocks with a higher modseq than our
 * marks are visited; what a writer adds meanwhile is perhaps told twice, never
 * missed (index-design §4).  Expunges come first, in rising order, each with
 * the sequence number of its moment; then the new count, then flags.  Expunges wait
 * where RFC 3501 §7.4.1 forbids them; the rest does not.  A message that came and
 * went between two syncs is never mentioned.  \Recent is the store's.
 */
#include "view_private.h"

struct sync {
	struct view *v;
	const struct view_events *ev;
	struct index_header h; /* read first: M, and how many records */
	uint64_t slots;        /* members before this sync are below */
	bool told;
};

/* The header goes on from where we are (map_head has checked that it is one of
 * this map). */
static bool goes_on(const struct sync *s)
{
	const struct view *v = s->v;
	const struct index_header *h = &s->h;

	return h->uidvalidity == v->uidvalidity && h->count >= v->slots &&
	       h->highest_modseq >= v->flags_mark && h->highest_modseq >= v->seen_mark &&
	       (!v->slots || map_uid(v->map, v->slots - 1) == v->tail_uid);
}

/* A damaged summary counts as changed: reading its records says so. */
static bool is_unchanged(const struct sync *s, uint64_t block, uint64_t mark)
{
	struct index_block b;
	return map_block(s->v->map, block, &b) && b.modseq <= mark;
}

/* The first slot >= `slot` of a block that has changes above the mark;
 * s->slots at the end. */
static uint64_t changed(const struct sync *s, uint64_t slot, uint64_t mark)
{
	while (slot < s->slots && slot % INDEX_BLOCK == 0 &&
	       is_unchanged(s, slot / INDEX_BLOCK, mark))
		slot += INDEX_BLOCK;
	return slot < s->slots ? slot : s->slots;
}

/* The same, of visible ones. */
static uint64_t next_changed(const struct sync *s, uint64_t slot, uint64_t mark)
{
	uint64_t at = changed(s, slot, mark);

	for (;;) {
		uint64_t visible = bits_next_missing(&s->v->hidden, at);
		if (visible / INDEX_BLOCK == at / INDEX_BLOCK || at == s->slots)
			return visible < s->slots ? visible : s->slots;
		at = changed(s, visible - visible % INDEX_BLOCK, mark);
		if (at < visible)
			at = visible;
	}
}

/* --- expunges --- */

static void announce(struct sync *s, uint32_t seq, uint32_t uid)
{
	view_cursor_reset(s->v);
	s->told = true;
	if (s->ev->expunged)
		s->ev->expunged(s->ev->ctx, seq, uid);
}

/* Those that stand before a slot, which is not before any announced one. */
static void announce_ghosts(struct sync *s, uint64_t slot)
{
	struct view *v = s->v;

	while (v->nghosts && v->ghosts->at <= slot) {
		const struct ghost *g = v->ghosts++;
		v->nghosts--;
		announce(s, (uint32_t)bits_rank_missing(&v->hidden, g->at) + 1, g->r.uid);
	}
}

static int tell_expunges(struct sync *s)
{
	struct view *v = s->v;
	struct index_record r;

	for (uint64_t slot = 0; (slot = next_changed(s, slot, v->gone_mark)) < s->slots; slot++) {
		if (!map_read(v->map, slot, &r))
			return -1;
		if (!(r.state & INDEX_DEAD))
			continue;
		announce_ghosts(s, slot);
		uint32_t seq = view_seq_of_slot(v, slot);
		bits_add(&v->hidden, slot);
		announce(s, seq, r.uid);
	}
	announce_ghosts(s, UINT64_MAX);
	view_drop_ghosts(v);
	v->gone = false;
	v->gone_mark = v->seen_mark = s->h.highest_modseq;
	return 0;
}

/* They may not be told now: only whether there are any, and how old. */
static int find_expunges(struct sync *s)
{
	struct view *v = s->v;
	struct index_record r;
	uint64_t slot = 0, m = s->h.highest_modseq, mark = m;
	bool had = view_has_expunges(v);

	for (; (slot = next_changed(s, slot, v->seen_mark)) < s->slots; slot++) {
		if (!map_read(v->map, slot, &r))
			return -1;
		if (!(r.state & INDEX_DEAD))
			continue;
		v->gone = true;
		if (r.modseq <= mark)
			mark = r.modseq - 1;
	}
	if (!had)
		v->gone_mark = mark;
	v->seen_mark = m;
	return 0;
}

/* A header that counts as many living as we see has nothing dead for us. */
static bool none_expunged(const struct sync *s)
{
	struct view *v = s->v;

	return !view_has_expunges(v) && s->h.count == v->slots &&
	       s->h.alive == v->slots - v->hidden.n;
}

static int sync_expunges(struct sync *s, bool expunges)
{
	struct view *v = s->v;
	uint64_t m = s->h.highest_modseq;

	if (none_expunged(s)) {
		v->gone_mark = v->seen_mark = m;
		return 0;
	}
	if (expunges)
		return v->gone_mark < m || view_has_expunges(v) ? tell_expunges(s) : 0;
	return v->seen_mark < m ? find_expunges(s) : 0;
}

/* --- new messages, flags --- */

static int sync_new(struct sync *s)
{
	struct view *v = s->v;
	struct index_record r;
	uint32_t before = view_count(v);

	for (; v->slots < s->h.count; v->slots++) {
		if (!map_read(v->map, v->slots, &r))
			return -1;
		if (r.uid <= v->last_uid)
			return view_broke(v);
		if (r.state & INDEX_DEAD)
			bits_add(&v->hidden, v->slots);
		v->last_uid = v->tail_uid = r.uid;
	}
	if (view_count(v) == before)
		return 0;
	s->told = true;
	if (s->ev->exists)
		s->ev->exists(s->ev->ctx, view_count(v));
	return 0;
}

static int tell_flags(struct sync *s, uint64_t slot, bool differs)
{
	struct view *v = s->v;
	struct index_record r;

	if (!map_read(v->map, slot, &r))
		return -1;
	if (r.state & INDEX_DEAD || (r.modseq <= v->flags_mark && !differs))
		return 0;
	s->told = true;
	if (s->ev->flags)
		s->ev->flags(s->ev->ctx, view_seq_of_slot(v, slot), &r);
	return 0;
}

static int sync_flags(struct sync *s)
{
	struct view *v = s->v;
	bool all = v->differ_all;
	uint64_t mark = all ? 0 : v->flags_mark, differ = bits_next(&v->differ, 0);
	uint64_t news = next_changed(s, 0, mark), slot;

	for (; (slot = news < differ ? news : differ) < s->slots;) {
		if (tell_flags(s, slot, all || slot == differ) < 0)
			return -1;
		if (slot == differ)
			differ = bits_next(&v->differ, slot + 1);
		if (slot == news)
			news = next_changed(s, slot + 1, mark);
	}
	bits_free(&v->differ);
	v->differ_all = false;
	v->flags_mark = s->h.highest_modseq;
	return 0;
}

static int sync_all(struct sync *s, bool expunges)
{
	struct view *v = s->v;

	s->slots = v->slots;
	if (sync_expunges(s, expunges) < 0 || sync_new(s) < 0)
		return -1;
	if ((v->flags_mark < s->h.highest_modseq || view_differs(v)) && sync_flags(s) < 0)
		return -1;
	return map_ok(v->map) ? s->told : -1;
}

int view_sync(struct view *v, bool expunges, const struct view_events *ev)
{
	struct sync s = { .v = v, .ev = ev };

	index_refresh(v->ix);
	if (view_carry(v) < 0 || !map_head(v->map, &s.h))
		return -1;
	if (!goes_on(&s))
		return view_broke(v);
	v->telling = true;
	int r = sync_all(&s, expunges);
	v->telling = false;
	return r;
}

void view_own(struct view *v, uint64_t before, uint64_t modseq)
{
	struct sync s = { .v = v };

	/* First, and in any case: what was told is compared with this generation. */
	if (view_carry(v) < 0 || v->flags_mark != before || !map_head(v->map, &s.h) ||
	    !goes_on(&s) || s.h.highest_modseq != modseq || view_differs(v))
		return;
	v->flags_mark = modseq;
	if (none_expunged(&s))
		v->gone_mark = v->seen_mark = modseq;
}
