/*
 * maildir_settle.c: new mail moved to `cur` when a session takes it, and what is done
 * while nobody waits: flag changes synced, directory times settled by a full scan
 * (index-design §8), the index compacted, dead lines dropped from the uidlist.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "dirscan.h"
#include "fault.h"
#include "file.h"
#include "log.h"
#include "maildir_private.h"

#define SETTLE_WAIT_MS 2000 /* for the mailbox lock */
#define TMP_PERIOD_S 86400
#define LIST_DEAD_MIN 100 /* dead lines worth a rewrite, if a quarter is dead */

/* --- new -> cur --- */

/* The name in cur of a file in new. */
static size_t name_in_cur(const char *name, size_t n, char out[MAILDIR_NAME_MAX + 1])
{
	struct bytes b = { name, n }, stem = maildir_stem(b);

	return stem.n == n ? maildir_name_write(b, 0, 0, 0, out)
			   : maildir_name_write(b, MAILDIR_ODD, 0, 0, out);
}

/* 1 moved; 0 it stays: gone or its name is taken, the next scan sees to it. */
static int move_one(struct mailbox *mb, const struct index_record *r)
{
	struct maildir *m = maildir_of(mb);
	char from[MAILDIR_NAME_MAX + 1], to[MAILDIR_NAME_MAX + 1];
	size_t nf = maildir_file_name(mb, r, from);
	size_t nt = nf ? name_in_cur(from, nf, to) : 0;
	struct maildir_name n;

	if (!nt || file_rename_new(m->new, from, m->cur, to) < 0)
		return 0;
	FAULT("moved");
	maildir_name_parse((struct bytes){ to, nt }, 0, &n);
	index_set_place(mb->index, r->uid, n.odd ? MAILDIR_ODD : 0,
			n.odd ? (struct bytes){ to, nt } : n.stem);
	return 1;
}

/* Moves what stands in `new` from UID `from` on, at most a batch: *to is the last UID
 * looked at.  True if none of these is left in `new`. */
static bool move_batch(struct mailbox *mb, const struct index_header *h, uint32_t from,
		       uint32_t *to)
{
	struct index_record r;
	bool exact, all = true;
	size_t moved = 0;

	*to = h->uidnext - 1;
	for (uint64_t i = index_find(mb->index, from, &exact); i < h->count; i++) {
		if (!index_read(mb->index, i, &r))
			return false;
		if ((r.state & INDEX_DEAD) || !(r.driver & MAILDIR_NEW))
			continue;
		if (moved == MAILDIR_BATCH) {
			*to = r.uid - 1;
			break;
		}
		if (!move_one(mb, &r)) {
			all = false;
			continue;
		}
		moved++;
		if (r.uid < h->first_recent)
			mailbox_add_recent(mb, r.uid, r.uid);
	}
	return all;
}

bool maildir_unclaimed(struct mailbox *mb, const struct index_header *h)
{
	struct maildir_state s;

	(void)mb;
	maildir_state_get(h, &s);
	return s.new_from != 0 && s.new_from < h->uidnext;
}

static int claim_locked(struct mailbox *mb, struct error *e)
{
	struct index_header h;
	struct own_change own;
	uint32_t first, to;

	if (!index_head(mb->index, &h))
		return 0;
	first = h.first_recent ? h.first_recent : 1;
	if (first >= h.uidnext && !maildir_unclaimed(mb, &h))
		return 0;
	own_begin(mb, &own);
	index_begin(mb->index);
	bool all = move_batch(mb, &h, own.state.new_from ? (uint32_t)own.state.new_from : 1, &to);
	if (all || to + 1 < h.uidnext)
		own.state.new_from = to + 1;
	if (to >= first)
		index_set_first_recent(mb->index, to + 1);
	own_end(mb, &own);
	if (maildir_commit(mb, NULL, e) < 0)
		return -1;
	mailbox_add_recent(mb, first, to);
	return to + 1 < h.uidnext;
}

int maildir_claim(struct mailbox *mb, struct error *e)
{
	int r;

	if (index_lock(mb->index, INDEX_LOCK_TIMEOUT_MS, e) < 0)
		return -1;
	bool locked = list_lock_soft(mb);
	r = claim_locked(mb, e);
	if (locked)
		list_unlock(mb);
	index_unlock(mb->index);
	return r;
}

/* --- while nobody waits --- */

/* The times after our own changes become those of a scan; what it finds is news to
 * those who idle, perhaps to ourselves. */
static void settle_times(struct mailbox *mb, const struct maildir_state *s, bool closing)
{
	struct maildir *m = maildir_of(mb);
	struct index_header before, after;
	struct error e;

	if (s->own_since == 0 || !m->local)
		return;
	if (s->own_last > clock_wall_ns())
		return; /* the clock was set back */
	clock_files_wait(s->own_last + maildir_granularity(m));
	if (index_lock(mb->index, closing ? SETTLE_WAIT_MS : 0, &e) < 0)
		return;
	bool known = index_head(mb->index, &before);
	if (maildir_sync_locked(mb, MAILBOX_SYNC_FULL, true, &e) < 0)
		log_warn("sync", "%s", e.log);
	index_unlock(mb->index);
	if (!known || !index_head(mb->index, &after) ||
	    before.highest_modseq != after.highest_modseq)
		mailbox_ring(mb);
}

static bool list_pays(const struct index_header *h, const struct maildir_state *s)
{
	return s->list_lines > h->alive + LIST_DEAD_MIN &&
	       s->list_lines - h->alive > s->list_lines / 4;
}

/* Under the mailbox lock.  The new stamp is recorded: the list says what it said. */
static void drop_dead_lines(struct mailbox *mb, struct maildir_state *s)
{
	struct uidlist have = UIDLIST_INIT;
	struct maildir_state at = { 0 }, after = { 0 };
	struct index_header h;
	struct error e = { 0 };
	int r = -1;

	if (!maildir_of(mb)->list_writable || list_lock(mb, &e) < 0)
		return;
	if (list_read(mb, &have, &at, &e) > 0 && have.usable && stamp_eq(at.list, s->list) &&
	    at.list_size == s->list_size)
		r = list_rewrite(mb, &have, &e);
	if (r == 0 && maildir_look(mb, &after, NULL) == 0 && index_head(mb->index, &h)) {
		s->list = after.list;
		s->list_size = after.list_size;
		s->list_lines = h.alive;
		index_begin(mb->index);
		maildir_state_set(mb, s);
		if (index_commit(mb->index, &e) < 0)
			log_warn("uidlist", "%s", e.log);
	}
	list_unlock(mb);
	uidlist_free(&have);
}

/* Removes what deliverers that died left in `tmp`: not touched for 36 hours, as every
 * program that writes Maildirs agrees. */
static void clean_tmp(struct maildir *m)
{
	struct dirscan d;
	struct bytes name;
	enum dirscan_type type;
	struct stat st;
	int64_t before = clock_wall() - STORE_LEFT_AGE_S;

	if (maildir_tmp(m, NULL) < 0 || dirscan_open(&d, m->tmp) < 0)
		return;
	while (dirscan_next(&d, &name, &type) > 0)
		if (type == DIRSCAN_FILE &&
		    fstatat(m->tmp, name.p, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_atim.tv_sec < before && st.st_mtim.tv_sec < before &&
		    st.st_ctim.tv_sec < before && unlinkat(m->tmp, name.p, 0) == 0)
			log_info("maildir", "%s: removed tmp/%s", m->path, name.p);
	dirscan_close(&d);
}

/* Files of ours that who was killed wrote and did not rename. */
static void clean_temps(struct maildir *m, int dirfd)
{
	struct dirscan d;
	struct bytes name;
	enum dirscan_type type;
	int64_t before = clock_wall() - STORE_LEFT_AGE_S;
	int fd = dir_open(dirfd, ".");

	if (fd < 0)
		return;
	if (dirscan_open(&d, fd) == 0)
		while (dirscan_next(&d, &name, &type) > 0)
			if ((bytes_starts(name, BYTES("dovecot-")) ||
			     bytes_starts(name, BYTES("subscriptions.")) ||
			     bytes_starts(name, BYTES(INDEX_CACHE_FILE "."))) &&
			    file_is_temp(name, before) && unlinkat(dirfd, name.p, 0) == 0)
				log_info("maildir", "%s: removed %s", m->path, name.p);
	dirscan_close(&d);
	close(fd);
}

static void clean(struct mailbox *mb)
{
	struct maildir *m = maildir_of(mb);
	int root = m->control == m->root ? -1 : dir_open(AT_FDCWD, m->root_control);

	clean_tmp(m);
	folder_remove_left(m->root);
	clean_temps(m, m->control);
	if (mb->indexfd >= 0 && mb->indexfd != m->control)
		clean_temps(m, mb->indexfd);
	if (root >= 0) {
		clean_temps(m, root);
		close(root);
	}
}

/* Once a day. */
static void tidy_tmp(struct mailbox *mb, struct maildir_state *s)
{
	struct error e;

	s->tmp_cleaned = clock_wall();
	index_begin(mb->index);
	maildir_state_set(mb, s);
	if (index_commit(mb->index, &e) < 0)
		log_warn("index", "%s", e.log);
	else if (maildir_of(mb)->writable)
		clean(mb);
}

static bool tmp_pays(const struct maildir_state *s)
{
	return (uint64_t)(clock_wall() - s->tmp_cleaned) >= TMP_PERIOD_S;
}

static void tidy(struct mailbox *mb)
{
	struct index_header h;
	struct maildir_state s;
	struct error e;

	if (index_lock(mb->index, 0, &e) < 0)
		return;
	if (index_usable(mb->index) && index_compact(mb->index, false, &e) < 0)
		log_warn("index", "%s", e.log);
	if (index_head(mb->index, &h)) {
		maildir_state_get(&h, &s);
		if (list_pays(&h, &s))
			drop_dead_lines(mb, &s);
		if (tmp_pays(&s))
			tidy_tmp(mb, &s);
	}
	index_unlock(mb->index);
}

/* Is there reason to take the lock at all? */
static bool wants_tidying(const struct index_header *h, const struct maildir_state *s)
{
	uint64_t dead = h->count - h->alive;

	return list_pays(h, s) || tmp_pays(s) || (dead > 32 && dead > h->count / 4) ||
	       h->names_used - h->names_live > (256u << 10);
}

int maildir_durable(struct mailbox *mb, struct error *e)
{
	struct maildir *m = maildir_of(mb);

	if (m->unsynced && dir_sync(m->cur) < 0)
		return error_errno(e, "Flags could not be stored", "%s: fsync of cur", m->path);
	m->unsynced = false;
	return 0;
}

void maildir_settle(struct mailbox *mb, bool closing)
{
	struct index_header h;
	struct maildir_state s;
	struct error e;

	if (maildir_durable(mb, &e) < 0)
		log_error("flags", "%s", e.log);
	list_let_go(maildir_of(mb));
	if ((mb->flags & MAILBOX_NOVIEW) || !index_head(mb->index, &h))
		return;
	maildir_state_get(&h, &s);
	settle_times(mb, &s, closing);
	if (index_head(mb->index, &h)) {
		maildir_state_get(&h, &s);
		if (wants_tidying(&h, &s))
			tidy(mb);
	}
}
