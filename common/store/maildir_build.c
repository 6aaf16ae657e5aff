/*
 * maildir_build.c: the index from the store, when there is none to be trusted.
 *
 * The uidlist (or Courier's, at first contact) has the UIDs, file names the flags,
 * dovecot-keywords the names of keywords; the old index gives hints of what the store can't
 * say.  The epoch is raised and the uidlist synced before the index is written, so
 * that modseqs told before never come back with another meaning (index-design §3).
 * If a uidlist is gone or useless too, nothing ties the messages to their old UIDs: new
 * ones under a new UIDVALIDITY.  The disk takes the new list while the index is made
 * under another name.  Where none can be written each session numbers anew, in
 * order of delivery, and the UIDVALIDITY says whether that gives what it gave before.
 *
 * Crash points: before the uidlist is replaced nothing has changed; after it the next
 * opener builds again, one epoch later.
 */
#include "maildir_sync.h"

#include <errno.h>
#include <stdlib.h>

#include "arena.h"
#include "clock.h"
#include "courier.h"
#include "fault.h"
#include "file.h"
#include "log.h"

#define BUILD_SCANS 4
#define MEMBERS_AHEAD 12
#define MODSEQ_CLOCK_START 1577836800000ll /* 2020, in ms: 40 bits last until 2054 */

/* A message to be: with a file, or a line whose file no (noisy) scan found. */
struct member {
	const struct scan_entry *entry; /* one of the two may be NULL */
	const struct uidlist_line *line;
};

struct build {
	struct mailbox *mb;
	struct maildir *m;
	struct maildir_state state;
	struct scan scan;
	struct uidlist list;
	struct keyword_names names;
	uint32_t *found;        /* per line: its entry + 1, 0: none */
	struct member *members; /* in order of UID */
	size_t n;
	uint64_t used; /* keywords */
	uint32_t uidvalidity, uidnext, recent;
	uint64_t epoch, counter; /* of the modseqs to come */
	bool listed;             /* the uidlist on disk is usable */
	bool locked;             /* ... and may be written */
	bool courier;            /* UIDs are Courier's */
	bool staged;             /* the next uidlist is on its way to the disk */
	struct file_stage stage;
	struct courier keywords;
	int courier_bit[COURIER_KEYWORDS]; /* ours for theirs, -1: none */
	char guid[33];
};

/* --- what the store says --- */

/* A store that can't be written keeps no number, but its times do: whatever changes it
 * moves them.  Two seconds later, so that no change may come after the number was told,
 * and never ahead of the clock, so that one given away later is higher. */
static uint32_t validity_of_times(const struct build *b)
{
	int64_t now = clock_wall(), told;
	struct maildir_state at = { 0 };

	if (maildir_look(b->mb, &at, NULL) < 0)
		return (uint32_t)now;
	told = (at.cur.ctime > at.new.ctime ? at.cur.ctime : at.new.ctime) / 1000000000 + 2;
	return told > 0 && told < now ? (uint32_t)told : (uint32_t)now;
}

static int read_list(struct build *b, struct error *e)
{
	int r = list_read(b->mb, &b->list, &b->state, e);

	if (r < 0)
		return -1;
	b->listed = r > 0 && b->list.usable;
	b->courier = r == 0 && courier_uids(b->mb, &b->list);
	if (b->courier)
		log_info("maildir", "%s: takes over Courier's UIDs", b->m->path);
	if (b->list.usable) {
		b->uidvalidity = b->list.uidvalidity;
		b->uidnext = b->list.uidnext;
		b->epoch = b->list.epoch;
	} else {
		uidlist_free(&b->list);
		b->uidvalidity = b->m->list_writable ? uidvalidity_next(b->m->root_control)
						     : validity_of_times(b);
		b->uidnext = 1;
		if (r > 0)
			log_warn("uidlist", "%s: %s is damaged, messages get new UIDs", b->m->path,
				 UIDLIST_FILE);
	}
	return 0;
}

/* SCAN_MANY lines from `from` on. */
static size_t match_some(struct build *b, size_t from)
{
	struct bytes stems[SCAN_MANY];
	struct scan_entry *found[SCAN_MANY];
	size_t n = b->list.n - from < SCAN_MANY ? b->list.n - from : SCAN_MANY, unmatched = 0;

	for (size_t i = 0; i < n; i++)
		stems[i] = b->list.lines[from + i].stem;
	scan_find_many(&b->scan, stems, n, found);
	for (size_t i = 0; i < n; i++) {
		struct scan_entry *e = found[i];
		unmatched += !e || e->next;
		b->found[from + i] = e ? (uint32_t)(e - b->scan.entries) + 1 : 0;
		if (e) {
			e->next = (uint32_t)(from + i) + 1;
			e->uid = b->list.lines[from + i].uid;
		}
	}
	return unmatched;
}

/* Gives each entry its line (`next` is free for that now, each stem is there
 * once; of two lines with one stem the later counts).  How many lines have no file. */
static size_t match_lines(struct build *b)
{
	size_t unmatched = 0;

	if (!b->found)
		b->found = mem_alloc((b->list.n + 1) * sizeof(*b->found));
	for (size_t i = 0; i < b->scan.n; i++) {
		b->scan.entries[i].next = 0;
		b->scan.entries[i].uid = 0;
	}
	for (size_t i = 0; i < b->list.n; i += SCAN_MANY)
		unmatched += match_some(b, i);
	return unmatched;
}

static int scan_files(struct build *b, struct error *e)
{
	for (int i = 0; i < BUILD_SCANS; i++) {
		if (i)
			scan_wait(b->mb);
		if (scan_run(b->mb, &b->scan, false, e) < 0)
			return -1;
		scan_resolve(b->mb, &b->scan);
		if (match_lines(b) == 0 || b->scan.quiet)
			break;
	}
	b->state.cur = b->scan.cur;
	b->state.new = b->scan.new;
	b->state.cur_taken = b->state.new_taken = b->scan.began;
	if (b->scan.left_out)
		b->state.bits |= STATE_LEFT_OUT;
	return 0;
}

/* --- Courier's keywords: letters in the names, as soon as these have names --- */

static uint64_t our_bits(const struct build *b, struct bytes stem)
{
	uint64_t theirs = courier_bits(&b->keywords, stem), ours = 0;

	for (; theirs; theirs &= theirs - 1) {
		int bit = b->courier_bit[__builtin_ctzll(theirs)];
		if (bit >= 0)
			ours |= 1ull << bit;
	}
	return ours;
}

static void rename_with(struct build *b, struct scan_entry *e, uint64_t keywords)
{
	struct maildir_name n;
	char to[MAILDIR_NAME_MAX + 1];
	struct bytes name = scan_name(&b->scan, e);
	int dir = maildir_dir(b->m, e->where);

	maildir_name_parse(name, e->where, &n);
	size_t length = maildir_name_change(name, n.flags, n.keywords | keywords, to);
	if (!length || strcmp(to, name.p) == 0)
		return;
	if (file_rename_new(dir, name.p, dir, to) < 0) {
		log_warn("maildir", "%s: keywords of %s are lost: %s", b->m->path, name.p,
			 strerror(errno));
		return;
	}
	e->at = (uint32_t)b->scan.names.n;
	e->length = (uint8_t)length;
	buf_add(&b->scan.names, to, length + 1);
}

/* All under one lock: at first contact nobody else is here, and the uidlist, written
 * afterwards, says that it is done. */
static int take_keywords(struct build *b, struct error *e)
{
	struct stamp at;

	if (!b->courier || !b->m->writable || !b->locked || !courier_keywords(b->mb, &b->keywords))
		return 0;
	if (keywords_read(b->mb, &b->names, &at, e) < 0)
		return -1;
	for (unsigned i = 0; i < b->keywords.n; i++)
		b->courier_bit[i] = keyword_names_put(&b->names, b->keywords.names[i]);
	if (keywords_write(b->mb, &b->names, e) < 0)
		return -1;
	for (size_t i = 0; i < b->scan.n; i++) {
		struct scan_entry *x = &b->scan.entries[i];
		if (!(x->bits & SCAN_DROPPED))
			rename_with(b, x, our_bits(b, scan_stem(&b->scan, x)));
	}
	/* Our renames are no news. */
	struct maildir_state now = { 0 };
	if (maildir_look(b->mb, &now, e) < 0)
		return -1;
	b->state.cur = now.cur;
	b->state.new = now.new;
	b->state.own_since = now.cur_taken;
	b->state.own_last = clock_wall_ns();
	return 0;
}

/* --- who gets which UID --- */

static struct bytes member_stem(const struct build *b, const struct member *m)
{
	return m->entry ? scan_stem(&b->scan, m->entry) : m->line->stem;
}

/* Keywords that have no letter. */
static uint64_t member_high(const struct build *b, const struct member *m)
{
	uint64_t bits = m->line ? m->line->keywords : 0;

	if (b->keywords.n)
		bits |= our_bits(b, member_stem(b, m)) & ~MAILDIR_LETTERS_MASK;
	return bits;
}

static void member_record(const struct build *b, const struct member *m, struct index_record *r,
			  struct bytes *name)
{
	if (m->entry) {
		sync_record(&b->scan, m->entry, m->line, r, name);
	} else {
		*r = (struct index_record){ .uid = m->line->uid,
					    .internal_date = INDEX_DATE_UNKNOWN,
					    .vsize = INDEX_SIZE_UNKNOWN };
		*name = m->line->stem;
	}
	r->keywords |= member_high(b, m);
}

static void add_member(struct build *b, const struct scan_entry *e, const struct uidlist_line *line)
{
	b->members[b->n++] = (struct member){ .entry = e, .line = line };
}

/* Lines whose file a noisy scan did not find are suspects, not gone. */
static void add_listed(struct build *b)
{
	for (size_t i = 0; i < b->list.n; i++) {
		const struct uidlist_line *l = &b->list.lines[i];
		const struct scan_entry *e = b->found[i] ? &b->scan.entries[b->found[i] - 1] : NULL;
		if (e && e->next == i + 1) {
			add_member(b, e, l);
		} else if (!e && !b->scan.quiet) {
			add_member(b, NULL, l);
			b->state.bits |= STATE_SUSPECTS;
		}
	}
}

static int add_unknown(struct build *b, struct error *e)
{
	struct buf unknown = BUF_INIT;

	sync_unknown(b->mb, &b->scan, &unknown);
	const uint32_t *at = (const uint32_t *)(const void *)unknown.p;
	size_t n = unknown.n / sizeof(*at);
	bool room = n < UIDLIST_UID_MAX - b->uidnext;
	for (size_t i = 0; room && i < n; i++) {
		b->scan.entries[at[i]].uid = b->uidnext++;
		add_member(b, &b->scan.entries[at[i]], NULL);
	}
	buf_free(&unknown);
	return room ? 0
		    : error_set(e, ERROR_LIMIT, "Mailbox has used up its UIDs",
				"%s: no UID is left", b->m->path);
}

/* Lines rise, new ones go behind them: all are in order. */
static int gather(struct build *b, struct error *e)
{
	b->members = mem_alloc((b->scan.n + b->list.n + 1) * sizeof(*b->members));
	add_listed(b);
	return add_unknown(b, e);
}

/* --- the uidlist, with the new epoch --- */

static void list_header(struct build *b, uint64_t epoch, struct buf *out)
{
	struct uidlist head = b->list;

	head.uidvalidity = b->uidvalidity;
	head.uidnext = b->uidnext;
	head.epoch = epoch;
	for (unsigned i = 0; i < UIDLIST_HIGH; i++)
		if (!head.high[i].n)
			head.high[i] = bytes_of(b->names.name[UIDLIST_HIGH_FIRST + i]);
	if (!head.guid.n) {
		list_new_guid(b->guid);
		head.guid = bytes_of(b->guid);
	}
	uidlist_write_header(out, &head);
}

static void list_lines(struct build *b, struct buf *out)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct member *m = &b->members[i];
		uidlist_write_line(out, m->line ? m->line->uid : m->entry->uid,
				   m->line ? m->line->fields : BYTES(""), member_high(b, m),
				   member_stem(b, m));
	}
}

static int stage(struct build *b, uint64_t epoch, struct bytes lines)
{
	struct buf header = BUF_INIT;
	struct error e;

	list_header(b, epoch, &header);
	b->staged = list_stage(b->mb, buf_view(&header), lines, &b->stage, &e) == 0;
	if (!b->staged)
		log_warn("uidlist", "%s", e.log);
	buf_free(&header);
	return b->staged ? 0 : -1;
}

static void unstage(struct build *b)
{
	if (b->staged)
		list_unstage(b->mb, &b->stage);
	b->staged = false;
}

/* Most often every line has its file and stays: a new header before them.  Written before the
 * files are looked at, it gets to the disk meanwhile. */
static void stage_as_is(struct build *b)
{
	struct bytes text = buf_view(&b->list.text);

	if (b->listed && b->list.as_written && b->locked && !b->mb->private)
		(void)stage(b, b->epoch + 1, bytes_from(text, bytes_chr(text, '\n') + 1));
}

/* The members are the lines of the list, no more, no fewer. */
static bool is_as_was(const struct build *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (!b->members[i].line)
			return false;
	return b->n == b->list.n;
}

/* New messages without a line on disk are left out; a mailbox without any list keeps them
 * (it is written from the index as soon as there is room). */
static void leave_out_unlisted(struct build *b)
{
	size_t n = 0;

	for (size_t i = 0; b->listed && i < b->n; i++)
		if (b->members[i].line)
			b->members[n++] = b->members[i];
	if (!b->listed)
		b->state.bits |= STATE_LEFT_OUT;
	if (b->listed) {
		if (n < b->n)
			b->state.bits |= STATE_LEFT_OUT;
		b->n = n;
		b->uidnext = b->list.uidnext;
	}
}

/* Without a new epoch modseqs rise with the clock: above all that such a session
 * told before, below all of the next epoch. */
static void keep_epoch(struct build *b)
{
	b->counter = (uint64_t)(clock_wall_ns() / 1000000 - MODSEQ_CLOCK_START) &
		     ((1ull << INDEX_EPOCH_SHIFT) - 1);
}

static bool all_listed(const struct build *b)
{
	for (size_t i = 0; b->listed && i < b->n; i++)
		if (!b->members[i].line)
			return false;
	return b->listed;
}

static int stage_members(struct build *b)
{
	struct buf lines = BUF_INIT;

	list_lines(b, &lines);
	int r = stage(b, b->epoch, buf_view(&lines));
	buf_free(&lines);
	return r;
}

/* The list keeps the epoch it has. */
static void without_list(struct build *b)
{
	b->epoch--;
	keep_epoch(b);
	leave_out_unlisted(b);
}

/* An index that lives for this session alone leaves the epoch as it is. */
static void prepare_list(struct build *b)
{
	if (b->staged && !is_as_was(b))
		unstage(b);
	if (!b->mb->private)
		b->epoch++;
	else
		keep_epoch(b);
	if (b->staged || !b->m->list_writable || (b->mb->private && all_listed(b)))
		return;
	if (!b->locked || stage_members(b) < 0)
		without_list(b);
}

/* --- the index --- */

/* What is better known from the index before. */
static void take_hint(struct build *b, struct index_record *r, struct bytes stem)
{
	struct index_record h;

	if (b->mb->forget || !index_hint(b->mb->index, r->uid, stem, &h))
		return;
	r->internal_date = h.internal_date;
	r->save_date = h.save_date;
	r->cache_at = h.cache_at;
	if (r->vsize == INDEX_SIZE_UNKNOWN)
		r->vsize = h.vsize;
}

/* \Recent: those behind the last one that stands in `cur`. */
static void find_recent(struct build *b)
{
	b->state.new_from = b->uidnext;
	b->recent = 1;
	for (size_t i = b->n; i-- > 0;) {
		const struct member *m = &b->members[i];
		uint32_t uid = m->line ? m->line->uid : m->entry->uid;
		if (m->entry && m->entry->where)
			b->state.new_from = uid;
		else if (b->recent == 1)
			b->recent = uid + 1;
	}
}

/* Entries and names lie in no order: asked for before they are needed. */
static PAGES_AHEAD void expect_member(const struct build *b, size_t i)
{
	if (i + 2 * MEMBERS_AHEAD < b->n)
		__builtin_prefetch(b->members[i + 2 * MEMBERS_AHEAD].entry);
	if (i + MEMBERS_AHEAD < b->n && b->members[i + MEMBERS_AHEAD].entry)
		scan_expect_name(&b->scan, b->members[i + MEMBERS_AHEAD].entry);
}

static void add_all(struct build *b)
{
	struct index_record r;
	struct bytes name;

	b->used = 0;
	for (size_t i = 0; i < b->n; i++) {
		expect_member(b, i);
		member_record(b, &b->members[i], &r, &name);
		b->used |= r.keywords;
		take_hint(b, &r, member_stem(b, &b->members[i]));
		index_build_add(b->mb->index, &r, name);
	}
}

/* All but what is known only when the list has its name: its stamp. */
static int fill_index(struct build *b, struct error *e)
{
	find_recent(b);
	struct index_build ib = {
		.uidvalidity = b->uidvalidity,
		.uidnext = b->uidnext,
		.epoch = b->epoch,
		.counter = b->counter,
		.first_recent = b->recent,
		.expect = b->n,
	};
	FAULT("before-build");
	if (index_build_begin(b->mb->index, &ib, e) < 0)
		return -1;
	add_all(b);
	return 0;
}

/* False: it can't be written, and what was filled is wrong. */
static bool publish_list(struct build *b)
{
	struct error e;

	if (!b->staged)
		return true;
	b->staged = false;
	if (list_publish(b->mb, &b->stage, &e) < 0) {
		log_warn("uidlist", "%s", e.log);
		without_list(b);
		return false;
	}
	b->state.list = maildir_stamp(b->m->control, UIDLIST_FILE, &b->state.list_size);
	b->state.list_lines = b->n;
	return true;
}

static int finish_index(struct build *b, struct error *e)
{
	uint64_t words[INDEX_DRIVER_WORDS] = { 0 };

	b->state.form = MAILDIR_STATE_FORM;
	b->state.tmp_cleaned = clock_wall(); /* first contact: others may be at work */
	b->state.bits |= STATE_UNSIZED;
	sync_keywords(b->mb, b->used, &b->state, &b->names);
	keywords_take_high(&b->names, &b->list);
	for (unsigned i = 0; i < INDEX_KEYWORDS; i++)
		if (b->names.name[i][0])
			index_build_keyword(b->mb->index, i, bytes_of(b->names.name[i]));
	memcpy(words, &b->state, sizeof(b->state));
	index_build_driver(b->mb->index, words);
	return index_build_commit(b->mb->index, e);
}

static int build(struct build *b, struct error *e)
{
	if (read_list(b, e) < 0)
		return -1;
	stage_as_is(b);
	if (scan_files(b, e) < 0 || take_keywords(b, e) < 0 || gather(b, e) < 0)
		return -1;
	prepare_list(b);
	if (fill_index(b, e) < 0 || (!publish_list(b) && fill_index(b, e) < 0))
		return -1;
	return finish_index(b, e);
}

/* Without room for a lock file nothing can be appended; what is there is served. */
static int lock_list(struct build *b, struct error *e)
{
	struct error why = { 0 };

	if (!b->m->list_writable)
		return 0;
	b->locked = list_lock(b->mb, &why) == 0;
	if (b->locked || why.kind == ERROR_NOSPACE || why.kind == ERROR_NOPERM)
		return 0;
	if (e)
		*e = why;
	return -1;
}

int maildir_build(struct mailbox *mb, struct error *e)
{
	struct build b = { .mb = mb, .m = maildir_of(mb) };
	int r;

	if (lock_list(&b, e) < 0)
		return -1;
	r = build(&b, e);
	unstage(&b);
	if (b.locked)
		list_unlock(mb);
	scan_free(&b.scan);
	uidlist_free(&b.list);
	courier_free(&b.keywords);
	free(b.found);
	free(b.members);
	return r;
}
