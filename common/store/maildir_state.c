/*
 * maildir_state.c: has anything changed?  Directory times against those recorded
 * in the index (index-design §8).
 *
 * Times can be set back (rsync -a, touch), so they are compared for equality and
 * ctime is among them.  A change within the clock's granularity after the
 * stamps were taken leaves them as they are: such stamps are doubtful and not
 * trusted.  Stamps after our own changes are trusted for a while, see own_since.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "maildir_private.h"

struct stamp stamp_of(const struct stat *st)
{
	struct stamp s = { st->st_ino, clock_ns_of(st->st_mtim), clock_ns_of(st->st_ctim) };

	FAULT_TIME(&s.mtime);
	FAULT_TIME(&s.ctime);
	return s;
}

bool stamp_eq(struct stamp a, struct stamp b)
{
	return a.inode == b.inode && a.mtime == b.mtime && a.ctime == b.ctime;
}

struct stamp maildir_stamp(int dirfd, const char *name, uint64_t *size)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, 0) < 0) {
		*size = 0;
		return (struct stamp){ 0 };
	}
	*size = (uint64_t)st.st_size;
	return stamp_of(&st);
}

int maildir_look(struct mailbox *mb, struct maildir_state *now, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct stat cur, new;

	now->cur_taken = now->new_taken = clock_files_ns();
	if (fstat(m->cur, &cur) < 0 || fstat(m->new, &new) < 0)
		return error_errno(e, "Mailbox is not accessible", "fstat %s/cur", m->path);
	if (cur.st_nlink == 0)
		return error_set(e, ERROR_NONEXISTENT, "Mailbox was deleted", "%s is gone",
				 m->path);
	now->cur = stamp_of(&cur);
	now->new = stamp_of(&new);
	now->list = maildir_stamp(m->control, UIDLIST_FILE, &now->list_size);
	return 0;
}

void maildir_state_get(const struct index_header *h, struct maildir_state *s)
{
	memcpy(s, h->driver, sizeof(*s));
	if (s->form != MAILDIR_STATE_FORM)
		*s = (struct maildir_state){ .form = MAILDIR_STATE_FORM, .bits = STATE_UNSIZED };
}

void maildir_state_set(struct mailbox *mb, const struct maildir_state *s)
{
	uint64_t words[INDEX_DRIVER_WORDS] = { 0 };

	memcpy(words, s, sizeof(*s));
	index_set_driver(mb->index, words);
}

int64_t maildir_granularity(const struct maildir *m)
{
	return m->local ? MAILDIR_GRANULARITY_NS : MAILDIR_GRANULARITY_FAR_NS;
}

/* Every change sets ctime, which nobody can set otherwise; mtime may lie in the future.
 * ext4 with small inodes keeps whole seconds only.  `taken` is of the clock that gives files
 * their times: however late that is, a change to come has a time that isn't before it. */
bool maildir_doubtful(const struct maildir *m, struct stamp s, int64_t taken)
{
	bool coarse = s.ctime % 1000000000 == 0;

	return s.ctime > taken - (coarse ? MAILDIR_GRANULARITY_FAR_NS : maildir_granularity(m));
}

static bool list_same(const struct maildir_state *a, const struct maildir_state *b)
{
	return stamp_eq(a->list, b->list) && a->list_size == b->list_size;
}

/* Unsigned: a clock that was set back counts as long ago. */
static bool longer_ago(const struct maildir_state *now, int64_t then, int64_t ns)
{
	return (uint64_t)(now->cur_taken - then) >= (uint64_t)ns;
}

bool maildir_cur_dirty(const struct maildir *m, const struct maildir_state *old,
		       const struct maildir_state *now, enum mailbox_sync how)
{
	if (!stamp_eq(old->cur, now->cur) || (old->bits & STATE_SUSPECTS))
		return true;
	/* What could not have a UID (a full disk) is tried again, but not at each step. */
	if ((old->bits & STATE_LEFT_OUT) &&
	    (how == MAILBOX_SYNC_FULL || longer_ago(now, old->cur_taken, MAILDIR_RETRY_NS)))
		return true;
	if (old->own_since == 0)
		return maildir_doubtful(m, old->cur, old->cur_taken);
	return how == MAILBOX_SYNC_FULL && longer_ago(now, old->own_since, MAILDIR_TRUST_NS);
}

bool maildir_new_dirty(const struct maildir *m, const struct maildir_state *old,
		       const struct maildir_state *now)
{
	return !stamp_eq(old->new, now->new) || maildir_doubtful(m, old->new, old->new_taken);
}

bool maildir_unchanged(const struct maildir *m, const struct maildir_state *old,
		       const struct maildir_state *now, enum mailbox_sync how)
{
	return list_same(old, now) && !maildir_cur_dirty(m, old, now, how) &&
	       !maildir_new_dirty(m, old, now);
}

void own_begin(struct mailbox *mb, struct own_change *c)
{
	struct index_header h;
	struct maildir_state now = { 0 };
	struct maildir *m = maildir_of(mb);

	*c = (struct own_change){ 0 };
	if (!index_head(mb->index, &h) || maildir_look(mb, &now, NULL) < 0)
		return;
	maildir_state_get(&h, &c->state);
	c->list = m->list_locks > 0 && list_same(&c->state, &now);
	c->cur =
		stamp_eq(c->state.cur, now.cur) &&
		(c->state.own_since != 0 || !maildir_doubtful(m, c->state.cur, c->state.cur_taken));
}

void own_end(struct mailbox *mb, struct own_change *c)
{
	struct maildir_state now = { 0 };

	if ((!c->cur && !c->list) || maildir_look(mb, &now, NULL) < 0)
		return;
	if (c->cur) {
		c->state.cur = now.cur;
		c->state.own_last = clock_wall_ns();
		if (c->state.own_since == 0)
			c->state.own_since = now.cur_taken;
	}
	if (c->list) {
		c->state.list = now.list;
		c->state.list_size = now.list_size;
	}
	maildir_state_set(mb, &c->state);
}
