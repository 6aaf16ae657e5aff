/*
 * clean.c: when the index is trusted: closed clean, or changed in this boot;
 * here, on this machine, as this very file (index-design §6).
 */
#include "index_test.h"

static void set_id(const struct index_place *p, size_t at, const char *id)
{
	char text[40] = "";
	snprintf(text, sizeof text, "%s", id);
	int fd = openat(p->dirfd, INDEX_FILE, O_WRONLY);
	assert_int_equal(file_pwrite_all(fd, text, sizeof text, (off_t)at), 0);
	close(fd);
}

static bool trusted(const struct index_place *p)
{
	struct index *ix = index_open(p);
	bool yes = index_usable(ix);
	index_close(ix);
	return yes;
}

static struct index_place made(bool clean)
{
	struct index_place p = new_place();
	p.hasty = !clean;
	struct index *ix = built(&p, 20);
	set_flags(ix, 3, FLAG_DRAFT);
	index_close(ix);
	p.hasty = false;
	assert_int_equal(peek(&p, HEAD_AT(clean)), clean);
	assert_true(trusted(&p));
	return p;
}

#define OTHER_BOOT "11111111-2222-3333-4444-555555555555"

static void test_reboot(void **state)
{
	(void)state;
	struct index_place p = made(true), q = made(false);

	set_id(&p, HEAD_AT(boot_id), OTHER_BOOT);
	set_id(&q, HEAD_AT(boot_id), OTHER_BOOT);
	assert_true(trusted(&p));
	assert_false(trusted(&q));

	/* The first change clears `clean` and says which boot it is. */
	struct index *ix = index_open(&p);
	set_flags(ix, 4, FLAG_DRAFT);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 0);
	assert_string_equal(head(ix).boot_id, file_boot_id());
	check(ix);
	index_close(ix);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 1);

	/* The other is built again, and serves for hints. */
	ix = index_open(&q);
	struct index_record r;
	char name[64];
	lock(ix);
	assert_false(index_usable(ix));
	assert_int_equal(index_hint(ix, 7, name_of(7, name), &r), 1);
	assert_int_equal(r.internal_date, record_of(7).internal_date);
	assert_int_equal(index_hint(ix, 7, BYTES("another"), &r), 0);
	assert_int_equal(index_hint(ix, 99, BYTES(""), &r), 0);
	index_unlock(ix);
	build(ix, 1, 20);
	check(ix);
	index_close(ix);
}

static void test_machine(void **state)
{
	(void)state;
	struct index_place p = made(true), q = made(false);

	set_id(&p, HEAD_AT(machine_id), "0123456789abcdef0123456789abcdef");
	set_id(&q, HEAD_AT(machine_id), "0123456789abcdef0123456789abcdef");
	assert_false(trusted(&p));
	assert_true(trusted(&q)); /* the same boot is the same machine */
}

/* Restored from a backup, or copied: another inode. */
static void test_copied(void **state)
{
	(void)state;
	struct index_place p = made(true);
	struct buf b = slurp(&p, INDEX_FILE);

	int fd = openat(p.dirfd, "copy", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(file_write_all(fd, b.p, b.n), 0);
	close(fd);
	assert_int_equal(renameat(p.dirfd, "copy", p.dirfd, INDEX_FILE), 0);
	assert_false(trusted(&p));
	buf_free(&b);

	p = made(true);
	poke(&p, HEAD_AT(device), 12345);
	assert_false(trusted(&p));
}

/* Renamed with its directory it is the same. */
static void test_stale(void **state)
{
	(void)state;
	struct index_place p = made(true), q = same_place(&p);
	struct index *ix = index_open(&p), *other = index_open(&q);

	lock(ix);
	index_mark_stale(ix);
	assert_false(index_usable(ix));
	index_unlock(ix);
	assert_false(index_usable(other));
	assert_false(trusted(&p));
	build(other, 1, 20);
	assert_true(index_refresh(ix));
	check(ix);
	index_close(ix);
	index_close(other);
}

/* Who changes nothing writes nothing; of those who do, the last marks it. */
static void test_last_leaves(void **state)
{
	(void)state;
	struct index_place p = made(true), q = same_place(&p), r = same_place(&p);
	struct index *a = index_open(&p), *b = index_open(&q), *reader = index_open(&r);
	struct stat before, after;

	fstatat(p.dirfd, INDEX_FILE, &before, 0);
	assert_int_equal(get(reader, 3).flags, FLAG_DRAFT);
	lock(reader);
	index_unlock(reader);
	fstatat(p.dirfd, INDEX_FILE, &after, 0);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 1);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);

	set_flags(a, 1, FLAG_DRAFT);
	set_flags(b, 2, FLAG_DRAFT);
	index_close(a);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 0);
	index_close(b);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 1);
	assert_int_equal(get(reader, 2).flags, FLAG_DRAFT);
	index_close(reader);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 1);
}

/* Somebody who changed the older generation doesn't mark the newer one. */
static void test_leave_after_rewrite(void **state)
{
	(void)state;
	struct index_place p = made(true), q = same_place(&p);
	struct index *a = index_open(&p), *b = index_open(&q);

	set_flags(a, 1, FLAG_DRAFT);
	lock(b);
	assert_int_equal(index_compact(b, true, &err), 1);
	index_unlock(b);
	set_flags(b, 2, FLAG_DRAFT);
	index_close(a);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 0);
	index_close(b);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 1);
	assert_true(trusted(&p));
}

static void change_and_die(void *arg)
{
	struct index_place q = same_place(arg);
	struct index *ix = index_open(&q);
	set_flags(ix, 1, FLAG_DRAFT);
	raise(SIGKILL);
}

/* The kernel frees what a dead one held: the next who changes something marks
 * it clean. */
static void test_dead_resident(void **state)
{
	(void)state;
	struct index_place p = made(true);

	in_child(change_and_die, &p);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 0);
	struct index *ix = index_open(&p);
	assert_int_equal(get(ix, 1).flags, FLAG_DRAFT);
	set_flags(ix, 2, FLAG_DRAFT);
	index_close(ix);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 1);
}

/* A rewrite of a clean file: a power failure may undo the rename, and the old
 * file must say then that it isn't the last word. */
static void test_old_generation_unclean(void **state)
{
	(void)state;
	struct index_place p = made(true);
	assert_int_equal(linkat(p.dirfd, INDEX_FILE, p.dirfd, "old", 0), 0);
	struct index *ix = index_open(&p);

	lock(ix);
	assert_int_equal(index_compact(ix, true, &err), 1);
	index_unlock(ix);
	index_close(ix);
	assert_int_equal(renameat(p.dirfd, "old", p.dirfd, INDEX_FILE), 0);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 0);

	p = made(true);
	assert_int_equal(linkat(p.dirfd, INDEX_FILE, p.dirfd, "old", 0), 0);
	ix = index_open(&p);
	build(ix, 1, 30);
	index_close(ix);
	assert_int_equal(renameat(p.dirfd, "old", p.dirfd, INDEX_FILE), 0);
	poke(&p, HEAD_AT(superseded), 0); /* which nobody syncs */
	assert_false(trusted(&p));
}

/* With the machine's ids unknown nothing unclean is trusted. */
static void test_hasty(void **state)
{
	(void)state;
	struct index_place p = made(true);
	p.hasty = true;
	struct index *ix = index_open(&p);
	set_flags(ix, 1, FLAG_DRAFT);
	index_close(ix);
	assert_int_equal(peek(&p, HEAD_AT(clean)), 0);
	assert_true(trusted(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reboot),        cmocka_unit_test(test_machine),
		cmocka_unit_test(test_copied),        cmocka_unit_test(test_stale),
		cmocka_unit_test(test_last_leaves),   cmocka_unit_test(test_leave_after_rewrite),
		cmocka_unit_test(test_dead_resident), cmocka_unit_test(test_old_generation_unclean),
		cmocka_unit_test(test_hasty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
