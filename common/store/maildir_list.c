/*
 * maildir_list.c: the file dovecot-uidlist: lock, read, append, write anew.
 *
 * Dovecot may use it at the same moment (index-design §14): readers take no lock;
 * who changes it holds dovecot-uidlist.lock.  An append is one write(2) of whole
 * lines, after looking that the file ends in a newline and reserving the room, for a
 * torn line makes Dovecot throw the file away.  Anything else is a new file: temp,
 * fsync, rename, fsync of the directory.
 *
 * Crash points: within an append the last line may be torn (cut or rewritten by the
 * next who appends); UIDs that were written and whose files never appeared are
 * burnt, nobody was told of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "codec.h"
#include "fault.h"
#include "file.h"
#include "log.h"
#include "maildir_private.h"
#include "num.h"

int list_lock(struct mailbox *mb, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	int r;

	if (m->list_locks++ > 0)
		return 0;
	r = dotlock_take(m->control, UIDLIST_LOCK, MAILDIR_LIST_TIMEOUT_MS, MAILDIR_LIST_STALE_S);
	if (r == 1)
		return 0;
	m->list_locks--;
	if (r == 0)
		return error_set(e, ERROR_INUSE, "Mailbox is locked by another program",
				 "%s/%s: not free in time", m->path, UIDLIST_LOCK);
	return error_errno(e, "Mailbox could not be locked", "%s/%s", m->path, UIDLIST_LOCK);
}

bool list_lock_soft(struct mailbox *mb)
{
	struct maildir *m = maildir_of(mb);

	if (!m->list_writable)
		return false;
	if (m->list_locks == 0 && dotlock_take(m->control, UIDLIST_LOCK, MAILDIR_SOFT_TIMEOUT_MS,
					       MAILDIR_LIST_STALE_S) != 1)
		return false;
	m->list_locks++;
	return true;
}

void list_unlock(struct mailbox *mb)
{
	struct maildir *m = maildir_of(mb);

	if (--m->list_locks == 0)
		dotlock_release(m->control, UIDLIST_LOCK);
}

/* --- reading --- */

static int read_failed(struct maildir *m, int fd, struct error *e)
{
	error_errno(e, "Mailbox could not be read", "%s/%s", m->path, UIDLIST_FILE);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* From `from` up to the end as of now; `s` gets stamp and size. */
static int read_from(int fd, uint64_t from, struct buf *b, struct maildir_state *s)
{
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > UIDLIST_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return -1;
	}
	s->list = stamp_of(&st);
	s->list_size = (uint64_t)st.st_size;
	if (s->list_size <= from)
		return 0;
	size_t n = (size_t)(s->list_size - from);
	char *to = buf_reserve(b, n);
	pages_large(to, n);
	got = file_pread_all(fd, to, n, (off_t)from);
	if (got < 0)
		return -1;
	b->n += (size_t)got;
	return 0;
}

/* A last line that is still being written isn't there yet. */
static void drop_torn(struct uidlist *l, struct maildir_state *s)
{
	size_t end = bytes_rchr(buf_view(&l->text), '\n');
	size_t keep = end == BYTES_NONE ? 0 : end + 1;

	s->list_size -= l->text.n - keep;
	l->text.n = keep;
}

int list_read(struct mailbox *mb, struct uidlist *l, struct maildir_state *s, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	int fd = file_open(m->control, UIDLIST_FILE, O_RDONLY | O_NONBLOCK, 0);

	s->list = (struct stamp){ 0 };
	s->list_size = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : read_failed(m, fd, e);
	if (read_from(fd, 0, &l->text, s) < 0)
		return read_failed(m, fd, e);
	close(fd);
	bool torn = l->text.n && l->text.p[l->text.n - 1] != '\n';
	drop_torn(l, s);
	uidlist_parse(l);
	l->complete = l->complete && !torn;
	l->as_written = l->as_written && !torn;
	s->list_lines = l->n;
	return 1;
}

int list_read_tail(struct mailbox *mb, struct uidlist *l, uint32_t after, struct maildir_state *s,
		   struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct maildir_state now = *s;
	int fd = file_open(m->control, UIDLIST_FILE, O_RDONLY | O_NONBLOCK, 0);
	char last = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : read_failed(m, fd, e);
	if (file_pread_all(fd, &last, 1, (off_t)s->list_size - 1) < 0 ||
	    read_from(fd, s->list_size, &l->text, &now) < 0)
		return read_failed(m, fd, e);
	close(fd);
	if (now.list.inode != s->list.inode || now.list_size < s->list_size || last != '\n')
		return 0;
	drop_torn(l, &now);
	uidlist_parse_tail(l, after);
	if (!l->usable)
		return 0;
	now.list_lines += l->n;
	*s = now;
	return 1;
}

/* --- writing --- */

/* Back to what it was, so that no torn line stays.  Never needs room. */
static int undo_append(struct maildir *m, int fd, off_t size, struct error *e)
{
	error_errno(e, "Mailbox could not be written", "%s/%s", m->path, UIDLIST_FILE);
	if (ftruncate(fd, size) < 0)
		log_error("uidlist", "%s: torn line stays: %s", m->path, strerror(errno));
	close(fd);
	return -1;
}

int list_append(struct mailbox *mb, struct bytes lines, int *fd, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct stat st;
	char last = 0;
	ssize_t put;

	*fd = file_open(m->control, UIDLIST_FILE, O_RDWR | O_APPEND | O_NONBLOCK, 0);
	if (*fd < 0)
		return errno == ENOENT ? 0 : read_failed(m, *fd, e);
	if (fstat(*fd, &st) < 0 || st.st_size == 0 ||
	    file_pread_all(*fd, &last, 1, st.st_size - 1) != 1 || last != '\n') {
		close(*fd);
		return 0;
	}
	FAULT("list-append");
	do
		put = write(*fd, lines.p, lines.n);
	while (put < 0 && errno == EINTR);
	if (put >= 0 && (size_t)put < lines.n)
		errno = ENOSPC;
	if (put < 0 || (size_t)put < lines.n)
		return undo_append(m, *fd, st.st_size, e);
	FAULT("list-appended");
	return 1;
}

int list_appended(struct mailbox *mb, int fd, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	int r = file_datasync(fd);

	if (r < 0)
		error_errno(e, "Mailbox could not be written", "fdatasync %s/%s", m->path,
			    UIDLIST_FILE);
	close(fd);
	FAULT("list-synced");
	return r;
}

static int not_written(struct maildir *m, struct error *e)
{
	return error_errno(e, "Mailbox could not be written", "%s/%s", m->path, UIDLIST_FILE);
}

int list_stage(struct mailbox *mb, struct bytes header, struct bytes lines, struct file_stage *s,
	       struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct bytes text[2] = { header, lines };

	FAULT("list-replace");
	return file_stage(m->control, UIDLIST_FILE, text, m->mode, s) < 0 ? not_written(m, e) : 0;
}

void list_unstage(struct mailbox *mb, struct file_stage *s)
{
	file_unstage(maildir_of(mb)->control, s);
}

/* The old file is held until mailbox_settle: that takes its blocks back, some milliseconds for a
 * large one, while nobody waits. */
int list_publish(struct mailbox *mb, struct file_stage *s, struct error *e)
{
	struct maildir *m = maildir_of(mb);

	list_let_go(m);
	m->old_list = file_open(m->control, UIDLIST_FILE, O_RDONLY | O_NONBLOCK, 0);
	if (file_commit(m->control, s->fd, s->temp, UIDLIST_FILE) < 0)
		return not_written(m, e);
	FAULT("list-replaced");
	return 0;
}

void list_let_go(struct maildir *m)
{
	if (m->old_list >= 0)
		close(m->old_list);
	m->old_list = -1;
}

int list_replace(struct mailbox *mb, struct bytes text, struct error *e)
{
	struct file_stage s;

	return list_stage(mb, text, BYTES(""), &s, e) < 0 ? -1 : list_publish(mb, &s, e);
}

/* --- the whole of it, from the index --- */

struct rewrite {
	struct mailbox *mb;
	const struct uidlist *have; /* may be NULL */
	const uint32_t *uids;       /* with keywords of their own, rising */
	const uint64_t *keywords;
	size_t n, at;
	struct buf text;
};

void list_new_guid(char out[33])
{
	unsigned char random[16];
	struct buf b = BUF_INIT;

	num_random(random, sizeof(random));
	hex_encode(&b, (struct bytes){ (const char *)random, sizeof(random) });
	memcpy(out, buf_cstr(&b), 33);
	buf_free(&b);
}

static void rewrite_header(struct rewrite *w, const struct index_header *h)
{
	struct uidlist head = UIDLIST_INIT;
	char guid[33], names[UIDLIST_HIGH][INDEX_KEYWORD_SIZE];

	list_new_guid(guid);
	head.guid = bytes_of(guid);
	if (w->have && w->have->guid.n)
		head.guid = w->have->guid;
	if (w->have)
		head.others = w->have->others;
	head.uidvalidity = h->uidvalidity;
	head.uidnext = h->uidnext;
	if (w->have && w->have->usable && w->have->uidnext > head.uidnext)
		head.uidnext = w->have->uidnext;
	head.epoch = h->epoch;
	if (w->have && w->have->epoch > head.epoch)
		head.epoch = w->have->epoch;
	for (unsigned i = 0; i < UIDLIST_HIGH; i++) {
		size_t n = index_keyword(w->mb->index, UIDLIST_HIGH_FIRST + i, names[i]);
		head.high[i] = (struct bytes){ names[i], n };
		if (n == 0 && w->have)
			head.high[i] = w->have->high[i];
	}
	uidlist_write_header(&w->text, &head);
}

static void rewrite_record(struct rewrite *w, const struct index_record *r)
{
	char name[INDEX_NAME_MAX + 1];
	size_t n = index_name(w->mb->index, r, name);
	struct bytes stem = maildir_stem((struct bytes){ name, n }), fields = BYTES("");
	const struct uidlist_line *line = w->have ? uidlist_by_uid(w->have, r->uid) : NULL;
	uint64_t keywords = r->keywords;

	while (w->at < w->n && w->uids[w->at] < r->uid)
		w->at++;
	if (w->at < w->n && w->uids[w->at] == r->uid)
		keywords = w->keywords[w->at];
	if (line && bytes_eq(line->stem, stem))
		fields = line->fields;
	if (stem.n)
		uidlist_write_line(&w->text, r->uid, fields, keywords, stem);
}

static int rewrite(struct rewrite *w, struct error *e)
{
	struct index *ix = w->mb->index;
	struct index_header h;
	struct index_record r;
	int result = -1;

	if (!index_head(ix, &h))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged",
				 "uidlist can't be written: no index");
	rewrite_header(w, &h);
	for (uint64_t i = 0; i < h.count && index_read(ix, i, &r); i++)
		if (!(r.state & INDEX_DEAD))
			rewrite_record(w, &r);
	/* Lines the index doesn't have yet: their files may be about to appear. */
	for (size_t i = 0; w->have && w->have->usable && i < w->have->n; i++) {
		const struct uidlist_line *l = &w->have->lines[i];
		if (l->uid >= h.uidnext)
			uidlist_write_line(&w->text, l->uid, l->fields, l->keywords, l->stem);
	}
	if (index_usable(ix))
		result = list_replace(w->mb, buf_view(&w->text), e);
	buf_free(&w->text);
	return result;
}

int list_rewrite(struct mailbox *mb, const struct uidlist *have, struct error *e)
{
	struct rewrite w = { .mb = mb, .have = have };

	return rewrite(&w, e);
}

int list_set_keywords(struct mailbox *mb, const uint32_t *uids, const uint64_t *keywords, size_t n,
		      struct error *e)
{
	struct rewrite w = { .mb = mb, .uids = uids, .keywords = keywords, .n = n };
	struct uidlist have = UIDLIST_INIT;
	struct maildir_state s;
	int r;

	if (list_lock(mb, e) < 0)
		return -1;
	r = list_read(mb, &have, &s, e);
	if (r > 0 && have.usable)
		w.have = &have;
	r = r < 0 ? -1 : rewrite(&w, e);
	uidlist_free(&have);
	list_unlock(mb);
	return r;
}
