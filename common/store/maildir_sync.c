/*
 * maildir_sync.c: makes the index say what the directories and the uidlist say.
 *
 * Nothing changed: three stats, no lock (maildir_state.c).  Mail came into `new`:
 * that directory alone is read.  Else both are read and matched with the records by
 * stem; what differs is a foreign flag change or move, an entry that no record
 * has is new (maildir_admit.c), a record without an entry is a suspect, expunged when
 * a second, quiet scan misses it too (index-design §2).  After four noisy scans
 * suspects wait for the next sync.
 */
#include "maildir_sync.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "log.h"

#define SYNC_SCANS 4

/* --- the uidlist --- */

/* The index and the list give one message different UIDs, or one UID two messages. */
static bool record_conflicts(struct sync *s, const struct index_record *r)
{
	char name[INDEX_NAME_MAX + 1];
	size_t n = index_name(s->mb->index, r, name);
	struct bytes stem = maildir_stem((struct bytes){ name, n });
	const struct uidlist_line *line = uidlist_by_uid(&s->list, r->uid);

	return line ? !bytes_eq(line->stem, stem) : uidlist_by_stem(&s->list, stem) != NULL;
}

static bool list_conflicts(struct sync *s)
{
	struct index_record r;

	for (uint64_t i = 0; i < s->head.count && index_read(s->mb->index, i, &r); i++)
		if (!(r.state & INDEX_DEAD) && record_conflicts(s, &r))
			return true;
	return false;
}

static int list_whole(struct sync *s, struct error *e)
{
	uidlist_free(&s->list);
	int r = list_read(s->mb, &s->list, &s->now, e);
	if (r < 0)
		return -1;
	s->list_new = s->list_whole = true;
	s->restore = r == 0 || !s->list.usable;
	if (s->restore) {
		log_warn("uidlist", "%s: %s is %s, written again from the index", s->m->path,
			 UIDLIST_FILE, r ? "damaged" : "gone");
		return 1;
	}
	return s->list.uidvalidity == s->head.uidvalidity && !list_conflicts(s);
}

/* At first contact it could not be written: what it would say is in the index alone. */
static bool list_owed(const struct sync *s)
{
	return s->m->list_writable && s->now.list.inode == 0;
}

/* 1; 0 the store has other UIDs than the index, which must be built again; -1. */
static int sync_list(struct sync *s, struct error *e)
{
	struct maildir_state at = s->now;
	int r = 0;

	if (stamp_eq(s->now.list, s->old.list) && s->now.list_size == s->old.list_size &&
	    !list_owed(s)) {
		s->now.list_lines = s->old.list_lines;
		return 1;
	}
	if (s->now.list.inode == s->old.list.inode && s->old.list_size > 0 &&
	    s->now.list_size > s->old.list_size) {
		at.list_size = s->old.list_size;
		at.list_lines = s->old.list_lines;
		r = list_read_tail(s->mb, &s->list, s->head.uidnext - 1, &at, e);
	}
	if (r < 0)
		return -1;
	if (r == 0)
		return list_whole(s, e);
	s->list_new = true;
	s->now.list = at.list;
	s->now.list_size = at.list_size;
	s->now.list_lines = at.list_lines;
	return 1;
}

/* Written back from the index, UIDVALIDITY and UIDs as they were. */
static void restore_list(struct sync *s)
{
	struct error e;

	if (!s->m->list_writable)
		return;
	if (list_lock(s->mb, &e) < 0) {
		log_warn("uidlist", "%s", e.log);
		return;
	}
	if (list_rewrite(s->mb, &s->list, &e) < 0)
		log_warn("uidlist", "%s", e.log);
	else {
		s->now.list = maildir_stamp(s->m->control, UIDLIST_FILE, &s->now.list_size);
		s->now.list_lines = s->head.alive;
	}
	list_unlock(s->mb);
}

/* Living messages that the whole list doesn't have any more; those that came since it was read
 * are above.  Its own next UID may have been lost with a line: a torn one, say. */
static bool list_lacks(struct sync *s)
{
	uint64_t below = s->head.uidnext > s->list.uidnext ? s->head.uidnext : s->list.uidnext;
	struct index_record r;
	struct index_header h;

	if (!s->list_whole || s->restore || !index_head(s->mb->index, &h))
		return false;
	for (uint64_t i = 0; i < h.count && index_read(s->mb->index, i, &r); i++)
		if (!(r.state & INDEX_DEAD) && r.uid < below && !uidlist_by_uid(&s->list, r.uid))
			return true;
	return false;
}

/* --- matching --- */

static uint64_t letters(uint64_t keywords)
{
	return keywords & MAILDIR_LETTERS_MASK;
}

/* Keywords that have no letter stand in the uidlist. */
static uint64_t high_keywords(const struct sync *s, const struct index_record *r)
{
	const struct uidlist_line *l =
		s->list_whole && !s->restore ? uidlist_by_uid(&s->list, r->uid) : NULL;

	return l ? l->keywords : r->keywords & ~MAILDIR_LETTERS_MASK;
}

/* Is there anything to tell the index of this message? */
static void compare(struct sync *s, const struct index_record *r, struct bytes stored,
		    const struct scan_entry *e)
{
	struct maildir_name n;
	struct bytes name = scan_name(&s->scan, e);
	unsigned driver = e->where;

	maildir_name_parse(name, e->where, &n);
	if (n.odd)
		driver |= MAILDIR_ODD;
	struct sync_change c = {
		.uid = r->uid,
		.entry = (uint32_t)(e - s->scan.entries),
		.flags = n.flags,
		.keywords = high_keywords(s, r) | n.keywords,
	};
	c.flagged = n.flags != r->flags || c.keywords != r->keywords;
	c.moved = driver != r->driver || (n.odd && !bytes_eq(name, stored));
	if (c.flagged || c.moved)
		buf_add(&s->changes, &c, sizeof(c));
}

static struct bytes stored_stem(struct bytes stored, unsigned driver)
{
	return driver & MAILDIR_ODD ? maildir_stem(stored) : stored;
}

/* Of several files of one stem the one with the recorded name. */
static void mark_known(struct sync *s)
{
	struct index_record r;
	char stored[INDEX_NAME_MAX + 1], name[MAILDIR_NAME_MAX + 1];

	for (uint64_t i = 0; i < s->head.count && index_read(s->mb->index, i, &r); i++) {
		if (r.state & INDEX_DEAD)
			continue;
		size_t length = index_name(s->mb->index, &r, stored);
		struct bytes b = { stored, length };
		struct scan_entry *e = scan_find(&s->scan, stored_stem(b, r.driver));
		if (!e || !e->next)
			continue;
		size_t n = maildir_name_write(b, r.driver, r.flags, r.keywords, name);
		for (; e; e = scan_next(&s->scan, e))
			if (bytes_eq(scan_name(&s->scan, e), (struct bytes){ name, n }) &&
			    e->where == (r.driver & MAILDIR_NEW))
				e->bits |= SCAN_KNOWN;
	}
}

/* Records whose files are looked for together. */
struct batch {
	struct index_record r[SCAN_MANY];
	char stored[SCAN_MANY][INDEX_NAME_MAX + 1];
	struct bytes name[SCAN_MANY], stem[SCAN_MANY];
	size_t n;
};

static void match_batch(struct sync *s, struct batch *b)
{
	struct scan_entry *found[SCAN_MANY];

	scan_find_many(&s->scan, b->stem, b->n, found);
	for (size_t i = 0; i < b->n; i++) {
		if (found[i] && found[i]->uid == 0) {
			found[i]->uid = b->r[i].uid;
			compare(s, &b->r[i], b->name[i], found[i]);
		} else {
			buf_add(&s->missing, &b->r[i].uid, sizeof(b->r[i].uid));
		}
	}
	b->n = 0;
}

static int match_records(struct sync *s, struct error *e)
{
	struct batch b;
	uint64_t i = 0;
	bool exact;

	b.n = 0;
	buf_reset(&s->changes);
	buf_reset(&s->missing);
	if (s->scan.new_only)
		i = index_find(s->mb->index, (uint32_t)s->old.new_from, &exact);
	for (; i < s->head.count; i++) {
		struct index_record *r = &b.r[b.n];
		if (!index_read(s->mb->index, i, r))
			return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged",
					 "%s: record can't be read", s->m->path);
		if ((r->state & INDEX_DEAD) || (s->scan.new_only && !(r->driver & MAILDIR_NEW)))
			continue;
		size_t length = index_name(s->mb->index, r, b.stored[b.n]);
		b.name[b.n] = (struct bytes){ b.stored[b.n], length };
		b.stem[b.n] = stored_stem(b.name[b.n], r->driver);
		if (++b.n == SCAN_MANY)
			match_batch(s, &b);
	}
	match_batch(s, &b);
	return 0;
}

static int one_scan(struct sync *s, bool new_only, struct error *e)
{
	if (scan_run(s->mb, &s->scan, new_only, e) < 0)
		return -1;
	FAULT("scanned");
	if (s->scan.twice)
		mark_known(s);
	scan_resolve(s->mb, &s->scan);
	return match_records(s, e);
}

/* Those that both have: rising lists. */
static void intersect(struct buf *to, const struct buf *with)
{
	uint32_t *a = (uint32_t *)(void *)to->p;
	const uint32_t *b = (const uint32_t *)(const void *)with->p;
	size_t na = to->n / sizeof(*a), nb = with->n / sizeof(*b), n = 0, j = 0;

	for (size_t i = 0; i < na; i++) {
		while (j < nb && b[j] < a[i])
			j++;
		if (j < nb && b[j] == a[i])
			a[n++] = a[i];
	}
	to->n = n * sizeof(*a);
}

/* Scans until nothing is missing or it is certain what is.  Where it was certain before
 * (settle_uids) one more scan is enough: who is missing in that as well is gone. */
static int scan_all(struct sync *s, bool new_only, struct error *e)
{
	struct buf before = BUF_INIT;
	size_t found;

	if (s->confirmed)
		buf_bytes(&before, buf_view(&s->missing));
	int r = one_scan(s, new_only, e);
	if (r == 0 && new_only && s->missing.n)
		r = one_scan(s, false, e); /* it left `new` */
	for (int i = 1; r == 0 && s->missing.n && !s->confirmed && i < SYNC_SCANS; i++) {
		buf_reset(&before);
		buf_bytes(&before, buf_view(&s->missing));
		if (!s->scan.quiet)
			scan_wait(s->mb);
		r = one_scan(s, false, e);
		s->confirmed = s->scan.quiet;
	}
	found = s->missing.n;
	if (r == 0 && s->confirmed)
		intersect(&s->missing, &before);
	if (!s->confirmed || s->missing.n != found)
		s->now.bits |= found ? STATE_SUSPECTS : 0;
	buf_free(&before);
	return r;
}

/* Lines of new UIDs whose files the scan didn't show. */
static bool lines_without_file(struct sync *s)
{
	for (size_t i = s->list.n; s->list_new && i-- > 0;) {
		if (s->list.lines[i].uid < s->head.uidnext)
			return false;
		if (!scan_find(&s->scan, s->list.lines[i].stem))
			return true;
	}
	return false;
}

/* Who gave a file its UID wrote the line under the lock of the uidlist, when the file was
 * there.  So what the list says and what a scan shows fit together only if both are looked
 * at under that lock; else UIDNEXT would be raised over a message still to come. */
static int settle_uids(struct sync *s, struct error *e)
{
	struct error why;

	if (!s->m->list_writable || (!lines_without_file(s) && !sync_has_unknown(s)))
		return 0;
	s->list_locked = list_lock(s->mb, &why) == 0;
	if (!s->list_locked || sync_refresh_list(s, &why) < 0) {
		log_warn("sync", "new messages wait: %s", why.log);
		s->no_uids = true;
		return 0;
	}
	return lines_without_file(s) ? scan_all(s, false, e) : 0;
}

/* Before a message is taken for gone: it may be the index that is wrong.  The list
 * doesn't know it under that UID and name then.  False if so. */
static bool missing_are_listed(struct sync *s, struct error *e)
{
	const uint32_t *uids = (const uint32_t *)(const void *)s->missing.p;
	struct maildir_state at = { 0 };
	struct index_record r;

	if (s->missing.n == 0 || s->restore)
		return true;
	if (!s->list_whole) {
		uidlist_free(&s->list);
		if (list_read(s->mb, &s->list, &at, e) <= 0 || !s->list.usable ||
		    s->list.uidvalidity != s->head.uidvalidity)
			return false;
		s->list_new = s->list_whole = true;
	}
	for (size_t i = 0; i < s->missing.n / sizeof(*uids); i++)
		if (!maildir_record(s->mb, uids[i], &r) || record_conflicts(s, &r))
			return false;
	return true;
}

/* --- telling the index --- */

static struct bytes place_name(const struct scan *scan, const struct scan_entry *e, uint8_t *driver)
{
	struct maildir_name n;

	maildir_name_parse(scan_name(scan, e), e->where, &n);
	*driver = (uint8_t)(e->where | (n.odd ? MAILDIR_ODD : 0));
	return n.odd ? scan_name(scan, e) : n.stem;
}

static uint64_t tell_changes(struct sync *s)
{
	const struct sync_change *c = (const struct sync_change *)(const void *)s->changes.p;
	uint64_t used = 0;
	uint8_t driver;

	for (size_t i = 0; i < s->changes.n / sizeof(*c); i++) {
		if (c[i].flagged)
			index_set_flags(s->mb->index, c[i].uid, c[i].flags, c[i].keywords);
		if (c[i].moved) {
			struct bytes name =
				place_name(&s->scan, &s->scan.entries[c[i].entry], &driver);
			index_set_place(s->mb->index, c[i].uid, driver, name);
		}
		used |= c[i].keywords;
	}
	return used;
}

static void tell_missing(struct sync *s)
{
	const uint32_t *uids = (const uint32_t *)(const void *)s->missing.p;

	for (size_t i = 0; s->confirmed && i < s->missing.n / sizeof(*uids); i++)
		index_expunge(s->mb->index, uids[i]);
}

static uint64_t tell_added(struct sync *s, const struct buf *added)
{
	const uint32_t *at = (const uint32_t *)(const void *)added->p;
	uint64_t used = 0;

	for (size_t i = 0; i < added->n / sizeof(*at); i++) {
		const struct scan_entry *e = &s->scan.entries[at[i]];
		struct index_record r;
		struct bytes name;
		sync_record(&s->scan, e, uidlist_by_stem(&s->list, scan_stem(&s->scan, e)), &r,
			    &name);
		index_add(s->mb->index, &r, name);
		used |= r.keywords;
		if (r.vsize == INDEX_SIZE_UNKNOWN)
			s->now.bits |= STATE_UNSIZED;
	}
	return used;
}

/* The lowest UID that stands in `new`. */
static uint64_t lowest_new(const struct sync *s)
{
	uint64_t lowest = s->head.uidnext;
	bool any = false;

	for (size_t i = 0; i < s->scan.n; i++) {
		const struct scan_entry *e = &s->scan.entries[i];
		if (e->where && e->uid && !(e->bits & SCAN_DROPPED) && (!any || e->uid < lowest)) {
			lowest = e->uid;
			any = true;
		}
	}
	return lowest;
}

static uint64_t all_keywords(struct sync *s)
{
	struct index_block b;
	uint64_t used = 0;

	for (uint64_t i = 0; index_read_block(s->mb->index, i, &b); i++)
		used |= b.keywords;
	return used;
}

static void tell_keywords(struct sync *s, uint64_t used)
{
	struct keyword_names names, before;

	keywords_of_index(s->mb, &before);
	names = before;
	if (!stamp_eq(keywords_stamp(s->mb), s->now.keywords))
		used |= letters(all_keywords(s)); /* one may lose its name now */
	sync_keywords(s->mb, used, &s->now, &names);
	if (s->list_whole)
		keywords_take_high(&names, &s->list);
	for (unsigned i = 0; i < INDEX_KEYWORDS; i++)
		if (strcmp(names.name[i], before.name[i]) != 0)
			index_set_keyword(s->mb->index, i, bytes_of(names.name[i]));
}

static void state_after(struct sync *s)
{
	s->now.new = s->scan.new;
	s->now.new_taken = s->scan.began;
	s->now.new_from = lowest_new(s);
	if (s->scan.left_out || list_owed(s))
		s->now.bits |= STATE_LEFT_OUT;
	if (s->scan.new_only) {
		s->now.cur = s->old.cur;
		s->now.cur_taken = s->old.cur_taken;
		s->now.own_since = s->old.own_since;
	} else {
		s->now.cur = s->scan.cur;
		s->now.cur_taken = s->scan.began;
		s->now.own_since = 0;
	}
}

static int tell_all(struct sync *s, struct error *e)
{
	struct buf added = BUF_INIT;
	uint64_t used;
	int r;

	index_begin(s->mb->index);
	r = sync_admit(s, &added, e);
	if (r < 0) {
		index_abort(s->mb->index);
	} else {
		used = tell_changes(s) | tell_added(s, &added);
		tell_missing(s);
		tell_keywords(s, letters(used));
		if (s->list.uidnext > s->head.uidnext && !s->no_uids)
			index_set_uidnext(s->mb->index, s->list.uidnext);
		state_after(s);
		maildir_state_set(s->mb, &s->now);
		FAULT("before-commit");
		r = maildir_commit(s->mb, NULL, e);
	}
	buf_free(&added);
	return r;
}

/* Those of messages that no scan looked at. */
static int tell_high_keywords(struct sync *s, struct error *e)
{
	struct index_record r;

	for (uint64_t i = 0; s->list_whole && !s->restore && i < s->head.count; i++) {
		if (!index_read(s->mb->index, i, &r))
			return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged",
					 "%s: record can't be read", s->m->path);
		uint64_t keywords = high_keywords(s, &r) | letters(r.keywords);
		if (!(r.state & INDEX_DEAD) && keywords != r.keywords)
			index_set_flags(s->mb->index, r.uid, r.flags, keywords);
	}
	return 0;
}

/* Only the uidlist changed. */
static int tell_list(struct sync *s, struct error *e)
{
	struct maildir_state state = s->old;

	state.list = s->now.list;
	state.list_size = s->now.list_size;
	state.list_lines = s->now.list_lines;
	s->now = state;
	index_begin(s->mb->index);
	if (tell_high_keywords(s, e) < 0) {
		index_abort(s->mb->index);
		return -1;
	}
	tell_keywords(s, 0);
	state.keywords = s->now.keywords;
	maildir_state_set(s->mb, &state);
	return maildir_commit(s->mb, NULL, e);
}

/* --- what there is to do --- */

static int match_and_tell(struct sync *s, bool new_only, struct error *e)
{
	s->now.bits = s->old.bits & STATE_UNSIZED;
	s->now.keywords = s->old.keywords;
	s->now.own_last = s->old.own_last;
	s->now.tmp_cleaned = s->old.tmp_cleaned;
	if (scan_all(s, new_only, e) < 0 || settle_uids(s, e) < 0)
		return -1;
	if (!missing_are_listed(s, e)) {
		log_warn("index", "%s: doesn't match %s, will be built again", s->m->path,
			 UIDLIST_FILE);
		return 0;
	}
	if (tell_all(s, e) < 0)
		return -1;
	if (list_lacks(s))
		restore_list(s);
	return 1;
}

/* 1; 0 the index is wrong and must be built again; -1. */
static int sync_files(struct sync *s, enum mailbox_sync how, bool force, struct error *e)
{
	bool cur = force || maildir_cur_dirty(s->m, &s->old, &s->now, how);
	bool new = maildir_new_dirty(s->m, &s->old, &s->now) ||
		   (s->list_new && s->list.uidnext > s->head.uidnext);
	int r;

	/* Lost lines of messages whose files didn't move are put back. */
	if (s->restore || (!cur && !new &&list_lacks(s)))
		restore_list(s);
	if (!cur && !new)
		return tell_list(s, e) < 0 ? -1 : 1;
	r = match_and_tell(s, !cur, e);
	if (s->list_locked)
		list_unlock(s->mb);
	s->list_locked = false;
	return r;
}

static void sync_free(struct sync *s)
{
	scan_free(&s->scan);
	uidlist_free(&s->list);
	buf_free(&s->changes);
	buf_free(&s->missing);
}

int maildir_sync_locked(struct mailbox *mb, enum mailbox_sync how, bool force, struct error *e)
{
	struct sync s = { .mb = mb, .m = maildir_of(mb), .now.form = MAILDIR_STATE_FORM };
	int r;

	if (!index_usable(mb->index) || !index_head(mb->index, &s.head))
		return maildir_build(mb, e);
	if (maildir_look(mb, &s.now, e) < 0)
		return -1;
	maildir_state_get(&s.head, &s.old);
	if (!force && maildir_unchanged(s.m, &s.old, &s.now, how))
		return 0;
	r = sync_list(&s, e);
	if (r > 0)
		r = sync_files(&s, how, force, e);
	if (r == 0 || (r < 0 && !index_usable(mb->index))) /* a record turned out damaged */
		r = maildir_build(mb, e);
	sync_free(&s);
	return r < 0 ? -1 : 0;
}

/* --- without the lock --- */

/* The times are as recorded: no lock, no scan. */
static bool trusts(struct mailbox *mb, enum mailbox_sync how, bool *gone)
{
	struct index_header h;
	struct maildir_state old, now = { 0 };

	*gone = maildir_look(mb, &now, NULL) < 0;
	if (*gone || !index_usable(mb->index) || !index_head(mb->index, &h))
		return false;
	maildir_state_get(&h, &old);
	return maildir_unchanged(maildir_of(mb), &old, &now, how);
}

static int lock_and_sync(struct mailbox *mb, enum mailbox_sync how, bool force, struct error *e)
{
	int r;

	if (index_lock(mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	r = maildir_sync_locked(mb, how, force, e);
	index_unlock(mb->index);
	return r;
}

int maildir_sync(struct mailbox *mb, enum mailbox_sync how, struct error *e)
{
	struct maildir_state now = { 0 };
	bool gone;

	index_refresh(mb->index);
	if (trusts(mb, how, &gone))
		return 0;
	if (gone && maildir_look(mb, &now, e) < 0)
		return -1;
	if (lock_and_sync(mb, how, false, e) < 0)
		return -1;
	mailbox_ring(mb);
	/* A deliverer that found us at it left its mail in `new` and went. */
	maildir_look_again(mb);
	return 0;
}

int maildir_rescan(struct mailbox *mb, struct error *e)
{
	if (lock_and_sync(mb, MAILBOX_SYNC_FULL, true, e) < 0)
		return -1;
	mailbox_ring(mb);
	return 0;
}

void maildir_look_again(struct mailbox *mb)
{
	struct maildir *m = maildir_of(mb);
	struct index_header h;
	struct maildir_state old;
	struct stat st;
	struct error e;

	if (fstat(m->new, &st) < 0 || !index_head(mb->index, &h))
		return;
	maildir_state_get(&h, &old);
	if (stamp_eq(stamp_of(&st), old.new))
		return;
	if (lock_and_sync(mb, MAILBOX_SYNC_FAST, false, &e) == 0)
		mailbox_ring(mb);
}

int maildir_commit(struct mailbox *mb, bool *rebuilt, struct error *e)
{
	if (rebuilt)
		*rebuilt = false;
	if (index_commit(mb->index, e) == 0)
		return 0;
	if (e)
		log_warn("index", "%s: built again in memory", e->log);
	if (rebuilt)
		*rebuilt = true;
	return maildir_build(mb, e);
}
