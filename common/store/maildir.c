/*
 * maildir.c: a Maildir opened and its messages read.
 *
 * All work goes through the descriptors opened here (index-design §5): a folder that is
 * renamed meanwhile stays what it is, one that is deleted is noticed.  maildir_*.c
 * do the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "filemap.h"
#include "log.h"
#include "maildir_append.h"
#include "num.h"

#define MAIL_BUFFER (256u << 10) /* larger messages are mapped */
#define HEAD_PIECE 4096          /* most headers end in it */
#define MAIL_TRIES 4

/* --- opening --- */

static int open_dirs(struct mailbox *mb, const struct folder_dirs *d, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	bool make = !(mb->flags & MAILBOX_LOOK);

	m->root = dir_open(AT_FDCWD, d->mail);
	if (m->root >= 0)
		m->cur = dir_open(m->root, "cur");
	if (m->root < 0 || m->cur < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return error_set(e, ERROR_NONEXISTENT, "Mailbox doesn't exist",
					 "%s: no such Maildir", d->mail);
		return error_errno(e, "Mailbox is not accessible", "open %s", d->mail);
	}
	m->new = dir_open(m->root, "new");
	if (m->new < 0 && errno == ENOENT && make &&mkdirat(m->root, "new", 0700) == 0)
		m->new = dir_open(m->root, "new");
	return m->new < 0 ? error_errno(e, "Mailbox is not accessible", "open %s/new", d->mail) : 0;
}

/* A directory of its own, if it is one: made when missing.  -1: not to be had. */
static int open_other(struct mailbox *mb, const char *path, const char *mail)
{
	if (strcmp(path, mail) == 0)
		return maildir_of(mb)->root;
	if (!(mb->flags & MAILBOX_LOOK) && store_make_dirs(path, NULL) < 0)
		return -1;
	return dir_open(AT_FDCWD, path);
}

static bool may_write(int fd)
{
	return faccessat(fd, ".", W_OK | X_OK, 0) == 0;
}

/* Where index and uidlist go.  On a network filesystem, or where the place can't be
 * written, the index is this session's own and only the store's files are shared: slow
 * and right (index-design §15). */
static int open_places(struct mailbox *mb, const struct folder_dirs *d, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct stat st;

	m->control = open_other(mb, d->control, d->mail);
	if (m->control < 0)
		return error_errno(e, "Mailbox is not accessible", "open %s", d->control);
	mb->indexfd = open_other(mb, d->index, d->mail);
	m->local = file_is_local(m->cur);
	m->writable = may_write(m->cur);
	m->list_writable = m->control == m->root && !m->writable ? false : may_write(m->control);
	bool index_ok = mb->indexfd >= 0 &&
			(mb->indexfd == m->control ? m->list_writable : may_write(mb->indexfd)) &&
			(mb->indexfd == m->root || file_is_local(mb->indexfd));
	mb->private = !m->local || !index_ok || !m->list_writable;
	if (!m->writable)
		mb->readonly = true;
	if (fstat(m->root, &st) < 0)
		return error_errno(e, "Mailbox is not accessible", "fstat %s", d->mail);
	m->mode = (st.st_mode & 0666) | 0600;
	mb->lockfd = m->cur;
	return 0;
}

static int maildir_open(struct mailbox *mb, const struct folder_dirs *d, struct error *e)
{
	struct maildir *m = arena_new(&mb->arena, struct maildir);

	m->root = m->cur = m->new = m->tmp = m->control = m->old_list = -1;
	m->path = arena_str(&mb->arena, bytes_of(d->mail));
	m->root_control = mb->store->control;
	mb->data = m;
	return open_dirs(mb, d, e) < 0 ? -1 : open_places(mb, d, e);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void maildir_close(struct mailbox *mb)
{
	struct maildir *m = maildir_of(mb);

	if (!m)
		return;
	if (mb->indexfd != m->root)
		close_fd(&mb->indexfd);
	if (m->control != m->root)
		close_fd(&m->control);
	list_let_go(m);
	close_fd(&m->tmp);
	close_fd(&m->new);
	close_fd(&m->cur);
	close_fd(&m->root);
	mb->data = NULL;
}

int maildir_tmp(struct maildir *m, struct error *e)
{
	if (m->tmp >= 0)
		return 0;
	m->tmp = dir_open(m->root, "tmp");
	if (m->tmp < 0 && errno == ENOENT && mkdirat(m->root, "tmp", 0700) == 0)
		m->tmp = dir_open(m->root, "tmp");
	if (m->tmp < 0 && errno == EEXIST) /* a link that leads nowhere */
		errno = ENOTDIR;
	if (m->tmp < 0)
		return error_errno(e, "Mailbox is not writable", "open %s/tmp", m->path);
	return 0;
}

/* --- records --- */

size_t maildir_file_name(struct mailbox *mb, const struct index_record *r,
			 char out[MAILDIR_NAME_MAX + 1])
{
	char stored[INDEX_NAME_MAX + 1];
	size_t n = index_name(mb->index, r, stored);

	/* A damaged index must not lead out of the directory. */
	if (memchr(stored, '/', n) || memchr(stored, '\0', n))
		return 0;
	return maildir_name_write((struct bytes){ stored, n }, r->driver, r->flags, r->keywords,
				  out);
}

int maildir_record(struct mailbox *mb, uint32_t uid, struct index_record *r)
{
	bool exact;
	uint64_t slot = index_find(mb->index, uid, &exact);

	return exact && index_read(mb->index, slot, r) && !(r->state & INDEX_DEAD);
}

uint64_t maildir_identity(struct bytes name)
{
	struct bytes stem = maildir_stem(name);

	return num_hash(stem.p, stem.n);
}

/* Runs `step` on the message's file until it is found: another session, then a
 * stranger may have renamed it.  1, 0 gone, -1. */
static int with_file(struct mailbox *mb, uint32_t uid,
		     int (*step)(struct mailbox *mb, int dir, const char *name, void *ctx),
		     void *ctx, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct index_record r;
	char name[MAILDIR_NAME_MAX + 1];

	for (int i = 0; i < MAIL_TRIES; i++) {
		if (i == 1)
			index_refresh(mb->index);
		if (i > 1 && maildir_rescan(mb, e) < 0)
			return -1;
		if (!index_usable(mb->index))
			continue;
		if (!maildir_record(mb, uid, &r)) {
			if (!index_usable(mb->index))
				continue;
			return 0;
		}
		if (!maildir_file_name(mb, &r, name))
			continue;
		if (step(mb, maildir_dir(m, r.driver), name, ctx) == 0)
			return 1;
		if (errno != ENOENT)
			return error_errno(e, "Message could not be read", "%s: %s", m->path, name);
	}
	if (!index_usable(mb->index))
		return error_set(e, ERROR_TEMPORARY, "Mailbox index is damaged", "%s: no index",
				 m->path);
	/* Scan after scan missed it: removed by somebody who was killed before he told, in
	 * a directory too noisy to be sure of it yet (index-design §2).  Not expunged,
	 * but there is nothing to read. */
	log_warn("read", "%s: uid %u not found", m->path, uid);
	return 0;
}

/* --- reading --- */

struct open_mail {
	int fd;
	bool stated; /* st is filled */
	struct stat st;
};

static int stat_mail(struct open_mail *o)
{
	o->stated = fstat(o->fd, &o->st) == 0;
	if (o->stated && S_ISREG(o->st.st_mode))
		return 0;
	if (o->stated)
		errno = EINVAL;
	return -1;
}

/* Reading is no news of a message: its access time stays, and isn't written.  That is the
 * owner's right alone. */
static int open_file(struct maildir *m, int dir, const char *name)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	int fd = m->not_owner ? -1 : file_open(dir, name, flags | O_NOATIME, 0);

	if (fd >= 0 || (!m->not_owner && errno != EPERM))
		return fd;
	m->not_owner = true;
	return file_open(dir, name, flags, 0);
}

static int open_step(struct mailbox *mb, int dir, const char *name, void *ctx)
{
	struct open_mail *o = ctx;

	o->fd = open_file(maildir_of(mb), dir, name);
	return o->fd < 0 ? -1 : 0;
}

static int stat_step(struct mailbox *mb, int dir, const char *name, void *ctx)
{
	struct open_mail *o = ctx;

	(void)mb;
	return fstatat(dir, name, &o->st, 0);
}

/* One read shows that a file ends within the buffer.  False: it has to be looked at. */
static bool load_small(struct mailbox *mb, int fd, struct mail *m)
{
	buf_reset(&mb->body);
	ssize_t got = pread(fd, buf_reserve(&mb->body, MAIL_BUFFER + 1), MAIL_BUFFER + 1, 0);
	if (got <= 0 || got > MAIL_BUFFER)
		return false;
	mb->body.n = (size_t)got;
	mb->body_used = true;
	m->raw = buf_view(&mb->body);
	return true;
}

/* False: its end isn't in the first piece, or that can't be read. */
static bool load_head(struct mailbox *mb, int fd, struct mail *m)
{
	buf_reset(&mb->body);
	char *to = buf_reserve(&mb->body, HEAD_PIECE);
	ssize_t got = pread(fd, to, HEAD_PIECE, 0);

	mb->body.n = message_header_length((struct bytes){ to, got > 0 ? (size_t)got : 0 });
	if (mb->body.n == 0)
		return false;
	mb->body_used = true;
	m->raw = buf_view(&mb->body);
	return true;
}

/* In the buffer of the mailbox, or mapped. */
static int load(struct mailbox *mb, struct open_mail *o, bool head, struct mail *m)
{
	if (head && !mb->body_used && load_head(mb, o->fd, m))
		return 0;
	if (!mb->body_used && maildir_of(mb)->local && load_small(mb, o->fd, m))
		return 0;
	if (!o->stated && stat_mail(o) < 0)
		return -1;
	size_t size = (size_t)o->st.st_size;
	if (size <= MAIL_BUFFER && !mb->body_used) {
		buf_reset(&mb->body);
		char *to = buf_reserve(&mb->body, size ? size : 1);
		ssize_t got = file_pread_all(o->fd, to, size, 0);
		if (got < 0)
			return -1;
		mb->body.n = (size_t)got;
		mb->body_used = true;
		m->raw = buf_view(&mb->body);
		return 0;
	}
	struct filemap *map = mem_alloc(sizeof(*map));
	if (filemap_open(map, o->fd, size ? size : 1, false) < 0) {
		free(map);
		return -1;
	}
	m->held = map;
	m->mapped = size;
	m->raw = (struct bytes){ map->p, size };
	return 0;
}

static int maildir_mail(struct mailbox *mb, const struct index_record *r, bool head, struct mail *m,
			struct error *e)
{
	struct open_mail o = { .fd = -1 };
	int got = with_file(mb, r->uid, open_step, &o, e);

	*m = (struct mail){ 0 };
	if (got <= 0)
		return got;
	bool dated = r->internal_date != INDEX_DATE_UNKNOWN;
	if ((!dated && stat_mail(&o) < 0) || load(mb, &o, head, m) < 0)
		got = error_errno(e, "Message could not be read", "%s: uid %u",
				  maildir_of(mb)->path, r->uid);
	else if (!dated)
		mailbox_learn(mb, r->uid, o.st.st_mtim.tv_sec, INDEX_SIZE_UNKNOWN);
	close(o.fd);
	return got;
}

static void maildir_mail_close(struct mailbox *mb, struct mail *m)
{
	struct filemap *map = m->held;

	if (map) {
		if (filemap_faulted(map))
			log_warn("maildir", "%s: a message was cut while it was read",
				 maildir_of(mb)->path);
		filemap_close(map);
		free(map);
	} else if (m->raw.p) {
		mb->body_used = false;
	}
	*m = (struct mail){ 0 };
}

static int maildir_size(struct mailbox *mb, const struct index_record *r, uint64_t *size)
{
	char name[INDEX_NAME_MAX + 1];
	struct index_record now;

	*size = INDEX_SIZE_UNKNOWN;
	if (!maildir_record(mb, r->uid, &now))
		return 0;
	struct bytes stored = { name, index_name(mb->index, &now, name) };
	if (!maildir_name_size(maildir_stem(stored), 'W', size))
		*size = INDEX_SIZE_UNKNOWN;
	return 1;
}

static int maildir_date(struct mailbox *mb, const struct index_record *r, int64_t *date)
{
	struct open_mail o = { .fd = -1 };
	struct error e;
	int got = with_file(mb, r->uid, stat_step, &o, &e);

	if (got > 0)
		*date = o.st.st_mtim.tv_sec;
	else if (got < 0)
		log_warn("maildir", "%s", e.log);
	return got;
}

static void maildir_watch(struct mailbox *mb, int *watch1, int *watch2)
{
	struct maildir *m = maildir_of(mb);

	*watch1 = m->new;
	*watch2 = m->cur;
}

const struct driver maildir_driver = {
	.name = "maildir",
	.open = maildir_open,
	.close = maildir_close,
	.sync = maildir_sync,
	.settle = maildir_settle,
	.durable = maildir_durable,
	.claim = maildir_claim,
	.unclaimed = maildir_unclaimed,
	.store_flags = maildir_store_flags,
	.expunge = maildir_expunge,
	.mail = maildir_mail,
	.mail_close = maildir_mail_close,
	.size = maildir_size,
	.date = maildir_date,
	.identity = maildir_identity,
	.append_begin = maildir_append_begin,
	.append_start = maildir_append_start,
	.append_write = maildir_append_write,
	.append_end = maildir_append_end,
	.append_commit = maildir_append_commit,
	.append_free = maildir_append_free,
	.copy = maildir_copy,
	.watch = maildir_watch,
	.check = maildir_check,
	.uidvalidity = maildir_uidvalidity,
	.build = maildir_build,
};
