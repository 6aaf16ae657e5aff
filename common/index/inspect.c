/*
 * inspect.c: the files of an index checked and shown without changing a byte (inspect.h), and
 * index_check, which is the same for a handle that holds the lock.
 *
 * Left out: what a flipped bit may make of a word that no checksum covers and where each
 * value makes sense (generation; `clean`, boot and machine id beyond what distrust says;
 * what lies between entries of the cache).
 */
#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "cache_private.h"
#include "clock.h"
#include "file.h"
#include "index_private.h"
#include "num.h"

#define COPY_TRIES 100 /* a writer may be at it: then a millisecond each */
#define TEXT_MAX 256

struct inspect {
	int dirfd; /* the caller's */
	bool there;
	struct index_map *map; /* NULL: none that has the layout of one */
};

/* Where findings go: to a caller, or the first one into an error. */
struct findings {
	inspect_tell *tell;
	void *ctx;
};

static void say(const struct findings *f, enum inspect_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(const struct findings *f, enum inspect_kind kind, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	f->tell(f->ctx, kind, text);
}

/* --- opening --- */

struct inspect *inspect_open(int dirfd)
{
	struct inspect *in = mem_alloc(sizeof *in);
	struct stat st;

	*in = (struct inspect){ .dirfd = dirfd };
	in->there = fstatat(dirfd, INDEX_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0;
	in->map = map_open(dirfd, INDEX_FILE, true);
	return in;
}

void inspect_close(struct inspect *in)
{
	if (!in)
		return;
	index_map_release(in->map);
	free(in);
}

bool inspect_exists(const struct inspect *in)
{
	return in->there;
}

const char *inspect_distrust(struct inspect *in)
{
	if (!in->there)
		return "there is none";
	if (!in->map)
		return "not an index, or of another version";
	if (map_superseded(in->map) && map_same_file(in->map, in->dirfd))
		return "marked superseded, but nothing superseded it";
	return map_distrust(in->map);
}

/* --- reading --- */

/* Without the lock a copy may be torn; then what is checked doesn't fit, and again. */
static bool again(struct index_map *m, int *tries)
{
	uint64_t change = map_load(m, HEAD_AT(change));

	if (++*tries >= COPY_TRIES || (*tries > 2 && !(change & 1)))
		return false;
	if (change & 1)
		clock_sleep_ms(1);
	return true;
}

bool inspect_head(struct inspect *in, struct index_header *h)
{
	int tries = 0;

	*h = (struct index_header){ 0 };
	if (!in->map)
		return false;
	do {
		map_get(in->map, 0, h, sizeof *h);
		if (map_head_whole(in->map, h))
			return !filemap_faulted(&in->map->map);
	} while (again(in->map, &tries));
	return false;
}

static uint64_t count_of(struct index_map *m)
{
	uint64_t n = map_count(m), ready = map_load(m, HEAD_AT(ready));
	return n < ready ? n : ready;
}

uint64_t inspect_count(struct inspect *in)
{
	return in->map ? count_of(in->map) : 0;
}

static bool read_record(struct index_map *m, uint64_t slot, struct index_record *raw,
			char name[INDEX_NAME_MAX + 1])
{
	name[0] = '\0';
	if (!map_cover(m, map_record_at(m, slot) + sizeof *raw))
		return false;
	map_get(m, map_record_at(m, slot), raw, sizeof *raw);
	return map_sane(m, raw) &&
	       (NAME_LENGTH(raw->name) == 0 || map_name_whole(m, raw->name, name)) &&
	       !filemap_faulted(&m->map);
}

bool inspect_record(struct inspect *in, uint64_t slot, struct index_record *r,
		    char name[INDEX_NAME_MAX + 1])
{
	int tries = 0;
	bool ok;

	*r = (struct index_record){ 0 };
	if (slot >= inspect_count(in))
		return false;
	do
		ok = read_record(in->map, slot, r, name);
	while (!ok && again(in->map, &tries));
	record_open(r);
	return ok;
}

size_t inspect_keyword(struct inspect *in, unsigned n, char out[INDEX_KEYWORD_SIZE])
{
	unsigned char entry[INDEX_KEYWORD_SIZE];

	out[0] = '\0';
	if (!in->map || n >= INDEX_KEYWORDS)
		return 0;
	map_get(in->map, INDEX_KEYWORDS_AT + (uint64_t)n * sizeof entry, entry, sizeof entry);
	if (!map_keyword_whole(in->map, entry))
		return 0;
	memcpy(out, entry + 1, entry[0]);
	out[entry[0]] = '\0';
	return entry[0];
}

/* --- the index --- */

static void check_words(struct index_map *m, const struct index_header *h, const struct findings *f)
{
	if (h->change & 1)
		say(f, INSPECT_NOTE, "a writer died within a change; the journal has all of it");
	else if (h->applied != h->applying)
		say(f, INSPECT_DAMAGE, "header: journal offsets %llu and %llu differ",
		    (unsigned long long)h->applied, (unsigned long long)h->applying);
	if (h->clean > 1 || h->stale > 1 || h->superseded > 1)
		say(f, INSPECT_DAMAGE, "header: state");
	if (!map_cover(m, h->file_size) || h->ready > h->capacity ||
	    (h->ready % 64 && h->ready != h->capacity))
		say(f, INSPECT_DAMAGE, "header: size or room of the file");
}

static void check_counters(const struct index_header *h, const struct index_total *t,
			   const struct findings *f)
{
	if (h->change & 1)
		return; /* who gets the lock counts them again */
	if (h->alive != t->alive || h->unseen != t->unseen || h->deleted != t->deleted ||
	    h->vsize != t->vsize)
		say(f, INSPECT_DAMAGE,
		    "header: counters differ from a recount (%llu alive, not %llu)",
		    (unsigned long long)t->alive, (unsigned long long)h->alive);
	if (h->names_live != t->names)
		say(f, INSPECT_DAMAGE, "header: names_live differs from a recount");
	if (h->highest_modseq < t->modseq || (h->uidnext <= t->last && t->last < UINT32_MAX))
		say(f, INSPECT_DAMAGE, "header: highest modseq or uidnext too low");
	if (h->history_from > h->highest_modseq)
		say(f, INSPECT_DAMAGE, "header: history");
}

static void check_keywords(struct index_map *m, const struct index_header *h,
			   const struct findings *f)
{
	unsigned char entry[INDEX_KEYWORD_SIZE];

	for (unsigned n = 0; n < INDEX_KEYWORDS; n++) {
		map_get(m, INDEX_KEYWORDS_AT + (uint64_t)n * sizeof entry, entry, sizeof entry);
		if (!map_keyword_whole(m, entry))
			say(f, INSPECT_DAMAGE, "keyword %u", n);
		else if (entry[0] && n >= h->keywords && !(h->change & 1))
			say(f, INSPECT_DAMAGE, "keyword %u is beyond the count", n);
	}
}

/* Single words that no checksum of the record covers. */
static void check_learned(const struct index_record *raw, const struct findings *f)
{
	if (raw->vsize != INDEX_SIZE_UNKNOWN &&
	    word_open(raw->vsize, INDEX_SIZE_UNKNOWN) == INDEX_SIZE_UNKNOWN)
		say(f, INSPECT_DAMAGE, "uid %u: size", raw->uid);
	if (raw->internal_date != INDEX_DATE_UNKNOWN &&
	    word_open((uint64_t)raw->internal_date, (uint64_t)INDEX_DATE_UNKNOWN) ==
		    (uint64_t)INDEX_DATE_UNKNOWN)
		say(f, INSPECT_DAMAGE, "uid %u: date", raw->uid);
}

/* The records of a block: true if all can be right. */
static bool check_records(struct index_map *m, uint64_t block, uint64_t count, uint32_t *last,
			  const struct findings *f)
{
	uint64_t to = (block + 1) * INDEX_BLOCK < count ? (block + 1) * INDEX_BLOCK : count;
	char name[INDEX_NAME_MAX + 1];
	struct index_record raw;
	bool ok = true;

	for (uint64_t slot = block * INDEX_BLOCK; slot < to; slot++) {
		if (!read_record(m, slot, &raw, name)) {
			say(f, INSPECT_DAMAGE, "record %llu, uid %u: %s", (unsigned long long)slot,
			    raw.uid, map_sane(m, &raw) ? "name" : "checksum or values");
			ok = false;
			continue;
		}
		if (raw.uid <= *last) {
			say(f, INSPECT_DAMAGE, "record %llu: uid %u behind %u",
			    (unsigned long long)slot, raw.uid, *last);
			ok = false;
		}
		*last = raw.uid;
		check_learned(&raw, f);
	}
	return ok;
}

static void check_block(struct index_map *m, uint64_t block, const struct index_block *sum,
			const struct findings *f)
{
	struct index_block b;

	map_get(m, map_block_at(block), &b, sizeof b);
	if (memcmp(&b, sum, sizeof b) != 0)
		say(f, INSPECT_DAMAGE, "summary of block %llu", (unsigned long long)block);
}

static void check_map(struct index_map *m, const struct findings *f)
{
	struct index_header h;
	struct index_total t = { 0 };
	struct index_block sum;
	uint32_t last = 0;
	bool all = true;
	uint64_t count = count_of(m);

	map_get(m, 0, &h, sizeof h);
	bool torn = h.change & 1;
	if (!map_head_whole(m, &h) && !torn)
		say(f, INSPECT_DAMAGE, "header: checksum or values");
	check_words(m, &h, f);
	check_keywords(m, &h, f);
	for (uint64_t block = 0; block * INDEX_BLOCK < count; block++) {
		bool ok = torn || check_records(m, block, count, &last, f);
		ok = ok && !torn && apply_total(m, block, count, h.names_used, &t, &sum);
		if (ok)
			check_block(m, block, &sum, f);
		all = all && ok;
	}
	if (all && !torn)
		check_counters(&h, &t, f);
	if (filemap_faulted(&m->map))
		say(f, INSPECT_DAMAGE, "the file is shorter than it was, or can't be read");
}

void inspect_index(struct inspect *in, inspect_tell *tell, void *ctx)
{
	struct findings f = { tell, ctx };

	if (in->map)
		check_map(in->map, &f);
}

/* --- the same under the lock --- */

static void keep_first(void *ctx, enum inspect_kind kind, const char *text)
{
	struct error *e = ctx;

	(void)kind; /* under the lock nothing is unusual */
	if (e->kind == ERROR_NONE)
		error_set(e, ERROR_CORRUPT, "The mailbox index is damaged.", "index: %s", text);
}

int index_check(struct index *ix, struct error *e)
{
	struct error first = { 0 };
	struct findings f = { keep_first, &first };

	if (!index_usable(ix) || !ix->locked)
		return error_set(e, ERROR_TEMPORARY, "The mailbox index is not usable.",
				 "index: no index to check");
	check_map(ix->map, &f);
	if (e && first.kind != ERROR_NONE)
		*e = first;
	return first.kind == ERROR_NONE ? 0 : -1;
}

/* --- the journal --- */

/* A file of that name: its size and what begins it, as far as it goes. */
static bool look_at(struct inspect *in, const char *name, void *head, size_t n, ssize_t *got,
		    uint64_t *size)
{
	struct stat st;
	int fd = file_open(in->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	*size = 0;
	if (fd < 0)
		return errno != ENOENT; /* there, but nothing that can be read */
	*got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? file_pread_all(fd, head, n, 0) : -1;
	*size = *got < 0 ? 0 : (uint64_t)st.st_size;
	close(fd);
	return true;
}

static bool ops_ok(struct bytes ops)
{
	struct op op;

	while (ops.n)
		if (!op_take(&ops, &op))
			return false;
	return true;
}

/* From the first frame to the last whole one. */
static void walk_frames(struct journal *file, uint64_t applied, struct inspect_journal *j,
			const struct findings *f)
{
	struct buf frame = BUF_INIT;
	uint64_t at = file->base;

	while (journal_read(file, at, &frame) == 1) {
		if (!ops_ok(journal_frame_ops(&frame)))
			say(f, INSPECT_DAMAGE, "journal: frame at %llu has an unknown operation",
			    (unsigned long long)at);
		j->frames++;
		j->pending += at >= applied;
		at += journal_frame_of(&frame).length;
	}
	buf_free(&frame);
	if (at < applied)
		say(f, INSPECT_DAMAGE, "journal: frame at %llu of %llu", (unsigned long long)at,
		    (unsigned long long)applied);
	else if (at < file->end)
		say(f, INSPECT_NOTE, "journal: %llu bytes that a killed writer left",
		    (unsigned long long)(file->end - at));
}

void inspect_journal(struct inspect *in, struct inspect_journal *j, inspect_tell *tell, void *ctx)
{
	struct findings f = { tell, ctx };
	struct journal_header h = { 0 };
	struct journal file = JOURNAL_INIT;
	ssize_t got = -1;

	*j = (struct inspect_journal){ 0 };
	if (!look_at(in, INDEX_JOURNAL_FILE, &h, sizeof h, &got, &j->size))
		return;
	if (got != sizeof h || h.magic != JOURNAL_MAGIC || h.version != JOURNAL_VERSION ||
	    h.header_size != sizeof h ||
	    h.crc != crc32c(0, &h, offsetof(struct journal_header, crc))) {
		say(&f, INSPECT_DAMAGE, "journal: header");
		return;
	}
	if (!in->map)
		return;
	j->ours = journal_attach(&file, in->dirfd, in->map->id, in->map->generation) == 1;
	uint64_t applied = map_load(in->map, HEAD_AT(applied));
	if (!j->ours)
		say(&f, INSPECT_NOTE, "journal: of another generation, not used");
	else if (applied < file.base || applied > file.end)
		say(&f, INSPECT_DAMAGE, "journal: ends before what the index has of it");
	else
		walk_frames(&file, applied, j, &f);
	journal_close(&file);
}

/* --- the cache --- */

bool inspect_cache_outdated(struct inspect *in, const struct index_record *r)
{
	struct cache_entry e = { 0 };
	uint64_t id;
	int fd = cache_open_file(in->dirfd, O_RDONLY, &id);

	if (fd < 0)
		return false;
	ssize_t got = file_pread_all(fd, &e, sizeof e, (off_t)r->cache_at);
	close(fd);
	return got == sizeof e && e.magic == CACHE_ENTRY_MAGIC && e.form > 0 &&
	       e.form < CACHE_FORM && e.uid == r->uid && e.cache_id == id;
}

static void walk_entries(struct inspect *in, struct inspect_cache *c, uint64_t id,
			 const struct findings *f)
{
	struct cache *file = cache_open(in->dirfd, true);
	char name[INDEX_NAME_MAX + 1];
	struct index_record r;
	struct bytes entry;

	c->live = sizeof(struct cache_header);
	for (uint64_t slot = 0, n = inspect_count(in); slot < n; slot++) {
		if (!inspect_record(in, slot, &r, name) || (r.state & INDEX_DEAD) || !r.cache_at)
			continue;
		if (!cache_raw(file, id, r.cache_at, r.uid, &entry)) {
			if (inspect_cache_outdated(in, &r))
				c->outdated++;
			else
				say(f, INSPECT_DAMAGE, "cache: entry of uid %u", r.uid);
			continue;
		}
		c->entries++;
		c->live += entry.n;
	}
	cache_close(file);
}

void inspect_cache(struct inspect *in, bool entries, struct inspect_cache *c, inspect_tell *tell,
		   void *ctx)
{
	struct findings f = { tell, ctx };
	struct cache_header h = { 0 };
	struct index_header head;
	uint64_t id;
	ssize_t got = -1;

	*c = (struct inspect_cache){ 0 };
	if (!look_at(in, INDEX_CACHE_FILE, &h, sizeof h, &got, &c->size))
		return;
	int fd = cache_open_file(in->dirfd, O_RDONLY, &id);
	if (fd < 0) {
		say(&f, INSPECT_DAMAGE, "cache: header");
		return;
	}
	close(fd);
	inspect_head(in, &head);
	c->ours = id == head.cache_id;
	if (c->ours && entries)
		walk_entries(in, c, id, &f);
	else if (!c->ours && in->map)
		say(&f, INSPECT_NOTE, "cache: not the one that the index names, not used");
}
