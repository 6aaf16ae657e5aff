/*
 * map.c: reading and writing one mapped generation, a word at a time.
 *
 * Readers take no lock (index-design §4).  `change` is odd while a writer
 * applies; a reader copies a record, a block or the header and takes the copy
 * only if `change` was the same even number before and after.  Finding it odd
 * for long it waits on the mailbox lock, which the kernel frees when the
 * holder dies; whoever gets it replays the journal first.  The lock's holder
 * reads without that protocol: nobody else writes.
 *
 * Every shared word is loaded once into a local, checked, then used.
 */
#include "index_private.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "log.h"
#include "num.h"

#define SPINS 400 /* loads before sleeping: some microseconds */
#define NAPS 24   /* short sleeps before waiting on the lock */
#define NAP_NS 200000
#define COPY_TRIES 200 /* changes that may come in between before we take the lock */

void index_map_release(struct index_map *m)
{
	if (!m || --m->refs > 0)
		return;
	map_close(m);
}

bool map_ok(const struct index_map *m)
{
	return m->map.p && !filemap_faulted(&m->map) && !m->broken;
}

/* --- words --- */

/* Where it couldn't be mapped again there are zeros, and map_ok says so. */
static char *place(struct index_map *m, uint64_t at, size_t n)
{
	static uint64_t nothing[sizeof(struct index_header) / 8];
	if (!m->map.p)
		return memset(nothing, 0, sizeof nothing);
	assert(at <= m->map.n && n <= m->map.n - at);
	return m->map.p + at;
}

uint64_t map_load(struct index_map *m, uint64_t at)
{
	return __atomic_load_n((uint64_t *)(void *)place(m, at, 8), __ATOMIC_ACQUIRE);
}

uint32_t map_load32(struct index_map *m, uint64_t at)
{
	return __atomic_load_n((uint32_t *)(void *)place(m, at, 4), __ATOMIC_ACQUIRE);
}

void map_store(struct index_map *m, uint64_t at, uint64_t v)
{
	__atomic_store_n((uint64_t *)(void *)place(m, at, 8), v, __ATOMIC_RELEASE);
	CRASH_POINT("store");
}

void map_store32(struct index_map *m, uint64_t at, uint32_t v)
{
	__atomic_store_n((uint32_t *)(void *)place(m, at, 4), v, __ATOMIC_RELEASE);
	CRASH_POINT("store");
}

void map_get(struct index_map *m, uint64_t at, void *out, size_t n)
{
	uint64_t *from = (uint64_t *)(void *)place(m, at, n);
	for (size_t i = 0; i < n / 8; i++) {
		uint64_t w = __atomic_load_n(from + i, __ATOMIC_RELAXED);
		memcpy((char *)out + i * 8, &w, 8);
	}
}

void map_put(struct index_map *m, uint64_t at, const void *p, size_t n)
{
	uint64_t *to = (uint64_t *)(void *)place(m, at, n);
	for (size_t i = 0; i < n / 8; i++) {
		uint64_t w;
		memcpy(&w, (const char *)p + i * 8, 8);
		__atomic_store_n(to + i, w, __ATOMIC_RELEASE);
		CRASH_POINT("store");
	}
}

/* --- checks --- */

#define WORD_BITS 48

static uint32_t seed(const struct index_map *m)
{
	return (uint32_t)(m->id ^ m->id >> 32);
}

uint32_t map_record_check(const struct index_map *m, const struct index_record *r)
{
	struct index_record own = *r;
	own.check = 0;
	own.cache_at = 0;
	own.internal_date = 0;
	own.vsize = 0;
	return crc32c(seed(m), &own, sizeof own);
}

uint64_t map_block_check(const struct index_map *m, const struct index_block *b)
{
	return crc32c(seed(m), b, offsetof(struct index_block, check));
}

static uint64_t head_check(const struct index_map *m, const struct index_header *h)
{
	size_t from = offsetof(struct index_header, count);
	return crc32c(seed(m), (const char *)h + from, sizeof *h - from);
}

void record_seal(const struct index_map *m, struct index_record *r)
{
	r->check = map_record_check(m, r);
	r->internal_date =
		(int64_t)word_seal((uint64_t)r->internal_date, (uint64_t)INDEX_DATE_UNKNOWN);
	r->vsize = word_seal(r->vsize, INDEX_SIZE_UNKNOWN);
}

void map_seal_head(struct index_map *m)
{
	struct index_header h;
	map_get(m, 0, &h, sizeof h);
	map_store(m, HEAD_AT(check), head_check(m, &h));
}

void map_seal_record(struct index_map *m, uint64_t at, uint64_t modseq)
{
	struct index_record r;
	map_get(m, at, &r, sizeof r);
	r.modseq = modseq;
	map_store32(m, at + offsetof(struct index_record, check), map_record_check(m, &r));
}

static uint64_t word_hash(uint64_t bits)
{
	return bits * 0x9e3779b97f4a7c15ull >> WORD_BITS << WORD_BITS;
}

static uint64_t word_value(uint64_t bits)
{
	uint64_t sign = 1ull << (WORD_BITS - 1);
	return (bits ^ sign) - sign;
}

uint64_t word_seal(uint64_t v, uint64_t unknown)
{
	uint64_t bits = v & ((1ull << WORD_BITS) - 1);
	return v == unknown || word_value(bits) != v ? unknown : bits | word_hash(bits);
}

uint64_t word_open(uint64_t word, uint64_t unknown)
{
	uint64_t bits = word & ((1ull << WORD_BITS) - 1);
	return word == (bits | word_hash(bits)) ? word_value(bits) : unknown;
}

void map_put_name(struct index_map *m, uint64_t at, struct bytes name)
{
	uint32_t check = crc32c(seed(m), name.p, name.n);
	if (!name.n)
		return;
	char *to = place(m, m->names_at + at, NAME_ROOM(name.n));
	memcpy(to, &check, sizeof check);
	memcpy(to + sizeof check, name.p, name.n);
}

void map_put_keyword(struct index_map *m, unsigned n, struct bytes name)
{
	char entry[INDEX_KEYWORD_SIZE] = { (char)name.n };
	uint32_t check;

	if (name.n)
		memcpy(entry + 1, name.p, name.n);
	check = crc32c(seed(m), entry, sizeof entry - sizeof check);
	memcpy(entry + sizeof entry - sizeof check, &check, sizeof check);
	map_put(m, INDEX_KEYWORDS_AT + (uint64_t)n * INDEX_KEYWORD_SIZE, entry, sizeof entry);
}

/* No name was ever put there, or it is as it was put. */
bool map_keyword_whole(const struct index_map *m, const unsigned char *entry)
{
	static const unsigned char unset[INDEX_KEYWORD_SIZE];
	uint32_t check;

	memcpy(&check, entry + (INDEX_KEYWORD_SIZE - sizeof check), sizeof check);
	return (entry[0] <= INDEX_KEYWORD_MAX &&
		check == crc32c(seed(m), entry, INDEX_KEYWORD_SIZE - sizeof check)) ||
	       memcmp(entry, unset, sizeof unset) == 0;
}

uint64_t map_record_at(const struct index_map *m, uint64_t slot)
{
	return m->records_at + slot * sizeof(struct index_record);
}

uint64_t map_block_at(uint64_t block)
{
	return INDEX_BLOCKS_AT + block * sizeof(struct index_block);
}

/* --- the reader's protocol --- */

static bool is_ours(const struct index_map *m)
{
	return m->owner && index_locked(m->owner);
}

static void breathe(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* An even `change`, or an odd one when the writer takes too long. */
static uint64_t even_change(struct index_map *m)
{
	uint64_t c = map_load(m, HEAD_AT(change));
	for (int i = 0; (c & 1) && i < SPINS; i++) {
		breathe();
		c = map_load(m, HEAD_AT(change));
	}
	bool in_vain = (c & 1) && m->owner && index_in_vain(m->owner);
	for (int i = 0; (c & 1) && i < NAPS && !in_vain; i++) {
		struct timespec t = { 0, NAP_NS };
		nanosleep(&t, NULL);
		c = map_load(m, HEAD_AT(change));
	}
	return c;
}

/* With the lock, which implies the replay of what a dead writer left. */
static bool copy_locked(struct index_map *m, uint64_t at, void *out, size_t n)
{
	struct index *ix = m->owner;
	if (!ix || index_lock(ix, INDEX_LOCK_TIMEOUT_MS, NULL) < 0)
		return false;
	bool even = !(map_load(m, HEAD_AT(change)) & 1);
	if (even)
		map_get(m, at, out, n);
	index_unlock(ix);
	return even && map_ok(m);
}

/* As copy does where nobody writes, which is nearly always. */
static inline bool copy_at_once(struct index_map *m, uint64_t at, void *out, size_t n)
{
	if (!m->map.p || at > m->map.n || n > m->map.n - at)
		return false;
	const uint64_t *change = (const uint64_t *)(const void *)(m->map.p + HEAD_AT(change));
	uint64_t c = __atomic_load_n(change, __ATOMIC_ACQUIRE);
	if (c & 1)
		return false;
	const uint64_t *from = (const uint64_t *)(const void *)(m->map.p + at);
	for (size_t i = 0; i < n / 8; i++) {
		uint64_t w = __atomic_load_n(from + i, __ATOMIC_RELAXED);
		memcpy((char *)out + i * 8, &w, 8);
	}
	CRASH_POINT("copied");
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(change, __ATOMIC_RELAXED) == c && map_ok(m);
}

/* n bytes (of words) as they are at one moment between two changes. */
static bool copy_patiently(struct index_map *m, uint64_t at, void *out, size_t n)
{
	if (is_ours(m)) {
		map_get(m, at, out, n);
		return map_ok(m);
	}
	for (int i = 0; i < COPY_TRIES; i++) {
		uint64_t c = even_change(m);
		if (c & 1)
			break;
		map_get(m, at, out, n);
		CRASH_POINT("copied");
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (map_load(m, HEAD_AT(change)) == c)
			return map_ok(m);
	}
	m->refs++; /* taking the lock may move the handle to another generation */
	bool ok = copy_locked(m, at, out, n);
	index_map_release(m);
	return ok;
}

static inline bool copy(struct index_map *m, uint64_t at, void *out, size_t n)
{
	return copy_at_once(m, at, out, n) || copy_patiently(m, at, out, n);
}

/* Says once that this file can't be what a writer left. */
static bool damaged(struct index_map *m, const char *what)
{
	if (!m->broken)
		log_warn("index", "damaged: %s", what);
	m->broken = true;
	return false;
}

static bool head_sane(const struct index_map *m, const struct index_header *h)
{
	return h->magic == INDEX_MAGIC && h->id == m->id && h->generation == m->generation &&
	       h->capacity == m->capacity && h->records_at == m->records_at &&
	       h->names_at == m->names_at && h->count <= h->ready && h->ready <= h->capacity &&
	       h->file_size >= h->names_at && h->names_used <= h->file_size - h->names_at &&
	       h->names_live <= h->names_used && h->alive <= h->count && h->unseen <= h->alive &&
	       h->deleted <= h->alive && h->keywords <= INDEX_KEYWORDS && h->uidnext > 0;
}

bool map_head_whole(const struct index_map *m, const struct index_header *h)
{
	return h->check == head_check(m, h) && head_sane(m, h);
}

bool map_head(struct index_map *m, struct index_header *h)
{
	if (!map_ok(m) || !copy(m, 0, h, sizeof *h))
		return false;
	return map_head_whole(m, h) || damaged(m, "header");
}

bool map_sane(struct index_map *m, const struct index_record *r)
{
	return r->check == map_record_check(m, r) && r->uid != 0 && !(r->flags & ~FLAG_ALL) &&
	       !(r->state & ~INDEX_DEAD) && NAME_LENGTH(r->name) <= INDEX_NAME_MAX &&
	       r->modseq <= map_load(m, HEAD_AT(highest_modseq)) &&
	       NAME_AT(r->name) + NAME_ROOM(NAME_LENGTH(r->name)) <=
		       map_load(m, HEAD_AT(names_used));
}

void record_open(struct index_record *r)
{
	r->internal_date =
		(int64_t)word_open((uint64_t)r->internal_date, (uint64_t)INDEX_DATE_UNKNOWN);
	r->vsize = word_open(r->vsize, INDEX_SIZE_UNKNOWN);
	r->check = 0; /* the file's affair */
}

bool map_read(struct index_map *m, uint64_t slot, struct index_record *r)
{
	if (!map_ok(m) || slot >= map_count(m) || !copy(m, map_record_at(m, slot), r, sizeof *r))
		return false;
	if (!map_sane(m, r))
		return damaged(m, "record");
	record_open(r);
	return true;
}

bool map_block(struct index_map *m, uint64_t block, struct index_block *b)
{
	if (!map_ok(m) || block >= (map_count(m) + INDEX_BLOCK - 1) / INDEX_BLOCK ||
	    !copy(m, map_block_at(block), b, sizeof *b))
		return false;
	return (b->check == map_block_check(m, b) && b->alive <= INDEX_BLOCK &&
		b->unseen <= b->alive && b->deleted <= b->alive && b->flagged <= b->alive) ||
	       damaged(m, "block summary");
}

bool map_name_whole(struct index_map *m, uint64_t name, char out[INDEX_NAME_MAX + 1])
{
	uint64_t at = NAME_AT(name);
	size_t n = NAME_LENGTH(name);
	uint32_t check;

	if (!map_cover(m, m->names_at + at + NAME_ROOM(n)))
		return false;
	const char *from = place(m, m->names_at + at, NAME_ROOM(n));
	memcpy(&check, from, sizeof check);
	memcpy(out, from + sizeof check, n);
	out[n] = '\0';
	return check == crc32c(seed(m), out, n) &&
	       bytes_chr((struct bytes){ out, n }, '\0') == BYTES_NONE;
}

/* A name never changes once a record points to it: no protocol. */
size_t map_name(struct index_map *m, uint64_t name, char out[INDEX_NAME_MAX + 1])
{
	size_t n = NAME_LENGTH(name);

	out[0] = '\0';
	if (!map_ok(m) || n == 0 || n > INDEX_NAME_MAX ||
	    NAME_AT(name) + NAME_ROOM(n) > map_load(m, HEAD_AT(names_used)))
		return 0;
	if (!map_name_whole(m, name, out))
		damaged(m, "name");
	return map_ok(m) ? n : 0;
}

size_t map_keyword(struct index_map *m, unsigned n, char out[INDEX_KEYWORD_SIZE])
{
	unsigned char entry[INDEX_KEYWORD_SIZE];

	out[0] = '\0';
	if (n >= INDEX_KEYWORDS || !map_ok(m) ||
	    !copy(m, INDEX_KEYWORDS_AT + (uint64_t)n * INDEX_KEYWORD_SIZE, entry, sizeof entry))
		return 0;
	if (!map_keyword_whole(m, entry)) {
		damaged(m, "keyword");
		return 0;
	}
	memcpy(out, entry + 1, entry[0]);
	out[entry[0]] = '\0';
	return entry[0];
}

/* --- single words --- */

uint32_t map_uid(struct index_map *m, uint64_t slot)
{
	if (slot >= m->capacity || !m->map.p)
		return 0;
	return map_load32(m, map_record_at(m, slot));
}

uint64_t map_count(struct index_map *m)
{
	uint64_t n = map_load(m, HEAD_AT(count));
	return n < m->capacity ? n : m->capacity;
}

uint64_t map_highest_modseq(struct index_map *m)
{
	return map_load(m, HEAD_AT(highest_modseq));
}

uint64_t map_block_modseq(struct index_map *m, uint64_t block)
{
	if (block >= m->capacity / INDEX_BLOCK)
		return 0;
	return map_load(m, map_block_at(block) + offsetof(struct index_block, modseq));
}

bool map_superseded(struct index_map *m)
{
	return map_load(m, HEAD_AT(superseded)) != 0;
}

/* --- finding --- */

/* First slot in [low, high) with uid >= the given, or high. */
static uint64_t search(struct index_map *m, uint64_t low, uint64_t high, uint32_t uid)
{
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (map_uid(m, middle) < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t map_whole_uid(struct index_map *m, uint64_t slot)
{
	struct index_record r;

	if (map_read(m, slot, &r))
		return r.uid;
	if (map_ok(m) && slot >= map_count(m)) /* it never shrinks */
		damaged(m, "count");
	/* A writer that hangs keeps us from the rest, but UIDs never change. */
	return map_ok(m) ? map_uid(m, slot) : 0;
}

bool map_found(struct index_map *m, uint64_t count, uint64_t slot, uint32_t uid)
{
	uint32_t is = slot < count ? map_whole_uid(m, slot) : UINT32_MAX, before;

	if (is == 0 || is < uid)
		return damaged(m, "order of uids");
	if (slot == 0 || (slot < count && is == uid))
		return true;
	before = map_whole_uid(m, slot - 1);
	return (before != 0 && before < uid) || damaged(m, "order of uids");
}

uint64_t map_find(struct index_map *m, uint64_t count, uint32_t uid)
{
	return map_find_from(m, 0, count, uid);
}

/* UIDs strictly rise, so the place is at most uid - first behind the first:
 * without gaps it is just there.  Else steps that double find where to search. */
uint64_t map_find_from(struct index_map *m, uint64_t slot, uint64_t count, uint32_t uid)
{
	if (count > m->capacity)
		count = m->capacity;
	if (slot >= count || map_uid(m, slot) >= uid)
		return slot ? map_find(m, slot < count ? slot : count, uid) : 0;

	uint64_t high = slot + (uid - map_uid(m, slot));
	if (high > count)
		high = count;
	if (map_uid(m, high - 1) < uid)
		return high;
	uint64_t step = 1;
	while (slot + step < high && map_uid(m, slot + step) < uid) {
		slot += step;
		step *= 2;
	}
	return search(m, slot + 1, slot + step < high ? slot + step : high, uid);
}
