/*
 * damage.c: index files that are cut, emptied, overwritten or hostile, before
 * and while they are used: unusable or right, never a crash (index-design §10).
 */
#include "index_test.h"

#define ROUNDS 160
#define MESSAGES 600

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

/* Everything a session does; nothing is expected but to come back. */
static void use(struct index *ix)
{
	struct index_header h;
	struct index_record r;
	struct index_block b;
	char text[INDEX_NAME_MAX + 1];
	bool exact;

	index_refresh(ix);
	if (index_head(ix, &h))
		for (uint64_t slot = 0; slot < h.count && index_read(ix, slot, &r); slot++)
			assert_true(index_name(ix, &r, text) <= INDEX_NAME_MAX);
	for (uint64_t n = 0; n < 4; n++)
		index_read_block(ix, n, &b);
	for (unsigned n = 0; n < INDEX_KEYWORDS; n++)
		index_keyword(ix, n, text);
	for (uint32_t uid = 0; uid < 2000; uid += 7)
		index_find(ix, uid, &exact);
	index_find(ix, UINT32_MAX, &exact);
}

static void change(struct index *ix)
{
	struct index_record r = record_of(100000);
	lock(ix);
	index_hint(ix, 5, BYTES("17"), &r);
	if (index_usable(ix)) {
		index_learn_size(ix, 8, 12);
		index_begin(ix);
		index_set_flags(ix, 7, FLAG_DRAFT, 1);
		index_set_place(ix, 9, 1, BYTES("nine"));
		index_expunge(ix, 300);
		index_add(ix, &r, BYTES("new"));
		if (index_commit(ix, &err) == 0 && index_usable(ix))
			index_compact(ix, rnd(4) == 0, &err);
	}
	index_unlock(ix);
}

/* After all that, a rebuild makes it right. */
static void make_right(struct index *ix)
{
	build(ix, 1, 50);
	check(ix);
	set_flags(ix, 5, FLAG_DRAFT);
	check(ix);
}

static struct index_place made(void)
{
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, MESSAGES);
	set_flags(ix, 3, FLAG_DRAFT);
	expunge(ix, 250, 260);
	index_close(ix);
	return p;
}

static void cut(const struct index_place *p, uint64_t size)
{
	int fd = openat(p->dirfd, INDEX_FILE, O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static const uint64_t sizes[] = { 0,     1,     4095,  4096,  4097,  8192,  12288,
				  16383, 16384, 20480, 40000, 65536, 81920, 90000 };

static void test_cut_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct index_place p = made();
		cut(&p, sizes[i]);
		struct index *ix = index_open(&p);
		assert_false(index_usable(ix));
		use(ix);
		change(ix);
		make_right(ix);
		index_close(ix);
	}
}

static void test_cut_while_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct index_place p = made(), q = same_place(&p);
		struct index *ix = index_open(&p), *other = index_open(&q);
		struct index_header h;
		assert_true(index_head(ix, &h));
		cut(&p, sizes[i]);
		use(ix);
		change(ix);
		use(ix);
		lock(ix);
		assert_false(index_usable(ix));
		index_unlock(ix);
		make_right(ix);
		use(other);
		check(other);
		index_close(ix);
		index_close(other);
	}
}

/* A page that was cut in the middle has zeros, not faults: no name then. */
static void test_cut_names(void **state)
{
	(void)state;
	for (uint64_t less = 100; less < 12000; less += 700) {
		struct index_place p = made();
		struct index *ix = index_open(&p);
		struct index_header h;
		char want[64], have[INDEX_NAME_MAX + 1];

		assert_true(index_head(ix, &h));
		cut(&p, h.names_at + h.names_used - less);
		for (uint64_t slot = 0; slot < h.count; slot++) {
			struct index_record r;
			if (!index_read(ix, slot, &r) || !index_name(ix, &r, have))
				continue;
			name_of(r.uid, want);
			assert_string_equal(have, want);
		}
		assert_false(index_usable(ix));
		make_right(ix);
		index_close(ix);
	}
}

/* Cut while a change is prepared: the lock was taken, the file was whole. */
static void test_cut_while_locked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct index_place p = made();
		struct index *ix = index_open(&p);
		lock(ix);
		assert_true(index_usable(ix));
		index_begin(ix);
		for (uint32_t uid = 1; uid < MESSAGES; uid += 5)
			index_set_flags(ix, uid, FLAG_DRAFT, 1);
		cut(&p, sizes[i]);
		int r = index_commit(ix, &err);
		/* It goes on in memory or is built again, but isn't wrong. */
		if (r == 0 && index_usable(ix) && index_check(ix, &err) < 0)
			assert_false(index_usable(ix));
		index_unlock(ix);
		make_right(ix);
		index_close(ix);
	}
}

static void test_zeroed(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < COUNT(sizes); i++)
		for (int open = 0; open < 2; open++) {
			struct index_place p = made();
			struct index *ix = open ? index_open(&p) : NULL;
			struct buf b = slurp(&p, INDEX_FILE);
			memset(b.p, 0, sizes[i] < b.n ? sizes[i] : b.n);
			int fd = openat(p.dirfd, INDEX_FILE, O_WRONLY);
			assert_int_equal(file_pwrite_all(fd, b.p, b.n, 0), 0);
			close(fd);
			if (!ix)
				ix = index_open(&p);
			use(ix);
			change(ix);
			use(ix);
			make_right(ix);
			index_close(ix);
			buf_free(&b);
		}
}

static const uint64_t values[] = { 0,         1,          2,          255,        256,
				   1 << 20,   UINT32_MAX, 1ull << 40, UINT64_MAX, UINT64_MAX - 1,
				   1ull << 63 };

/* Random bytes over random places, and over each word of the header. */
static void scribble(const struct index_place *p, int round)
{
	int fd = openat(p->dirfd, INDEX_FILE, O_WRONLY);
	if (round % 2) {
		uint64_t at = rnd(sizeof(struct index_header) / 8) * 8;
		uint64_t v = values[rnd(COUNT(values))];
		assert_int_equal(file_pwrite_all(fd, &v, sizeof v, (off_t)at), 0);
	} else {
		char noise[512];
		for (size_t i = 0; i < sizeof noise; i++)
			noise[i] = (char)rnd(256);
		for (uint32_t n = rnd(4) + 1; n > 0; n--)
			assert_int_equal(file_pwrite_all(fd, noise, rnd(sizeof noise) + 1,
							 rnd(round % 4 ? 20000 : 100000)),
					 0);
	}
	close(fd);
}

static void test_scribbled(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct index_place p = made();
		struct index *ix = round % 3 ? index_open(&p) : NULL;
		struct index_map *held = ix ? index_map_hold(ix) : NULL;
		scribble(&p, round);
		if (!ix)
			ix = index_open(&p);
		use(ix);
		change(ix);
		use(ix);
		index_map_release(held);
		make_right(ix);
		index_close(ix);
		close(p.lockfd);
		close(p.dirfd);
	}
}

/* Each word of the header with values that nobody writes: found before it is
 * used, in a file that is opened then and in one that is open. */
static void test_header_words(void **state)
{
	(void)state;
	struct index_place p = made(), q = same_place(&p);
	struct buf good = slurp(&p, INDEX_FILE);
	struct index_header h;
	uint64_t capacity = peek(&p, HEAD_AT(capacity));
	int fd = openat(p.dirfd, INDEX_FILE, O_WRONLY);

	for (off_t at = 0; at < (off_t)HEAD_AT(driver); at += 8)
		for (size_t i = 0; i < COUNT(values); i++) {
			struct index *before = index_open(&p);
			poke(&p, at, values[i]);
			struct index *after = index_open(&q);
			use(before);
			use(after);
			if (index_head(after, &h)) {
				assert_int_equal(h.capacity, capacity);
				assert_true(h.count <= capacity && h.alive <= h.count);
				assert_true(h.keywords <= INDEX_KEYWORDS);
			}
			index_close(before);
			index_close(after);
			assert_int_equal(file_pwrite_all(fd, good.p, HEAD_AT(driver), 0), 0);
		}
	struct index *ix = index_open(&p);
	check(ix);
	index_close(ix);
	close(fd);
	buf_free(&good);
}

static void set_capacity(const struct index_place *p, uint64_t capacity)
{
	uint64_t records_at = (INDEX_BLOCKS_AT + capacity / INDEX_BLOCK * 64 + 4095) & ~4095ull;
	uint64_t names_at = records_at + capacity * 64;

	poke(p, HEAD_AT(capacity), capacity);
	poke(p, HEAD_AT(records_at), records_at);
	poke(p, HEAD_AT(names_at), names_at);
	poke(p, HEAD_AT(ready), capacity);
	poke(p, HEAD_AT(count), capacity);
	poke(p, HEAD_AT(file_size), names_at + 4096);
	cut(p, names_at + 4096);
}

/* A huge sparse file with a plausible header is no reason for memory or time;
 * one beyond the limit, or with no room at all, is no index. */
static void test_huge(void **state)
{
	(void)state;
	static const uint64_t capacities[] = { 0, 1, INDEX_BLOCK - 1, INDEX_RECORDS_MAX,
					       2ull * INDEX_RECORDS_MAX };
	for (size_t i = 0; i < COUNT(capacities); i++) {
		struct index_place p = made();
		set_capacity(&p, capacities[i]);
		struct index *ix = index_open(&p);
		assert_int_equal(index_usable(ix), capacities[i] == INDEX_RECORDS_MAX);
		use(ix);
		change(ix);
		make_right(ix);
		index_close(ix);
	}
}

/* A session that sees damage says so to all: nobody uses that file again. */
static void test_told(void **state)
{
	(void)state;
	struct index_place p = made(), q = same_place(&p);
	struct index *ix = index_open(&p), *other = index_open(&q);
	struct index_record r;
	uint64_t at = map_record_at(ix->map, 5) + offsetof(struct index_record, modseq);

	poke(&p, (off_t)at, UINT64_MAX / 2);
	assert_false(index_read(ix, 5, &r));
	assert_false(index_usable(ix));
	assert_false(index_refresh(ix));
	assert_false(index_usable(ix));
	assert_true(index_usable(other));
	lock(ix);
	assert_false(index_usable(ix));
	index_unlock(ix);
	assert_false(index_usable(other));
	struct index *third = index_open(&p);
	assert_false(index_usable(third));
	make_right(ix);
	assert_true(index_refresh(other));
	check(other);
	index_close(ix);
	index_close(other);
	index_close(third);
}

/* Something else under the name. */
static void test_odd_files(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct index_place p = new_place();
		if (kind == 0)
			assert_int_equal(mkfifoat(p.dirfd, INDEX_FILE, 0600), 0);
		if (kind == 1)
			assert_int_equal(symlinkat("/dev/zero", p.dirfd, INDEX_FILE), 0);
		if (kind == 2)
			assert_int_equal(mkdirat(p.dirfd, INDEX_FILE, 0700), 0);
		struct index_place readonly = p;
		readonly.readonly = true;
		alarm(20); /* a FIFO that nobody writes to isn't waited for */
		struct index *ix = index_open(&readonly);
		alarm(0);
		assert_false(index_usable(ix));
		index_close(ix);
		ix = index_open(&p);
		assert_false(index_usable(ix));
		build(ix, 1, 50); /* a directory there: in memory */
		check(ix);
		assert_int_equal(index_is_private(ix), kind == 2);
		index_close(ix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_before),     cmocka_unit_test(test_cut_names),

		cmocka_unit_test(test_cut_while_open), cmocka_unit_test(test_cut_while_locked),
		cmocka_unit_test(test_zeroed),         cmocka_unit_test(test_scribbled),
		cmocka_unit_test(test_huge),           cmocka_unit_test(test_header_words),
		cmocka_unit_test(test_told),           cmocka_unit_test(test_odd_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
