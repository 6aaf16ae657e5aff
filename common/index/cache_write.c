/*
 * cache_write.c: collects entries and appends them to the cache file.
 *
 * Order: append under the cache lock (flock on the file, tried), then, under the
 * mailbox lock, the offsets into the index records, so that a record never points
 * at what isn't there yet.  Crash points: while appending (a torn tail, which the
 * next writer leaves behind aligned) and before the index knows (garbage).  A
 * file that is missing or has another id is replaced under the mailbox lock, since the id
 * stands in the index header; without room there is simply no caching.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "arena.h"
#include "cache_private.h"
#include "file.h"
#include "log.h"
#include "num.h"

#define BATCH_MAX (8u << 20) /* bytes collected; what comes above is not cached */
#define PENDING_FIRST 16
#define BATCH_KEEP (2u << 20) /* room for most batches */
#define LOCK_MS 1000          /* for the mailbox: the work is lost, not the mail */

static size_t align(size_t n)
{
	return (n + CACHE_ALIGN - 1) & ~(size_t)(CACHE_ALIGN - 1);
}

/* --- collecting --- */

/* The size of an entry, or 0 if it must not be one. */
static size_t entry_size(const struct cache_item *items, size_t n)
{
	size_t size = sizeof(struct cache_entry) + n * sizeof(struct cache_slot);

	if (n > CACHE_ITEMS_MAX)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (items[i].kind >= CACHE_ITEMS_MAX || items[i].value.n > CACHE_ENTRY_MAX)
			return 0;
		size += items[i].value.n;
	}
	return align(size) <= CACHE_ENTRY_MAX ? align(size) : 0;
}

static void remember(struct cache *c, uint32_t uid)
{
	if (c->npending == c->pending_cap) {
		c->pending_cap = c->pending_cap ? c->pending_cap * 2 : PENDING_FIRST;
		c->pending = mem_realloc(c->pending, c->pending_cap * sizeof *c->pending);
	}
	c->pending[c->npending++] = (struct cache_pending){ uid, c->batch.n };
}

void cache_put(struct cache *c, uint32_t uid, uint64_t identity, const struct cache_item *items,
	       size_t n)
{
	size_t size = entry_size(items, n);
	struct cache_entry e = {
		.magic = CACHE_ENTRY_MAGIC,
		.form = CACHE_FORM,
		.items = (uint16_t)n,
		.length = (uint32_t)size,
		.uid = uid,
		.identity = identity,
	};

	if (!size || c->readonly || c->batch.n + size > BATCH_MAX)
		return;
	remember(c, uid);
	size_t end = c->batch.n + size;
	buf_add(&c->batch, &e, sizeof e);
	for (size_t i = 0; i < n; i++) {
		struct bytes v = items[i].value;
		struct cache_slot slot = { items[i].kind, (uint32_t)v.n, crc32c(0, v.p, v.n) };
		buf_add(&c->batch, &slot, sizeof slot);
	}
	for (size_t i = 0; i < n; i++)
		buf_bytes(&c->batch, items[i].value);
	while (c->batch.n < end)
		buf_char(&c->batch, 0);
}

size_t cache_pending(const struct cache *c)
{
	return c->npending;
}

/* The room is kept for the next one, until cache_trim: fresh pages cost more than filling them. */
static void drop_batch(struct cache *c)
{
	c->npending = 0;
	buf_trim(&c->batch, BATCH_KEEP);
}

/* --- the file --- */

/* Once per process: it happens again with every batch. */
static void log_once(const char *what)
{
	static bool done;

	if (!done)
		log_warn("cache", "%s: %s; goes on without caching", what, strerror(errno));
	done = true;
}

uint64_t cache_new_id(void)
{
	uint64_t id;

	do
		num_random(&id, sizeof id);
	while (!id);
	return id;
}

/* An empty cache takes the name.  It isn't synced: after a crash it is there or
 * isn't, or is no cache at all; each costs only time. */
static int create(int dirfd, uint64_t *id)
{
	struct cache_header h;
	char temp[FILE_TEMP_NAME];
	int fd = file_temp(dirfd, INDEX_CACHE_FILE, 0600, temp);

	if (fd < 0)
		return -1;
	*id = cache_new_id();
	cache_header_init(&h, *id);
	if (file_write_all(fd, &h, sizeof h) < 0 ||
	    renameat(dirfd, temp, dirfd, INDEX_CACHE_FILE) < 0) {
		unlinkat(dirfd, temp, 0);
		close(fd);
		return -1;
	}
	return fd;
}

/* Under the mailbox lock: the file that goes with the index, perhaps a new one. */
static int open_or_create(struct cache *c, struct index *ix, uint64_t *id)
{
	struct index_header h;

	if (!index_head(ix, &h))
		return -1;
	int fd = cache_open_file(c->dirfd, O_RDWR, id);
	if (fd >= 0 && *id && *id == h.cache_id)
		return fd;
	if (fd >= 0)
		close(fd);
	fd = create(c->dirfd, id);
	if (fd >= 0)
		index_learn_cache_id(ix, *id);
	else
		log_once("create");
	return fd;
}

int cache_lock_mailbox(struct index *ix)
{
	if (index_locked(ix))
		return 0;
	return index_lock(ix, LOCK_MS, NULL) < 0 ? -1 : 1;
}

static int open_for_batch(struct cache *c, struct index *ix, uint64_t *id)
{
	struct index_header h;

	if (!index_head(ix, &h))
		return -1;
	int fd = cache_open_file(c->dirfd, O_RDWR, id);
	if (fd >= 0 && *id && *id == h.cache_id)
		return fd;
	if (fd >= 0)
		close(fd);
	int locked = cache_lock_mailbox(ix);
	if (locked < 0)
		return -1;
	fd = open_or_create(c, ix, id);
	if (locked)
		index_unlock(ix);
	return fd;
}

bool cache_is_named(struct cache *c, int fd, const char *name)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && fstatat(c->dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

bool cache_lock_file(struct cache *c, int fd)
{
	return file_lock(fd, LOCK_EX, 0) > 0 && cache_is_named(c, fd, INDEX_CACHE_FILE);
}

/* Where the batch starts in the file, or 0. */
static uint64_t append(struct cache *c, int fd, uint64_t id)
{
	struct stat st;

	if (!cache_lock_file(c, fd) || fstat(fd, &st) < 0)
		return 0;
	off_t at = (off_t)align((size_t)st.st_size);
	for (size_t i = 0; i < c->npending; i++)
		cache_stamp(c->batch.p + c->pending[i].at, id);
	if (file_pwrite_all(fd, c->batch.p, c->batch.n, at) == 0)
		return (uint64_t)at;
	log_once("append");
	if (ftruncate(fd, st.st_size) < 0)
		log_once("truncate");
	return 0;
}

/* --- telling the index --- */

/* Only if it is still the index, of the same messages, that goes with the file. */
static int tell_index(struct cache *c, struct index *ix, uint64_t id, uint32_t uidvalidity,
		      uint64_t at)
{
	struct index_header h;
	int locked = cache_lock_mailbox(ix), told = 0;

	if (locked < 0)
		return 0;
	if (index_usable(ix) && index_head(ix, &h) && h.cache_id == id &&
	    h.uidvalidity == uidvalidity) {
		for (size_t i = 0; i < c->npending; i++)
			index_learn_cache(ix, c->pending[i].uid, at + c->pending[i].at);
		told = 1;
	}
	if (locked)
		index_unlock(ix);
	return told;
}

static int flush(struct cache *c, struct index *ix)
{
	struct index_header h;
	uint64_t id, at;

	if (c->readonly || index_is_private(ix) || !index_usable(ix) || !index_head(ix, &h))
		return 0;
	int fd = open_for_batch(c, ix, &id);
	if (fd < 0)
		return 0;
	at = append(c, fd, id);
	close(fd); /* and with it the lock */
	if (c->refused == id)
		c->refused = 0;
	return at ? tell_index(c, ix, id, h.uidvalidity, at) : 0;
}

int cache_flush(struct cache *c, struct index *ix, struct error *e)
{
	(void)e; /* nothing that goes wrong here is worth more than a line in the log */
	if (!c->npending)
		return 1;
	int r = flush(c, ix);
	drop_batch(c);
	return r;
}
