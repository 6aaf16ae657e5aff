/*
 * txn.c: changes collected, journalled with one write, applied.
 *
 * Changes name messages by UID and carry absolute values, so they stay valid
 * when the commit finds the table full and moves to a larger generation.  One
 * transaction has one modseq; a message appears in it at most once, whatever
 * was said about it.
 *
 * When the file can't take the change (no room, no right) the session goes on
 * with a copy in anonymous memory and the file is marked stale: the store has
 * the change already (index-design §1, §10).
 */
#include "index_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "log.h"

/* Bytes of memory kept from one transaction to the next, till index_trim. */
#define KEEP (256 << 10)

struct entry {
	uint32_t uid, order;
	uint8_t kind, mask, driver;
	uint16_t flags, name_length;
	uint64_t keywords;
	uint64_t name_at; /* in txn.names */
	uint64_t record;  /* OP_ADD: offset in txn.records */
};

/* What a transaction takes at most. */
struct need {
	uint64_t records, names;
};

/* --- collecting --- */

static void clear(struct txn *t)
{
	buf_trim(&t->head, KEEP);
	buf_trim(&t->entries, KEEP);
	buf_trim(&t->records, KEEP);
	buf_trim(&t->names, KEEP);
	buf_trim(&t->frame, KEEP);
	t->open = t->raises = t->unsorted = false;
}

void index_begin(struct index *ix)
{
	assert(ix->locked && !ix->txn.open);
	clear(&ix->txn);
	ix->txn.open = true;
	ix->txn.modseq = ix->map ? map_highest_modseq(ix->map) + 1 : 0;
}

uint64_t index_modseq(const struct index *ix)
{
	return ix->txn.modseq;
}

void index_abort(struct index *ix)
{
	buf_free(&ix->txn.head);
	buf_free(&ix->txn.entries);
	buf_free(&ix->txn.records);
	buf_free(&ix->txn.names);
	buf_free(&ix->txn.frame);
	ix->txn = (struct txn){ 0 };
}

static size_t entries(const struct txn *t)
{
	return t->entries.n / sizeof(struct entry);
}

static struct entry *entry_at(struct txn *t, size_t i)
{
	return (struct entry *)(void *)t->entries.p + i;
}

static void collect(struct txn *t, struct entry *n, struct bytes name)
{
	size_t have = entries(t);

	assert(t->open && name.n <= INDEX_NAME_MAX && bytes_chr(name, '\0') == BYTES_NONE);
	if (have && entry_at(t, have - 1)->uid > n->uid)
		t->unsorted = true;
	n->order = (uint32_t)have;
	n->name_at = t->names.n;
	n->name_length = (uint16_t)name.n;
	buf_bytes(&t->names, name);
	buf_add(&t->entries, n, sizeof *n);
}

void index_add(struct index *ix, const struct index_record *r, struct bytes name)
{
	struct txn *t = &ix->txn;
	struct entry n = { .uid = r->uid, .kind = OP_ADD, .record = t->records.n };

	buf_add(&t->records, r, sizeof *r);
	t->raises = true;
	collect(t, &n, name);
}

void index_set_flags(struct index *ix, uint32_t uid, uint16_t flags, uint64_t keywords)
{
	struct entry n = {
		.uid = uid,
		.kind = OP_CHANGE,
		.mask = OP_FLAGS,
		.flags = flags & FLAG_ALL,
		.keywords = keywords,
	};
	ix->txn.raises = true;
	collect(&ix->txn, &n, (struct bytes){ 0 });
}

void index_set_place(struct index *ix, uint32_t uid, uint8_t driver, struct bytes name)
{
	struct entry n = { .uid = uid, .kind = OP_CHANGE, .mask = OP_PLACE, .driver = driver };
	collect(&ix->txn, &n, name);
}

void index_expunge(struct index *ix, uint32_t uid)
{
	struct entry n = { .uid = uid, .kind = OP_CHANGE, .mask = OP_EXPUNGE };
	ix->txn.raises = true;
	collect(&ix->txn, &n, (struct bytes){ 0 });
}

static void put_head(struct index *ix, uint8_t kind, uint8_t mask, uint32_t uid, struct bytes value)
{
	struct op op = { .kind = kind, .mask = mask, .uid = uid, .name = value };
	assert(ix->txn.open);
	op_put(&ix->txn.head, &op);
}

void index_set_keyword(struct index *ix, unsigned n, struct bytes name)
{
	assert(n < INDEX_KEYWORDS && name.n <= INDEX_KEYWORD_MAX);
	put_head(ix, OP_KEYWORD, (uint8_t)n, 0, name);
}

bool txn_keyword(const struct txn *t, unsigned n, struct bytes *name)
{
	struct bytes rest = buf_view(&t->head);
	struct op op;
	bool found = false;

	while (t->open && op_take(&rest, &op)) {
		if (op.kind == OP_KEYWORD && op.mask == n) {
			*name = op.name;
			found = true;
		}
	}
	return found;
}

void index_set_uidnext(struct index *ix, uint32_t uidnext)
{
	put_head(ix, OP_UIDNEXT, 0, uidnext, (struct bytes){ 0 });
}

void index_set_first_recent(struct index *ix, uint32_t uid)
{
	put_head(ix, OP_RECENT, 0, uid, (struct bytes){ 0 });
}

void index_set_driver(struct index *ix, const uint64_t words[INDEX_DRIVER_WORDS])
{
	put_head(ix, OP_DRIVER, 0, 0,
		 (struct bytes){ (const char *)words, INDEX_DRIVER_WORDS * sizeof *words });
}

/* --- into a frame --- */

static int by_uid(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* What was said later about the same message. */
static void fold(struct txn *t, struct entry *to, const struct entry *later)
{
	if (later->kind == OP_ADD || to->mask & OP_EXPUNGE)
		return;
	to->mask |= later->mask;
	if (later->mask & OP_FLAGS) {
		to->flags = later->flags;
		to->keywords = later->keywords;
	}
	if (later->mask & OP_PLACE) {
		to->driver = later->driver;
		to->name_at = later->name_at;
		to->name_length = later->name_length;
	}
	if (to->kind != OP_ADD)
		return;
	struct index_record *r = (struct index_record *)(void *)(t->records.p + to->record);
	if (later->mask & OP_FLAGS) {
		r->flags = later->flags;
		r->keywords = later->keywords;
	}
	if (later->mask & OP_PLACE)
		r->driver = later->driver;
}

static void put_entry(struct txn *t, const struct entry *n, struct buf *out, struct need *need)
{
	struct op op = { .kind = n->kind, .mask = n->mask, .uid = n->uid };

	if (n->kind == OP_ADD && n->mask & OP_EXPUNGE) { /* came and went */
		op = (struct op){ .kind = OP_UIDNEXT, .uid = n->uid + (n->uid < UINT32_MAX) };
		op_put(out, &op);
		return;
	}
	op.name = (struct bytes){ t->names.p + n->name_at, n->name_length };
	op.r.flags = n->flags;
	op.r.driver = n->driver;
	op.r.keywords = n->keywords;
	if (n->kind == OP_ADD) {
		memcpy(&op.r, t->records.p + n->record, sizeof op.r);
		op.r.flags &= FLAG_ALL;
		op.mask = 0;
		need->records++;
	}
	need->names += op.name.n;
	op_put(out, &op);
}

/* Messages in rising order, each once.  False if a new one has a uid that
 * can't be new. */
static bool put_entries(struct txn *t, uint32_t uidnext, struct buf *out, struct need *need)
{
	size_t n = entries(t);
	if (t->unsorted)
		qsort(t->entries.p, n, sizeof(struct entry), by_uid);
	for (size_t i = 0; i < n;) {
		struct entry all = *entry_at(t, i);
		if (all.kind == OP_ADD && all.uid < uidnext)
			return false;
		for (i++; i < n && entry_at(t, i)->uid == all.uid; i++)
			fold(t, &all, entry_at(t, i));
		put_entry(t, &all, out, need);
	}
	return true;
}

/* --- committing --- */

/* Room in this generation, or in a larger one. */
static int make_room(struct index *ix, const struct need *need)
{
	int room = map_reserve(ix->map, need->records, need->names);
	return room != 0 ? room : generation_grow(ix, need->records, need->names);
}

/* The journal of this generation, ready for a frame at `applied`. */
static int make_journal(struct index *ix, uint64_t applied)
{
	struct index_map *m = ix->map;
	struct journal *j = &ix->journal;

	if (j->fd >= 0 && j->id == m->id && j->generation == m->generation && j->end == applied)
		return 0;
	return journal_start(j, ix->place.dirfd, m->id, m->generation, applied);
}

/* 0: it is in the journal, and what it takes is reserved. */
static int journal(struct index *ix, const struct need *need, struct buf *frame, uint64_t modseq)
{
	if (make_room(ix, need) < 0 || index_enter(ix) < 0 ||
	    make_journal(ix, map_load(ix->map, HEAD_AT(applied))) < 0)
		return -1;
	CRASH_POINT("ready");
	if (!journal_frame_seal(&ix->journal, frame, modseq)) {
		errno = EFBIG;
		return -1;
	}
	if (journal_append(&ix->journal, buf_view(frame)) < 0)
		return -1;
	CRASH_POINT("journalled");
	return 0;
}

/* All of it is applied: a long one starts again. */
static void shorten_journal(struct index *ix)
{
	struct journal *j = &ix->journal;
	if (j->end - j->base > JOURNAL_MAX &&
	    journal_start(j, ix->place.dirfd, ix->map->id, ix->map->generation, j->end) < 0)
		log_warn("index", "journal can't be started again: %s", strerror(errno));
}

static int commit(struct index *ix, struct buf *frame, const struct need *need, uint64_t modseq,
		  struct error *e)
{
	if (!ix->private && journal(ix, need, frame, modseq) < 0) {
		log_warn("index", "goes on in memory: %s", strerror(errno));
		if (generation_private(ix, need->records, need->names) < 0) {
			index_switch(ix, NULL);
			return error_errno(e, "The mailbox index can't be written.",
					   "index: commit");
		}
	} else if (ix->private && make_room(ix, need) < 0) {
		index_mark_stale(ix);
		return error_errno(e, "The mailbox index can't be written.", "index: commit");
	}
	struct bytes ops = journal_frame_ops(frame);
	uint64_t end = ix->private ? 0 : ix->journal.end;
	if (apply_frame(ix->map, ops, modseq, end, false) < 0) {
		index_mark_stale(ix);
		return error_set(e, ERROR_CORRUPT, "The mailbox index is damaged.",
				 "index: commit: damaged");
	}
	if (!ix->private)
		shorten_journal(ix);
	return 0;
}

int index_commit(struct index *ix, struct error *e)
{
	struct txn *t = &ix->txn;
	struct need need = { 0 };
	int r = 0;

	assert(ix->locked && t->open);
	if (!index_usable(ix)) {
		clear(t);
		return error_set(e, ERROR_TEMPORARY, "The mailbox index is not usable.",
				 "index: commit without an index");
	}
	uint64_t modseq = t->raises ? t->modseq : t->modseq - 1;
	journal_frame_begin(&t->frame);
	bool ordered = put_entries(t, map_load32(ix->map, HEAD_AT(uidnext)), &t->frame, &need);
	buf_bytes(&t->frame, buf_view(&t->head));
	if (!ordered) {
		index_mark_stale(ix);
		r = error_set(e, ERROR_CORRUPT, "The mailbox index doesn't match the mailbox.",
			      "index: a new message has a uid below uidnext");
	} else if (t->frame.n > sizeof(struct journal_frame)) {
		r = commit(ix, &t->frame, &need, modseq, e);
	}
	clear(t);
	return r;
}

/* --- derived data --- */

static bool can_learn(const struct index *ix)
{
	return index_usable(ix) && ix->map->writable;
}

static bool find_to_learn(struct index *ix, uint32_t uid, uint64_t *slot)
{
	bool exact = false;
	assert(ix->locked);
	if (can_learn(ix))
		*slot = index_find(ix, uid, &exact);
	return exact;
}

void index_learn_size(struct index *ix, uint32_t uid, uint64_t vsize)
{
	uint64_t slot = 0;
	if (find_to_learn(ix, uid, &slot) && index_enter(ix) == 0)
		apply_vsize(ix->map, slot, vsize);
}

/* Single words, of which the old value does no harm, so they need neither
 * `change` nor a file that is marked unclean: a cache entry is verified on
 * use, an unknown date is looked up again. */
static void learn_word(struct index *ix, uint32_t uid, size_t field, uint64_t v)
{
	uint64_t slot = 0;
	if (find_to_learn(ix, uid, &slot))
		map_store(ix->map, map_record_at(ix->map, slot) + field, v);
}

void index_learn_cache(struct index *ix, uint32_t uid, uint64_t cache_at)
{
	learn_word(ix, uid, offsetof(struct index_record, cache_at), cache_at);
}

void index_learn_date(struct index *ix, uint32_t uid, int64_t internal_date)
{
	learn_word(ix, uid, offsetof(struct index_record, internal_date),
		   word_seal((uint64_t)internal_date, (uint64_t)INDEX_DATE_UNKNOWN));
}

void index_learn_cache_id(struct index *ix, uint64_t cache_id)
{
	assert(ix->locked);
	if (can_learn(ix))
		map_store(ix->map, HEAD_AT(cache_id), cache_id);
}
