/*
 * index_test.h: what the tests of the index share: a mailbox without a store.
 */
#ifndef INDEX_TEST_H
#define INDEX_TEST_H

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "file.h"
#include "index_private.h"

#define EPOCH 3
#define BASE ((uint64_t)EPOCH << INDEX_EPOCH_SHIFT | 1)

static struct error err;

/* An empty directory with the descriptors a driver would give. */
static inline struct index_place new_place(void)
{
	static int n;
	char path[400];
	snprintf(path, sizeof path, "%s/%d.%d", test_dir(), (int)getpid(), n++);
	assert_int_equal(mkdir(path, 0700), 0);
	struct index_place p = { .dirfd = dir_open(AT_FDCWD, path) };
	assert_int_equal(mkdirat(p.dirfd, "cur", 0700), 0);
	p.lockfd = dir_open(p.dirfd, "cur");
	assert_true(p.lockfd >= 0);
	return p;
}

/* The same mailbox for another handle: a lock of its own. */
static inline struct index_place same_place(const struct index_place *p)
{
	struct index_place q = *p;
	q.lockfd = dir_open(p->dirfd, "cur");
	assert_true(q.lockfd >= 0);
	return q;
}

static inline void lock(struct index *ix)
{
	if (index_lock(ix, 5000, &err) < 0)
		fail_msg("lock: %s", err.log);
}

static inline void commit(struct index *ix)
{
	if (index_commit(ix, &err) < 0)
		fail_msg("commit: %s", err.log);
}

static inline void check(struct index *ix)
{
	bool had = index_locked(ix);
	if (!had)
		lock(ix);
	assert_true(index_usable(ix));
	if (index_check(ix, &err) < 0)
		fail_msg("check: %s", err.log);
	if (!had)
		index_unlock(ix);
}

static inline struct bytes name_of(uint32_t uid, char out[64])
{
	int n = snprintf(out, 64, "1700000000.M%uP1.host,S=%u:2,S", uid * 7, uid);
	return (struct bytes){ out, (size_t)n };
}

static inline struct index_record record_of(uint32_t uid)
{
	return (struct index_record){
		.uid = uid,
		.flags = uid % 2 ? FLAG_SEEN : 0,
		.internal_date = 1700000000 + uid,
		.save_date = 1700000001 + uid,
		.vsize = uid % 5 ? 1000 + uid : INDEX_SIZE_UNKNOWN,
	};
}

/* Builds with uids first, first + 1...; the lock is taken and released. */
static inline void build(struct index *ix, uint32_t first, uint32_t n)
{
	struct index_build b = {
		.uidvalidity = 77,
		.uidnext = first + n,
		.epoch = EPOCH,
		.expect = n,
	};
	char name[64];

	lock(ix);
	assert_int_equal(index_build_begin(ix, &b, &err), 0);
	for (uint32_t uid = first; uid < first + n; uid++) {
		struct index_record r = record_of(uid);
		index_build_add(ix, &r, name_of(uid, name));
	}
	assert_int_equal(index_build_commit(ix, &err), 0);
	index_unlock(ix);
}

static inline struct index *built(const struct index_place *p, uint32_t n)
{
	struct index *ix = index_open(p);
	assert_false(index_usable(ix));
	build(ix, 1, n);
	assert_true(index_usable(ix));
	return ix;
}

/* One transaction under its own lock. */
static inline void set_flags(struct index *ix, uint32_t uid, uint16_t flags)
{
	lock(ix);
	index_begin(ix);
	index_set_flags(ix, uid, flags, 0);
	commit(ix);
	index_unlock(ix);
}

static inline void expunge(struct index *ix, uint32_t from, uint32_t to)
{
	lock(ix);
	index_begin(ix);
	for (uint32_t uid = from; uid <= to; uid++)
		index_expunge(ix, uid);
	commit(ix);
	index_unlock(ix);
}

static inline void add(struct index *ix, uint32_t from, uint32_t n)
{
	char name[64];
	lock(ix);
	index_begin(ix);
	for (uint32_t uid = from; uid < from + n; uid++) {
		struct index_record r = record_of(uid);
		index_add(ix, &r, name_of(uid, name));
	}
	commit(ix);
	index_unlock(ix);
}

static inline struct index_record get(struct index *ix, uint32_t uid)
{
	struct index_record r = { 0 };
	bool exact;
	uint64_t slot = index_find(ix, uid, &exact);
	assert_true(exact);
	assert_true(index_read(ix, slot, &r));
	assert_int_equal(r.uid, uid);
	return r;
}

/* Tombstones up to there are older than the history limit: a change as a writer
 * makes it, for others read meanwhile. */
static inline void grow_old(struct index_map *m, uint64_t before)
{
	uint64_t change = map_load(m, HEAD_AT(change));

	map_store(m, HEAD_AT(change), change + 1);
	map_store(m, HEAD_AT(mark_modseq), map_highest_modseq(m));
	map_store(m, HEAD_AT(mark_before), before);
	map_seal_head(m);
	map_store(m, HEAD_AT(change), change + 2);
}

static inline struct index_header head(struct index *ix)
{
	struct index_header h;
	assert_true(index_head(ix, &h));
	return h;
}

/* Bytes of a file of the mailbox. */
static inline struct buf slurp(const struct index_place *p, const char *name)
{
	struct buf b = BUF_INIT;
	assert_int_equal(file_read(p->dirfd, name, 1 << 28, &b), 1);
	return b;
}

static inline void spill(const struct index_place *p, const char *name, struct bytes b)
{
	int fd = openat(p->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(file_write_all(fd, b.p, b.n), 0);
	close(fd);
}

/* One word of the index file, past all protocol. */
static inline uint64_t peek(const struct index_place *p, off_t at)
{
	uint64_t v = 0;
	int fd = openat(p->dirfd, INDEX_FILE, O_RDONLY);
	assert_int_equal(file_pread_all(fd, &v, sizeof v, at), sizeof v);
	close(fd);
	return v;
}

static inline void poke(const struct index_place *p, off_t at, uint64_t v)
{
	int fd = openat(p->dirfd, INDEX_FILE, O_WRONLY);
	assert_int_equal(file_pwrite_all(fd, &v, sizeof v, at), 0);
	close(fd);
}

/* Runs f in a child; its exit status as of waitpid. */
static inline int in_child(void (*f)(void *), void *arg)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		f(arg);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

#endif
