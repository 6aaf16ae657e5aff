/*
 * cache_compact.c: a cache file without the entries nobody asks for any more.
 *
 * The cache is append-only, so what belonged to expunged messages, or was put twice,
 * stays until the file is written anew under another id.  Entries are copied
 * under the cache lock alone: nobody appends meanwhile, everybody reads on.  Only the
 * rename and the new offsets happen under the mailbox lock.  Crash points: before the
 * rename CACHE_NEW is left over, which the next one unlinks; between it and the new id in
 * the index header the file is one of a foreign id, which the next writer replaces.
 * Neither loses more than time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cache_private.h"
#include "file.h"
#include "num.h"

#define CACHE_NEW INDEX_CACHE_FILE ".new"
#define COMPACT_MIN (1u << 20) /* garbage not worth a rewrite */
#define SAMPLES 64             /* entries that stand for all when guessing */
#define CHUNK (256u << 10)     /* bytes per write */

struct move {
	uint32_t uid;
	uint64_t from, to;
};

struct compaction {
	struct cache *c;
	struct index *ix;
	struct index_header h; /* when it began */
	uint64_t id;           /* of the new file */
	int fd;
	struct buf out; /* not written yet */
	uint64_t at;    /* where it goes */
	struct buf moves;
};

/* The entry of a living message, or false. */
static bool entry_of(struct compaction *k, uint64_t slot, struct index_record *r,
		     struct bytes *entry)
{
	return index_read(k->ix, slot, r) && !(r->state & INDEX_DEAD) && r->cache_at &&
	       cache_raw(k->c, k->h.cache_id, r->cache_at, r->uid, entry);
}

/* Is about half of it garbage? */
static bool pays(struct compaction *k, uint64_t size)
{
	uint64_t live = 0, slots = k->h.count < SAMPLES ? k->h.count : SAMPLES;
	struct index_record r;
	struct bytes entry;

	for (uint64_t i = 0; i < slots; i++)
		if (entry_of(k, i * k->h.count / slots, &r, &entry))
			live += entry.n;
	if (slots)
		live = live * k->h.count / slots;
	return size > 2 * live + COMPACT_MIN;
}

static bool write_out(struct compaction *k)
{
	if (file_pwrite_all(k->fd, k->out.p, k->out.n, (off_t)k->at) < 0)
		return false;
	k->at += k->out.n;
	buf_reset(&k->out);
	return true;
}

static bool copy_entry(struct compaction *k, const struct index_record *r, struct bytes entry)
{
	struct move m = { r->uid, r->cache_at, k->at + k->out.n };

	buf_add(&k->moves, &m, sizeof m);
	buf_bytes(&k->out, entry);
	cache_stamp(k->out.p + k->out.n - entry.n, k->id);
	return k->out.n < CHUNK || write_out(k);
}

static bool copy_all(struct compaction *k)
{
	struct cache_header h;
	struct index_record r;
	struct bytes entry;

	cache_header_init(&h, k->id);
	buf_add(&k->out, &h, sizeof h);
	for (uint64_t slot = 0; slot < k->h.count; slot++)
		if (entry_of(k, slot, &r, &entry) && !copy_entry(k, &r, entry))
			return false;
	return write_out(k);
}

/* Entries whose offset is another one by now were written before we began and
 * told since: they are lost. */
static void tell_moves(struct compaction *k)
{
	struct index_record r;
	bool exact;

	for (size_t i = 0; i < k->moves.n; i += sizeof(struct move)) {
		struct move m;
		memcpy(&m, k->moves.p + i, sizeof m);
		uint64_t slot = index_find(k->ix, m.uid, &exact);
		if (exact && index_read(k->ix, slot, &r) && r.cache_at == m.from)
			index_learn_cache(k->ix, m.uid, m.to);
	}
}

/* Under the mailbox lock. */
static bool publish(struct compaction *k)
{
	struct index_header h;

	if (!index_usable(k->ix) || !index_head(k->ix, &h) || h.id != k->h.id ||
	    h.cache_id != k->h.cache_id || !cache_is_named(k->c, k->fd, CACHE_NEW) ||
	    renameat(k->c->dirfd, CACHE_NEW, k->c->dirfd, INDEX_CACHE_FILE) < 0)
		return false;
	index_learn_cache_id(k->ix, k->id);
	tell_moves(k);
	return true;
}

static bool rewrite(struct compaction *k)
{
	unlinkat(k->c->dirfd, CACHE_NEW, 0);
	k->fd = file_open(k->c->dirfd, CACHE_NEW, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (k->fd < 0)
		return false;
	bool done = false;
	if (copy_all(k)) {
		int locked = cache_lock_mailbox(k->ix);
		done = locked >= 0 && publish(k);
		if (locked > 0)
			index_unlock(k->ix);
	}
	if (!done && cache_is_named(k->c, k->fd, CACHE_NEW))
		unlinkat(k->c->dirfd, CACHE_NEW, 0);
	close(k->fd);
	return done;
}

static bool worth_it(struct compaction *k, int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_size > COMPACT_MIN && pays(k, (uint64_t)st.st_size);
}

int cache_compact(struct cache *c, struct index *ix, bool force)
{
	struct compaction k = { .c = c, .ix = ix };
	uint64_t id;

	if (c->readonly || index_is_private(ix) || !index_usable(ix) || !index_head(ix, &k.h))
		return 0;
	int fd = cache_open_file(c->dirfd, O_RDWR, &id);
	if (fd < 0)
		return 0;
	bool done = false;
	if (id == k.h.cache_id && (force || worth_it(&k, fd)) && cache_lock_file(c, fd)) {
		k.id = cache_new_id();
		done = rewrite(&k);
	}
	close(fd); /* and with it the lock */
	buf_free(&k.out);
	buf_free(&k.moves);
	cache_trim(c);
	return done;
}
