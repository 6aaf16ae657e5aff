/*
 * view_carry.c: the same view, over another generation of the index.
 *
 * Old and new map are walked together by UID (index-design §7).  A member that the new
 * one has keeps its place; one that it lacks becomes a ghost, so that sequence
 * numbers stay until its expunge may be announced; what was hidden, and any UID that
 * turns up below the highest we know, stays hidden.  If the index was built again
 * (another id), modseqs can't say what changed: flags are compared.
 *
 * The old map may be damaged, perhaps that is why there is a new one.  It is believed
 * only if every UID in it is in order and the last is the one we remember;
 * otherwise the living messages of the new one must be as many as we had.
 */
#include "view_private.h"

#include "arena.h"
#include "index_private.h"

/* Where the bit of an old keyword is in the new table. */
struct translation {
	bool same;
	uint64_t to[INDEX_KEYWORDS]; /* 0: the name is gone */
};

struct walk {
	struct view *from, *to;
	uint64_t at, end; /* in the new map: next record, records */
	size_t ghost;     /* next one of the old view */
	uint32_t uid;     /* last one seen in the old map */
	uint32_t new_uid; /* likewise */
	bool foreign;
	struct translation keywords;
};

static struct bytes keyword(struct index_map *m, unsigned n, char text[INDEX_KEYWORD_SIZE])
{
	size_t len = map_keyword(m, n, text);
	return (struct bytes){ text, len };
}

static uint64_t find_keyword(struct index_map *m, struct bytes name)
{
	char text[INDEX_KEYWORD_SIZE];

	for (unsigned n = 0; name.n && n < INDEX_KEYWORDS; n++)
		if (bytes_ieq(keyword(m, n, text), name))
			return 1ull << n;
	return 0;
}

static void translate_init(struct translation *t, struct index_map *from, struct index_map *to)
{
	char a[INDEX_KEYWORD_SIZE], b[INDEX_KEYWORD_SIZE];

	t->same = true;
	for (unsigned n = 0; n < INDEX_KEYWORDS; n++) {
		struct bytes name = keyword(from, n, a);
		t->to[n] = 1ull << n;
		if (bytes_ieq(name, keyword(to, n, b)))
			continue;
		t->same = false;
		t->to[n] = find_keyword(to, name);
	}
}

/* False: one of them has no name any more, or shows another one now. */
static bool same_keywords(const struct translation *t, uint64_t was, uint64_t is)
{
	uint64_t expect = 0;

	if (t->same)
		return was == is;
	for (; was; was &= was - 1) {
		uint64_t bit = t->to[__builtin_ctzll(was)];
		if (!bit)
			return false;
		expect |= bit;
	}
	return expect == is;
}

/* --- one member --- */

static bool new_damaged(struct walk *w)
{
	w->to->map->broken = true;
	return false;
}

/* Hides what the new map has below uid; false if it is damaged. */
static bool skip_to(struct walk *w, uint32_t uid)
{
	struct index_record r;

	for (; w->at < w->end; w->at++) {
		uint32_t u = map_uid(w->to->map, w->at);
		if (u <= w->new_uid)
			return new_damaged(w);
		if (u >= uid)
			return true;
		if (!map_read(w->to->map, w->at, &r) || r.uid != u)
			return false;
		w->new_uid = u;
		bits_add(&w->to->hidden, w->at);
	}
	return true;
}

/* 1: the next record of the new map is that member; 0: it has no such record, and
 * the one that stands there says so with its check; -1: damaged. */
static int match(struct walk *w, uint32_t uid)
{
	struct index_record r;

	if (!skip_to(w, uid))
		return -1;
	if (w->at == w->end)
		return 0;
	if (map_uid(w->to->map, w->at) == uid)
		return 1;
	return map_read(w->to->map, w->at, &r) && r.uid > uid ? 0 : -1;
}

static void add_ghost(struct walk *w, const struct index_record *r, const char *name, size_t n)
{
	struct view *to = w->to;

	if (!(to->nghosts & (to->nghosts + 1))) /* one less than a power of two: full */
		to->ghosts = to->ghosts_mem =
			mem_realloc(to->ghosts_mem, 2 * (to->nghosts + 1) * sizeof *to->ghosts);
	struct ghost *g = &to->ghosts[to->nghosts++];
	*g = (struct ghost){ .r = *r, .at = w->at, .name_at = to->names.n, .name_n = n };
	g->r.state |= INDEX_DEAD;
	buf_add(&to->names, name, n);
}

static bool has_left(struct walk *w, uint64_t slot)
{
	struct index_record r;
	char name[INDEX_NAME_MAX + 1];

	if (!map_read(w->from->map, slot, &r) || r.uid != w->uid)
		return false;
	add_ghost(w, &r, name, map_name(w->from->map, r.name, name));
	return true;
}

/* Is the member, found in the new map, as the session was told?  What changed in
 * the old map since then wasn't told either.  Its tombstone may be news as well. */
static bool compare(struct walk *w, const struct index_record *was)
{
	struct index_record is;

	if (!map_read(w->to->map, w->at, &is))
		return false;
	if (is.state & INDEX_DEAD)
		view_found_dead(w->to, is.modseq);
	else if (was->modseq > w->from->flags_mark || is.flags != was->flags ||
		 !same_keywords(&w->keywords, was->keywords, is.keywords))
		bits_add(&w->to->differ, w->at);
	return true;
}

/* A record of the old map. */
static bool carry_slot(struct walk *w, uint64_t slot, uint32_t uid)
{
	struct index_record was;
	int found = match(w, uid);

	if (found <= 0)
		return found == 0 && has_left(w, slot);
	if (bits_has(&w->from->differ, slot))
		bits_add(&w->to->differ, w->at);
	if (w->foreign && (!map_read(w->from->map, slot, &was) || !compare(w, &was)))
		return false;
	w->new_uid = uid;
	w->at++;
	return true;
}

/* A ghost, which may have come back. */
static bool carry_ghost(struct walk *w, const struct ghost *g)
{
	int found = match(w, g->r.uid);

	if (found == 0)
		add_ghost(w, &g->r, w->from->names.p + g->name_at, g->name_n);
	if (found <= 0)
		return found == 0;
	if (!compare(w, &g->r))
		return false;
	bits_add(&w->to->differ, w->at);
	w->new_uid = g->r.uid;
	w->at++;
	return true;
}

static bool carry_ghosts_below(struct walk *w, uint64_t uid)
{
	const struct view *from = w->from;

	for (; w->ghost < from->nghosts && from->ghosts[w->ghost].r.uid < uid; w->ghost++)
		if (!carry_ghost(w, &from->ghosts[w->ghost]))
			return false;
	return true;
}

/* --- all of them --- */

/* What else the new map has that is not above all we know, is hidden; the
 * rest is new. */
static bool finish(struct walk *w)
{
	struct view *to = w->to;

	if (!skip_to(w, to->last_uid))
		return false;
	if (w->at < w->end && map_uid(to->map, w->at) == to->last_uid) {
		bits_add(&to->hidden, w->at++);
		w->new_uid = to->last_uid;
	}
	to->slots = w->at;
	to->tail_uid = w->new_uid;
	return map_ok(to->map);
}

static bool walk_both(struct walk *w)
{
	struct view *from = w->from;
	struct index_header h;

	if (!map_head(from->map, &h))
		return false;
	if (w->foreign)
		translate_init(&w->keywords, from->map, w->to->map);
	for (uint64_t slot = 0; slot < from->slots; slot++) {
		uint32_t uid = map_uid(from->map, slot);
		if (uid <= w->uid || uid > from->tail_uid || !carry_ghosts_below(w, uid))
			return false;
		w->uid = uid;
		if (!bits_has(&from->hidden, slot) && !carry_slot(w, slot, uid))
			return false;
	}
	return w->uid == from->tail_uid && carry_ghosts_below(w, UINT64_MAX) && finish(w) &&
	       map_ok(from->map);
}

/* Without the old map: its members are the living of the new one, if they are
 * as many and nothing was known to be dead. */
static bool guess(struct walk *w)
{
	struct view *from = w->from, *to = w->to;
	uint64_t expect = from->slots - from->hidden.n, found = 0;
	struct index_record r;

	for (; w->at < w->end && !from->gone && !from->nghosts; w->at++) {
		if (!map_read(to->map, w->at, &r) || r.uid <= w->new_uid)
			return new_damaged(w);
		if (r.uid > from->last_uid)
			break;
		w->new_uid = r.uid;
		if (r.state & INDEX_DEAD)
			bits_add(&to->hidden, w->at);
		else
			found++;
	}
	to->slots = w->at;
	to->tail_uid = w->new_uid;
	to->differ_all = true;
	return found == expect && !from->gone && !from->nghosts && map_ok(to->map);
}

static void drop(struct view *v)
{
	bits_free(&v->hidden);
	bits_free(&v->differ);
	view_drop_ghosts(v);
}

static void walk_begin(struct walk *w, struct view *from, struct view *to,
		       const struct index_header *h)
{
	*w = (struct walk){ .from = from, .to = to, .end = h->count };
	w->foreign = to->map->id != from->map->id || h->highest_modseq < from->flags_mark;
	to->hidden = to->differ = BITS_INIT;
	to->ghosts = to->ghosts_mem = NULL;
	to->nghosts = 0;
	to->names = BUF_INIT;
	if (w->foreign)
		to->flags_mark = to->seen_mark = to->gone_mark = h->highest_modseq;
	w->keywords.same = true;
}

/* An expunge found only now has no modseq of the new index: what the client
 * is told stays below (RFC 7162 §3.2). */
static void settle_marks(const struct walk *w)
{
	const struct view *from = w->from;
	struct view *to = w->to;

	if (to->nghosts && from->gone_mark < to->gone_mark)
		to->gone_mark = from->gone_mark;
	if (view_differs(to) && !view_differs(from))
		to->differ_mark = from->flags_mark;
}

static int carry_to(struct view *v, struct index_map *m)
{
	struct index_header h;
	struct view to = *v;
	struct walk w;

	to.map = m;
	if (!map_head(m, &h) || h.uidvalidity != v->uidvalidity || h.count > m->capacity)
		return -1;
	walk_begin(&w, v, &to, &h);
	if (!walk_both(&w)) {
		drop(&to);
		to = *v;
		to.map = m;
		walk_begin(&w, v, &to, &h);
		if (!guess(&w)) {
			drop(&to);
			return -1;
		}
	}
	settle_marks(&w);
	drop(v);
	*v = to;
	view_cursor_reset(v);
	return 0;
}

int view_carry(struct view *v)
{
	struct index_map *old = v->map;

	/* A reader that takes the lock may find the next generation in the middle of a sync,
	 * and who is told may ask the view: its places are those of the old one until then. */
	if (v->ix->map == old || v->telling)
		return 0;
	struct index_map *m = index_map_hold(v->ix);
	if (!m)
		return 0; /* what we have is all there is */
	if (carry_to(v, m) < 0) {
		index_map_release(m);
		return -1;
	}
	index_map_release(old);
	return 0;
}
