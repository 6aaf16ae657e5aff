/*
 * apply.c: a transaction's operations into the mapped index.
 *
 * The order makes readers without a lock right (index-design §4): `change`
 * odd; records; block summaries; header counters and highest modseq; `change`
 * even.  And it makes a death in between harmless: the frame is in the journal,
 * each record takes its modseq last, so whoever has the lock next applies the
 * frame again (a record that has its modseq has all of it, an ADD of a uid that
 * is there is ignored) and counts everything again from the records, because
 * summaries and counters may be half done.  `applied` moves within the
 * same change; `applying` says how far the journal must reach if the writer
 * died, so that a journal lost at that moment is noticed.
 */
#include "index_private.h"

#include <errno.h>

#include "clock.h"

#define WORD_AT 0 /* uid, flags, state, driver */
#define AT(field) offsetof(struct index_record, field)

struct apply {
	struct index_map *m;
	uint64_t modseq;
	uint64_t count, names_used, names_live;
	uint64_t slot; /* of the message found last */
	uint32_t uidnext;
	struct buf blocks; /* numbers of those touched */
};

struct need {
	uint64_t records, names;
};

/* All operations are whole and valid; what room they take at most. */
static bool measure(struct bytes ops, struct need *need)
{
	struct op op;
	*need = (struct need){ 0 };
	while (ops.n) {
		if (!op_take(&ops, &op))
			return false;
		need->records += op.kind == OP_ADD;
		if (op.kind == OP_ADD || op.kind == OP_CHANGE)
			need->names += NAME_ROOM(op.name.n);
	}
	return true;
}

static void begin_change(struct index_map *m)
{
	map_store(m, HEAD_AT(change), map_load(m, HEAD_AT(change)) | 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void end_change(struct index_map *m)
{
	map_seal_head(m);
	map_store(m, HEAD_AT(change), (map_load(m, HEAD_AT(change)) | 1) + 1);
}

static void touch(struct apply *a, uint64_t slot)
{
	uint64_t block = slot / INDEX_BLOCK, last;
	if (a->blocks.n) {
		memcpy(&last, a->blocks.p + a->blocks.n - sizeof last, sizeof last);
		if (last == block)
			return;
	}
	buf_add(&a->blocks, &block, sizeof block);
}

/* --- records --- */

static uint64_t put_name(struct apply *a, struct bytes name)
{
	uint64_t at = a->names_used;
	if (name.n == 0)
		return 0;
	map_put_name(a->m, at, name);
	a->names_used += NAME_ROOM(name.n);
	a->names_live += NAME_ROOM(name.n);
	return NAME_WORD(at, name.n);
}

static void add(struct apply *a, const struct op *op)
{
	struct index_record r = op->r;

	if (op->uid >= a->uidnext)
		a->uidnext = op->uid + (op->uid < UINT32_MAX);
	if (a->count && map_uid(a->m, a->count - 1) >= op->uid)
		return;
	r.modseq = a->modseq;
	r.name = put_name(a, op->name);
	record_seal(a->m, &r);
	map_put(a->m, map_record_at(a->m, a->count), &r, sizeof r);
	touch(a, a->count++);
}

static void change_place(struct apply *a, uint64_t at, uint64_t word, const struct op *op)
{
	uint64_t old = NAME_ROOM(NAME_LENGTH(map_load(a->m, at + AT(name))));
	a->names_live -= old < a->names_live ? old : a->names_live;
	map_store(a->m, at + AT(name), put_name(a, op->name));
	map_store(a->m, at + WORD_AT,
		  RECORD_WORD(RECORD_UID(word), RECORD_FLAGS(word), RECORD_STATE(word),
			      op->r.driver));
	map_seal_record(a->m, at, map_load(a->m, at + AT(modseq)));
}

static void change_flags(struct apply *a, uint64_t at, const struct op *op)
{
	uint64_t word = map_load(a->m, at + WORD_AT);
	uint16_t flags = op->mask & OP_FLAGS ? op->r.flags : RECORD_FLAGS(word);
	uint8_t state = RECORD_STATE(word) | (op->mask & OP_EXPUNGE ? INDEX_DEAD : 0);

	if (op->mask & OP_FLAGS)
		map_store(a->m, at + AT(keywords), op->r.keywords);
	map_store(a->m, at + WORD_AT,
		  RECORD_WORD(RECORD_UID(word), flags, state, RECORD_DRIVER(word)));
	map_seal_record(a->m, at, a->modseq);
	map_store(a->m, at + AT(modseq), a->modseq);
}

/* Flags and expunge take the modseq and apply only where the record's is
 * lower; a place is nothing a client sees, takes none, and applies unless a
 * later change is there.  A tombstone keeps the name it had. */
static void change(struct apply *a, const struct op *op)
{
	a->slot = map_find_from(a->m, a->slot, a->count, op->uid);
	if (a->slot >= a->count)
		return;
	uint64_t at = map_record_at(a->m, a->slot);
	uint64_t word = map_load(a->m, at + WORD_AT);
	uint64_t modseq = map_load(a->m, at + AT(modseq));

	/* A dead one without its modseq is half a tombstone: its writer died. */
	if (RECORD_UID(word) != op->uid ||
	    (RECORD_STATE(word) & INDEX_DEAD && !(op->mask & OP_EXPUNGE && modseq < a->modseq)))
		return;
	if ((op->mask & (OP_PLACE | OP_EXPUNGE)) == OP_PLACE && modseq <= a->modseq)
		change_place(a, at, word, op);
	if (op->mask & (OP_FLAGS | OP_EXPUNGE) && modseq < a->modseq) {
		change_flags(a, at, op);
		touch(a, a->slot);
	}
}

/* --- header words --- */

static void keyword(struct apply *a, const struct op *op)
{
	map_put_keyword(a->m, op->mask, op->name);
	if (op->mask >= map_load32(a->m, HEAD_AT(keywords)))
		map_store32(a->m, HEAD_AT(keywords), op->mask + 1u);
}

static void do_op(struct apply *a, const struct op *op)
{
	switch (op->kind) {
	case OP_ADD:
		add(a, op);
		break;
	case OP_CHANGE:
		change(a, op);
		break;
	case OP_KEYWORD:
		keyword(a, op);
		break;
	case OP_UIDNEXT:
		if (op->uid > a->uidnext)
			a->uidnext = op->uid;
		break;
	case OP_RECENT:
		map_store32(a->m, HEAD_AT(first_recent), op->uid);
		break;
	case OP_DRIVER:
		map_put(a->m, HEAD_AT(driver), op->name.p, op->name.n);
		break;
	}
}

/* --- summaries and counters --- */

static void sum_record(struct index_map *m, uint64_t at, struct index_block *b)
{
	uint64_t word = map_load(m, at + WORD_AT);
	uint64_t modseq = map_load(m, at + AT(modseq));
	uint64_t vsize = word_open(map_load(m, at + AT(vsize)), INDEX_SIZE_UNKNOWN);
	uint16_t flags = RECORD_FLAGS(word);

	if (modseq > b->modseq)
		b->modseq = modseq;
	if (RECORD_STATE(word) & INDEX_DEAD)
		return;
	b->alive++;
	b->unseen += !(flags & FLAG_SEEN);
	b->deleted += !!(flags & FLAG_DELETED);
	b->flagged += !!(flags & FLAG_FLAGGED);
	b->keywords |= map_load(m, at + AT(keywords));
	if (vsize != INDEX_SIZE_UNKNOWN)
		b->vsize += vsize;
}

static struct index_block sum_block(struct index_map *m, uint64_t block, uint64_t count)
{
	struct index_block b = { 0 };
	uint64_t to = (block + 1) * INDEX_BLOCK < count ? (block + 1) * INDEX_BLOCK : count;

	for (uint64_t slot = block * INDEX_BLOCK; slot < to; slot++)
		sum_record(m, map_record_at(m, slot), &b);
	b.check = map_block_check(m, &b);
	return b;
}

/* Adds v (which may be the negative of something) to a counter. */
static void count_up(struct index_map *m, uint64_t at, uint64_t v)
{
	if (v)
		map_store(m, at, map_load(m, at) + v);
}

static void sum_touched(struct apply *a)
{
	struct index_block was, is, more = { 0 };
	uint64_t alive = 0, unseen = 0, deleted = 0;

	for (size_t i = 0; i < a->blocks.n; i += sizeof(uint64_t)) {
		uint64_t block;
		memcpy(&block, a->blocks.p + i, sizeof block);
		map_get(a->m, map_block_at(block), &was, sizeof was);
		is = sum_block(a->m, block, a->count);
		map_put(a->m, map_block_at(block), &is, sizeof is);
		alive += (uint64_t)is.alive - was.alive;
		unseen += (uint64_t)is.unseen - was.unseen;
		deleted += (uint64_t)is.deleted - was.deleted;
		more.vsize += is.vsize - was.vsize;
	}
	CRASH_POINT("blocks");
	count_up(a->m, HEAD_AT(alive), alive);
	count_up(a->m, HEAD_AT(unseen), unseen);
	count_up(a->m, HEAD_AT(deleted), deleted);
	count_up(a->m, HEAD_AT(vsize), more.vsize);
}

bool apply_total(struct index_map *m, uint64_t block, uint64_t count, uint64_t names_used,
		 struct index_total *t, struct index_block *sum)
{
	uint64_t to = (block + 1) * INDEX_BLOCK < count ? (block + 1) * INDEX_BLOCK : count;

	for (uint64_t slot = block * INDEX_BLOCK; slot < to; slot++) {
		struct index_record r;
		map_get(m, map_record_at(m, slot), &r, sizeof r);
		if (r.uid <= t->last || r.flags & ~FLAG_ALL || r.state & ~INDEX_DEAD ||
		    NAME_LENGTH(r.name) > INDEX_NAME_MAX ||
		    NAME_AT(r.name) + NAME_ROOM(NAME_LENGTH(r.name)) > names_used ||
		    r.check != map_record_check(m, &r))
			return false;
		t->last = r.uid;
		t->names += NAME_ROOM(NAME_LENGTH(r.name));
	}
	*sum = sum_block(m, block, count);
	t->alive += sum->alive;
	t->unseen += sum->unseen;
	t->deleted += sum->deleted;
	t->vsize += sum->vsize;
	if (sum->modseq > t->modseq)
		t->modseq = sum->modseq;
	return true;
}

static void put_total(struct index_map *m, const struct index_total *t)
{
	map_store(m, HEAD_AT(alive), t->alive);
	map_store(m, HEAD_AT(unseen), t->unseen);
	map_store(m, HEAD_AT(deleted), t->deleted);
	map_store(m, HEAD_AT(vsize), t->vsize);
	map_store(m, HEAD_AT(names_live), t->names);
	if (t->modseq > map_highest_modseq(m))
		map_store(m, HEAD_AT(highest_modseq), t->modseq);
	if (t->last >= map_load32(m, HEAD_AT(uidnext)))
		map_store32(m, HEAD_AT(uidnext), t->last + (t->last < UINT32_MAX));
}

/* Within an odd change, or where nobody reads. */
static bool recount(struct index_map *m)
{
	struct index_total t = { 0 };
	uint64_t count = map_count(m), names_used = map_load(m, HEAD_AT(names_used));

	for (uint64_t block = 0; block * INDEX_BLOCK < count; block++) {
		struct index_block sum;
		if (!apply_total(m, block, count, names_used, &t, &sum))
			return false;
		map_put(m, map_block_at(block), &sum, sizeof sum);
	}
	put_total(m, &t);
	return map_ok(m);
}

bool apply_recount(struct index_map *m)
{
	begin_change(m);
	map_store(m, HEAD_AT(applying), map_load(m, HEAD_AT(applied)));
	if (!recount(m)) {
		m->broken = true;
		return false;
	}
	end_change(m);
	return true;
}

/* --- a whole frame --- */

/* A tombstone whose modseq is not above mark_before is older than the history
 * limit: marks move on when the last is that old.  Written in an order
 * that a death in between makes marks older, never younger. */
static void move_marks(struct index_map *m)
{
	uint64_t now = (uint64_t)clock_wall(), time = map_load(m, HEAD_AT(mark_time));

	if (now >= time && now - time < INDEX_HISTORY_SECONDS)
		return;
	if (now > time)
		map_store(m, HEAD_AT(mark_before), map_load(m, HEAD_AT(mark_modseq)));
	map_store(m, HEAD_AT(mark_modseq), map_highest_modseq(m));
	map_store(m, HEAD_AT(mark_time), now);
}

static void do_ops(struct apply *a, struct bytes ops)
{
	struct op op;
	while (ops.n && op_take(&ops, &op))
		do_op(a, &op);
	CRASH_POINT("records");
}

/* Header words, after the records and block summaries. */
static bool do_header(struct apply *a, uint64_t end, bool torn)
{
	struct index_map *m = a->m;

	map_store(m, HEAD_AT(names_used), a->names_used);
	map_store(m, HEAD_AT(names_live), a->names_live);
	map_store(m, HEAD_AT(count), a->count);
	CRASH_POINT("count");
	map_store32(m, HEAD_AT(uidnext), a->uidnext);
	if (a->modseq > map_highest_modseq(m))
		map_store(m, HEAD_AT(highest_modseq), a->modseq);
	if (torn && !recount(m))
		return false;
	map_store(m, HEAD_AT(applied), end);
	move_marks(m);
	return map_ok(m);
}

int apply_frame(struct index_map *m, struct bytes ops, uint64_t modseq, uint64_t end, bool torn)
{
	struct need need;
	int room = measure(ops, &need) ? map_reserve(m, need.records, need.names) : 0;
	if (room != 1) {
		if (room == 0)
			errno = EIO;
		return -1;
	}
	struct apply a = {
		.m = m,
		.modseq = modseq,
		.count = map_count(m),
		.names_used = map_load(m, HEAD_AT(names_used)),
		.names_live = map_load(m, HEAD_AT(names_live)),
		.uidnext = map_load32(m, HEAD_AT(uidnext)),
	};
	begin_change(m);
	map_store(m, HEAD_AT(applying), end);
	CRASH_POINT("odd");
	do_ops(&a, ops);
	if (!torn)
		sum_touched(&a);
	CRASH_POINT("counters");
	bool ok = do_header(&a, end, torn);
	buf_free(&a.blocks);
	if (!ok) { /* stays odd: nobody takes it for right */
		m->broken = true;
		errno = EIO;
		return -1;
	}
	CRASH_POINT("header");
	end_change(m);
	CRASH_POINT("even");
	return 0;
}

int apply_append(struct index_map *m, const struct index_record *r, struct bytes name)
{
	int room = map_reserve(m, 1, NAME_ROOM(name.n));
	if (room != 1)
		return room;
	struct index_record own = *r;
	uint64_t count = map_count(m), at = map_load(m, HEAD_AT(names_used));

	own.name = name.n ? NAME_WORD(at, name.n) : 0;
	record_seal(m, &own);
	map_put_name(m, at, name);
	map_put(m, map_record_at(m, count), &own, sizeof own);
	map_store(m, HEAD_AT(names_used), at + NAME_ROOM(name.n));
	map_store(m, HEAD_AT(count), count + 1);
	return 1;
}

void apply_vsize(struct index_map *m, uint64_t slot, uint64_t vsize)
{
	uint64_t at = map_record_at(m, slot), block = map_block_at(slot / INDEX_BLOCK);
	uint64_t old = word_open(map_load(m, at + AT(vsize)), INDEX_SIZE_UNKNOWN);
	uint64_t word = word_seal(vsize, INDEX_SIZE_UNKNOWN);
	uint64_t more =
		(word == INDEX_SIZE_UNKNOWN ? 0 : vsize) - (old == INDEX_SIZE_UNKNOWN ? 0 : old);

	begin_change(m);
	map_store(m, at + AT(vsize), word);
	CRASH_POINT("vsize");
	if (!(RECORD_STATE(map_load(m, at + WORD_AT)) & INDEX_DEAD)) {
		struct index_block b;
		map_get(m, block, &b, sizeof b);
		b.vsize += more;
		b.check = map_block_check(m, &b);
		map_put(m, block, &b, sizeof b);
		count_up(m, HEAD_AT(vsize), more);
	}
	end_change(m);
}
