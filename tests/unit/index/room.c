/*
 * room.c: a full disk or quota, and places that can't be written: the session
 * goes on in anonymous memory (index-design §10, §15).  RLIMIT_FSIZE plays the
 * full disk.
 */
#include "index_test.h"

#include <sys/resource.h>

static void limit(rlim_t bytes)
{
	struct rlimit r = { bytes, RLIM_INFINITY };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void test_private(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.private = true;
	struct index *ix = built(&p, 100);

	assert_true(index_is_private(ix));
	assert_int_equal(faccessat(p.dirfd, INDEX_FILE, F_OK, 0), -1);
	set_flags(ix, 3, FLAG_DRAFT);
	expunge(ix, 5, 10);
	add(ix, 101, 3000); /* a larger one */
	assert_int_equal(get(ix, 3).flags, FLAG_DRAFT);
	assert_int_equal(head(ix).alive, 3094);
	check(ix);
	for (uint32_t i = 0; i < 200; i++) { /* names run out */
		char name[64];
		lock(ix);
		index_begin(ix);
		for (uint32_t uid = 50; uid < 3000; uid++)
			index_set_place(ix, uid, 1, name_of(uid + i, name));
		commit(ix);
		index_unlock(ix);
	}
	check(ix);
	assert_false(index_refresh(ix));
	lock(ix);
	assert_int_equal(index_compact(ix, true, &err), 1);
	index_unlock(ix);
	check(ix);
	assert_int_equal(faccessat(p.dirfd, INDEX_JOURNAL_FILE, F_OK, 0), -1);
	index_close(ix);
}

/* Without a lock directory either. */
static void test_private_without_lock(void **state)
{
	(void)state;
	struct index_place p = { .dirfd = -1, .lockfd = -1, .private = true };
	struct index *ix = built(&p, 10);
	set_flags(ix, 3, FLAG_DRAFT);
	check(ix);
	index_close(ix);
}

static void test_no_room_to_build(void **state)
{
	(void)state;
	struct index_place p = new_place();
	for (rlim_t bytes = 0; bytes < 200000; bytes += 9000) {
		limit(bytes);
		struct index *ix = index_open(&p);
		build(ix, 1, 1000);
		limit(RLIM_INFINITY);
		check(ix);
		assert_int_equal(head(ix).alive, 1000);
		bool private = index_is_private(ix);
		set_flags(ix, 3, FLAG_DRAFT);
		index_close(ix);
		assert_int_equal(faccessat(p.dirfd, INDEX_FILE, F_OK, 0), private ? -1 : 0);
		assert_int_equal(faccessat(p.dirfd, INDEX_FILE_NEW, F_OK, 0), -1);
		unlinkat(p.dirfd, INDEX_FILE, 0);
		unlinkat(p.dirfd, INDEX_JOURNAL_FILE, 0);
	}
}

/* The change that finds no room is made all the same, for this session; the
 * file is stale, so another session builds its own. */
static void test_no_room_to_grow(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	p.hasty = q.hasty = true;
	struct index *ix = built(&p, 10), *other = index_open(&q);
	uint64_t generation = head(ix).generation;

	limit(head(ix).file_size);
	set_flags(ix, 3, FLAG_DRAFT); /* needs none: the journal is small */
	assert_false(index_is_private(ix));
	add(ix, 11, 700);
	limit(RLIM_INFINITY);
	assert_true(index_is_private(ix));
	assert_true(head(ix).generation > generation);
	assert_int_equal(head(ix).alive, 710);
	assert_int_equal(get(ix, 3).flags, FLAG_DRAFT);
	check(ix);
	add(ix, 2000, 700);
	check(ix);
	assert_false(index_usable(other));
	build(other, 1, 710);
	assert_false(index_is_private(other));
	check(other);
	index_close(ix);
	index_close(other);
}

/* No room for the journal: nothing torn is left in it. */
static void test_no_room_for_journal(void **state)
{
	(void)state;
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = built(&p, 10);

	set_flags(ix, 3, FLAG_DRAFT);
	limit(150);
	set_flags(ix, 4, FLAG_DRAFT);
	limit(RLIM_INFINITY);
	assert_true(index_is_private(ix));
	assert_int_equal(get(ix, 4).flags, FLAG_DRAFT);
	check(ix);
	index_close(ix);
}

/* The directory is gone: deleted by somebody, we still hold its descriptor. */
static void test_no_directory(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = index_open(&p);
	char path[64];

	unlinkat(p.dirfd, "cur", AT_REMOVEDIR);
	snprintf(path, sizeof path, "/proc/self/fd/%d", p.dirfd);
	char real[512];
	ssize_t n = readlink(path, real, sizeof real - 1);
	assert_true(n > 0);
	real[n] = '\0';
	assert_int_equal(rmdir(real), 0);
	build(ix, 1, 50);
	assert_true(index_is_private(ix));
	check(ix);
	index_close(ix);
}

/* A file that may not be written is read, and left when something changes. */
static void test_not_writable(void **state)
{
	(void)state;
	struct index_place p = new_place();
	struct index *ix = built(&p, 10);
	index_close(ix);
	ix = index_open(&p);
	ix->map->writable = false;
	set_flags(ix, 3, FLAG_DRAFT);
	assert_true(index_is_private(ix));
	assert_int_equal(get(ix, 3).flags, FLAG_DRAFT);
	check(ix);
	index_close(ix);
	/* It couldn't be marked stale, so it is gone. */
	assert_int_equal(faccessat(p.dirfd, INDEX_FILE, F_OK, 0), -1);
}

/* A read-only handle reads, neither locks nor writes. */
static void test_readonly(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = p;
	struct index *ix = built(&p, 10);
	q.readonly = true;
	struct index *reader = index_open(&q);

	set_flags(ix, 3, FLAG_DRAFT);
	assert_int_equal(get(reader, 3).flags, FLAG_DRAFT);
	assert_int_equal(index_lock(reader, 0, &err), -1);
	lock(ix);
	assert_int_equal(index_compact(ix, true, &err), 1);
	index_unlock(ix);
	assert_true(index_refresh(reader));
	assert_int_equal(head(reader).alive, 10);
	index_close(reader);
	index_close(ix);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_private_without_lock),
		cmocka_unit_test(test_no_room_to_build),
		cmocka_unit_test(test_no_room_to_grow),
		cmocka_unit_test(test_no_room_for_journal),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_not_writable),
		cmocka_unit_test(test_readonly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
