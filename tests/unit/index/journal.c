/*
 * journal.c: torn at every byte, replayed twice, foreign, damaged, grown long
 * (index-design §6).
 */
#include "index_test.h"

#include "num.h"

/* What the index file was before the last change, put back: as if the writer
 * had died with the frame in the journal and nothing applied. */
static void undo(const struct index_place *p, struct bytes before)
{
	int fd = openat(p->dirfd, INDEX_FILE, O_WRONLY);
	assert_int_equal(file_pwrite_all(fd, before.p, before.n, 0), 0);
	close(fd);
}

static uint64_t fd_size(const struct index_place *p, const char *name)
{
	struct stat st;
	assert_int_equal(fstatat(p->dirfd, name, &st, 0), 0);
	return (uint64_t)st.st_size;
}

static void cut(const struct index_place *p, const char *name, uint64_t size)
{
	int fd = openat(p->dirfd, name, O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

/* A tail cut at any byte is a change that never was; whole, it is one that is. */
static void test_torn(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 20);
	set_flags(ix, 1, FLAG_DRAFT);
	struct buf before = slurp(&p, INDEX_FILE);
	uint64_t from = fd_size(&p, INDEX_JOURNAL_FILE);
	set_flags(ix, 2, FLAG_FLAGGED | FLAG_DELETED);
	index_close(ix);
	struct buf journal = slurp(&p, INDEX_JOURNAL_FILE);

	for (uint64_t size = from; size <= journal.n; size++) {
		undo(&p, buf_view(&before));
		spill(&p, INDEX_JOURNAL_FILE, (struct bytes){ journal.p, size });
		ix = index_open(&p);
		check(ix);
		bool whole = size == journal.n;
		assert_int_equal(get(ix, 1).flags, FLAG_DRAFT);
		assert_int_equal(get(ix, 2).flags, whole ? FLAG_FLAGGED | FLAG_DELETED : 0);
		assert_int_equal(head(ix).highest_modseq, BASE + 1 + whole);
		assert_int_equal(fd_size(&p, INDEX_JOURNAL_FILE), whole ? journal.n : from);
		set_flags(ix, 3, FLAG_DRAFT);
		assert_int_equal(get(ix, 3).modseq, BASE + 2 + whole);
		check(ix);
		index_close(ix);
	}
	buf_free(&before);
	buf_free(&journal);
}

/* A flipped bit anywhere in the tail makes it no frame. */
static void test_damaged_tail(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 20);
	set_flags(ix, 1, FLAG_DRAFT);
	struct buf before = slurp(&p, INDEX_FILE);
	uint64_t from = fd_size(&p, INDEX_JOURNAL_FILE);
	set_flags(ix, 2, FLAG_FLAGGED);
	index_close(ix);
	struct buf journal = slurp(&p, INDEX_JOURNAL_FILE);

	for (uint64_t at = from; at < journal.n; at++) {
		undo(&p, buf_view(&before));
		journal.p[at] ^= 0x10;
		spill(&p, INDEX_JOURNAL_FILE, buf_view(&journal));
		journal.p[at] ^= 0x10;
		ix = index_open(&p);
		check(ix);
		assert_int_equal(get(ix, 2).flags, 0);
		assert_int_equal(fd_size(&p, INDEX_JOURNAL_FILE), from);
		index_close(ix);
	}
	buf_free(&before);
	buf_free(&journal);
}

static uint32_t digest(struct index *ix)
{
	struct index_record r;
	uint32_t sum = 0;
	for (uint64_t slot = 0; slot < head(ix).count; slot++) {
		assert_true(index_read(ix, slot, &r));
		r.name = 0; /* a replay may put it in another place */
		sum = crc32c(sum, &r, sizeof r);
	}
	return sum;
}

/* Frames that the index has already are applied again to no effect, whatever
 * order of changes they hold. */
static void test_replay_twice(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 100);
	char name[64];

	for (uint32_t i = 0; i < 60; i++) {
		lock(ix);
		index_begin(ix);
		index_set_flags(ix, 1 + i % 7, (uint16_t)(i % FLAG_ALL), i);
		index_set_place(ix, 1 + i % 5, (uint8_t)i, name_of(i, name));
		if (i % 3 == 0)
			index_expunge(ix, 10 + i);
		struct index_record r = record_of(101 + i);
		if (i % 2 == 0)
			index_add(ix, &r, name_of(101 + i, name));
		commit(ix);
		index_unlock(ix);
	}
	uint32_t sum = digest(ix);
	struct index_header h = head(ix);
	index_close(ix);

	for (int torn = 0; torn < 2; torn++) {
		poke(&p, HEAD_AT(applied), 0);
		poke(&p, HEAD_AT(change), h.change + 100 + (uint64_t)torn);
		ix = index_open(&p);
		check(ix);
		assert_int_equal(digest(ix), sum);
		struct index_header again = head(ix);
		assert_int_equal(again.applied, h.applied);
		assert_int_equal(again.alive, h.alive);
		assert_int_equal(again.uidnext, h.uidnext);
		assert_int_equal(again.highest_modseq, h.highest_modseq);
		index_close(ix);
	}
}

/* An older change never goes over a newer one. */
static void test_replay_older(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 20);

	set_flags(ix, 1, FLAG_DRAFT);
	uint64_t first = fd_size(&p, INDEX_JOURNAL_FILE);
	set_flags(ix, 1, FLAG_FLAGGED);
	expunge(ix, 2, 2);
	index_close(ix);
	cut(&p, INDEX_JOURNAL_FILE, first);
	poke(&p, HEAD_AT(applied), 0);
	poke(&p, HEAD_AT(applying), 0);
	ix = index_open(&p);
	check(ix);
	assert_int_equal(get(ix, 1).flags, FLAG_FLAGGED);
	assert_int_equal(get(ix, 1).modseq, BASE + 2);
	assert_int_equal(get(ix, 2).state, INDEX_DEAD);
	assert_int_equal(head(ix).highest_modseq, BASE + 3);
	index_close(ix);
}

/* Another index's or generation's frames, in a file or within ours. */
static void test_foreign(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = new_place();
	p.hasty = q.hasty = true;
	struct index *ix = built(&p, 20), *other = built(&q, 20);

	set_flags(ix, 1, FLAG_DRAFT);
	for (int i = 0; i < 5; i++)
		set_flags(other, 2, FLAG_DELETED | (i % 2 ? FLAG_SEEN : 0));
	index_close(ix);
	struct buf theirs = slurp(&q, INDEX_JOURNAL_FILE);
	struct buf ours = slurp(&p, INDEX_JOURNAL_FILE);

	/* Their file under our name. */
	spill(&p, INDEX_JOURNAL_FILE, buf_view(&theirs));
	ix = index_open(&p);
	check(ix);
	assert_int_equal(get(ix, 2).flags, 0);
	set_flags(ix, 3, FLAG_DRAFT); /* starts one of our own */
	check(ix);
	index_close(ix);

	/* Their frames behind ours. */
	struct buf mix = slurp(&p, INDEX_JOURNAL_FILE);
	uint64_t have = mix.n;
	buf_add(&mix, theirs.p + sizeof(struct journal_header),
		theirs.n - sizeof(struct journal_header));
	spill(&p, INDEX_JOURNAL_FILE, buf_view(&mix));
	ix = index_open(&p);
	check(ix);
	assert_int_equal(get(ix, 2).flags, 0);
	assert_int_equal(fd_size(&p, INDEX_JOURNAL_FILE), have);

	/* Their frame where one of ours would be. */
	lock(ix);
	assert_int_equal(index_compact(ix, true, &err), 1);
	struct journal j = JOURNAL_INIT;
	assert_int_equal(journal_start(&j, p.dirfd, head(ix).id, head(ix).generation, 0), 0);
	assert_int_equal(file_pwrite_all(j.fd, theirs.p + sizeof(struct journal_header),
					 theirs.n - sizeof(struct journal_header),
					 sizeof(struct journal_header)),
			 0);
	journal_close(&j);
	index_unlock(ix);
	check(ix);
	assert_int_equal(get(ix, 2).flags, 0);
	assert_int_equal(fd_size(&p, INDEX_JOURNAL_FILE), sizeof(struct journal_header));

	/* An older generation of our own. */
	lock(ix);
	assert_int_equal(index_compact(ix, true, &err), 1);
	index_unlock(ix);
	assert_int_equal(head(ix).applied, 0);
	check(ix);
	set_flags(ix, 4, FLAG_DRAFT);
	spill(&p, INDEX_JOURNAL_FILE, buf_view(&ours));
	check(ix);
	index_close(ix);
	index_close(other);
	buf_free(&theirs);
	buf_free(&ours);
	buf_free(&mix);
}

/* A good checksum around operations that can't be: nothing of it is applied. */
static void test_forged(void **state)
{
	(void)state;
	static const struct bytes ops[] = {
		{ "x", 1 },
		{ "\x02\x01\xff\xff", 4 },
		{ "\x09\x00\x00\x00\x01\x00\x00\x00", 8 },
		{ "\x01\x00\x00\x00\x00\x00\x00\x00", 8 },
		/* a name with a NUL */
		{ "\x02\x02\x02\x00\x05\x00\x00\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a\0", 26 },
	};
	for (size_t i = 0; i < COUNT(ops); i++) {
		struct index_place p = new_place();
		p.hasty = true;
		struct index *ix = built(&p, 20);
		set_flags(ix, 1, FLAG_DRAFT);
		lock(ix);
		struct buf frame = BUF_INIT;
		journal_frame_begin(&frame);
		buf_bytes(&frame, ops[i]);
		assert_true(journal_frame_seal(&ix->journal, &frame, BASE + 2));
		assert_int_equal(journal_append(&ix->journal, buf_view(&frame)), 0);
		index_unlock(ix);
		lock(ix);
		assert_false(index_usable(ix)); /* what a writer meant is unknown */
		index_unlock(ix);
		build(ix, 1, 20);
		check(ix);
		index_close(ix);
		buf_free(&frame);
	}
}

/* A modseq of another epoch would make ours jump. */
static void test_forged_modseq(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 20);
	struct buf frame = BUF_INIT;

	set_flags(ix, 1, FLAG_DRAFT);
	lock(ix);
	journal_frame_begin(&frame);
	assert_true(journal_frame_seal(&ix->journal, &frame, UINT64_MAX));
	assert_int_equal(journal_append(&ix->journal, buf_view(&frame)), 0);
	index_unlock(ix);
	lock(ix);
	assert_false(index_usable(ix));
	index_unlock(ix);
	index_close(ix);
	buf_free(&frame);
}

/* Cut, emptied, or with a damaged header: a new one is begun; but the index
 * can't be trusted if a writer died in between. */
static void test_damaged_file(void **state)
{
	(void)state;
	for (uint64_t size = 0; size < 300; size += 20) {
		struct index_place p = new_place();
		p.hasty = true;
		struct index *ix = built(&p, 20);
		set_flags(ix, 1, FLAG_DRAFT);
		set_flags(ix, 2, FLAG_DRAFT);
		uint64_t all = fd_size(&p, INDEX_JOURNAL_FILE);
		cut(&p, INDEX_JOURNAL_FILE, size < all ? size : all);
		check(ix);
		set_flags(ix, 3, FLAG_DRAFT);
		check(ix);
		assert_int_equal(get(ix, 1).flags & get(ix, 2).flags & get(ix, 3).flags,
				 FLAG_DRAFT);
		index_close(ix);
		ix = index_open(&p);
		check(ix);
		index_close(ix);
	}
}

/* Not a file at all. */
static void test_odd_files(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 20);

	set_flags(ix, 1, FLAG_DRAFT);
	unlinkat(p.dirfd, INDEX_JOURNAL_FILE, 0);
	assert_int_equal(mkfifoat(p.dirfd, INDEX_JOURNAL_FILE, 0600), 0);
	set_flags(ix, 2, FLAG_DRAFT);
	check(ix);
	unlinkat(p.dirfd, INDEX_JOURNAL_FILE, 0);
	assert_int_equal(symlinkat("/etc/passwd", p.dirfd, INDEX_JOURNAL_FILE), 0);
	set_flags(ix, 3, FLAG_DRAFT);
	check(ix);
	assert_false(index_is_private(ix));
	index_close(ix);
}

/* Long and all applied, it starts again; logical offsets go on. */
static void test_restart(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	p.hasty = q.hasty = true;
	struct index *ix = built(&p, 20000), *other = index_open(&q);
	uint64_t last = 0;

	for (uint32_t i = 0; i < 25; i++) {
		struct index *w = i % 3 ? ix : other;
		lock(w);
		index_begin(w);
		for (uint32_t uid = 1; uid <= 20000; uid++)
			index_set_flags(w, uid, FLAG_SEEN, i);
		commit(w);
		index_unlock(w);
		assert_true(head(w).applied > last);
		last = head(w).applied;
		assert_true(fd_size(&p, INDEX_JOURNAL_FILE) <= JOURNAL_MAX + 1000000);
	}
	assert_true(last > 2 * JOURNAL_MAX);
	assert_int_equal(get(ix, 777).keywords, 24);
	check(ix);
	index_close(ix);
	index_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn),          cmocka_unit_test(test_damaged_tail),
		cmocka_unit_test(test_replay_twice),  cmocka_unit_test(test_replay_older),
		cmocka_unit_test(test_foreign),       cmocka_unit_test(test_forged),
		cmocka_unit_test(test_forged_modseq), cmocka_unit_test(test_damaged_file),
		cmocka_unit_test(test_odd_files),     cmocka_unit_test(test_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
