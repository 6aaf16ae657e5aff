/* The cache file: the input as it is, or behind a good header and with each
 * entry's checksum put right, so that what it says is looked at, or damage done to a good
 * one (damage.h).  Whatever is asked for, it comes whole or not at all. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "damage.h"
#include "file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ID 0x1122334455667788ull
#define STEP 64 /* entries are looked for there */

static int dirfd = -1;
static char path[64];

static void clean(void)
{
	unlinkat(dirfd, INDEX_CACHE_FILE, 0);
	rmdir(path);
}

static void init(void)
{
	if (dirfd >= 0)
		return;
	snprintf(path, sizeof path, "%s/roost-fuzz-cache.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(path));
	dirfd = dir_open(AT_FDCWD, path);
	atexit(clean);
}

/* Stamps what could be the head of an entry. */
static void put_right(struct buf *b)
{
	for (size_t at = sizeof(struct cache_header); at + CACHE_HEAD_MAX <= b->n; at += STEP) {
		struct cache_entry e;
		memcpy(&e, b->p + at, sizeof e);
		e.magic = CACHE_ENTRY_MAGIC;
		e.form = CACHE_FORM;
		e.items %= CACHE_ITEMS_MAX + 1;
		e.length &= ~7u;
		memcpy(b->p + at, &e, sizeof e);
		cache_stamp(b->p + at, ID);
	}
}

static void ask(struct cache *c, const struct buf *file, uint64_t at, uint32_t wanted)
{
	struct bytes items[CACHE_ITEMS_MAX];
	struct cache_entry e = { 0 };
	struct buf out = BUF_INIT;

	if (at + sizeof e <= file->n)
		memcpy(&e, file->p + at, sizeof e);
	struct cache_key k = { e.uid, e.identity, at };
	int found = cache_get(c, ID, &k, wanted, &out, items);
	for (unsigned i = 0; i < CACHE_ITEMS_MAX; i++) {
		assert((found && wanted >> i & 1) == (items[i].p != NULL));
		if (items[i].p)
			assert(items[i].p >= out.p && items[i].p + items[i].n <= out.p + out.n);
	}
	assert(found || out.n == 0);
	buf_free(&out);
}

/* Entries as cache_write.c makes them, and what the input does to them. */
static void damaged(struct buf *file, struct bytes in)
{
	static const char zeros[STEP];

	for (uint32_t uid = 1; uid <= 12; uid++) {
		struct cache_slot slots[4];
		struct cache_entry e = { .magic = CACHE_ENTRY_MAGIC,
					 .form = CACHE_FORM,
					 .items = 4,
					 .length = 2 * STEP,
					 .uid = uid,
					 .identity = uid * 3 };
		size_t at = file->n;
		for (uint32_t i = 0; i < 4; i++)
			slots[i] = (struct cache_slot){ i, 8, crc32c(0, zeros, 8) };
		buf_add(file, &e, sizeof e);
		buf_add(file, slots, sizeof slots);
		buf_add(file, zeros, at + 2 * STEP - file->n);
		cache_stamp(file->p + at, ID);
	}
	for (int i = 0; in.n && i < 16; i++)
		damage_cache(file, &in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct cache_header h;
	struct buf file = BUF_INIT;

	init();
	cache_header_init(&h, ID);
	bool raw = n && data[0] == 'R';
	if (!raw)
		buf_add(&file, &h, sizeof h);
	if (n && data[0] == 'D') {
		damaged(&file, bytes_from(in, 1));
	} else {
		buf_bytes(&file, in);
		if (!raw)
			put_right(&file);
	}
	int fd = file_open(dirfd, INDEX_CACHE_FILE, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert(fd >= 0 && file_pwrite_all(fd, file.p ? file.p : "", file.n, 0) == 0);
	close(fd);
	struct cache *c = cache_open(dirfd, true);
	for (uint64_t at = 0; at < file.n + 2 * STEP; at += STEP)
		ask(c, &file, at, at / STEP % 2 ? 0xffff : 1);
	for (uint64_t at = 0; at < file.n; at += STEP)
		ask(c, &file, at, 1u << at / STEP % CACHE_ITEMS_MAX);
	cache_close(c);
	buf_free(&file);
	return 0;
}
