/*
 * mailbox.c: an open folder, whatever the format: the view of this session, \Recent,
 * keyword names, status, what was learned while serving.  The rest is the driver's
 * (driver.h).
 */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "mailbox_private.h"
#include "message.h"

/* --- opening --- */

static void open_index(struct mailbox *mb)
{
	struct index_place place = {
		.dirfd = mb->indexfd,
		.lockfd = mb->lockfd,
		.private = mb->private,
		.hasty = (mb->flags & (MAILBOX_NOVIEW | MAILBOX_UNHURRIED)) == MAILBOX_NOVIEW,
	};

	mb->index = index_open(&place);
	mb->cache = mb->private ? NULL : cache_open(mb->indexfd, false);
}

int mailbox_need_view(struct mailbox *mb, struct error *e)
{
	if (!mb->view && !(mb->flags & MAILBOX_NOVIEW))
		mb->view = view_open(mb->index);
	if (mb->view || (mb->flags & MAILBOX_NOVIEW))
		return 0;
	return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "no view of %.*s",
			 (int)mb->name.n, mb->name.p);
}

int mailbox_open(struct store *s, struct bytes name, unsigned flags, struct mailbox **out,
		 struct error *e)
{
	struct arena a = ARENA_INIT;
	struct folder_dirs dirs;

	if (store_folder_dirs(s, name, &dirs, e) < 0)
		return -1;
	struct mailbox *mb = arena_new(&a, struct mailbox);
	mb->arena = a;
	mb->store = s;
	mb->driver = &maildir_driver;
	mb->name = arena_bytes(&mb->arena, name);
	mb->flags = flags;
	mb->readonly = (flags & MAILBOX_READONLY) != 0;
	mb->indexfd = mb->lockfd = -1;
	if (mb->driver->open(mb, &dirs, e) < 0)
		goto fail;
	if (flags & MAILBOX_LOOK) {
		*out = mb;
		return 0;
	}
	open_index(mb);
	if (mailbox_sync(mb, MAILBOX_SYNC_FULL, e) < 0 || mailbox_need_view(mb, e) < 0)
		goto fail;
	*out = mb;
	return 0;
fail:
	mailbox_close(mb);
	return -1;
}

/* What waits goes into the cache file; garbage goes out of it. */
static void settle_cache(struct mailbox *mb)
{
	struct error e;

	if (!mb->cache || !mb->index)
		return;
	if (cache_pending(mb->cache) && cache_flush(mb->cache, mb->index, &e) < 0)
		log_warn("cache", "%s", e.log);
	if (!(mb->flags & MAILBOX_NOVIEW) && !mb->readonly && index_usable(mb->index))
		cache_compact(mb->cache, mb->index, false);
}

void mailbox_close(struct mailbox *mb)
{
	struct arena a;

	if (!mb)
		return;
	if (mb->index) {
		mailbox_learn_flush(mb);
		mb->driver->settle(mb, true);
	}
	view_close(mb->view);
	settle_cache(mb);
	cache_close(mb->cache);
	index_close(mb->index);
	mb->driver->close(mb);
	free(mb->recent);
	free(mb->learned);
	buf_free(&mb->body);
	a = mb->arena; /* it lives in it */
	arena_free(&a);
}

struct view *mailbox_view(struct mailbox *mb)
{
	return mb->view;
}

struct index *mailbox_index(struct mailbox *mb)
{
	return mb->index;
}

bool mailbox_readonly(const struct mailbox *mb)
{
	return mb->readonly;
}

struct bytes mailbox_name(const struct mailbox *mb)
{
	return mb->name;
}

void mailbox_ring(struct mailbox *mb)
{
	if (!mb->private)
		bell_ring(mb->indexfd);
}

void mailbox_watch(struct mailbox *mb, int *dir, int *watch1, int *watch2)
{
	*dir = mb->indexfd;
	mb->driver->watch(mb, watch1, watch2);
}

/* --- \Recent --- */

void mailbox_add_recent(struct mailbox *mb, uint32_t from, uint32_t to)
{
	size_t i = mb->nrecent;

	if (to < from)
		return;
	while (i > 0 && mb->recent[i - 1].from > from)
		i--;
	if (i > 0 && mb->recent[i - 1].to + 1 >= from) {
		if (mb->recent[i - 1].to < to)
			mb->recent[i - 1].to = to;
		return;
	}
	mb->recent = mem_realloc(mb->recent, (mb->nrecent + 1) * sizeof(*mb->recent));
	memmove(&mb->recent[i + 1], &mb->recent[i], (mb->nrecent - i) * sizeof(*mb->recent));
	mb->recent[i] = (struct recent_range){ from, to };
	mb->nrecent++;
}

/* Takes what no session saw yet, or just looks (EXAMINE, STATUS). */
static void claim_recent(struct mailbox *mb)
{
	struct index_header h;
	struct error e;
	int r = 1;

	if (!index_head(mb->index, &h))
		return;
	if (mb->readonly) {
		mb->nrecent = 0;
		mailbox_add_recent(mb, h.first_recent, h.uidnext - 1);
		return;
	}
	if (h.first_recent >= h.uidnext && !mb->driver->unclaimed(mb, &h))
		return;
	while (r > 0)
		r = mb->driver->claim(mb, &e);
	if (r < 0)
		log_warn("recent", "%s", e.log);
}

bool mailbox_is_recent(struct mailbox *mb, uint32_t uid)
{
	size_t from = 0, to = mb->nrecent;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (mb->recent[mid].to < uid)
			from = mid + 1;
		else
			to = mid;
	}
	return from < mb->nrecent && mb->recent[from].from <= uid;
}

uint32_t mailbox_recent(struct mailbox *mb)
{
	uint32_t n = 0;

	for (size_t i = 0; mb->view && i < mb->nrecent; i++) {
		uint32_t to = mb->recent[i].to;
		n += view_seq_from(mb->view, to + (to < UINT32_MAX)) -
		     view_seq_from(mb->view, mb->recent[i].from);
	}
	return n;
}

/* --- sync --- */

/* Other UIDs than at our SELECT: nothing that the client knows is true any more. */
static int same_validity(struct mailbox *mb, struct error *e)
{
	struct index_header h;

	if (!index_head(mb->index, &h))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "no index of %.*s",
				 (int)mb->name.n, mb->name.p);
	if (mb->uidvalidity == 0)
		mb->uidvalidity = h.uidvalidity;
	if (h.uidvalidity != mb->uidvalidity)
		return error_set(e, ERROR_TEMPORARY, "Mailbox has changed, select it again",
				 "UIDVALIDITY of %.*s changed", (int)mb->name.n, mb->name.p);
	return 0;
}

static int sync_once(struct mailbox *mb, enum mailbox_sync how, struct error *e)
{
	return mb->driver->sync(mb, how, e) < 0 || same_validity(mb, e) < 0 ? -1 : 0;
}

/* Another process may give the index up just after we found that nothing changed. */
int mailbox_sync(struct mailbox *mb, enum mailbox_sync how, struct error *e)
{
	if (sync_once(mb, how, e) < 0 &&
	    (index_usable(mb->index) || sync_once(mb, MAILBOX_SYNC_FULL, e) < 0))
		return -1;
	if (!(mb->flags & MAILBOX_NOVIEW))
		claim_recent(mb);
	return 0;
}

/* The index turned out damaged: true if it was built again. */
static bool repaired(struct mailbox *mb)
{
	struct error e;

	return !index_usable(mb->index) && mailbox_sync(mb, MAILBOX_SYNC_FULL, &e) == 0;
}

static bool head_of(struct mailbox *mb, struct index_header *h)
{
	return index_head(mb->index, h) || (repaired(mb) && index_head(mb->index, h));
}

int mailbox_durable(struct mailbox *mb, struct error *e)
{
	return mb->driver->durable(mb, e);
}

void mailbox_settle(struct mailbox *mb)
{
	mailbox_learn_flush(mb);
	settle_cache(mb);
	mb->driver->settle(mb, false);
	if (mb->cache)
		cache_trim(mb->cache);
	if (!mb->body_used)
		buf_trim(&mb->body, 0);
	index_trim(mb->index);
}

/* --- learned --- */

void mailbox_learn(struct mailbox *mb, uint32_t uid, int64_t date, uint64_t size)
{
	if (mb->nlearned == LEARN_BATCH)
		mailbox_learn_flush(mb);
	if (!mb->learned)
		mb->learned = mem_alloc(LEARN_BATCH * sizeof(*mb->learned));
	mb->learned[mb->nlearned++] = (struct learned){ uid, date, size };
}

/* Who has the lock goes first: what isn't told now is learned again. */
void mailbox_learn_flush(struct mailbox *mb)
{
	size_t n = mb->nlearned;
	struct error e;

	mb->nlearned = 0;
	if (n == 0 || index_locked(mb->index) || index_lock(mb->index, 0, &e) < 0)
		return;
	for (size_t i = 0; i < n && index_usable(mb->index); i++) {
		if (mb->learned[i].date != INDEX_DATE_UNKNOWN)
			index_learn_date(mb->index, mb->learned[i].uid, mb->learned[i].date);
		if (mb->learned[i].size != INDEX_SIZE_UNKNOWN)
			index_learn_size(mb->index, mb->learned[i].uid, mb->learned[i].size);
	}
	index_unlock(mb->index);
	free(mb->learned);
	mb->learned = NULL;
}

/* --- messages --- */

uint64_t mailbox_identity(struct mailbox *mb, const struct index_record *r)
{
	char name[INDEX_NAME_MAX + 1];
	size_t n = mb->view ? view_name(mb->view, r, name) : index_name(mb->index, r, name);

	return mb->driver->identity((struct bytes){ name, n });
}

static int damaged(struct mailbox *mb, struct error *e)
{
	return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged",
			 "record of %.*s can't be read", (int)mb->name.n, mb->name.p);
}

int mailbox_mail(struct mailbox *mb, uint32_t seq, bool head, struct mail *m, struct error *e)
{
	struct index_record r;

	if (!view_read(mb->view, seq, &r) &&
	    (mailbox_sync(mb, MAILBOX_SYNC_FULL, e) < 0 || !view_read(mb->view, seq, &r)))
		return damaged(mb, e);
	if (same_validity(mb, e) < 0)
		return -1;
	return mb->driver->mail(mb, &r, head, m, e);
}

void mail_close(struct mailbox *mb, struct mail *m)
{
	mb->driver->mail_close(mb, m);
}

/* By reading it. */
static int count_size(struct mailbox *mb, const struct index_record *r, uint64_t *size)
{
	struct mail m;
	struct error e;
	int got = mb->driver->mail(mb, r, false, &m, &e);

	if (got < 0)
		log_warn("size", "%s", e.log);
	if (got <= 0)
		return got;
	*size = crlf_octets(m.raw);
	mb->driver->mail_close(mb, &m);
	return 1;
}

static int size_of(struct mailbox *mb, const struct index_record *r, uint64_t *size)
{
	int got = 1;

	*size = r->vsize;
	if (*size != INDEX_SIZE_UNKNOWN)
		return 1;
	if (r->state & INDEX_DEAD)
		return 0;
	got = mb->driver->size(mb, r, size);
	if (got > 0 && *size == INDEX_SIZE_UNKNOWN)
		got = count_size(mb, r, size);
	if (got > 0)
		mailbox_learn(mb, r->uid, INDEX_DATE_UNKNOWN, *size);
	return got;
}

int mailbox_size(struct mailbox *mb, uint32_t seq, const struct index_record *r, uint64_t *size)
{
	(void)seq;
	return size_of(mb, r, size);
}

int mailbox_date(struct mailbox *mb, uint32_t seq, const struct index_record *r, int64_t *date)
{
	int got;

	(void)seq;
	*date = r->internal_date;
	if (*date != INDEX_DATE_UNKNOWN)
		return 1;
	if (r->state & INDEX_DEAD)
		return 0;
	got = mb->driver->date(mb, r, date);
	if (got > 0)
		mailbox_learn(mb, r->uid, *date, INDEX_SIZE_UNKNOWN);
	return got;
}

/* --- status --- */

/* \Recent as STATUS counts them: those that no session has seen. */
static uint32_t count_unclaimed(struct mailbox *mb, const struct index_header *h)
{
	struct index_record r;
	uint32_t n = 0;
	bool exact;

	if (h->first_recent >= h->uidnext)
		return 0;
	for (uint64_t i = index_find(mb->index, h->first_recent, &exact); i < h->count; i++)
		n += index_read(mb->index, i, &r) && !(r.state & INDEX_DEAD);
	return n;
}

int mailbox_status(struct mailbox *mb, struct mailbox_status *st, struct error *e)
{
	struct index_header h;

	if (!head_of(mb, &h))
		return damaged(mb, e);
	*st = (struct mailbox_status){
		.messages = (uint32_t)h.alive,
		.unseen = (uint32_t)h.unseen,
		.deleted = (uint32_t)h.deleted,
		.recent = mb->view ? mailbox_recent(mb) : count_unclaimed(mb, &h),
		.uidnext = h.uidnext,
		.uidvalidity = h.uidvalidity,
		.size = h.vsize,
		.highest_modseq = h.highest_modseq,
	};
	return 0;
}

/* False: damaged. */
static bool sum_sizes(struct mailbox *mb, uint64_t *size)
{
	struct index_header h;
	struct index_record r;
	uint64_t one;

	*size = 0;
	if (!head_of(mb, &h))
		return false;
	for (uint64_t i = 0; i < h.count; i++) {
		if (!index_read(mb->index, i, &r))
			return false;
		if (!(r.state & INDEX_DEAD) && size_of(mb, &r, &one) > 0)
			*size += one;
	}
	return true;
}

int mailbox_status_size(struct mailbox *mb, uint64_t *size, struct error *e)
{
	if (!sum_sizes(mb, size) && !(repaired(mb) && sum_sizes(mb, size)))
		return damaged(mb, e);
	mailbox_learn_flush(mb);
	return 0;
}

/* --- keywords --- */

struct bytes mailbox_keyword(struct mailbox *mb, unsigned n)
{
	if (n >= INDEX_KEYWORDS)
		return BYTES("");
	if (!mb->keywords[n])
		mb->keywords[n] = arena_alloc(&mb->arena, INDEX_KEYWORD_SIZE);
	size_t length = index_keyword(mb->index, n, mb->keywords[n]);
	if (length == 0 && repaired(mb))
		length = index_keyword(mb->index, n, mb->keywords[n]);
	return (struct bytes){ mb->keywords[n], length };
}

unsigned mailbox_keywords(struct mailbox *mb)
{
	struct index_header h;

	return head_of(mb, &h) ? h.keywords : 0;
}

int mailbox_keyword_find(struct mailbox *mb, struct bytes name)
{
	unsigned n = mailbox_keywords(mb);

	for (unsigned i = 0; name.n && i < n; i++)
		if (bytes_ieq(mailbox_keyword(mb, i), name))
			return (int)i;
	return -1;
}

bool mailbox_keywords_full(struct mailbox *mb)
{
	for (unsigned i = 0; i < INDEX_KEYWORDS; i++)
		if (mailbox_keyword(mb, i).n == 0)
			return false;
	return true;
}

/* --- changes --- */

static int readonly(struct mailbox *mb, struct error *e)
{
	return error_set(e, ERROR_NOPERM, "Mailbox is read-only", "change of %.*s refused",
			 (int)mb->name.n, mb->name.p);
}

int mailbox_store_flags(struct mailbox *mb, struct arena *a, const uint32_t *uids, size_t n,
			enum flag_mode mode, const struct flag_list *fl, uint64_t unchanged_since,
			struct change_result *r, struct error *e)
{
	if (mb->readonly)
		return readonly(mb, e);
	return mb->driver->store_flags(mb, a, uids, n, mode, fl, unchanged_since, r, e);
}

int mailbox_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool any,
		    struct change_result *r, struct error *e)
{
	if (mb->readonly)
		return readonly(mb, e);
	return mb->driver->expunge(mb, uids, n, any, r, e);
}

int append_begin(struct mailbox *mb, struct append **out, struct error *e)
{
	if (mb->readonly)
		return readonly(mb, e);
	return mb->driver->append_begin(mb, out, e);
}

int append_start(struct append *ap, const struct flag_list *fl, int64_t date, struct error *e)
{
	return ap->mb->driver->append_start(ap, fl, date, e);
}

int append_write(struct append *ap, struct bytes piece, struct error *e)
{
	return ap->mb->driver->append_write(ap, piece, e);
}

int append_end(struct append *ap, struct error *e)
{
	return ap->mb->driver->append_end(ap, e);
}

int append_commit(struct append *ap, struct append_result *r, struct error *e)
{
	return ap->mb->driver->append_commit(ap, r, e);
}

void append_free(struct append *ap)
{
	if (ap)
		ap->mb->driver->append_free(ap);
}

int mailbox_copy(struct mailbox *mb, struct mailbox *to, struct arena *a, const uint32_t *uids,
		 size_t n, bool move, struct copy_result *r, struct error *e)
{
	if (to->readonly || (move && mb->readonly))
		return readonly(to->readonly ? to : mb, e);
	assert(mb->driver == to->driver);
	return mb->driver->copy(mb, to, a, uids, n, move, r, e);
}
