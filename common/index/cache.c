/*
 * cache.c: reads entries of the cache file (cache_format.h).
 *
 * Entries are read with pread into a window, which is small until entries are asked
 * for one after the other; then it reads ahead.  No maps: copying what is needed
 * costs less than page faults, and a file cut under us is a short read, not a
 * SIGBUS.  Items are copied to the caller's buffer and checksummed there.
 * What doesn't fit, for whatever reason, is as good as absent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "cache_private.h"
#include "file.h"
#include "num.h"

#define WINDOW_ONE (4 * 1024)    /* some entries */
#define WINDOW_AHEAD (64 * 1024) /* a system call for some dozen entries */
#define WINDOW_GAP (16 * 1024)   /* what still counts as "one after the other" */
#define WINDOW_RUN 2             /* of those, before reading ahead */

struct cache *cache_open(int dirfd, bool readonly)
{
	struct cache *c = mem_alloc(sizeof *c);

	*c = (struct cache){ .dirfd = dirfd, .readonly = readonly, .fd = -1 };
	return c;
}

void cache_forget(struct cache *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->id = 0;
	c->window_n = 0;
	c->run = 0;
}

void cache_trim(struct cache *c)
{
	free(c->window);
	c->window = NULL;
	c->window_cap = c->window_n = 0;
	c->run = 0;
	c->refused = 0;
	if (c->npending)
		return;
	buf_free(&c->batch);
	free(c->pending);
	c->pending = NULL;
	c->pending_cap = 0;
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	cache_forget(c);
	free(c->window);
	free(c->pending);
	buf_free(&c->batch);
	free(c);
}

/* --- the file --- */

static uint32_t header_crc(const struct cache_header *h)
{
	return crc32c(0, h, offsetof(struct cache_header, crc));
}

void cache_header_init(struct cache_header *h, uint64_t id)
{
	*h = (struct cache_header){
		.magic = CACHE_MAGIC,
		.version = CACHE_VERSION,
		.header_size = sizeof *h,
		.id = id,
	};
	h->crc = header_crc(h);
}

int cache_open_file(int dirfd, int flags, uint64_t *id)
{
	struct cache_header h;
	struct stat st;
	int fd = file_open(dirfd, INDEX_CACHE_FILE, flags | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    file_pread_all(fd, &h, sizeof h, 0) == sizeof h && h.magic == CACHE_MAGIC &&
	    h.version == CACHE_VERSION && h.header_size == sizeof h && h.crc == header_crc(&h)) {
		*id = h.id;
		return fd;
	}
	close(fd);
	return -1;
}

static bool use_file(struct cache *c, uint64_t id)
{
	if (c->fd >= 0 && c->id == id)
		return true;
	if (!id || c->refused == id)
		return false;
	cache_forget(c);
	c->fd = cache_open_file(c->dirfd, O_RDONLY, &c->id);
	if (c->fd >= 0 && c->id == id)
		return true;
	c->refused = id;
	return false;
}

/* --- the window --- */

static bool covered(const struct cache *c, uint64_t at, size_t n)
{
	return at >= c->window_at && at - c->window_at <= c->window_n &&
	       n <= c->window_n - (at - c->window_at);
}

static void window_grow(struct cache *c, size_t n)
{
	if (c->window_cap >= n)
		return;
	free(c->window);
	c->window = mem_alloc(n);
	c->window_cap = n;
}

/* Reads from `at`: at least n bytes, if the file has them. */
static void window_read(struct cache *c, uint64_t at, size_t n)
{
	size_t want = c->run >= WINDOW_RUN ? WINDOW_AHEAD : WINDOW_ONE;

	if (want < n)
		want = n;
	window_grow(c, want);
	c->window_at = at;
	ssize_t got = file_pread_all(c->fd, c->window, want, (off_t)at);
	c->window_n = got > 0 ? (size_t)got : 0;
}

/* n bytes at `at`, valid until the next call, or NULL. */
static const char *look(struct cache *c, uint64_t at, size_t n)
{
	if (!covered(c, at, n))
		window_read(c, at, n);
	return covered(c, at, n) ? c->window + (at - c->window_at) : NULL;
}

/* --- entries --- */

static size_t head_size(const struct cache_entry *e)
{
	return sizeof *e + e->items * sizeof(struct cache_slot);
}

void cache_stamp(char *p, uint64_t id)
{
	struct cache_entry e;

	memcpy(&e, p, sizeof e);
	e.cache_id = id;
	e.crc = 0;
	memcpy(p, &e, sizeof e);
	e.crc = crc32c(0, p, head_size(&e));
	memcpy(p, &e, sizeof e);
}

/* In our own copy: the head that n bytes were copied of. */
static bool head_valid(struct cache_head *h, size_t n, uint64_t id)
{
	const struct cache_entry *e = &h->e;
	uint32_t crc = e->crc;

	if (e->magic != CACHE_ENTRY_MAGIC || e->form != CACHE_FORM || e->cache_id != id ||
	    e->items > CACHE_ITEMS_MAX || e->length > CACHE_ENTRY_MAX || e->length % CACHE_ALIGN ||
	    n != head_size(e) || e->length < n)
		return false;
	h->e.crc = 0;
	if (crc != crc32c(0, h, n))
		return false;
	size_t room = e->length - n;
	for (unsigned i = 0; i < e->items; i++) {
		if (h->slots[i].kind >= CACHE_ITEMS_MAX || h->slots[i].length > room)
			return false;
		room -= h->slots[i].length;
	}
	return true;
}

/* Head and slots; fewer bytes than there might be slots may be left in the file. */
static bool read_head(struct cache *c, const struct cache_key *k, struct cache_head *h)
{
	const char *p = look(c, k->cache_at, sizeof h->e);

	if (!p)
		return false;
	memcpy(&h->e.items, p + offsetof(struct cache_entry, items), sizeof h->e.items);
	if (h->e.items > CACHE_ITEMS_MAX)
		return false;
	size_t n = head_size(&h->e);
	if (!covered(c, k->cache_at, n))
		p = look(c, k->cache_at, n);
	if (!p)
		return false;
	memcpy(h, p, n);
	return head_valid(h, n, c->id) && h->e.uid == k->uid;
}

/* Is it one after the other? */
static void note_access(struct cache *c, uint64_t at, size_t n)
{
	if (at >= c->last && at - c->last <= WINDOW_GAP)
		c->run++;
	else
		c->run = 0;
	c->last = at + n;
}

static bool plausible(const struct cache_key *k)
{
	return k->cache_at >= sizeof(struct cache_header) && k->cache_at <= INT64_MAX / 2 &&
	       k->cache_at % CACHE_ALIGN == 0;
}

bool cache_raw(struct cache *c, uint64_t id, uint64_t at, uint32_t uid, struct bytes *entry)
{
	struct cache_key k = { .uid = uid, .cache_at = at };
	struct cache_head h;

	if (!plausible(&k) || !use_file(c, id) || !read_head(c, &k, &h))
		return false;
	note_access(c, at, h.e.length);
	entry->p = look(c, at, h.e.length);
	entry->n = h.e.length;
	return entry->p != NULL;
}

/* Appends an item of the file and checks the copy. */
static bool copy_item(struct cache *c, uint64_t at, const struct cache_slot *slot, struct buf *out)
{
	char *to = buf_reserve(out, slot->length);

	if (!to)
		return false;
	if (!covered(c, at, slot->length) && slot->length <= WINDOW_ONE)
		window_read(c, at, slot->length);
	if (covered(c, at, slot->length))
		memcpy(to, c->window + (at - c->window_at), slot->length);
	else if (file_pread_all(c->fd, to, slot->length, (off_t)at) != (ssize_t)slot->length)
		return false;
	if (crc32c(0, to, slot->length) != slot->crc)
		return false;
	out->n += slot->length;
	return true;
}

/* As get. */
static int copy_items(struct cache *c, uint64_t at, const struct cache_head *h, uint32_t wanted,
		      struct buf *out, struct bytes items[CACHE_ITEMS_MAX])
{
	size_t place[CACHE_ITEMS_MAX], start = out->n;
	uint32_t missing = wanted;

	at += head_size(&h->e);
	for (unsigned i = 0; i < h->e.items && missing; at += h->slots[i++].length) {
		const struct cache_slot *slot = &h->slots[i];
		if (!(missing >> slot->kind & 1))
			continue;
		missing &= ~(1u << slot->kind);
		place[slot->kind] = out->n;
		items[slot->kind].n = slot->length;
		if (!copy_item(c, at, slot, out)) {
			out->n = start;
			return -1;
		}
	}
	if (missing) {
		out->n = start;
		return 0;
	}
	for (; wanted; wanted &= wanted - 1) { /* only now: the buffer may have moved */
		unsigned kind = (unsigned)__builtin_ctz(wanted);
		items[kind].p = out->p + place[kind];
	}
	return 1;
}

/* 1; 0 the entry has not all of them; -1 it isn't whole, or not here. */
static int get(struct cache *c, const struct cache_key *k, uint32_t wanted, struct buf *out,
	       struct bytes items[CACHE_ITEMS_MAX])
{
	struct cache_head h;

	if (!read_head(c, k, &h) || h.e.identity != k->identity)
		return -1;
	note_access(c, k->cache_at, h.e.length);
	return copy_items(c, k->cache_at, &h, wanted, out, items);
}

uint32_t cache_kinds(struct cache *c, uint64_t cache_id, const struct cache_key *k)
{
	struct cache_head h;
	uint32_t kinds = 0;

	if (!plausible(k) || !use_file(c, cache_id) || !read_head(c, k, &h) ||
	    h.e.identity != k->identity)
		return 0;
	for (unsigned i = 0; i < h.e.items; i++)
		kinds |= 1u << h.slots[i].kind;
	return kinds;
}

int cache_get(struct cache *c, uint64_t cache_id, const struct cache_key *k, uint32_t wanted,
	      struct buf *out, struct bytes items[CACHE_ITEMS_MAX])
{
	memset(items, 0, CACHE_ITEMS_MAX * sizeof *items);
	if (!plausible(k) || !use_file(c, cache_id) || wanted >> CACHE_ITEMS_MAX)
		return 0;
	bool old = covered(c, k->cache_at, 1);
	int r = get(c, k, wanted, out, items);
	if (r < 0 && old) {
		/* Read before it was written: the file is append-only, but our
		 * window may be older than the entry. */
		c->window_n = 0;
		r = get(c, k, wanted, out, items);
	}
	if (r == 1)
		return 1;
	memset(items, 0, CACHE_ITEMS_MAX * sizeof *items);
	return 0;
}
