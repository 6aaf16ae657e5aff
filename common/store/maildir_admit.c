/*
 * maildir_admit.c: files that no record has get their UIDs.
 *
 * First the uidlist is asked: Dovecot may have given them some.  The others get the
 * next ones in order of delivery, under dovecot-uidlist.lock, appended with one
 * write and one fdatasync per batch before the index, or anybody, learns of them
 * (index-design §1).  A UID below UIDNEXT belongs to a message that was announced as
 * gone: if its file comes back it gets a new one, as in Dovecot.
 */
#include "maildir_sync.h"

#include <errno.h>
#include <stdlib.h>

#include "arena.h"
#include "fault.h"
#include "log.h"
#include "num.h"

/* --- in order of delivery --- */

struct ordered {
	struct maildir_order order;
	uint32_t entry, uid;
};

static int by_delivery(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return maildir_order_cmp(&x->order, &y->order);
}

static int by_uid(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* Is it a file at all?  The kernel usually says so with the name. */
static bool is_file(struct mailbox *mb, struct scan *scan, struct scan_entry *e)
{
	struct stat st;

	if (!(e->bits & SCAN_UNSURE))
		return true;
	if (scan_stat(mb, scan, e, &st) && S_ISREG(st.st_mode))
		return true;
	e->bits |= SCAN_DROPPED;
	return false;
}

void sync_unknown(struct mailbox *mb, struct scan *scan, struct buf *out)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < scan->n; i++) {
		struct scan_entry *e = &scan->entries[i];
		if (e->uid || (e->bits & SCAN_DROPPED) || !is_file(mb, scan, e))
			continue;
		struct ordered o = { maildir_order(scan_stem(scan, e)), (uint32_t)i, 0 };
		buf_add(&list, &o, sizeof(o));
	}
	struct ordered *all = (struct ordered *)(void *)list.p;
	size_t n = list.n / sizeof(*all);
	if (n)
		qsort(all, n, sizeof(*all), by_delivery);
	for (size_t i = 0; i < n; i++)
		buf_add(out, &all[i].entry, sizeof(all[i].entry));
	buf_free(&list);
}

/* The entries that have UIDs of at least `from`, in order of these. */
static void in_uid_order(const struct scan *scan, uint32_t from, struct buf *out)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < scan->n; i++) {
		const struct scan_entry *e = &scan->entries[i];
		struct ordered o = { .entry = (uint32_t)i, .uid = e->uid };
		if (e->uid >= from && !(e->bits & SCAN_DROPPED))
			buf_add(&list, &o, sizeof(o));
	}
	struct ordered *all = (struct ordered *)(void *)list.p;
	size_t n = list.n / sizeof(*all);
	if (n)
		qsort(all, n, sizeof(*all), by_uid);
	for (size_t i = 0; i < n; i++)
		buf_add(out, &all[i].entry, sizeof(all[i].entry));
	buf_free(&list);
}

void sync_record(const struct scan *scan, const struct scan_entry *e,
		 const struct uidlist_line *line, struct index_record *r, struct bytes *name)
{
	struct maildir_name n;
	struct bytes w = { NULL, 0 };

	maildir_name_parse(scan_name(scan, e), e->where, &n);
	*r = (struct index_record){
		.uid = e->uid,
		.flags = n.flags,
		.keywords = n.keywords,
		.driver = (uint8_t)(e->where | (n.odd ? MAILDIR_ODD : 0)),
		.internal_date = INDEX_DATE_UNKNOWN,
		.vsize = INDEX_SIZE_UNKNOWN,
	};
	*name = n.odd ? scan_name(scan, e) : n.stem;
	if (line && line->uid == e->uid) {
		r->keywords |= line->keywords;
		w = uidlist_field(line, 'W');
	}
	if (!maildir_name_size(n.stem, 'W', &r->vsize) &&
	    !(w.p && num_parse(w, INDEX_SIZE_MAX, &r->vsize)))
		r->vsize = INDEX_SIZE_UNKNOWN;
}

/* --- UIDs --- */

/* Those of the unknown that the uidlist has, with UIDs that nobody was told of. */
static void take_listed(struct sync *s, struct buf *unknown)
{
	uint32_t *at = (uint32_t *)(void *)unknown->p;
	size_t n = unknown->n / sizeof(*at), left = 0;

	for (size_t i = 0; s->list_new && i < n; i++) {
		struct scan_entry *e = &s->scan.entries[at[i]];
		const struct uidlist_line *l = uidlist_by_stem(&s->list, scan_stem(&s->scan, e));
		if (l && l->uid >= s->head.uidnext) {
			e->uid = l->uid;
			e->bits |= SCAN_LISTED;
		} else {
			at[left++] = at[i];
		}
	}
	if (s->list_new)
		unknown->n = left * sizeof(*at);
}

bool sync_has_unknown(struct sync *s)
{
	for (size_t i = 0; i < s->scan.n; i++) {
		const struct scan_entry *e = &s->scan.entries[i];
		if (e->uid || (e->bits & SCAN_DROPPED))
			continue;
		const struct uidlist_line *l =
			s->list_new ? uidlist_by_stem(&s->list, scan_stem(&s->scan, e)) : NULL;
		if (!l || l->uid < s->head.uidnext)
			return true;
	}
	return false;
}

int sync_refresh_list(struct sync *s, struct error *e)
{
	struct maildir_state at = { 0 };

	at.list = maildir_stamp(s->m->control, UIDLIST_FILE, &at.list_size);
	if (stamp_eq(at.list, s->now.list) && at.list_size == s->now.list_size)
		return 0;
	uidlist_free(&s->list);
	if (list_read(s->mb, &s->list, &at, e) < 0)
		return -1;
	if (!s->list.usable || s->list.uidvalidity != s->head.uidvalidity)
		return error_set(e, ERROR_TEMPORARY, "Mailbox is being changed by another program",
				 "%s: %s was replaced during a sync", s->m->path, UIDLIST_FILE);
	s->list_new = s->list_whole = true;
	s->now.list = at.list;
	s->now.list_size = at.list_size;
	s->now.list_lines = at.list_lines;
	return 0;
}

static bool number(struct sync *s, const struct buf *unknown, struct buf *lines)
{
	const uint32_t *at = (const uint32_t *)(const void *)unknown->p;
	size_t n = unknown->n / sizeof(*at);
	uint32_t next = s->head.uidnext > s->list.uidnext ? s->head.uidnext : s->list.uidnext;

	if (next >= UIDLIST_UID_MAX || n >= UIDLIST_UID_MAX - next)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct scan_entry *e = &s->scan.entries[at[i]];
		e->uid = next++;
		uidlist_write_line(lines, e->uid, BYTES(""), 0, scan_stem(&s->scan, e));
	}
	s->list.uidnext = next;
	return true;
}

/* The lines are in the file, synced. */
static int write_lines(struct sync *s, struct bytes lines, size_t n, struct error *e)
{
	int fd, r = list_append(s->mb, lines, &fd, e);

	if (r == 0) { /* it has no end one could append to */
		struct uidlist have = UIDLIST_INIT;
		struct maildir_state at = { 0 };
		r = list_read(s->mb, &have, &at, e);
		r = r < 0 ? -1 : list_rewrite(s->mb, &have, e);
		uidlist_free(&have);
		if (r == 0)
			r = list_append(s->mb, lines, &fd, e) == 1 ? 1 : -1;
	}
	if (r < 0 || list_appended(s->mb, fd, e) < 0)
		return -1;
	s->now.list = maildir_stamp(s->m->control, UIDLIST_FILE, &s->now.list_size);
	s->now.list_lines += n;
	return 0;
}

static void forget(struct sync *s, const struct buf *unknown)
{
	const uint32_t *at = (const uint32_t *)(const void *)unknown->p;

	for (size_t i = 0; i < unknown->n / sizeof(*at); i++)
		s->scan.entries[at[i]].uid = 0;
	s->now.bits |= STATE_LEFT_OUT;
}

/* Next UIDs, in the file before anybody learns of them; its lock is held. */
static int assign(struct sync *s, struct buf *unknown, struct error *e)
{
	struct buf lines = BUF_INIT;
	int r = 0;

	if (!number(s, unknown, &lines))
		r = error_set(e, ERROR_LIMIT, "Mailbox has used up its UIDs", "%s: no UID is left",
			      s->m->path);
	else if (s->list_locked)
		r = write_lines(s, buf_view(&lines), unknown->n / sizeof(uint32_t), e);
	/* else: a store that can't be written; numbered for this session alone */
	buf_free(&lines);
	return r;
}

/* Nothing new is told, and the list will be read again. */
static void wait_for_list(struct sync *s)
{
	for (size_t i = 0; i < s->scan.n; i++)
		if (s->scan.entries[i].uid == 0)
			s->scan.entries[i].bits |= SCAN_DROPPED;
	s->now.list = s->old.list;
	s->now.list_size = s->old.list_size;
	s->now.list_lines = s->old.list_lines;
	s->now.bits |= STATE_LEFT_OUT;
}

int sync_admit(struct sync *s, struct buf *added, struct error *e)
{
	struct buf unknown = BUF_INIT;
	struct error why = { 0 };

	(void)e;
	if (s->no_uids) {
		wait_for_list(s);
		return 0;
	}
	sync_unknown(s->mb, &s->scan, &unknown);
	take_listed(s, &unknown);
	if (unknown.n && assign(s, &unknown, &why) < 0) {
		log_warn("sync", "new messages wait: %s", why.log);
		forget(s, &unknown);
	}
	in_uid_order(&s->scan, s->head.uidnext, added);
	buf_free(&unknown);
	return 0;
}

/* --- keywords --- */

/* A letter in use that nobody named. */
static void name_unknown(struct keyword_names *k, unsigned bit)
{
	struct buf b = BUF_MAX(INDEX_KEYWORD_MAX);

	buf_printf(&b, "unknown-%u", bit);
	while (keyword_names_find(k, buf_view(&b)) >= 0)
		buf_char(&b, '?');
	memcpy(k->name[bit], buf_cstr(&b), b.n + 1);
	buf_free(&b);
}

/* The file's names go before ours; a name stands once. */
static void prefer(struct keyword_names *to, const struct keyword_names *file)
{
	for (int i = 0; i < MAILDIR_LETTERS; i++) {
		if (!file->name[i][0])
			continue;
		int at = keyword_names_find(to, bytes_of(file->name[i]));
		if (at >= 0 && at != i)
			to->name[at][0] = '\0';
		memcpy(to->name[i], file->name[i], INDEX_KEYWORD_SIZE);
	}
}

/* The file is gone or lost names that we know: they are put back, or the letters would
 * be without when the index is lost as well. */
static void restore_keywords(struct mailbox *mb, const struct keyword_names *names)
{
	struct keyword_names file = { 0 };
	struct stamp at;
	struct error e;

	if (!maildir_of(mb)->list_writable || !keywords_merge(&file, names) ||
	    list_lock(mb, &e) < 0)
		return;
	memset(&file, 0, sizeof(file));
	if (keywords_read(mb, &file, &at, &e) < 0 ||
	    (keywords_merge(&file, names) && keywords_write(mb, &file, &e) < 0))
		log_warn("keywords", "%s", e.log);
	list_unlock(mb);
}

void sync_keywords(struct mailbox *mb, uint64_t used, struct maildir_state *state,
		   struct keyword_names *names)
{
	struct keyword_names file = { 0 };
	struct stamp at = keywords_stamp(mb);
	struct error e;
	uint64_t unnamed = 0;

	if (!stamp_eq(at, state->keywords)) {
		int r = keywords_read(mb, &file, &at, &e);
		keywords_drop_torn(&file, names);
		if (r > 0)
			prefer(names, &file);
		state->keywords = at;
		if (r >= 0 && keywords_merge(&file, names)) {
			restore_keywords(mb, names);
			state->keywords = keywords_stamp(mb);
		}
	}
	for (unsigned i = 0; i < MAILDIR_LETTERS; i++)
		if ((used >> i & 1) && !names->name[i][0])
			unnamed |= 1ull << i;
	for (; unnamed; unnamed &= unnamed - 1)
		name_unknown(names, (unsigned)__builtin_ctzll(unnamed));
}
