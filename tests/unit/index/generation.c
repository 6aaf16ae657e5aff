/*
 * generation.c: what a rewrite keeps and drops, when it pays, and what
 * history_from says then (index-design §3, §7).
 */
#include "index_test.h"

static int compact(struct index *ix, bool force)
{
	lock(ix);
	int r = index_compact(ix, force, &err);
	index_unlock(ix);
	return r;
}

static void set_word(struct index *ix, size_t at, uint64_t v)
{
	lock(ix);
	map_store(ix->map, at, v);
	map_seal_head(ix->map);
	index_unlock(ix);
}

/* As if the last change had been longer ago than tombstones are kept. */
static void age(struct index *ix)
{
	set_word(ix, HEAD_AT(mark_time), head(ix).mark_time - INDEX_HISTORY_SECONDS - 1);
}

static bool has(struct index *ix, uint32_t uid)
{
	bool exact;
	index_find(ix, uid, &exact);
	return exact;
}

/* Young tombstones stay, with all they say; a word that was told stays true. */
static void test_young_stay(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 400);

	expunge(ix, 100, 300);
	assert_int_equal(compact(ix, false), 0);
	set_word(ix, HEAD_AT(mark_time), head(ix).mark_time - INDEX_HISTORY_SECONDS / 2);
	for (int i = 0; i < 3; i++) {
		set_flags(ix, 1, FLAG_DRAFT);
		assert_int_equal(head(ix).mark_before, 0);
		assert_int_equal(head(ix).mark_modseq, BASE);
	}
	struct index_record was = get(ix, 150), is;
	assert_int_equal(compact(ix, true), 1);
	is = get(ix, 150);
	char name[INDEX_NAME_MAX + 1], want[64];
	assert_int_equal(index_name(ix, &is, name), name_of(150, want).n);
	assert_string_equal(name, want);
	is.name = was.name = 0;
	assert_memory_equal(&is, &was, sizeof is);
	assert_int_equal(head(ix).history_from, BASE);
	assert_int_equal(head(ix).highest_modseq, BASE + 4);
	check(ix);
	index_close(ix);
}

/* Between one and two limits old they go, and history_from says up to where. */
static void test_old_go(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 400);

	expunge(ix, 100, 299); /* modseq BASE + 1 */
	age(ix);
	set_flags(ix, 1, FLAG_DRAFT); /* BASE + 2: the mark moves there */
	assert_int_equal(compact(ix, false), 0);
	expunge(ix, 50, 59); /* BASE + 3 */
	age(ix);
	set_flags(ix, 2, FLAG_DRAFT);
	assert_int_equal(head(ix).mark_before, BASE + 2);
	uint64_t cache_id = head(ix).cache_id;
	assert_int_equal(compact(ix, false), 1);
	assert_false(has(ix, 150));
	assert_true(has(ix, 55));
	assert_int_equal(get(ix, 55).state, INDEX_DEAD);
	assert_int_equal(head(ix).count, 200);
	assert_int_equal(head(ix).alive, 190);
	assert_int_equal(head(ix).history_from, BASE + 1);
	assert_int_equal(head(ix).highest_modseq, BASE + 4);
	assert_int_equal(head(ix).cache_id, cache_id);
	assert_int_equal(get(ix, 2).modseq, BASE + 4);
	check(ix);
	index_close(ix);
}

/* Many tombstones: only the youngest are kept, whatever their age. */
static void test_bound(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 105000);

	for (uint32_t i = 0; i < 105; i++)
		expunge(ix, i * 1000 + 1, i * 1000 + 999);
	assert_int_equal(head(ix).alive, 105);
	assert_int_equal(compact(ix, false), 1);
	uint64_t dead = head(ix).count - head(ix).alive;
	assert_true(dead <= INDEX_DEAD_MAX(105));
	assert_true(dead > INDEX_DEAD_MAX(105) - 2000);
	assert_false(has(ix, 1));
	assert_true(has(ix, 104999));
	assert_true(has(ix, 1000));
	assert_true(head(ix).history_from > BASE);
	assert_true(head(ix).history_from < get(ix, 104999).modseq);
	check(ix);
	index_close(ix);
}

/* Renames leave unused names behind. */
static void test_names(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 3000);
	char name[64];

	for (uint32_t i = 0; i < 6; i++) {
		lock(ix);
		index_begin(ix);
		for (uint32_t uid = 1; uid <= 3000; uid++)
			index_set_place(ix, uid, 1, name_of(uid + i, name));
		commit(ix);
		index_unlock(ix);
	}
	uint64_t used = head(ix).names_used;
	assert_int_equal(compact(ix, false), 1);
	assert_true(head(ix).names_used < used / 4);
	assert_int_equal(head(ix).names_used, head(ix).names_live);
	assert_int_equal(compact(ix, false), 0);
	check(ix);
	index_close(ix);
}

/* A clock set back keeps tombstones longer; set forward, never younger ones
 * than the mark. */
static void test_clock(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 100);

	expunge(ix, 1, 50);
	set_word(ix, HEAD_AT(mark_time), UINT64_MAX);
	set_flags(ix, 60, FLAG_DRAFT);
	assert_int_equal(head(ix).mark_before, 0);
	assert_int_equal(head(ix).mark_modseq, BASE + 2);
	assert_int_equal(compact(ix, false), 0);
	index_close(ix);
}

/* A rewrite by one process while another is in the middle of reading. */
static void test_held(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	p.hasty = q.hasty = true;
	struct index *a = built(&p, 400), *b = index_open(&q);
	struct index_map *held = index_map_hold(b);
	struct index_record r;

	expunge(a, 1, 100);
	set_word(a, HEAD_AT(mark_before), BASE + 1);
	assert_int_equal(compact(a, true), 1);
	assert_int_equal(compact(a, true), 1);
	build(a, 1, 10);
	for (uint64_t slot = 0; slot < 400; slot++) {
		assert_true(map_read(held, slot, &r));
		assert_int_equal(r.uid, slot + 1);
		assert_int_equal(r.state, slot < 100 ? INDEX_DEAD : 0);
	}
	assert_true(index_refresh(b));
	assert_int_equal(head(b).alive, 10);
	assert_true(map_read(held, 399, &r));
	index_map_release(held);
	index_close(a);
	index_close(b);
}

/* The build says when the store's list was out of order. */
static void test_build_order(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = index_open(&p);
	struct index_build b = { .uidvalidity = 1, .uidnext = 9, .epoch = EPOCH };
	struct index_record r = record_of(5);

	lock(ix);
	assert_int_equal(index_build_begin(ix, &b, &err), 0);
	index_build_add(ix, &r, BYTES("five"));
	index_build_add(ix, &r, BYTES("five again"));
	assert_int_equal(index_build_commit(ix, &err), -1);
	assert_false(index_usable(ix));
	index_unlock(ix);
	assert_int_equal(faccessat(p.dirfd, INDEX_FILE_NEW, F_OK, 0), -1);
	build(ix, 1, 5);
	check(ix);
	index_close(ix);
}

/* More messages than expected. */
static void test_build_larger(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = index_open(&p);
	struct index_build b = { .uidvalidity = 1, .uidnext = 20001, .epoch = EPOCH };
	char name[64], keyword[INDEX_KEYWORD_SIZE];

	lock(ix);
	assert_int_equal(index_build_begin(ix, &b, &err), 0);
	index_build_keyword(ix, 5, BYTES("Five"));
	for (uint32_t uid = 1; uid <= 20000; uid++) {
		struct index_record r = record_of(uid);
		index_build_add(ix, &r, name_of(uid, name));
	}
	assert_int_equal(index_build_commit(ix, &err), 0);
	index_unlock(ix);
	assert_int_equal(head(ix).alive, 20000);
	assert_int_equal(index_keyword(ix, 5, keyword), 4);
	assert_false(index_is_private(ix));
	check(ix);
	index_close(ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_young_stay),  cmocka_unit_test(test_old_go),
		cmocka_unit_test(test_bound),       cmocka_unit_test(test_names),
		cmocka_unit_test(test_clock),       cmocka_unit_test(test_held),
		cmocka_unit_test(test_build_order), cmocka_unit_test(test_build_larger),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
