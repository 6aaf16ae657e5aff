/*
 * basic.c: building, changing and reading through one and two handles; a
 * transaction as a whole; growth into a larger generation.
 */
#include "index_test.h"

static void test_build(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 1000);
	struct index_header h = head(ix);

	assert_int_equal(h.count, 1000);
	assert_int_equal(h.alive, 1000);
	assert_int_equal(h.unseen, 500);
	assert_int_equal(h.uidnext, 1001);
	assert_int_equal(h.uidvalidity, 77);
	assert_int_equal(h.highest_modseq, BASE);
	assert_int_equal(h.history_from, BASE);
	assert_int_equal(h.change % 2, 0);
	assert_true(h.cache_id != 0);
	for (uint32_t uid = 1; uid <= 1000; uid++) {
		char want[64], have[INDEX_NAME_MAX + 1];
		struct index_record r = get(ix, uid), w = record_of(uid);
		assert_int_equal(r.modseq, BASE);
		assert_int_equal(r.flags, w.flags);
		assert_int_equal(r.internal_date, w.internal_date);
		assert_int_equal(r.save_date, w.save_date);
		assert_int_equal(r.vsize, w.vsize);
		struct bytes n = name_of(uid, want);
		assert_int_equal(index_name(ix, &r, have), n.n);
		assert_string_equal(have, want);
	}
	check(ix);
	index_close(ix);
}

static void test_empty(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 0);
	struct index_record r;
	bool exact;

	assert_int_equal(index_find(ix, 1, &exact), 0);
	assert_false(exact);
	assert_false(index_read(ix, 0, &r));
	check(ix);
	add(ix, 5, 3);
	assert_int_equal(index_find(ix, 6, &exact), 1);
	assert_true(exact);
	assert_int_equal(head(ix).uidnext, 8);
	check(ix);
	index_close(ix);
}

/* What one handle commits another sees, without a lock or a refresh. */
static void test_two_handles(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 300), *b = index_open(&q);

	assert_true(index_usable(b));
	uint64_t before = head(b).highest_modseq;
	set_flags(a, 7, FLAG_FLAGGED | FLAG_DELETED);
	assert_int_equal(head(b).highest_modseq, before + 1);
	assert_int_equal(get(b, 7).flags, FLAG_FLAGGED | FLAG_DELETED);
	assert_int_equal(get(b, 7).modseq, before + 1);
	assert_int_equal(head(b).deleted, 1);
	expunge(b, 10, 20);
	assert_int_equal(get(a, 15).state, INDEX_DEAD);
	assert_int_equal(get(a, 15).flags, record_of(15).flags);
	assert_int_equal(head(a).alive, 289);
	add(a, 301, 500);
	assert_int_equal(head(b).alive, 789);
	char name[INDEX_NAME_MAX + 1], want[64];
	struct index_record r = get(b, 800);
	assert_int_equal(index_name(b, &r, name), name_of(800, want).n);
	assert_string_equal(name, want);
	struct index_block sum;
	assert_true(index_read_block(b, 3, &sum));
	assert_int_equal(sum.alive, 800 - 3 * INDEX_BLOCK);
	assert_false(index_read_block(b, 4, &sum));
	check(a);
	check(b);
	index_close(a);
	index_close(b);
}

/* Whatever was said about a message in one transaction, in any order, counts
 * once, the last word last. */
static void test_fold(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	struct index_record r = record_of(20);
	char name[INDEX_NAME_MAX + 1];

	lock(ix);
	index_begin(ix);
	uint64_t modseq = index_modseq(ix);
	index_add(ix, &r, BYTES("twenty"));
	index_set_flags(ix, 9, FLAG_SEEN, 1);
	index_set_flags(ix, 3, FLAG_SEEN, 0);
	index_set_place(ix, 3, 1, BYTES("three"));
	index_set_flags(ix, 3, FLAG_DRAFT, 6);
	index_set_flags(ix, 20, FLAG_FLAGGED, 2);
	index_set_place(ix, 20, 5, BYTES("zwanzig"));
	index_expunge(ix, 4);
	index_set_flags(ix, 4, FLAG_DELETED, 0);
	index_set_place(ix, 4, 1, BYTES("four"));
	index_set_place(ix, 6, 1, BYTES("six"));
	index_expunge(ix, 6);
	r.uid = 21;
	index_add(ix, &r, BYTES("came and went"));
	index_expunge(ix, 21);
	index_set_flags(ix, 12, FLAG_SEEN, 0); /* unknown */
	commit(ix);
	check(ix);
	index_unlock(ix);

	assert_int_equal(get(ix, 3).flags, FLAG_DRAFT);
	assert_int_equal(get(ix, 3).keywords, 6);
	assert_int_equal(get(ix, 3).driver, 1);
	assert_int_equal(get(ix, 3).modseq, modseq);
	r = get(ix, 3);
	assert_int_equal(index_name(ix, &r, name), 5);
	assert_string_equal(name, "three");
	assert_int_equal(get(ix, 4).state, INDEX_DEAD);
	assert_int_equal(get(ix, 4).flags, record_of(4).flags);
	r = get(ix, 4);
	assert_int_not_equal(index_name(ix, &r, name), 4);
	r = get(ix, 6);
	assert_int_equal(r.state, INDEX_DEAD);
	assert_int_not_equal(index_name(ix, &r, name), 3);
	assert_int_equal(get(ix, 9).modseq, modseq);
	assert_int_equal(get(ix, 8).modseq, BASE);
	r = get(ix, 20);
	assert_int_equal(r.flags, FLAG_FLAGGED);
	assert_int_equal(r.keywords, 2);
	assert_int_equal(r.driver, 5);
	assert_int_equal(index_name(ix, &r, name), 7);
	assert_string_equal(name, "zwanzig");
	assert_int_equal(head(ix).uidnext, 22);
	assert_int_equal(head(ix).alive, 9);
	assert_int_equal(head(ix).highest_modseq, modseq);
	index_close(ix);
}

/* Words of the header are journalled but raise no modseq, nor does a place. */
static void test_header_words(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	uint64_t words[INDEX_DRIVER_WORDS] = { 1, 2, 3 };
	char name[INDEX_KEYWORD_SIZE];

	words[INDEX_DRIVER_WORDS - 1] = 99;
	lock(ix);
	index_begin(ix);
	index_set_driver(ix, words);
	index_set_first_recent(ix, 11);
	index_set_uidnext(ix, 50);
	index_set_keyword(ix, 3, BYTES("$Forwarded"));
	index_set_place(ix, 5, 3, BYTES("five"));
	commit(ix);
	index_begin(ix);
	index_set_uidnext(ix, 40); /* never falls */
	commit(ix);
	index_begin(ix);
	commit(ix); /* nothing at all */
	check(ix);
	index_unlock(ix);
	struct index_header h = head(ix);
	assert_int_equal(h.highest_modseq, BASE);
	assert_int_equal(h.uidnext, 50);
	assert_int_equal(h.first_recent, 11);
	assert_int_equal(h.keywords, 4);
	assert_memory_equal(h.driver, words, sizeof words);
	assert_int_equal(index_keyword(ix, 3, name), 10);
	assert_string_equal(name, "$Forwarded");
	assert_int_equal(index_keyword(ix, 2, name), 0);
	assert_int_equal(index_keyword(ix, 64, name), 0);
	assert_int_equal(get(ix, 5).driver, 3);
	assert_int_equal(get(ix, 5).modseq, BASE);
	index_close(ix);
}

static void test_learn(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	uint64_t vsize = head(ix).vsize;

	lock(ix);
	index_learn_size(ix, 5, 5000);
	index_learn_size(ix, 5, 6000);
	index_learn_size(ix, 99, 6000);
	index_learn_cache(ix, 6, 4711);
	index_learn_date(ix, 6, -5);
	index_learn_cache_id(ix, 123);
	check(ix);
	index_unlock(ix);
	assert_int_equal(get(ix, 5).vsize, 6000);
	assert_int_equal(get(ix, 6).cache_at, 4711);
	assert_int_equal(get(ix, 6).internal_date, -5);
	assert_int_equal(head(ix).vsize, vsize + 6000);
	assert_int_equal(head(ix).cache_id, 123);
	assert_int_equal(head(ix).highest_modseq, BASE);
	index_close(ix);
}

/* Sizes and dates that 48 bits with a sign don't hold (a file's name says W=2^48, its date is
 * of the year 5000000): they are unknown, as if nobody had told, and nothing is damaged. */
static void test_too_large(void **state)
{
	(void)state;
	const int64_t edge = (int64_t)1 << 47;
	const struct {
		uint64_t vsize;
		int64_t date;
		bool fits;
	} table[] = {
		{ INDEX_SIZE_MAX, edge - 1, true },
		{ 0, -edge, true },
		{ (uint64_t)edge, edge, false },
		{ ((uint64_t)1 << 48) - 1, -edge - 1, false },
		{ ((uint64_t)1 << 48) + 100, ((int64_t)1 << 48) + 100, false },
		{ INT64_MAX, INT64_MAX, false },
	};
	const uint32_t n = sizeof table / sizeof *table;
	struct index_place p = new_place();
	struct index *ix = built(&p, n);
	uint64_t known = head(ix).vsize;
	char name[64];

	lock(ix);
	index_begin(ix);
	for (uint32_t i = 0; i < n; i++) {
		struct index_record r = record_of(n + 1 + i);
		r.vsize = table[i].vsize;
		r.internal_date = table[i].date;
		index_add(ix, &r, name_of(r.uid, name));
	}
	commit(ix);
	check(ix);
	for (uint32_t i = 0; i < n; i++) { /* uid 5 has no size at first */
		index_learn_size(ix, 1, table[i].vsize);
		index_learn_size(ix, 5, table[i].vsize);
		index_learn_date(ix, 1, table[i].date);
		check(ix);
		struct index_record r[] = { get(ix, 1), get(ix, 5), get(ix, n + 1 + i) };
		uint64_t size = table[i].fits ? table[i].vsize : INDEX_SIZE_UNKNOWN;
		int64_t date = table[i].fits ? table[i].date : INDEX_DATE_UNKNOWN;
		for (size_t k = 0; k < 3; k++)
			assert_true(r[k].vsize == size);
		assert_true(r[0].internal_date == date && r[2].internal_date == date);
	}
	index_unlock(ix);
	/* Of the known ones that of uid 1 is lost; the largest that fits came. */
	assert_int_equal(head(ix).vsize, known - record_of(1).vsize + INDEX_SIZE_MAX);
	index_close(ix);
}

/* A full table is replaced within the commit; the other handle goes along,
 * and what held the old generation still reads it. */
static void test_overflow(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 10), *b = index_open(&q);
	struct index_map *held = index_map_hold(b);
	struct index_record r;
	uint64_t id = head(a).id, generation = head(a).generation, capacity = head(a).capacity;

	assert_false(index_refresh(b));
	add(a, 11, (uint32_t)capacity);
	assert_true(head(a).capacity > capacity);
	assert_int_equal(head(a).generation, generation + 1);
	assert_int_equal(head(a).id, id);
	assert_true(map_superseded(held));
	assert_int_equal(head(b).generation, generation);
	assert_true(map_read(held, 3, &r));
	assert_int_equal(r.uid, 4);
	assert_true(index_refresh(b));
	assert_false(index_refresh(b));
	assert_int_equal(head(b).alive, capacity + 10);
	set_flags(b, 5, FLAG_DRAFT);
	assert_int_equal(get(a, 5).flags, FLAG_DRAFT);
	assert_true(map_read(held, 3, &r));
	index_map_release(held);
	check(a);
	check(b);
	index_close(a);
	index_close(b);
}

/* The lock leads a handle to the newer generation too. */
static void test_lock_moves(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 10), *b = index_open(&q);

	lock(a);
	assert_int_equal(index_compact(a, true, &err), 1);
	index_unlock(a);
	set_flags(b, 5, FLAG_DRAFT);
	assert_int_equal(head(b).generation, head(a).generation);
	assert_int_equal(get(a, 5).flags, FLAG_DRAFT);
	index_close(a);
	index_close(b);
}

static void test_lock_timeout(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 10), *b = index_open(&q);

	lock(a);
	assert_int_equal(index_lock(b, 10, &err), -1);
	assert_int_equal(err.kind, ERROR_INUSE);
	assert_false(index_locked(b));
	index_unlock(a);
	index_close(a);
	index_close(b);
}

/* A uid below uidnext can't be new: an error, and the index is built again. */
static void test_uid_order(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	struct index_record r = record_of(10);

	lock(ix);
	index_begin(ix);
	index_add(ix, &r, BYTES("ten"));
	assert_int_equal(index_commit(ix, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_false(index_usable(ix));
	index_unlock(ix);
	build(ix, 1, 12);
	check(ix);
	index_close(ix);
}

/* Deleting the files at any time is a rebuild, never an error. */
static void test_deleted(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 10), *b = index_open(&q);

	set_flags(a, 3, FLAG_DRAFT);
	unlinkat(p.dirfd, INDEX_FILE, 0);
	assert_true(index_refresh(b));
	assert_false(index_usable(b));
	lock(a);
	assert_false(index_usable(a));
	index_unlock(a);
	build(a, 1, 12);
	assert_int_equal(get(a, 3).modseq, BASE); /* not the old journal's */
	assert_true(index_refresh(b));
	assert_int_equal(head(b).alive, 12);
	unlinkat(p.dirfd, INDEX_JOURNAL_FILE, 0);
	set_flags(b, 4, FLAG_DRAFT);
	unlinkat(p.dirfd, INDEX_JOURNAL_FILE, 0);
	set_flags(a, 5, FLAG_DRAFT);
	set_flags(b, 6, FLAG_DRAFT); /* to the new one, not to the one it had open */
	struct buf j = slurp(&p, INDEX_JOURNAL_FILE);
	struct journal_header jh;
	memcpy(&jh, j.p, sizeof jh);
	assert_int_equal(jh.base + j.n - sizeof jh, head(a).applied);
	buf_free(&j);
	assert_int_equal(get(a, 4).flags & get(a, 5).flags & get(a, 6).flags, FLAG_DRAFT);
	check(a);
	index_close(a);
	index_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),        cmocka_unit_test(test_empty),
		cmocka_unit_test(test_two_handles),  cmocka_unit_test(test_fold),
		cmocka_unit_test(test_header_words), cmocka_unit_test(test_learn),
		cmocka_unit_test(test_overflow),     cmocka_unit_test(test_lock_moves),
		cmocka_unit_test(test_lock_timeout), cmocka_unit_test(test_uid_order),
		cmocka_unit_test(test_deleted),      cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
