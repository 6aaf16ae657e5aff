/*
 * check.c: a folder checked and its index built anew, whatever the format (check.h).
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "mailbox_private.h"

#define TEXT_MAX 640 /* a file name and some words */

void check_say(struct check *c, enum check_kind kind, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	c->found[kind]++;
	if (!c->tell)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->tell(c->ctx, kind, text);
}

static void found(void *ctx, enum inspect_kind kind, const char *text)
{
	check_say(ctx, kind == INSPECT_DAMAGE ? CHECK_DAMAGE : CHECK_NOTE, "%s", text);
}

/* The files by themselves: false if there is no index to compare with. */
static bool check_files(struct inspect *in, struct check *c)
{
	struct inspect_journal journal;
	struct inspect_cache cache;
	const char *why = inspect_distrust(in);

	c->none = !inspect_exists(in);
	if (c->none)
		return false;
	if (why)
		check_say(c, CHECK_DAMAGE, "index: %s; the next session builds it again", why);
	inspect_index(in, found, c);
	inspect_journal(in, &journal, found, c);
	inspect_cache(in, false, &cache, found, c);
	c->cached = cache.ours;
	if (journal.pending)
		check_say(c, CHECK_PENDING, "journal: %llu changes not in the index yet",
			  (unsigned long long)journal.pending);
	return !why;
}

static int check_opened(struct mailbox *mb, struct check *c, struct error *e)
{
	int got = file_lock(mb->lockfd, LOCK_SH, INDEX_LOCK_TIMEOUT_MS), r;

	if (got == 0)
		return error_set(e, ERROR_INUSE, "The mailbox is in use.",
				 "mailbox lock not free within %d ms", INDEX_LOCK_TIMEOUT_MS);
	if (got < 0)
		return error_errno(e, "The mailbox can't be locked.", "mailbox lock");
	if (mb->indexfd < 0)
		c->none = true;
	struct inspect *in = inspect_open(mb->indexfd);
	bool usable = check_files(in, c);
	r = mb->driver->check(mb, usable ? in : NULL, c, e);
	inspect_close(in);
	return r;
}

int mailbox_check(struct store *s, struct bytes name, struct check *c, struct error *e)
{
	struct mailbox *mb;
	int r;

	memset(c->found, 0, sizeof(c->found));
	c->messages = 0;
	c->none = c->cached = false;
	if (mailbox_open(s, name, MAILBOX_LOOK | MAILBOX_READONLY | MAILBOX_NOVIEW, &mb, e) < 0)
		return -1;
	r = check_opened(mb, c, e);
	mailbox_close(mb);
	return r;
}

/* --- anew --- */

static int build(struct mailbox *mb, struct error *e)
{
	int r;

	if (index_lock(mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	mb->forget = true;
	index_mark_stale(mb->index); /* should there be no room for another */
	unlinkat(mb->indexfd, INDEX_CACHE_FILE, 0);
	r = mb->driver->build(mb, e);
	mb->forget = false;
	index_unlock(mb->index);
	if (r < 0)
		return -1;
	mailbox_ring(mb);
	return 0;
}

/* `built`: there was none when it was opened, so it is new. */
static int rebuild_opened(struct mailbox *mb, bool built, struct rebuild *r, struct error *e)
{
	struct index_header h;

	if (mb->private || mb->readonly)
		return error_set(e, ERROR_NOPERM, "The mailbox is read-only.",
				 mb->readonly ? "the mail can't be written: no index is kept"
					      : "no index is kept there: network filesystem, or "
						"not to be written");
	if (!built && build(mb, e) < 0)
		return -1;
	if (index_is_private(mb->index))
		return error_set(e, ERROR_NOSPACE, "No room for the index.",
				 "no room for the index: it is as good as absent");
	if (!index_head(mb->index, &h))
		return error_set(e, ERROR_CORRUPT, "The mailbox index is damaged.",
				 "the new index can't be read");
	r->messages = h.alive;
	r->uidvalidity = h.uidvalidity;
	return 0;
}

/* What any session would ask, asked once. */
static int fill(struct store *s, struct bytes name, struct rebuild *r, struct error *e)
{
	struct bytes items[CACHE_ITEMS_MAX];
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct mailbox *mb;
	struct index_record record;
	int64_t date;
	int got = 0;

	if (mailbox_open(s, name, MAILBOX_READONLY, &mb, e) < 0)
		return -1;
	for (uint32_t seq = 1, n = view_count(mb->view); got >= 0 && seq <= n; seq++) {
		if (view_read(mb->view, seq, &record)) {
			buf_reset(&out);
			got = mailbox_items(mb, &a, seq, &record, (1u << ITEMS) - 1, &out, items,
					    e);
			(void)mailbox_date(mb, seq, &record, &date);
			arena_reset(&a);
		}
		if (r->progress)
			r->progress(r->ctx, seq, n);
	}
	mailbox_close(mb);
	buf_free(&out);
	arena_free(&a);
	return got < 0 ? -1 : 0;
}

/* Before anything happens: what told clients of the UIDs; *there: an index is. */
static int look_before(struct store *s, struct bytes name, struct rebuild *r, bool *there,
		       struct error *e)
{
	struct index_header h;
	struct mailbox *mb;

	if (mailbox_open(s, name, MAILBOX_LOOK | MAILBOX_READONLY | MAILBOX_NOVIEW, &mb, e) < 0)
		return -1;
	r->before = mb->driver->uidvalidity(mb);
	struct inspect *in = inspect_open(mb->indexfd);
	if (!r->before && inspect_head(in, &h))
		r->before = h.uidvalidity;
	*there = inspect_exists(in);
	inspect_close(in);
	mailbox_close(mb);
	return 0;
}

int mailbox_rebuild(struct store *s, struct bytes name, struct rebuild *r, struct error *e)
{
	struct mailbox *mb;
	bool there;
	int done;

	r->messages = 0;
	r->uidvalidity = r->before = 0;
	if (look_before(s, name, r, &there, e) < 0)
		return -1;
	/* Opening it writes a lost uidlist back from the index, while there is one. */
	if (mailbox_open(s, name, MAILBOX_NOVIEW | MAILBOX_UNHURRIED, &mb, e) < 0)
		return -1;
	done = rebuild_opened(mb, !there, r, e);
	mailbox_close(mb);
	return done < 0 || !r->contents ? done : fill(s, name, r, e);
}
