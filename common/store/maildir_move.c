/*
 * maildir_move.c: MOVE within a filesystem (RFC 6851).
 *
 * One rename(2) per message takes it from the source's cur or new to the target's cur,
 * so it is in one of them at any moment, whoever is killed when.  Both mailbox locks are
 * held, in order of (device, inode); then the target's uidlist lock.
 *
 * Crash points: after the lines in the target's uidlist (lines without a file: harmless);
 * after any rename (both directories' times differ from the recorded ones: the next sync
 * of each finds the message there and missing here); between the two indexes' commits
 * (the same for the source).
 */
#include "maildir_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fault.h"
#include "file.h"

#define MOVE_TRIES 5 /* a stranger renames the files while we look for them */

bool maildir_can_rename(struct mailbox *from, struct mailbox *to)
{
	struct stat a, b;

	return fstat(maildir_of(from)->cur, &a) == 0 && fstat(maildir_of(to)->cur, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino != b.st_ino;
}

/* Index-design point 5: two mailboxes in order of (device, inode). */
static int lock_both(struct copying *c, struct error *e)
{
	struct stat a, b;

	if (fstat(maildir_of(c->from)->cur, &a) < 0 || fstat(maildir_of(c->to)->cur, &b) < 0)
		return error_errno(e, "Messages could not be moved", "fstat");
	bool from_first = a.st_dev != b.st_dev ? a.st_dev < b.st_dev : a.st_ino < b.st_ino;
	struct index *first = from_first ? c->from->index : c->to->index;
	struct index *second = from_first ? c->to->index : c->from->index;
	if (index_lock(first, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	if (index_lock(second, INDEX_LOCK_TIMEOUT_MS, e) == 0)
		return 0;
	index_unlock(first);
	return -1;
}

static void unlock_both(struct copying *c)
{
	index_unlock(c->from->index);
	index_unlock(c->to->index);
}

/* 1; 0 it is not where the record says, or (missing) there is no record any more. */
static int stage_one(struct copying *c, uint32_t uid, size_t *missing)
{
	struct maildir *from = maildir_of(c->from);
	char name[MAILDIR_NAME_MAX + 1], unique[MAILDIR_NAME_MAX + 1];
	struct index_record r;
	struct stat st;
	size_t n;

	if (!maildir_record(c->from, uid, &r)) {
		if (!index_usable(c->from->index))
			return 0;
		++*missing;
		return 1;
	}
	n = maildir_file_name(c->from, &r, name);
	if (!n || fstatat(maildir_dir(from, r.driver), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	maildir_name_unique(unique);
	struct append_message *m = append_new(c->ap);
	m->moved = true;
	m->from_dir = maildir_dir(from, r.driver);
	m->temp = arena_str(&c->ap->arena, (struct bytes){ name, n });
	copying_take(c, &r, (struct bytes){ name, n }, unique, m);
	c->uids[c->n] = uid;
	c->records[c->n++] = r;
	return 1;
}

/* Takes the source's messages out of its index; their files are gone already. */
static int tell_source(struct copying *c, size_t first, struct own_change *own,
		       struct change_result *r, struct error *e)
{
	struct index_header h;
	bool rebuilt = false;

	if (!index_head(c->from->index, &h))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "no header");
	if (!r->modseq)
		r->before = h.highest_modseq;
	else if (h.highest_modseq != r->modseq)
		r->alone = false;
	index_begin(c->from->index);
	r->modseq = index_modseq(c->from->index);
	for (size_t i = first; i < c->n; i++)
		index_expunge(c->from->index, c->uids[i]);
	own_end(c->from, own);
	if (maildir_commit(c->from, &rebuilt, e) < 0)
		return -1;
	if (rebuilt)
		r->alone = false;
	return 0;
}

/* One try of a batch: 1 done; 0 some files were not where they should be; -1. */
static int move_once(struct copying *c, const uint32_t *uids, size_t n, bool last,
		     struct change_result *r, struct error *e)
{
	size_t first = c->n, missing = 0;
	struct own_change own;
	bool lost = false;
	int shown = 0;

	keywords_of_index(c->from, &c->names);
	own_begin(c->from, &own);
	for (size_t i = 0; i < n; i++)
		lost = !stage_one(c, uids[i], &missing) || lost;
	if ((!lost || last) && c->n > first)
		shown = maildir_append_show(c->ap, c->ap->messages + first, c->n - first, e);
	if ((lost && !last) || shown < 0) {
		c->ap->n = c->n = first;
		return shown < 0 && (last || e->kind != ERROR_NONEXISTENT) ? -1 : 0;
	}
	FAULT("moved");
	r->missing += missing + (n - missing - (c->n - first));
	return c->n == first || tell_source(c, first, &own, r, e) == 0 ? 1 : -1;
}

static int move_batch(struct copying *c, const uint32_t *uids, size_t n, struct change_result *r,
		      struct error *e)
{
	int done = 0;

	if (lock_both(c, e) < 0)
		return -1;
	for (int i = 0; done == 0 && i < MOVE_TRIES; i++) {
		enum mailbox_sync how = i ? MAILBOX_SYNC_FULL : MAILBOX_SYNC_FAST;
		done = maildir_sync_locked(c->from, how, i > 0, e);
		if (done == 0)
			done = move_once(c, uids, n, i == MOVE_TRIES - 1, r, e);
	}
	unlock_both(c);
	return done < 0 ? -1 : 0;
}

int maildir_move(struct copying *c, const uint32_t *uids, size_t n, struct append_result *done,
		 struct change_result *expunged, struct error *e)
{
	struct index_header h;
	struct error ignored;
	uint32_t *to = arena_array(&c->ap->arena, uint32_t, n);
	int r = 0;

	*expunged = (struct change_result){ .alone = true };
	if (!e)
		e = &ignored;
	for (size_t i = 0; r == 0 && i < n; i += MAILDIR_BATCH) {
		size_t batch = n - i < MAILDIR_BATCH ? n - i : MAILDIR_BATCH;
		r = move_batch(c, uids + i, batch, expunged, e);
	}
	c->ap->committed = true;
	*done = (struct append_result){ .uids = to, .n = c->n };
	for (size_t i = 0; i < c->n; i++)
		to[i] = c->ap->messages[i].uid;
	if (index_head(c->to->index, &h))
		done->uidvalidity = h.uidvalidity;
	if (c->n) {
		mailbox_ring(c->to);
		mailbox_ring(c->from);
		if (dir_sync(maildir_of(c->from)->cur) < 0 ||
		    dir_sync(maildir_of(c->from)->new) < 0)
			r = error_errno(e, "Messages could not be moved", "fsync of the source");
	}
	maildir_look_again(c->to);
	maildir_look_again(c->from);
	return r;
}
