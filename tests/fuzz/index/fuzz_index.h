/*
 * fuzz_index.h: a mailbox for the fuzzers of the index: an index of some
 * messages, made once and put back for each input.
 */
#ifndef FUZZ_INDEX_H
#define FUZZ_INDEX_H

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "damage.h"
#include "file.h"
#include "index_private.h"
#include "view.h"

#define MESSAGES 300
#define FUZZ_EPOCH 3
#define FUZZ_BASE ((uint64_t)FUZZ_EPOCH << INDEX_EPOCH_SHIFT | 1)

static struct index_place place;
static struct buf good_index, good_journal;
static char fuzz_path[64];

/* The linker sends it here: nobody else is there to be waited for. */
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	(void)t;
	(void)rest;
	return 0;
}

static inline void fuzz_clean(void)
{
	static const char *const names[] = { INDEX_FILE, INDEX_FILE_NEW, INDEX_JOURNAL_FILE,
					     JOURNAL_FILE_NEW };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(place.dirfd, names[i], 0);
}

static inline void fuzz_end(void)
{
	fuzz_clean();
	rmdir(fuzz_path);
}

static inline void fuzz_build(struct index *ix)
{
	struct index_build b = { .uidvalidity = 1, .uidnext = MESSAGES + 1, .epoch = FUZZ_EPOCH };
	char name[64];

	assert(index_build_begin(ix, &b, NULL) == 0);
	for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
		struct index_record r = { .uid = uid, .vsize = uid };
		int n = snprintf(name, sizeof name, "17.M%uP1.host:2,", uid);
		index_build_add(ix, &r, (struct bytes){ name, (size_t)n });
	}
	index_build_keyword(ix, 0, BYTES("$Junk"));
	assert(index_build_commit(ix, NULL) == 0);
}

static inline void fuzz_change(struct index *ix)
{
	index_begin(ix);
	index_set_flags(ix, 7, FLAG_SEEN, 1);
	index_set_place(ix, 8, 1, BYTES("eight"));
	index_expunge(ix, 9);
	if (index_commit(ix, NULL) == 0 && index_usable(ix))
		index_compact(ix, false, NULL);
}

/* Changes of every kind. */
static inline void fuzz_change_all(struct index *ix)
{
	static const uint64_t words[INDEX_DRIVER_WORDS] = { 1, 2, 3 };
	struct index_header h;

	fuzz_change(ix);
	if (!index_usable(ix) || !index_head(ix, &h))
		return;
	index_learn_size(ix, 5, 4711);
	index_learn_date(ix, 300, 1);
	index_learn_cache(ix, 6, 4096);
	index_begin(ix);
	if (h.uidnext < UINT32_MAX) {
		struct index_record r = { .uid = h.uidnext, .vsize = INDEX_SIZE_UNKNOWN };
		index_add(ix, &r, BYTES("18.M1P1.host"));
	}
	for (uint32_t uid = 40; uid < 50; uid++)
		index_expunge(ix, uid);
	index_set_keyword(ix, 3, BYTES("three"));
	index_set_first_recent(ix, 12);
	index_set_driver(ix, words);
	if (index_commit(ix, NULL) == 0 && index_usable(ix))
		index_compact(ix, true, NULL);
}

static inline void fuzz_init(void)
{
	if (fuzz_path[0])
		return;
	snprintf(fuzz_path, sizeof fuzz_path, "%s/roost-fuzz-index.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(fuzz_path));
	atexit(fuzz_end);
	place.dirfd = dir_open(AT_FDCWD, fuzz_path);
	place.lockfd = dir_open(AT_FDCWD, fuzz_path);
	place.hasty = true;
	struct index *ix = index_open(&place);
	assert(index_lock(ix, 1000, NULL) == 0);
	fuzz_build(ix);
	fuzz_change(ix);
	index_unlock(ix);
	index_close(ix);
	assert(file_read(place.dirfd, INDEX_FILE, 1 << 20, &good_index) == 1);
	assert(file_read(place.dirfd, INDEX_JOURNAL_FILE, 1 << 20, &good_journal) == 1);
}

static inline void fuzz_put(int fd, const void *p, size_t n, uint64_t at)
{
	assert(file_pwrite_all(fd, p, n, (off_t)at) == 0);
}

/* A new file of that content; its descriptor. */
static inline int fuzz_file(const char *name, struct bytes content)
{
	unlinkat(place.dirfd, name, 0);
	int fd = file_open(place.dirfd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert(fd >= 0);
	fuzz_put(fd, content.p, content.n, 0);
	return fd;
}

/* Makes it a file that would be trusted: of this inode, in this boot. */
static inline void fuzz_identify(int fd)
{
	struct stat st;
	assert(fstat(fd, &st) == 0);
	uint64_t device = st.st_dev, inode = st.st_ino;
	fuzz_put(fd, &device, sizeof device, HEAD_AT(device));
	fuzz_put(fd, &inode, sizeof inode, HEAD_AT(inode));
}

/* Whatever the file says, it does no harm; numbers rise or are refused, but where
 * somebody lies with good checksums. */
static inline void fuzz_look(struct view *v, bool lies)
{
	char name[INDEX_NAME_MAX + 1];
	struct index_record r;
	uint32_t last = 0, n = view_count(v);

	for (uint32_t seq = 1; seq <= n; seq += seq % INDEX_BLOCK < 20 ? 1 : 11) {
		uint32_t uid = view_uid(v, seq);
		if (!uid)
			continue;
		assert(uid > last || lies);
		last = uid;
		uint32_t at = view_seq(v, uid);
		assert(at == seq || !at || !view_ok(v) || lies);
		if (view_read(v, seq, &r))
			assert(view_name(v, &r, name) <= INDEX_NAME_MAX);
		n = view_count(v);
	}
	for (uint32_t seq = 1; seq <= n; seq += 1 + seq / 2)
		for (unsigned what = VIEW_DELETED; what <= VIEW_MODSEQ; what++)
			assert(view_skip(v, seq, (enum view_skip)what, FUZZ_BASE) >= seq);
	assert(view_seq_from(v, 77) <= n + 1);
	view_first_unseen(v);
}

static inline void fuzz_read(struct index *ix)
{
	struct index_header h;
	struct index_record r;
	struct index_block b;
	char text[INDEX_NAME_MAX + 1];
	bool exact;

	if (index_head(ix, &h))
		for (uint64_t slot = 0; slot < h.count && index_read(ix, slot, &r); slot++)
			assert(index_name(ix, &r, text) <= INDEX_NAME_MAX);
	index_read_block(ix, 1, &b);
	for (unsigned n = 0; n < INDEX_KEYWORDS; n++)
		assert(index_keyword(ix, n, text) <= INDEX_KEYWORD_MAX);
	index_find(ix, 100, &exact);
	index_refresh(ix);
}

static inline void fuzz_with_lock(struct index *ix, bool build)
{
	struct index_record r;

	assert(index_lock(ix, 1000, NULL) == 0);
	index_hint(ix, 5, BYTES("17"), &r);
	if (index_usable(ix))
		fuzz_change_all(ix);
	if (build) { /* whatever it was: this is right again */
		fuzz_build(ix);
		assert(index_usable(ix) && index_check(ix, NULL) == 0);
	}
	index_unlock(ix);
}

/* What a session does with it. */
static inline void fuzz_use(bool lies)
{
	static const struct view_events none;
	struct index *ix = index_open(&place);
	struct view *v = view_open(ix);

	fuzz_read(ix);
	if (v)
		fuzz_look(v, lies);
	fuzz_with_lock(ix, false);
	if (v && view_sync(v, true, &none) >= 0)
		fuzz_look(v, lies);
	fuzz_with_lock(ix, true);
	if (v && view_sync(v, true, &none) >= 0)
		fuzz_look(v, lies);
	view_close(v);
	index_close(ix);
}

#endif
