/*
 * cache.c: what is put comes back byte for byte; whatever isn't what was asked for
 * is absent: another message's entry, another cache's, another form's, torn
 * tails, flipped bits, cut and replaced files; writers that don't get the lock
 * drop their batch.
 */
#include "index_test.h"

#include <sys/file.h>
#include <sys/resource.h>

#include "arena.h"
#include "cache_private.h"
#include "num.h"

static uint64_t identity_of(uint32_t uid)
{
	return uid * 0x9e3779b97f4a7c15ull;
}

/* Item `kind` of a message: from empty to some thousand bytes. */
static struct bytes item_of(uint32_t uid, uint8_t kind, struct buf *out)
{
	size_t n = (uid * 31 + kind * 7) % (uid % 50 == 49 ? 9000 : 400);

	buf_reset(out);
	for (size_t i = 0; i < n; i++)
		buf_char(out, (char)(uid + kind * 3 + i * (i >> 5)));
	return buf_view(out);
}

static void put(struct cache *c, uint32_t uid)
{
	struct buf b[4] = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	struct cache_item items[4];

	for (uint8_t i = 0; i < 4; i++)
		items[i] = (struct cache_item){ (uint8_t)(i * 5), item_of(uid, i * 5, &b[i]) };
	cache_put(c, uid, identity_of(uid), items, 4);
	for (int i = 0; i < 4; i++)
		buf_free(&b[i]);
}

static void put_range(struct cache *c, uint32_t from, uint32_t to)
{
	for (uint32_t uid = from; uid <= to; uid++)
		put(c, uid);
}

static int flush(struct cache *c, struct index *ix)
{
	return cache_flush(c, ix, &err);
}

/* 1 and right, or 0. */
static int fetch(struct cache *c, struct index *ix, uint32_t uid, uint32_t wanted)
{
	static struct buf out, want;
	struct bytes items[CACHE_ITEMS_MAX];
	struct cache_key k = { uid, identity_of(uid), get(ix, uid).cache_at };

	buf_reset(&out);
	buf_str(&out, "before");
	int r = cache_get(c, head(ix).cache_id, &k, wanted, &out, items);
	assert_memory_equal(out.p, "before", 6);
	for (uint8_t kind = 0; kind < CACHE_ITEMS_MAX; kind++)
		if (r && wanted >> kind & 1) {
			struct bytes w = item_of(uid, kind, &want);
			assert_non_null(items[kind].p);
			assert_int_equal(items[kind].n, w.n);
			assert_memory_equal(items[kind].p, w.p, w.n);
			assert_true(items[kind].p >= out.p && items[kind].p + w.n <= out.p + out.n);
		} else {
			assert_null(items[kind].p);
		}
	if (!r)
		assert_int_equal(out.n, 6);
	return r;
}

#define ALL (1u | 1u << 5 | 1u << 10 | 1u << 15)

static void test_round(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 3000);
	struct cache *c = cache_open(p.dirfd, false);

	assert_int_equal(flush(c, ix), 1);
	assert_int_equal(fetch(c, ix, 1, 1), 0);
	assert_int_equal(faccessat(p.dirfd, INDEX_CACHE_FILE, F_OK, 0), -1);
	put_range(c, 1, 1000);
	assert_int_equal(cache_pending(c), 1000);
	assert_int_equal(flush(c, ix), 1);
	assert_int_equal(cache_pending(c), 0);
	put_range(c, 2000, 2500);
	assert_int_equal(flush(c, ix), 1);
	for (uint32_t uid = 1; uid <= 3000; uid++) {
		int want = uid <= 1000 || (uid >= 2000 && uid <= 2500);
		assert_int_equal(fetch(c, ix, uid, ALL), want);
		assert_int_equal(fetch(c, ix, uid, 1u << 5), want);
		assert_int_equal(fetch(c, ix, uid, 0), want);
		assert_int_equal(fetch(c, ix, uid, 1u << 3), 0);
		assert_int_equal(fetch(c, ix, uid, ALL | 1u << 3), 0);
	}
	cache_trim(c);
	for (uint32_t uid = 3000; uid > 7; uid -= 7)
		assert_int_equal(fetch(c, ix, uid, ALL),
				 uid <= 1000 || (uid >= 2000 && uid <= 2500));
	for (uint32_t i = 0; i < 3000; i++)
		fetch(c, ix, 1 + i * 1237 % 3000, 1u << (i % 4 * 5));
	cache_close(c);
	index_close(ix);
}

/* Written by one session, read by another that had the file open before: also when
 * what its window holds is older than the entry. */
static void test_two(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *a = built(&p, 300), *b = index_open(&q);
	struct cache *ca = cache_open(p.dirfd, false), *cb = cache_open(q.dirfd, true);

	for (uint32_t uid = 1; uid <= 300; uid++) {
		put(ca, uid);
		assert_int_equal(fetch(cb, b, uid, ALL), 0);
		assert_int_equal(flush(ca, a), 1);
		assert_int_equal(fetch(cb, b, uid, ALL), 1);
		if (uid > 3)
			assert_int_equal(fetch(cb, b, uid - 3, ALL), 1);
	}
	put(cb, 5);
	assert_int_equal(cache_pending(cb), 0);
	cache_close(cb);
	cache_close(ca);
	index_close(b);
	index_close(a);
}

/* The newer one wins. */
static void test_put_again(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	struct cache *c = cache_open(p.dirfd, false);
	struct cache_item old = { 0, BYTES("old") };

	cache_put(c, 3, identity_of(3), &old, 1);
	assert_int_equal(flush(c, ix), 1);
	assert_int_equal(fetch(c, ix, 3, ALL), 0);
	put(c, 3);
	assert_int_equal(flush(c, ix), 1);
	assert_int_equal(fetch(c, ix, 3, ALL), 1);
	cache_close(c);
	index_close(ix);
}

static void test_limits(void **state)
{
	(void)state;
	static char big[CACHE_ENTRY_MAX];
	struct index_place p = new_place();
	struct index *ix = built(&p, 40);
	struct cache *c = cache_open(p.dirfd, false);
	size_t most = CACHE_ENTRY_MAX - sizeof(struct cache_entry) - sizeof(struct cache_slot);
	struct cache_item item = { 3, { big, most } }, many[CACHE_ITEMS_MAX + 1] = { { 0 } };
	struct bytes items[CACHE_ITEMS_MAX];
	struct buf out = BUF_INIT;

	memset(big, 'x', sizeof big);
	cache_put(c, 1, 1, &item, 1);
	assert_int_equal(cache_pending(c), 1);
	item.value.n++;
	cache_put(c, 2, 1, &item, 1);
	item = (struct cache_item){ CACHE_ITEMS_MAX, BYTES("") };
	cache_put(c, 2, 1, &item, 1);
	cache_put(c, 2, 1, many, CACHE_ITEMS_MAX + 1);
	assert_int_equal(cache_pending(c), 1);
	assert_int_equal(flush(c, ix), 1);
	struct cache_key k = { 1, 1, get(ix, 1).cache_at };
	assert_int_equal(cache_get(c, head(ix).cache_id, &k, 8, &out, items), 1);
	assert_int_equal(items[3].n, most);
	assert_memory_equal(items[3].p, big, most);
	/* Into a buffer that hasn't the room. */
	struct buf small = BUF_MAX(100);
	assert_int_equal(cache_get(c, head(ix).cache_id, &k, 8, &small, items), 0);
	assert_int_equal(small.n, 0);
	/* A batch is bounded. */
	item = (struct cache_item){ 3, { big, most } };
	for (uint32_t uid = 1; uid <= 40; uid++)
		cache_put(c, uid, 1, &item, 1);
	assert_in_range(cache_pending(c), 4, 16);
	assert_int_equal(flush(c, ix), 1);
	buf_free(&out);
	buf_free(&small);
	cache_close(c);
	index_close(ix);
}

/* A valid checksum doesn't prove whose bytes they are. */
static void test_whose(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	struct cache *c = cache_open(p.dirfd, false);
	struct bytes items[CACHE_ITEMS_MAX];
	struct buf out = BUF_INIT;

	put_range(c, 1, 10);
	assert_int_equal(flush(c, ix), 1);
	uint64_t id = head(ix).cache_id, at = get(ix, 3).cache_at;
	const struct {
		uint64_t id;
		struct cache_key k;
		int found;
	} asks[] = {
		{ id, { 3, identity_of(3), at }, 1 },
		{ id, { 4, identity_of(3), at }, 0 },
		{ id, { 3, identity_of(4), at }, 0 },
		{ id + 1, { 3, identity_of(3), at }, 0 },
		{ 0, { 3, identity_of(3), at }, 0 },
		{ id, { 3, identity_of(3), 0 }, 0 },
		{ id, { 3, identity_of(3), at + 8 }, 0 },
		{ id, { 3, identity_of(3), at + 1 }, 0 },
		{ id, { 3, identity_of(3), at - 8 }, 0 },
		{ id, { 3, identity_of(3), 1 << 30 }, 0 },
		{ id, { 3, identity_of(3), UINT64_MAX }, 0 },
		{ id, { 3, identity_of(3), INT64_MAX }, 0 },
		{ id, { 3, identity_of(3), at }, 1 },
	};
	for (size_t i = 0; i < COUNT(asks); i++)
		assert_int_equal(cache_get(c, asks[i].id, &asks[i].k, 1, &out, items),
				 asks[i].found);
	buf_free(&out);
	cache_close(c);
	index_close(ix);
}

/* --- damage --- */

static void write_at(const struct index_place *p, uint64_t at, const void *bytes, size_t n)
{
	int fd = openat(p->dirfd, INDEX_CACHE_FILE, O_RDWR);
	assert_int_equal(file_pwrite_all(fd, bytes, n, (off_t)at), 0);
	close(fd);
}

/* Entries with a right checksum that are wrong in themselves. */
static void test_lying(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 3);
	struct cache *c = cache_open(p.dirfd, false);

	put_range(c, 1, 3);
	assert_int_equal(flush(c, ix), 1);
	uint64_t id = head(ix).cache_id, at = get(ix, 2).cache_at;
	struct buf whole = slurp(&p, INDEX_CACHE_FILE);
	for (int how = 0; how < 6; how++) {
		struct cache_entry e;
		struct cache_slot slots[4];
		char entry[sizeof e + sizeof slots];
		memcpy(entry, whole.p + at, sizeof entry);
		memcpy(&e, entry, sizeof e);
		memcpy(slots, entry + sizeof e, sizeof slots);
		uint32_t *words[] = { &slots[3].length, &slots[0].length, &slots[1].kind,
				      &e.length,        &e.length,        &e.uid };
		const uint32_t values[] = { e.length, UINT32_MAX,   CACHE_ITEMS_MAX,
					    16,       e.length + 1, 2 };
		*words[how] = values[how];
		memcpy(entry, &e, sizeof e);
		memcpy(entry + sizeof e, slots, sizeof slots);
		cache_stamp(entry, how == 5 ? id + 1 : id);
		write_at(&p, at, entry, sizeof entry);
		cache_trim(c);
		assert_int_equal(fetch(c, ix, 2, ALL), 0);
		assert_int_equal(fetch(c, ix, 2, 1), 0);
		assert_int_equal(fetch(c, ix, 3, ALL), 1);
	}
	write_at(&p, at, whole.p + at, sizeof(struct cache_entry) + 4 * sizeof(struct cache_slot));
	assert_int_equal(fetch(c, ix, 2, ALL), 1);
	buf_free(&whole);
	cache_close(c);
	index_close(ix);
}

/* Read together with its neighbour while its bytes were on their way. */
static void test_half_written(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 3);
	struct cache *c = cache_open(p.dirfd, false), *r = cache_open(p.dirfd, true);
	static const char zeros[100];

	put_range(c, 1, 3);
	assert_int_equal(flush(c, ix), 1);
	uint64_t at = get(ix, 2).cache_at;
	struct buf whole = slurp(&p, INDEX_CACHE_FILE);
	write_at(&p, at, zeros, sizeof zeros);
	assert_int_equal(fetch(r, ix, 1, ALL), 1);
	write_at(&p, at, whole.p + at, sizeof zeros);
	assert_int_equal(fetch(r, ix, 2, ALL), 1);
	buf_free(&whole);
	cache_close(r);
	cache_close(c);
	index_close(ix);
}

/* An id that the file doesn't have is not asked for again and again, but later. */
static void test_back_again(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 3);
	struct cache *c = cache_open(p.dirfd, false), *r = cache_open(p.dirfd, true);

	put_range(c, 1, 3);
	assert_int_equal(flush(c, ix), 1);
	assert_int_equal(renameat(p.dirfd, INDEX_CACHE_FILE, p.dirfd, "away"), 0);
	assert_int_equal(fetch(r, ix, 1, ALL), 0);
	assert_int_equal(renameat(p.dirfd, "away", p.dirfd, INDEX_CACHE_FILE), 0);
	assert_int_equal(fetch(r, ix, 1, ALL), 0);
	cache_trim(r);
	assert_int_equal(fetch(r, ix, 1, ALL), 1);
	cache_close(r);
	cache_close(c);
	index_close(ix);
}

/* Every bit of an entry and of the file's header. */
static void test_flipped(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 3);
	struct cache *c = cache_open(p.dirfd, false);

	put_range(c, 1, 3);
	assert_int_equal(flush(c, ix), 1);
	uint64_t from = get(ix, 2).cache_at, to = get(ix, 3).cache_at;
	struct buf whole = slurp(&p, INDEX_CACHE_FILE);
	cache_close(c);
	for (uint64_t at = 0; at < to; at++) {
		if (at == sizeof(struct cache_header))
			at = from;
		struct buf cut = BUF_INIT;
		buf_bytes(&cut, buf_view(&whole));
		cut.p[at] ^= (char)(1 << at % 8);
		spill(&p, INDEX_CACHE_FILE, buf_view(&cut));
		buf_free(&cut);
		c = cache_open(p.dirfd, true);
		/* Zeros up to the next entry are nobody's; the rest is noticed. */
		bool padding = at >= from && to - at < CACHE_ALIGN && whole.p[at] == 0;
		assert_true(fetch(c, ix, 2, ALL) == 0 || padding);
		assert_int_equal(fetch(c, ix, 1, ALL), at >= from);
		cache_close(c);
	}
	buf_free(&whole);
	index_close(ix);
}

static void test_cut(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 200);
	struct cache *c = cache_open(p.dirfd, false), *r = cache_open(p.dirfd, true);

	put_range(c, 1, 100);
	assert_int_equal(flush(c, ix), 1);
	for (uint32_t uid = 1; uid <= 10; uid++)
		assert_int_equal(fetch(r, ix, uid, ALL), 1);
	int fd = openat(p.dirfd, INDEX_CACHE_FILE, O_RDWR);
	assert_int_equal(ftruncate(fd, (off_t)get(ix, 50).cache_at + 45), 0);
	cache_trim(r);
	for (uint32_t uid = 1; uid <= 100; uid++)
		assert_int_equal(fetch(r, ix, uid, ALL), uid < 50);
	/* The next writer leaves the torn tail behind. */
	put_range(c, 50, 100);
	assert_int_equal(flush(c, ix), 1);
	for (uint32_t uid = 1; uid <= 100; uid++)
		assert_int_equal(fetch(r, ix, uid, ALL), 1);
	/* All of it: then it is no cache, and a new one takes its place. */
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	cache_trim(r);
	assert_int_equal(fetch(r, ix, 1, ALL), 0);
	uint64_t id = head(ix).cache_id;
	put_range(c, 101, 200);
	assert_int_equal(flush(c, ix), 1);
	assert_true(head(ix).cache_id != id);
	for (uint32_t uid = 1; uid <= 200; uid++)
		assert_int_equal(fetch(r, ix, uid, ALL), uid > 100);
	cache_close(r);
	cache_close(c);
	index_close(ix);
}

static void replace_with_garbage(const struct index_place *p)
{
	spill(p, INDEX_CACHE_FILE, BYTES("garbage, and not even much of it"));
}

static void replace_with_nothing(const struct index_place *p)
{
	assert_int_equal(unlinkat(p->dirfd, INDEX_CACHE_FILE, 0), 0);
}

static void replace_with_fifo(const struct index_place *p)
{
	replace_with_nothing(p);
	assert_int_equal(mkfifoat(p->dirfd, INDEX_CACHE_FILE, 0600), 0);
}

static void replace_with_symlink(const struct index_place *p)
{
	replace_with_nothing(p);
	spill(p, "precious", BYTES("content"));
	assert_int_equal(symlinkat("precious", p->dirfd, INDEX_CACHE_FILE), 0);
}

/* A whole cache, of another mailbox or time. */
static void replace_with_foreign(const struct index_place *p)
{
	struct cache_header h;
	cache_header_init(&h, 12345);
	spill(p, INDEX_CACHE_FILE, (struct bytes){ (const char *)&h, sizeof h });
}

static void test_replaced(void **state)
{
	(void)state;
	static void (*const how[])(const struct index_place *) = {
		replace_with_garbage, replace_with_nothing, replace_with_fifo,
		replace_with_symlink, replace_with_foreign,
	};

	for (size_t i = 0; i < COUNT(how); i++) {
		struct index_place p = new_place();
		struct index *ix = built(&p, 20);
		struct cache *c = cache_open(p.dirfd, false), *r = cache_open(p.dirfd, true);
		put_range(c, 1, 10);
		assert_int_equal(flush(c, ix), 1);
		how[i](&p);
		assert_int_equal(fetch(r, ix, 3, ALL), 0);
		put_range(c, 5, 15);
		assert_int_equal(flush(c, ix), 1);
		for (uint32_t uid = 1; uid <= 20; uid++)
			assert_int_equal(fetch(r, ix, uid, ALL), uid >= 5 && uid <= 15);
		if (how[i] == replace_with_symlink) {
			struct buf b = slurp(&p, "precious");
			assert_bytes(buf_view(&b), "content");
			buf_free(&b);
		}
		cache_close(r);
		cache_close(c);
		index_close(ix);
	}
}

/* --- locks --- */

static void test_lock_taken(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *ix = built(&p, 20), *other = index_open(&q);
	struct cache *c = cache_open(p.dirfd, false);

	put(c, 1);
	assert_int_equal(flush(c, ix), 1);
	int fd = openat(p.dirfd, INDEX_CACHE_FILE, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	put(c, 2);
	assert_int_equal(flush(c, ix), 0);
	assert_int_equal(cache_pending(c), 0);
	close(fd);
	assert_int_equal(fetch(c, ix, 2, ALL), 0);
	/* Without the mailbox lock the entries are written but unknown. */
	lock(other);
	put(c, 3);
	assert_int_equal(flush(c, ix), 0);
	index_unlock(other);
	assert_int_equal(get(ix, 3).cache_at, 0);
	/* With it in hand already. */
	lock(ix);
	put(c, 4);
	assert_int_equal(flush(c, ix), 1);
	assert_true(index_locked(ix));
	index_unlock(ix);
	assert_int_equal(fetch(c, ix, 4, ALL), 1);
	cache_close(c);
	index_close(other);
	index_close(ix);
}

static void test_nowhere(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *none = index_open(&p);
	struct cache *c = cache_open(p.dirfd, false);

	put(c, 1);
	assert_int_equal(flush(c, none), 0);
	assert_int_equal(cache_pending(c), 0);
	q.private = true;
	struct index *mine = built(&q, 5);
	put(c, 1);
	assert_int_equal(flush(c, mine), 0);
	assert_int_equal(faccessat(p.dirfd, INDEX_CACHE_FILE, F_OK, 0), -1);
	cache_close(c);
	index_close(mine);
	index_close(none);
}

/* --- compaction --- */

static off_t size_of(const struct index_place *p)
{
	struct stat st;
	assert_int_equal(fstatat(p->dirfd, INDEX_CACHE_FILE, &st, 0), 0);
	return st.st_size;
}

static void test_compact(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	struct index *ix = built(&p, 2000), *other = index_open(&q);
	struct cache *c = cache_open(p.dirfd, false), *r = cache_open(p.dirfd, true);

	assert_int_equal(cache_compact(c, ix, true), 0);
	put_range(c, 1, 1000);
	put_range(c, 1990, 1999);
	assert_int_equal(flush(c, ix), 1);
	off_t live = size_of(&p);
	assert_int_equal(cache_compact(r, ix, true), 0);
	for (int round = 0; round < 3; round++) {
		put_range(c, 1, 1000);
		assert_int_equal(flush(c, ix), 1);
		assert_int_equal(fetch(r, other, 7, ALL), 1);
	}
	/* Before the new one can be read, and with a leftover in the way. */
	spill(&p, INDEX_CACHE_FILE ".new", BYTES("left over"));
	assert_int_equal(cache_compact(c, ix, true), 1);
	assert_int_equal(size_of(&p), live);
	assert_int_equal(faccessat(p.dirfd, INDEX_CACHE_FILE ".new", F_OK, 0), -1);
	for (uint32_t uid = 1; uid <= 2000; uid++) {
		int want = uid <= 1000 || (uid >= 1990 && uid < 2000);
		assert_int_equal(fetch(c, ix, uid, ALL), want);
		assert_int_equal(fetch(r, other, uid, ALL), want);
	}
	expunge(ix, 1, 900);
	assert_int_equal(cache_compact(c, ix, true), 1);
	assert_true(size_of(&p) < live / 4);
	for (uint32_t uid = 1; uid <= 2000; uid++)
		assert_int_equal(fetch(r, other, uid, ALL),
				 (uid > 900 && uid <= 1000) || (uid >= 1990 && uid < 2000));
	/* Under a lock held already, and not while somebody writes. */
	lock(ix);
	assert_int_equal(cache_compact(c, ix, true), 1);
	index_unlock(ix);
	int fd = openat(p.dirfd, INDEX_CACHE_FILE, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(cache_compact(c, ix, true), 0);
	close(fd);
	cache_close(r);
	cache_close(c);
	index_close(other);
	index_close(ix);
}

/* By itself only when about half of it is garbage. */
static void test_compact_pays(void **state)
{
	(void)state;
	static char big[6000];
	struct index_place p = new_place();
	struct index *ix = built(&p, 1000);
	struct cache *c = cache_open(p.dirfd, false);
	struct cache_item item = { 3, { big, sizeof big } };

	for (int round = 1; round <= 4; round++) {
		assert_int_equal(cache_compact(c, ix, false), round == 4);
		for (uint32_t uid = 1; uid <= 1000 && round < 4; uid++)
			cache_put(c, uid, 1, &item, 1);
		assert_int_equal(flush(c, ix), 1);
	}
	assert_int_equal(cache_compact(c, ix, false), 0);
	assert_in_range(size_of(&p), 6000 * 1000, 6100 * 1000);
	cache_close(c);
	index_close(ix);
}

/* Processes that write at once and are killed at any time: what a record points to
 * is right; while the file is written anew it may also be absent. */
static bool compacting;

static void write_for_ever(void *arg)
{
	const struct index_place *p = arg;
	struct index_place q = same_place(p);
	struct index *ix = index_open(&q);
	struct cache *c = cache_open(p->dirfd, false);

	for (uint32_t i = (uint32_t)getpid();; i++) {
		put_range(c, 1 + i % 90, 1 + i % 90 + 10);
		flush(c, ix);
		if (compacting && i % 5 == 0)
			cache_compact(c, ix, true);
	}
}

static void kill_often(bool compact)
{
	struct index_place p = new_place();
	struct index *ix = built(&p, 100);
	struct cache *c = cache_open(p.dirfd, false);
	uint32_t found = 0;

	compacting = compact;
	for (int round = 0; round < 25; round++) {
		pid_t pids[3];
		for (int i = 0; i < 3; i++)
			if ((pids[i] = fork()) == 0)
				write_for_ever(&p);
		usleep(3000 + (useconds_t)round * 1000);
		for (uint32_t uid = 1; uid <= 100; uid++)
			found += (uint32_t)fetch(c, ix, uid, ALL);
		for (int i = 0; i < 3; i++) {
			kill(pids[i], SIGKILL);
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		}
		lock(ix);
		index_unlock(ix);
		for (uint32_t uid = 1; uid <= 100; uid++)
			if (get(ix, uid).cache_at)
				assert_true(fetch(c, ix, uid, ALL) || compacting);
	}
	assert_true(found > 0);
	cache_close(c);
	index_close(ix);
}

static void test_killed(void **state)
{
	(void)state;
	kill_often(false);
}

static void test_killed_compacting(void **state)
{
	(void)state;
	kill_often(true);
}

/* No room: dropped, the file is as it was. */
static void write_without_room(void *arg)
{
	const struct index_place *p = arg;
	struct index_place q = same_place(p);
	struct index *ix = index_open(&q);
	struct cache *c = cache_open(p->dirfd, false);
	struct stat before, after;

	signal(SIGXFSZ, SIG_IGN);
	fstatat(p->dirfd, INDEX_CACHE_FILE, &before, 0);
	struct rlimit limit = { (rlim_t)before.st_size + 100, RLIM_INFINITY };
	setrlimit(RLIMIT_FSIZE, &limit);
	put_range(c, 5, 9);
	int r = flush(c, ix);
	fstatat(p->dirfd, INDEX_CACHE_FILE, &after, 0);
	_exit(r == 0 && before.st_size == after.st_size && !get(ix, 5).cache_at ? 0 : 1);
}

static void test_no_room(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	struct cache *c = cache_open(p.dirfd, false);

	put_range(c, 1, 3);
	assert_int_equal(flush(c, ix), 1);
	assert_int_equal(in_child(write_without_room, &p), 0);
	assert_int_equal(fetch(c, ix, 2, ALL), 1);
	cache_close(c);
	index_close(ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_put_again),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_lying),
		cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_back_again),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_lock_taken),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_killed_compacting),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_compact_pays),
		cmocka_unit_test(test_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
