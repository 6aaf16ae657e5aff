/*
 * damage.h: one piece of damage after the other done to the image of an index, a
 * journal, a cache or any file, as the bytes of a fuzzer's input say.
 *
 * Blind damage changes bytes and knows nothing; its checksums don't fit any more (it
 * is xored into what was there, or a fuzzer that watches comparisons would find those that
 * do).  The other kind knows the structures and seals what it changed, so that
 * it gets past the checksums: a lie, of which nobody can tell that it is one.
 */
#ifndef DAMAGE_H
#define DAMAGE_H

#include <stddef.h>

#include "cache_private.h"
#include "index_map.h"
#include "journal.h"
#include "num.h"
#include "op.h"

#define DAMAGE_OPS 8 /* in a frame */

/* --- the input --- */

/* n bytes off the front as a number; zeros when it is used up. */
static inline uint64_t take(struct bytes *in, size_t n)
{
	struct bytes got = bytes_sub(*in, 0, n);
	uint64_t v = 0;

	if (got.n)
		memcpy(&v, got.p, got.n);
	*in = bytes_from(*in, n);
	return v;
}

/* As many bytes as the next one says. */
static inline struct bytes take_piece(struct bytes *in)
{
	size_t n = (size_t)take(in, 1);
	struct bytes got = bytes_sub(*in, 0, n);

	*in = bytes_from(*in, n);
	return got;
}

/* A value for a field: numbers at an edge are reached sooner than by blind bits. */
static inline uint64_t take_value(struct bytes *in, uint64_t old)
{
	static const uint64_t edges[] = { 0,
					  1,
					  0xff,
					  0xffff,
					  INT32_MAX,
					  UINT32_MAX - 1,
					  UINT32_MAX,
					  INT64_MAX,
					  (uint64_t)INT64_MIN,
					  UINT64_MAX - 1,
					  UINT64_MAX };
	const size_t n = sizeof edges / sizeof *edges;
	size_t how = (size_t)take(in, 1) % (n + 9);

	if (how < n)
		return edges[how];
	switch (how - n) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return old ^ 1ull << (take(in, 1) & 63);
	case 3:
		return 1ull << (take(in, 1) & 63);
	case 4:
		return old + take(in, 2);
	case 5:
		return old - take(in, 2);
	case 6:
		return take(in, 2);
	case 7:
		return take(in, 4);
	default:
		return take(in, 8);
	}
}

/* --- any file --- */

static inline void damage_poke(struct buf *image, struct bytes *in)
{
	uint64_t at = take(in, 3);
	struct bytes piece = take_piece(in);

	for (size_t i = 0; i < piece.n && image->n; i++)
		image->p[(at + i) % image->n] ^= piece.p[i];
}

static inline void damage_cut(struct buf *image, struct bytes *in)
{
	image->n = (size_t)(take(in, 3) % (image->n + 1));
}

/* A text: bytes put in place of others. */
static inline void damage_text(struct buf *image, struct bytes *in)
{
	size_t at = (size_t)take(in, 2) % (image->n + 1), out = (size_t)take(in, 1);
	struct bytes piece = take_piece(in), head = bytes_sub(buf_view(image), 0, at);
	struct bytes tail = bytes_from(buf_view(image), at + out);
	struct buf b = BUF_INIT;

	buf_bytes(&b, head);
	buf_bytes(&b, piece);
	buf_bytes(&b, tail);
	buf_free(image);
	*image = b;
}

/* --- structures --- */

struct damage_field {
	size_t at, n;
};
#define FIELD(type, name)                                                     \
	{                                                                     \
		offsetof(struct type, name), sizeof(((struct type *)0)->name) \
	}

/* Changes one of the fields (at most 8 bytes of it) in the structure at p. */
static inline const struct damage_field *damage_any_field(char *p,
							  const struct damage_field *fields,
							  size_t n, struct bytes *in)
{
	const struct damage_field *f = &fields[take(in, 1) % n];
	size_t size = f->n < 8 ? f->n : 8;
	uint64_t v = 0;

	memcpy(&v, p + f->at, size);
	v = take_value(in, v);
	memcpy(p + f->at, &v, size);
	return f;
}
#define DAMAGE_FIELD(p, fields, in) \
	damage_any_field(p, fields, sizeof(fields) / sizeof *(fields), in)

/* --- the index --- */

static inline struct index_map damage_map(struct buf *image)
{
	struct index_header h;

	memcpy(&h, image->p, sizeof h);
	return (struct index_map){ .map = { .p = image->p, .n = image->n },
				   .id = h.id,
				   .capacity = h.capacity,
				   .records_at = h.records_at,
				   .names_at = h.names_at };
}

static inline bool damage_holds(const struct buf *image, uint64_t at, size_t n)
{
	return at % 8 == 0 && at <= image->n && n <= image->n - at;
}

/* A slot in use or little beyond: where its record stands, or 0. */
static inline uint64_t damage_slot(const struct buf *image, const struct index_map *m,
				   struct bytes *in)
{
	struct index_header h;

	memcpy(&h, image->p, sizeof h);
	uint64_t slot = take(in, 2) % ((h.count & 0xffff) + 2), at = map_record_at(m, slot);
	return damage_holds(image, at, sizeof(struct index_record)) ? at : 0;
}

static inline void damage_seal_record(struct buf *image, const struct index_map *m, uint64_t at)
{
	struct index_record r;

	memcpy(&r, image->p + at, sizeof r);
	r.check = map_record_check(m, &r);
	memcpy(image->p + at, &r, sizeof r);
}

static inline void damage_record(struct buf *image, const struct index_map *m, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(index_record, uid),           FIELD(index_record, flags),
		FIELD(index_record, state),         FIELD(index_record, driver),
		FIELD(index_record, keywords),      FIELD(index_record, modseq),
		FIELD(index_record, internal_date), FIELD(index_record, save_date),
		FIELD(index_record, vsize),         FIELD(index_record, cache_at),
		FIELD(index_record, name),
	};
	uint64_t at = damage_slot(image, m, in), v;

	if (!at)
		return;
	const struct damage_field *f = DAMAGE_FIELD(image->p + at, fields, in);
	memcpy(&v, image->p + at + f->at, sizeof v);
	if (f->at == offsetof(struct index_record, internal_date))
		v = word_seal(v, (uint64_t)INDEX_DATE_UNKNOWN);
	else if (f->at == offsetof(struct index_record, vsize))
		v = word_seal(v, INDEX_SIZE_UNKNOWN);
	else
		return damage_seal_record(image, m, at);
	memcpy(image->p + at + f->at, &v, sizeof v);
}

static inline void damage_copy_record(struct buf *image, const struct index_map *m,
				      struct bytes *in)
{
	uint64_t from = damage_slot(image, m, in), to = damage_slot(image, m, in);

	if (from && to)
		memmove(image->p + to, image->p + from, sizeof(struct index_record));
}

/* Another name of the same room or less, with its check. */
static inline void damage_name(struct buf *image, struct index_map *m, struct bytes *in)
{
	uint64_t at = damage_slot(image, m, in), word;
	struct bytes name = take_piece(in);

	if (!at || !name.n)
		return;
	char *p = image->p + at + offsetof(struct index_record, name);
	memcpy(&word, p, sizeof word);
	uint64_t to = m->names_at + NAME_AT(word);
	if (to < NAME_AT(word) || to > image->n || NAME_ROOM(name.n) > image->n - to)
		return;
	map_put_name(m, NAME_AT(word), name);
	word = NAME_WORD(NAME_AT(word), name.n);
	memcpy(p, &word, sizeof word);
	damage_seal_record(image, m, at);
}

static inline void damage_block(struct buf *image, const struct index_map *m, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(index_block, modseq),   FIELD(index_block, vsize),
		FIELD(index_block, alive),    FIELD(index_block, unseen),
		FIELD(index_block, flagged),  FIELD(index_block, deleted),
		FIELD(index_block, keywords),
	};
	uint64_t at = map_block_at(take(in, 1) & 3);
	struct index_block b;

	if (!damage_holds(image, at, sizeof b))
		return;
	DAMAGE_FIELD(image->p + at, fields, in);
	memcpy(&b, image->p + at, sizeof b);
	b.check = map_block_check(m, &b);
	memcpy(image->p + at, &b, sizeof b);
}

static inline void damage_keyword(struct index_map *m, struct bytes *in)
{
	unsigned n = (unsigned)take(in, 1) % INDEX_KEYWORDS;
	struct bytes name = take_piece(in);

	map_put_keyword(m, n, bytes_sub(name, 0, INDEX_KEYWORD_MAX));
}

static inline void damage_header(struct buf *image, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(index_header, version),      FIELD(index_header, header_size),
		FIELD(index_header, id),           FIELD(index_header, generation),
		FIELD(index_header, capacity),     FIELD(index_header, records_at),
		FIELD(index_header, names_at),     FIELD(index_header, boot_id),
		FIELD(index_header, machine_id),   FIELD(index_header, inode),
		FIELD(index_header, change),       FIELD(index_header, superseded),
		FIELD(index_header, clean),        FIELD(index_header, stale),
		FIELD(index_header, applied),      FIELD(index_header, applying),
		FIELD(index_header, ready),        FIELD(index_header, file_size),
		FIELD(index_header, cache_id),     FIELD(index_header, count),
		FIELD(index_header, names_used),   FIELD(index_header, names_live),
		FIELD(index_header, uidvalidity),  FIELD(index_header, uidnext),
		FIELD(index_header, epoch),        FIELD(index_header, highest_modseq),
		FIELD(index_header, history_from), FIELD(index_header, alive),
		FIELD(index_header, unseen),       FIELD(index_header, deleted),
		FIELD(index_header, vsize),        FIELD(index_header, first_recent),
		FIELD(index_header, keywords),     FIELD(index_header, mark_time),
		FIELD(index_header, mark_modseq),  FIELD(index_header, mark_before),
	};
	DAMAGE_FIELD(image->p, fields, in);
}

static inline void damage_driver(struct buf *image, struct bytes *in)
{
	char *p = image->p + HEAD_AT(driver) + take(in, 1) % INDEX_DRIVER_WORDS * 8;

	put_le64(p, take_value(in, get_le64(p)));
}

/* All that a good checksum can be made for: after the id was changed. */
static inline void damage_seal_all(struct buf *image, struct index_map *m)
{
	struct index_header h;
	struct index_block b;

	memcpy(&h, image->p, sizeof h);
	for (uint64_t i = 0; i < (h.count & 0xffff); i++)
		if (damage_holds(image, map_record_at(m, i), sizeof(struct index_record)))
			damage_seal_record(image, m, map_record_at(m, i));
	for (uint64_t i = 0; i < 4 && damage_holds(image, map_block_at(i), sizeof b); i++) {
		memcpy(&b, image->p + map_block_at(i), sizeof b);
		b.check = map_block_check(m, &b);
		memcpy(image->p + map_block_at(i), &b, sizeof b);
	}
}

/* True if what it did is a lie. */
static inline bool damage_index(struct buf *image, struct bytes *in)
{
	unsigned how = (unsigned)take(in, 1) % 12;

	if (how < 3 || image->n < INDEX_BLOCKS_AT) {
		if (how == 0)
			damage_cut(image, in);
		else
			damage_poke(image, in);
		return false;
	}
	struct index_map m = damage_map(image);
	if (how < 5)
		damage_record(image, &m, in);
	else if (how == 5)
		damage_copy_record(image, &m, in);
	else if (how == 6)
		damage_name(image, &m, in);
	else if (how == 7)
		damage_block(image, &m, in);
	else if (how == 8)
		damage_keyword(&m, in);
	else if (how == 9)
		damage_header(image, in);
	else if (how == 10)
		damage_driver(image, in);
	else
		damage_seal_all(image, &m);
	m.id = get_le64(image->p + HEAD_AT(id));
	map_seal_head(&m);
	return true;
}

/* --- the journal --- */

static inline void damage_seal_journal(struct buf *image)
{
	struct journal_header h;

	memcpy(&h, image->p, sizeof h);
	h.crc = crc32c(0, &h, offsetof(struct journal_header, crc));
	memcpy(image->p, &h, sizeof h);
}

static inline void damage_journal_header(struct buf *image, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(journal_header, magic), FIELD(journal_header, version),
		FIELD(journal_header, id),    FIELD(journal_header, generation),
		FIELD(journal_header, base),
	};
	DAMAGE_FIELD(image->p, fields, in);
	damage_seal_journal(image);
}

static inline void damage_seal_frame(char *p, const struct buf *image)
{
	size_t from = offsetof(struct journal_frame, id), room = image->n - (size_t)(p - image->p);
	struct journal_frame f;

	memcpy(&f, p, sizeof f);
	size_t n = f.length < sizeof f ? sizeof f : f.length < room ? f.length : room;
	f.crc = crc32c(0, p + from, n - from);
	memcpy(p, &f, sizeof f);
}

/* The n-th frame, or NULL. */
static inline char *damage_frame(struct buf *image, unsigned n)
{
	struct journal_frame f;
	size_t at = sizeof(struct journal_header);

	for (;; n--) {
		if (at > image->n || image->n - at < sizeof f)
			return NULL;
		memcpy(&f, image->p + at, sizeof f);
		if (f.length < sizeof f || f.length > image->n - at)
			return NULL;
		if (n == 0)
			return image->p + at;
		at += f.length;
	}
}

static inline void damage_frame_field(struct buf *image, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(journal_frame, length), FIELD(journal_frame, id),
		FIELD(journal_frame, at),     FIELD(journal_frame, generation),
		FIELD(journal_frame, modseq),
	};
	char *p = damage_frame(image, (unsigned)take(in, 1) & 7);

	if (!p)
		return;
	DAMAGE_FIELD(p, fields, in);
	damage_seal_frame(p, image);
}

/* Bytes of the operations in a frame. */
static inline void damage_frame_ops(struct buf *image, struct bytes *in)
{
	char *p = damage_frame(image, (unsigned)take(in, 1) & 7);
	uint64_t at = take(in, 2);
	struct bytes piece = take_piece(in);
	struct journal_frame f;

	if (!p)
		return;
	memcpy(&f, p, sizeof f);
	for (size_t i = 0; i < piece.n && f.length > sizeof f; i++)
		p[sizeof f + (at + i) % (f.length - sizeof f)] ^= piece.p[i];
	damage_seal_frame(p, image);
}

static inline void damage_put_op(struct buf *out, struct bytes *in)
{
	static const char words[INDEX_DRIVER_WORDS * 8];
	uint64_t uid = take_value(in, 7);
	struct op op = { .kind = (uint8_t)(take(in, 1) % (OP_DRIVER + 2)),
			 .mask = (uint8_t)take(in, 1),
			 .uid = (uint32_t)uid };

	op.r.flags = take(in, 1) & FLAG_ALL;
	op.r.driver = (uint8_t)take(in, 1) & 3;
	op.r.keywords = take(in, 1);
	if (op.kind == OP_ADD) {
		op.r.internal_date = (int64_t)take_value(in, 1000);
		op.r.vsize = take_value(in, 1000);
		op.r.cache_at = take_value(in, 64);
	}
	op.name = op.kind == OP_DRIVER ? (struct bytes){ words, sizeof words } : take_piece(in);
	op_put(out, &op);
}

/* One more frame, whole and sealed. */
static inline void damage_append_frame(struct buf *image, uint64_t modseq, struct bytes *in)
{
	struct journal_header h;
	struct buf b = BUF_INIT;

	memcpy(&h, image->p, sizeof h);
	struct journal j = { .id = h.id,
			     .generation = h.generation,
			     .end = h.base + image->n - sizeof h };
	journal_frame_begin(&b);
	modseq = take_value(in, modseq);
	for (unsigned n = (unsigned)take(in, 1) % DAMAGE_OPS; n > 0; n--)
		damage_put_op(&b, in);
	if (journal_frame_seal(&j, &b, modseq))
		buf_bytes(image, buf_view(&b));
	buf_free(&b);
}

/* modseq: about what the next frame has.  True if it is a lie. */
static inline bool damage_journal(struct buf *image, uint64_t modseq, struct bytes *in)
{
	unsigned how = (unsigned)take(in, 1) % 8;

	if (how < 2 || image->n < sizeof(struct journal_header)) {
		if (how == 0)
			damage_cut(image, in);
		else
			damage_poke(image, in);
		return false;
	}
	if (how == 2)
		damage_journal_header(image, in);
	else if (how == 3)
		damage_frame_field(image, in);
	else if (how == 4)
		damage_frame_ops(image, in);
	else
		damage_append_frame(image, modseq, in);
	return true;
}

/* --- the cache --- */

/* The n-th entry, or NULL. */
static inline char *damage_entry(struct buf *image, unsigned n, struct cache_entry *e)
{
	size_t at = sizeof(struct cache_header);

	for (;; n--) {
		if (at > image->n || image->n - at < CACHE_HEAD_MAX)
			return NULL;
		memcpy(e, image->p + at, sizeof *e);
		if (e->magic != CACHE_ENTRY_MAGIC || e->length < sizeof *e ||
		    e->length > image->n - at || e->items > CACHE_ITEMS_MAX)
			return NULL;
		if (n == 0)
			return image->p + at;
		at += e->length;
	}
}

static inline void damage_cache_header(struct buf *image, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(cache_header, magic),
		FIELD(cache_header, version),
		FIELD(cache_header, header_size),
		FIELD(cache_header, id),
	};
	struct cache_header h;

	DAMAGE_FIELD(image->p, fields, in);
	memcpy(&h, image->p, sizeof h);
	h.crc = crc32c(0, &h, offsetof(struct cache_header, crc));
	memcpy(image->p, &h, sizeof h);
}

static inline void damage_entry_field(char *p, struct bytes *in)
{
	static const struct damage_field fields[] = {
		FIELD(cache_entry, form), FIELD(cache_entry, items),    FIELD(cache_entry, length),
		FIELD(cache_entry, uid),  FIELD(cache_entry, identity),
	};
	struct cache_entry e;

	DAMAGE_FIELD(p, fields, in);
	memcpy(&e, p, sizeof e);
	if (e.items <= CACHE_ITEMS_MAX)
		cache_stamp(p, e.cache_id);
}

static inline void damage_slot_field(char *p, const struct cache_entry *e, struct bytes *in)
{
	static const struct damage_field fields[] = { FIELD(cache_slot, kind),
						      FIELD(cache_slot, length),
						      FIELD(cache_slot, crc) };
	unsigned n = (unsigned)take(in, 1);

	if (e->items == 0)
		return;
	DAMAGE_FIELD(p + sizeof *e + n % e->items * sizeof(struct cache_slot), fields, in);
	cache_stamp(p, e->cache_id);
}

/* Bytes of an item, with the item's checksum. */
static inline void damage_item(char *p, const struct cache_entry *e, struct bytes *in)
{
	unsigned n = e->items ? (unsigned)take(in, 1) % e->items : 0;
	uint64_t offset = take(in, 2);
	struct bytes piece = take_piece(in);
	size_t at = sizeof *e + e->items * sizeof(struct cache_slot);
	struct cache_slot slot;

	for (unsigned i = 0; i < e->items; i++) {
		char *q = p + sizeof *e + i * sizeof slot;
		memcpy(&slot, q, sizeof slot);
		if (at > e->length || slot.length > e->length - at)
			return;
		for (size_t k = 0; i == n && k < piece.n && slot.length; k++)
			p[at + (offset + k) % slot.length] = piece.p[k];
		slot.crc = crc32c(0, p + at, slot.length);
		if (i == n)
			memcpy(q, &slot, sizeof slot);
		at += slot.length;
	}
	cache_stamp(p, e->cache_id);
}

/* True if it is a lie. */
static inline bool damage_cache(struct buf *image, struct bytes *in)
{
	unsigned how = (unsigned)take(in, 1) % 8;
	struct cache_entry e;

	if (how < 2 || image->n < sizeof(struct cache_header)) {
		if (how == 0)
			damage_cut(image, in);
		else
			damage_poke(image, in);
		return false;
	}
	if (how == 2) {
		damage_cache_header(image, in);
		return true;
	}
	char *p = damage_entry(image, (unsigned)take(in, 1) & 31, &e);
	if (!p)
		return false;
	if (how == 3)
		damage_entry_field(p, in);
	else if (how < 6)
		damage_slot_field(p, &e, in);
	else
		damage_item(p, &e, in);
	return true;
}

#endif
