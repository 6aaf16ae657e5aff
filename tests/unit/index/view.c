/*
 * view.c: what a session is told, by cases: order and numbers of expunges, news
 * that must wait and news that must not, whole blocks skipped, another
 * generation or another index under the view, damage.  view_model.c does the
 * same at random.
 */
#include "index_test.h"

#include "arena.h"
#include "view_private.h"

/* What a client was told, as text: "-3 =5 +2F" for EXPUNGE, EXISTS, FETCH. */
struct told {
	char text[4096];
	size_t n;
	struct view *v;
	uint16_t flags_2000; /* of that uid, if told */
};

static void tell(struct told *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct told *t, const char *fmt, ...)
{
	va_list args;

	if (t->n + 64 > sizeof t->text)
		return; /* what nobody compares */
	va_start(args, fmt);
	t->n += (size_t)vsnprintf(t->text + t->n, 64, fmt, args);
	va_end(args);
}

static void on_expunged(void *ctx, uint32_t seq, uint32_t uid)
{
	tell(ctx, "-%u(%u) ", seq, uid);
}

static void on_exists(void *ctx, uint32_t count)
{
	struct told *t = ctx;
	assert_int_equal(count, view_count(t->v));
	tell(ctx, "=%u ", count);
}

static void on_flags(void *ctx, uint32_t seq, const struct index_record *r)
{
	struct told *t = ctx;
	assert_int_equal(view_uid(t->v, seq), r->uid);
	if (r->uid == 2000)
		t->flags_2000 = r->flags;
	tell(ctx, "+%u:%x ", seq, r->flags);
}

static int sync_into(struct view *v, bool expunges, struct told *t)
{
	struct view_events ev = { on_expunged, on_exists, on_flags, t };

	*t = (struct told){ .v = v };
	int r = view_sync(v, expunges, &ev);
	if (t->n)
		t->text[t->n - 1] = 0;
	return r;
}

#define assert_sync(v, expunges, want)                                              \
	do {                                                                        \
		struct told t_;                                                     \
		assert_int_equal(sync_into((v), (expunges), &t_), *(want) ? 1 : 0); \
		assert_string_equal(t_.text, want);                                 \
	} while (0)

static void expunge_one(struct index *ix, uint32_t uid)
{
	expunge(ix, uid, uid);
}

/* Sequence numbers and UIDs fit each other. */
static void check_view(struct view *v)
{
	struct index_record r;
	uint32_t n = view_count(v), last = 0;

	for (uint32_t seq = 1; seq <= n; seq++) {
		uint32_t uid = view_uid(v, seq);
		assert_true(uid > last);
		assert_int_equal(view_seq(v, uid), seq);
		assert_int_equal(view_seq_from(v, uid), seq);
		assert_int_equal(view_seq_from(v, last + 1), seq);
		assert_true(view_read(v, seq, &r));
		assert_int_equal(r.uid, uid);
		last = uid;
	}
	for (uint32_t seq = n; seq >= 1; seq--) {
		assert_true(view_read(v, seq, &r));
		assert_int_equal(view_seq(v, r.uid), seq);
	}
	assert_int_equal(view_seq(v, 0), 0);
	assert_int_equal(view_seq(v, last + 1), 0);
	assert_int_equal(view_seq_from(v, last + 1), n + 1);
	assert_int_equal(view_seq_from(v, UINT32_MAX), n + 1);
}

/* The next generation is there, and found, while the first of the news is told. */
struct meanwhile {
	struct told told;
	struct index *ix, *other;
};

static void compact_meanwhile(void *ctx, uint32_t seq, uint32_t uid)
{
	struct meanwhile *m = ctx;

	if (m->told.n == 0) {
		lock(m->other);
		assert_int_equal(index_compact(m->other, true, &err), 1);
		index_unlock(m->other);
		struct index_map *was = m->ix->map;
		lock(m->ix);
		index_unlock(m->ix);
		assert_ptr_not_equal(m->ix->map, was);
	}
	assert_true(view_uid(m->told.v, seq) > uid);
	on_expunged(ctx, seq, uid);
}

static void test_next_generation_meanwhile(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct meanwhile m = { .other = built(&p, 5) };
	struct view_events ev = { compact_meanwhile, on_exists, on_flags, &m };

	m.ix = index_open(&q);
	m.told.v = view_open(m.ix);
	expunge(m.other, 1, 2);
	add(m.other, 6, 2);
	set_flags(m.other, 4, FLAG_DRAFT);
	set_flags(m.other, 7, FLAG_DELETED);
	lock(m.other); /* so old that a compaction drops them */
	grow_old(m.other->map, map_highest_modseq(m.other->map));
	index_unlock(m.other);
	assert_int_equal(view_sync(m.told.v, true, &ev), 1);
	assert_string_equal(m.told.text, "-1(1) -1(2) =5 +2:10 ");
	check_view(m.told.v);
	assert_sync(m.told.v, true, "");
	view_close(m.told.v);
	index_close(m.ix);
	index_close(m.other);
}

/* Cut and filled with something else under us: a header that has no records any more says
 * nothing of them. */
static void test_count_gone(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 5);
	struct view *v = view_open(ix);

	map_store(v->map, HEAD_AT(count), 0);
	map_store32(v->map, map_record_at(v->map, 2) + offsetof(struct index_record, uid), 4);
	assert_int_equal(view_uid(v, 3), 0);
	assert_false(view_ok(v)); /* so that it's built again */
	assert_int_equal(view_sync(v, true, &(struct view_events){ 0 }), -1);
	view_close(v);
	index_close(ix);
}

static void test_open(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = index_open(&p);

	assert_null(view_open(ix));
	build(ix, 1, 0);
	struct view *empty = view_open(ix);
	assert_int_equal(view_count(empty), 0);
	assert_int_equal(view_seq(empty, 1), 0);
	assert_int_equal(view_seq_from(empty, 1), 1);
	assert_int_equal(view_first_unseen(empty), 0);
	assert_int_equal(view_skip(empty, 1, VIEW_UNSEEN, 0), 1);
	add(ix, 1, 1000);
	assert_sync(empty, false, "=1000");
	check_view(empty);
	view_close(empty);

	expunge(ix, 100, 700);
	expunge(ix, 999, 1000);
	struct view *v = view_open(ix);
	assert_int_equal(view_count(v), 397);
	check_view(v);
	assert_int_equal(view_uid(v, 100), 701);
	assert_int_equal(view_seq(v, 300), 0);
	assert_int_equal(view_seq_from(v, 300), 100);
	assert_int_equal(view_modseq(v), head(ix).highest_modseq);
	assert_sync(v, true, "");
	view_close(v);
	index_close(ix);
}

/* RFC 3501 §7.4.1: the number is the one of that moment. */
static void test_expunged(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 9);
	struct view *v = view_open(ix);

	expunge(ix, 5, 9);
	assert_sync(v, true, "-5(5) -5(6) -5(7) -5(8) -5(9)");
	assert_sync(v, true, "");
	expunge_one(ix, 2);
	expunge_one(ix, 4);
	assert_sync(v, true, "-2(2) -3(4)");
	assert_int_equal(view_count(v), 2);
	check_view(v);
	view_close(v);
	index_close(ix);
}

static void test_order(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 5);
	struct view *v = view_open(ix);

	set_flags(ix, 5, FLAG_DRAFT);
	add(ix, 6, 2);
	expunge_one(ix, 3);
	set_flags(ix, 6, FLAG_FLAGGED);
	set_flags(ix, 1, FLAG_DELETED);
	assert_sync(v, true, "-3(3) =6 +1:8 +4:10");
	assert_sync(v, true, "");
	check_view(v);
	view_close(v);
	index_close(ix);
}

/* What came and went in between is never mentioned. */
static void test_never_announced(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 3);
	struct view *v = view_open(ix);

	add(ix, 4, 3);
	expunge(ix, 4, 6);
	assert_sync(v, true, "");
	add(ix, 7, 2);
	expunge_one(ix, 7);
	assert_sync(v, false, "=4");
	assert_int_equal(view_uid(v, 4), 8);
	assert_sync(v, true, "");
	check_view(v);
	view_close(v);
	index_close(ix);
}

static void test_waiting(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 5);
	struct view *v = view_open(ix);
	struct index_record r;
	char name[INDEX_NAME_MAX + 1], want[64];

	expunge_one(ix, 2);
	uint64_t gone = head(ix).highest_modseq;
	set_flags(ix, 3, FLAG_DRAFT);
	expunge_one(ix, 4);
	add(ix, 6, 1);
	assert_sync(v, false, "=6 +3:10");
	assert_sync(v, false, "");
	assert_int_equal(view_modseq(v), gone - 1);
	assert_true(view_has_expunges(v));
	assert_true(view_is_expunged(v, 2));
	assert_false(view_is_expunged(v, 3));
	assert_true(view_read(v, 4, &r));
	assert_int_equal(r.state, INDEX_DEAD);
	assert_int_equal(r.flags, record_of(4).flags);
	assert_int_equal(view_name(v, &r, name), name_of(4, want).n);
	assert_string_equal(name, want);
	check_view(v);
	set_flags(ix, 6, FLAG_DRAFT);
	assert_sync(v, false, "+6:10");
	assert_int_equal(view_modseq(v), gone - 1);
	assert_sync(v, true, "-2(2) -3(4)");
	assert_false(view_has_expunges(v));
	assert_int_equal(view_modseq(v), head(ix).highest_modseq);
	view_close(v);
	index_close(ix);
}

static void test_own(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *ix = built(&p, 5), *other = index_open(&q);
	struct view *v = view_open(ix);
	uint64_t before = head(ix).highest_modseq;

	set_flags(ix, 2, FLAG_DRAFT);
	view_own(v, before, before + 1);
	assert_int_equal(view_modseq(v), before + 1);
	assert_sync(v, true, "");
	/* Somebody else came in between: told as news, rather twice than never. */
	set_flags(other, 3, FLAG_DRAFT);
	set_flags(ix, 2, FLAG_SEEN);
	view_own(v, before + 2, before + 3);
	assert_sync(v, true, "+2:1 +3:10");
	/* An expunge and a new message in the same transaction stay news. */
	lock(ix);
	index_begin(ix);
	index_set_flags(ix, 2, FLAG_DRAFT, 0);
	index_expunge(ix, 4);
	char name[64];
	struct index_record r = record_of(6);
	index_add(ix, &r, name_of(6, name));
	commit(ix);
	index_unlock(ix);
	view_own(v, before + 3, before + 4);
	assert_sync(v, false, "=6");
	assert_int_equal(view_modseq(v), before + 3);
	assert_sync(v, true, "-4(4)");
	view_close(v);
	index_close(other);
	index_close(ix);
}

static void set_one(struct index *ix, uint32_t uid, uint16_t flags)
{
	set_flags(ix, uid, flags);
}

static void test_skip(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = index_open(&p);
	build(ix, 1, 0);
	lock(ix);
	index_begin(ix);
	for (uint32_t uid = 1; uid <= 3000; uid++) {
		struct index_record r = { .uid = uid, .flags = FLAG_SEEN };
		index_add(ix, &r, BYTES("n"));
	}
	commit(ix);
	index_unlock(ix);
	uint64_t base = head(ix).highest_modseq;
	set_one(ix, 1000, FLAG_SEEN | FLAG_DELETED);
	set_one(ix, 1500, 0);
	set_one(ix, 2000, FLAG_SEEN | FLAG_FLAGGED);
	struct view *v = view_open(ix);

	/* Blocks are 256 slots: 769..1024, 1281..1536, 1793..2048, rest 2817.. */
	assert_int_equal(view_skip(v, 1, VIEW_DELETED, 0), 1000);
	assert_int_equal(view_skip(v, 800, VIEW_DELETED, 0), 1000);
	assert_int_equal(view_skip(v, 1000, VIEW_DELETED, 0), 1000);
	assert_int_equal(view_skip(v, 1001, VIEW_DELETED, 0), 2817);
	assert_int_equal(view_skip(v, 1025, VIEW_DELETED, 0), 2817);
	assert_int_equal(view_skip(v, 1, VIEW_UNSEEN, 0), 1500);
	assert_int_equal(view_skip(v, 1, VIEW_FLAGGED, 0), 2000);
	assert_int_equal(view_skip(v, 1, VIEW_MODSEQ, base), 769);
	assert_int_equal(view_skip(v, 1, VIEW_MODSEQ, base + 1), 1281);
	assert_int_equal(view_skip(v, 1, VIEW_MODSEQ, base - 1), 1);
	assert_int_equal(view_skip(v, 3000, VIEW_DELETED, 0), 3000);
	assert_int_equal(view_skip(v, 3001, VIEW_DELETED, 0), 3001);
	assert_int_equal(view_first_unseen(v), 1500);
	/* Dead but not announced: this session still sees it \Deleted. */
	expunge_one(ix, 1000);
	assert_int_equal(view_skip(v, 1, VIEW_DELETED, 0), 769);
	assert_sync(v, true, "-1000(1000)");
	assert_int_equal(view_skip(v, 1, VIEW_DELETED, 0), 2816);
	assert_int_equal(view_first_unseen(v), 1499);
	set_one(ix, 1010, FLAG_SEEN | FLAG_DELETED);
	assert_int_equal(view_skip(v, 1, VIEW_DELETED, 0), 1009);
	/* The last block's summary already counts what this view hasn't. */
	set_one(ix, 2990, FLAG_SEEN | FLAG_DELETED);
	expunge_one(ix, 2990);
	add(ix, 3001, 10);
	assert_int_equal(view_skip(v, 2817, VIEW_DELETED, 0), 2817);
	view_close(v);
	index_close(ix);
}

/* --- generations --- */

/* The next generation without any tombstone. */
static void compact_all(struct index *ix)
{
	lock(ix);
	map_store(ix->map, HEAD_AT(mark_modseq), map_highest_modseq(ix->map));
	map_store(ix->map, HEAD_AT(mark_before), map_highest_modseq(ix->map));
	map_seal_head(ix->map);
	map_seal_head(ix->map);
	assert_int_equal(index_compact(ix, true, &err), 1);
	index_unlock(ix);
	assert_int_equal(head(ix).alive, head(ix).count);
}

static void test_generation(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 1000), *b = index_open(&q);
	struct view *v = view_open(b);

	expunge(a, 10, 300);
	set_flags(a, 9, FLAG_DRAFT);
	struct told t;
	assert_int_equal(sync_into(v, true, &t), 1);
	compact_all(a);
	set_flags(a, 9, FLAG_DELETED);
	add(a, 1001, 2);
	assert_sync(v, true, "=711 +9:8");
	assert_ptr_equal(v->map, b->map);
	assert_int_equal(v->hidden.n, 0);
	check_view(v);
	assert_sync(v, true, "");
	view_close(v);
	index_close(b);
	index_close(a);
}

/* The new generation doesn't have what was not announced yet. */
static void test_ghosts(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 12), *b = index_open(&q);
	struct view *v = view_open(b);
	struct index_record r;
	char name[INDEX_NAME_MAX + 1], want[64];

	expunge_one(a, 1);
	expunge_one(a, 5);
	assert_sync(v, false, "");
	uint64_t told = view_modseq(v);
	expunge(a, 6, 7);
	expunge_one(a, 12);
	compact_all(a);
	set_flags(a, 8, FLAG_DRAFT);
	add(a, 13, 2);
	assert_sync(v, false, "=14 +8:10");
	assert_int_equal(v->nghosts, 5);
	assert_true(view_has_expunges(v));
	assert_int_equal(view_modseq(v), told);
	check_view(v);
	for (uint32_t seq = 1; seq <= 14; seq++) {
		bool gone = seq == 1 || (seq >= 5 && seq <= 7) || seq == 12;
		assert_int_equal(view_is_expunged(v, seq), gone);
		assert_true(view_read(v, seq, &r));
		assert_int_equal(r.uid, seq);
		assert_int_equal(view_name(v, &r, name), name_of(seq, want).n);
		assert_string_equal(name, want);
		assert_int_equal(view_skip(v, seq, VIEW_FLAGGED, 0), seq);
	}
	/* And once more, with others. */
	expunge_one(a, 3);
	expunge_one(a, 14);
	compact_all(a);
	assert_sync(v, false, "");
	assert_int_equal(v->nghosts, 7);
	check_view(v);
	compact_all(a);
	assert_sync(v, false, "");
	assert_int_equal(v->nghosts, 7);
	check_view(v);
	expunge_one(a, 4);
	assert_sync(v, true, "-1(1) -2(3) -2(4) -2(5) -2(6) -2(7) -6(12) -7(14)");
	check_view(v);
	assert_int_equal(view_modseq(v), head(a).highest_modseq);
	assert_sync(v, true, "");
	view_close(v);
	index_close(b);
	index_close(a);
}

/* The handle moves because of a lock; reading follows, without being told. */
static void test_reading_follows(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 10), *b = index_open(&q);
	struct view *v = view_open(b);
	struct index_record r;

	expunge_one(a, 3);
	compact_all(a);
	set_flags(b, 7, FLAG_DRAFT);
	assert_true(view_read(v, 7, &r));
	assert_int_equal(r.uid, 7);
	assert_int_equal(r.flags, FLAG_DRAFT);
	assert_true(view_is_expunged(v, 3));
	check_view(v);
	assert_sync(v, true, "-3(3) +6:10");
	view_close(v);
	index_close(b);
	index_close(a);
}

/* --- another index --- */

struct again {
	uint32_t from, to, without;
	uint32_t uidvalidity;
	uint64_t epoch;
	uint32_t flagged; /* a uid whose flags are others */
	bool swapped;     /* keywords 0 and 1 */
};

/* Keyword "work" for every third. */
static void rebuild(struct index *ix, const struct again *g)
{
	struct index_build b = {
		.uidvalidity = g->uidvalidity,
		.uidnext = g->to + 1,
		.epoch = g->epoch,
	};
	char name[64];

	lock(ix);
	assert_int_equal(index_build_begin(ix, &b, &err), 0);
	index_build_keyword(ix, g->swapped, BYTES("work"));
	index_build_keyword(ix, !g->swapped, BYTES("play"));
	for (uint32_t uid = g->from; uid <= g->to; uid++) {
		struct index_record r = record_of(uid);
		r.keywords = uid % 3 ? 0 : 1u << g->swapped;
		if (uid == g->flagged)
			r.flags = FLAG_FLAGGED;
		if (uid != g->without)
			index_build_add(ix, &r, name_of(uid, name));
	}
	assert_int_equal(index_build_commit(ix, &err), 0);
	index_unlock(ix);
}

static const struct {
	const char *name;
	struct again again;
	const char *quiet, *loud; /* told without and with expunges; NULL: -1 */
} rebuilds[] = {
	{ "same", { 1, 9, 0, 77, 4, 0, false }, "", "" },
	{ "keywords", { 1, 9, 0, 77, 4, 0, true }, "", "" },
	{ "flags", { 1, 9, 0, 77, 4, 5, false }, "+5:4", "" },
	{ "flags and keywords", { 1, 9, 0, 77, 4, 6, true }, "+6:4", "" },
	{ "new", { 1, 11, 0, 77, 4, 5, false }, "=11 +5:4", "" },
	{ "gone", { 1, 9, 4, 77, 4, 5, false }, "+5:4", "-4(4)" },
	{ "first", { 2, 10, 9, 77, 4, 2, false }, "=10 +2:4", "-1(1) -8(9)" },
	{ "all",
	  { 20, 21, 0, 77, 4, 0, false },
	  "=11",
	  "-1(1) -1(2) -1(3) -1(4) -1(5) -1(6) -1(7) -1(8) -1(9)" },
	{ "no epoch", { 1, 9, 4, 77, 1, 5, false }, "+5:4", "-4(4)" },
	{ "another mailbox", { 1, 9, 0, 78, 4, 0, false }, NULL, NULL },
};

static void test_rebuilt(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(rebuilds); i++) {
		struct index_place p = new_place(), q = same_place(&p);
		struct index *a = index_open(&p), *b = index_open(&q);
		rebuild(a, &(struct again){ 1, 9, 0, 77, 3, 0, false });
		assert_true(index_refresh(b));
		struct view *v = view_open(b);
		struct told t;
		assert_int_equal(unlinkat(p.dirfd, INDEX_FILE, 0), 0);
		rebuild(a, &rebuilds[i].again);
		if (!rebuilds[i].quiet) {
			assert_int_equal(sync_into(v, false, &t), -1);
			assert_int_equal(sync_into(v, true, &t), -1);
		} else {
			uint64_t before = view_modseq(v);
			assert_sync(v, false, rebuilds[i].quiet);
			check_view(v);
			/* An expunge that is not told yet has no modseq any more. */
			if (*rebuilds[i].loud)
				assert_true(view_modseq(v) <= before);
			assert_sync(v, true, rebuilds[i].loud);
			assert_sync(v, true, "");
			assert_int_equal(view_modseq(v), head(a).highest_modseq);
			check_view(v);
		}
		view_close(v);
		index_close(b);
		index_close(a);
	}
}

/* Differences found on the way to one index survive the way to the next. */
static void test_rebuilt_twice(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = index_open(&p), *b = index_open(&q);
	struct index_record r;

	for (int how = 0; how < 2; how++) {
		rebuild(a, &(struct again){ 1, 9, 0, 77, 3, 0, false });
		index_refresh(b);
		struct view *v = view_open(b);
		uint64_t told = view_modseq(v);
		rebuild(a, &(struct again){ 1, 9, 0, 77, 4, 5, false });
		index_refresh(b);
		assert_true(view_read(v, 5, &r));
		assert_int_equal(r.flags, FLAG_FLAGGED);
		assert_int_equal(view_modseq(v), told);
		if (how == 0)
			compact_all(a);
		else
			rebuild(a, &(struct again){ 1, 9, 0, 77, 5, 5, false });
		assert_sync(v, false, "+5:4");
		assert_sync(v, false, "");
		view_close(v);
	}
	index_close(b);
	index_close(a);
}

/* Announced as gone: it doesn't come back to this session, whatever the store
 * says now. */
static void test_come_back(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = index_open(&p), *b = index_open(&q);

	rebuild(a, &(struct again){ 1, 9, 0, 77, 3, 0, false });
	index_refresh(b);
	struct view *v = view_open(b);
	expunge_one(a, 2);
	expunge(a, 7, 9);
	assert_sync(v, true, "-2(2) -6(7) -6(8) -6(9)");
	rebuild(a, &(struct again){ 1, 10, 0, 77, 4, 0, false });
	assert_sync(v, true, "=6");
	assert_int_equal(view_uid(v, 6), 10);
	assert_int_equal(view_seq(v, 8), 0);
	check_view(v);
	view_close(v);
	index_close(b);
	index_close(a);
}

/* --- damage --- */

enum damage { DELETED, CUT, CUT_HALF, ZEROS, RANDOM, RANDOM_RECORDS };

static void damage(const struct index_place *p, enum damage how)
{
	struct stat st;
	int fd = openat(p->dirfd, INDEX_FILE, O_RDWR);

	assert_int_equal(fstat(fd, &st), 0);
	size_t n = (size_t)st.st_size;
	uint64_t at = how == RANDOM_RECORDS ? INDEX_BLOCKS_AT + 64 * 1024 : 0;
	unsigned seed = 1;
	char *junk = mem_alloc(n);
	for (size_t i = 0; i < n; i++)
		junk[i] = (char)(how == ZEROS ? 0 : rand_r(&seed) >> 7);
	if (how == DELETED)
		assert_int_equal(unlinkat(p->dirfd, INDEX_FILE, 0), 0);
	else if (how == CUT || how == CUT_HALF)
		assert_int_equal(ftruncate(fd, how == CUT ? 0 : st.st_size / 2), 0);
	else
		assert_int_equal(file_pwrite_all(fd, junk, at < n ? n - at : 0, (off_t)at), 0);
	free(junk);
	close(fd);
}

static void write_flags(const struct index_place *p, uint64_t at, uint16_t flags)
{
	int fd = openat(p->dirfd, INDEX_FILE, O_RDWR);

	assert_int_equal(file_pwrite_all(fd, &flags, sizeof flags,
					 (off_t)(at + offsetof(struct index_record, flags))),
			 0);
	close(fd);
}

/* Flags overwritten by somebody: no message is passed over, and reading it says so. */
static void test_damaged_flags(void **state)
{
	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct index_place p = new_place();
		struct index *ix = built(&p, 600);
		struct index_record r;
		set_one(ix, 300, FLAG_FLAGGED);
		struct view *v = view_open(ix);
		uint64_t at = head(ix).records_at + (lost ? 299 : 289) * sizeof r;
		assert_int_equal(view_skip(v, 1, VIEW_FLAGGED, 0), 300);
		assert_int_equal(view_skip(v, 301, VIEW_FLAGGED, 0), 513);
		write_flags(&p, at, lost ? 0 : FLAG_FLAGGED);
		uint32_t seq = view_skip(v, 257, VIEW_FLAGGED, 0);
		assert_true(seq <= (lost ? 300u : 290u));
		while (seq < 290 || (lost && seq < 300))
			assert_true(view_read(v, seq++, &r));
		assert_false(view_read(v, seq, &r));
		view_close(v);
		index_close(ix);
	}
}

/* Whatever is read between damage and repair is right or refused; after it the
 * view is as it was. */
static void test_damaged(void **state)
{
	(void)state;
	struct told t;
	struct index_record r;

	for (int how = DELETED; how <= RANDOM_RECORDS; how++) {
		struct index_place p = new_place(), q = same_place(&p);
		struct index *a = built(&p, 5000), *b = index_open(&q);
		expunge(a, 1001, 1100);
		struct view *v = view_open(b);
		assert_int_equal(view_count(v), 4900);
		damage(&p, (enum damage)how);
		for (uint32_t seq = 1; seq <= 4900; seq += 7) {
			uint32_t want = seq <= 1000 ? seq : seq + 100;
			if (view_read(v, seq, &r))
				assert_int_equal(r.uid, want);
			uint32_t uid = view_uid(v, seq);
			assert_true(uid == 0 || uid == want);
		}
		/* The store builds it again: the same messages but one new. */
		struct index_build build_of = { .uidvalidity = 77, .uidnext = 5002, .epoch = 9 };
		char name[64];
		lock(a);
		assert_int_equal(index_build_begin(a, &build_of, &err), 0);
		for (uint32_t uid = 1; uid <= 5001; uid++) {
			r = record_of(uid);
			if (uid == 2000)
				r.flags = FLAG_DRAFT;
			if (uid <= 1000 || uid > 1100)
				index_build_add(a, &r, name_of(uid, name));
		}
		assert_int_equal(index_build_commit(a, &err), 0);
		index_unlock(a);
		int told = sync_into(v, true, &t);
		assert_int_equal(told, 1);
		assert_int_equal(t.flags_2000, FLAG_DRAFT);
		assert_int_equal(view_count(v), 4901);
		check_view(v);
		assert_int_equal(view_uid(v, 1001), 1101);
		view_close(v);
		index_close(b);
		index_close(a);
	}
}

/* Damaged and something was expunged meanwhile: nobody knows which numbers the
 * client has, so it is said. */
static void test_damaged_and_changed(void **state)
{
	(void)state;
	struct told t;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 5000), *b = index_open(&q);
	struct view *v = view_open(b);

	damage(&p, CUT_HALF);
	rebuild(a, &(struct again){ 1, 5000, 2500, 77, 9, 0, false });
	assert_int_equal(sync_into(v, true, &t), -1);
	assert_string_equal(t.text, "");
	view_close(v);
	index_close(b);
	index_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_generation_meanwhile),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_count_gone),
		cmocka_unit_test(test_expunged),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_never_announced),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_generation),
		cmocka_unit_test(test_ghosts),
		cmocka_unit_test(test_reading_follows),
		cmocka_unit_test(test_rebuilt),
		cmocka_unit_test(test_rebuilt_twice),
		cmocka_unit_test(test_come_back),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_flags),
		cmocka_unit_test(test_damaged_and_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
