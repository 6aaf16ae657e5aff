/*
 * journal.c: the file that makes kill -9 at any instruction harmless.
 *
 * A change is appended here before it is applied to the index.  What follows
 * the last whole frame is what a dead writer didn't finish: nobody was told of
 * it, and the next holder of the lock cuts it off (index-design §6).  The file
 * needs no fsync to be right: across boots the index is trusted only if
 * all of it was applied and synced.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "file.h"
#include "num.h"
#include "pages.h"

#define CHUNK 65536

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	*j = JOURNAL_INIT;
}

static off_t place(const struct journal *j, uint64_t at)
{
	return (off_t)(at - j->base + sizeof(struct journal_header));
}

/* Notes the end; false if that can't be our file. */
static bool note_end(struct journal *j, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_size < (off_t)sizeof(struct journal_header))
		return false;
	return num_add64(j->base, (uint64_t)st->st_size - sizeof(struct journal_header), &j->end);
}

static uint32_t header_crc(const struct journal_header *h)
{
	return crc32c(0, h, offsetof(struct journal_header, crc));
}

static int open_named(struct journal *j, int dirfd, uint64_t id, uint64_t generation)
{
	struct stat st;
	struct journal_header h;

	j->fd = file_open(dirfd, INDEX_JOURNAL_FILE, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	if (j->fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
		j->fd = file_open(dirfd, INDEX_JOURNAL_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (j->fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == EISDIR ? 0 : -1;
	if (fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	ssize_t n = file_pread_all(j->fd, &h, sizeof h, 0);
	if (n < 0)
		return -1;
	if (n != sizeof h || h.magic != JOURNAL_MAGIC || h.version != JOURNAL_VERSION ||
	    h.header_size != sizeof h || h.crc != header_crc(&h) || h.id != id ||
	    h.generation != generation)
		return 0;
	*j = (struct journal){ j->fd, st.st_dev, st.st_ino, id, generation, h.base, 0 };
	return note_end(j, &st);
}

int journal_attach(struct journal *j, int dirfd, uint64_t id, uint64_t generation)
{
	struct stat st;
	if (j->fd >= 0 && j->id == id && j->generation == generation &&
	    fstatat(dirfd, INDEX_JOURNAL_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == j->device && st.st_ino == j->inode && note_end(j, &st))
		return 1;
	journal_close(j);
	int r = open_named(j, dirfd, id, generation);
	if (r != 1) {
		int saved = errno;
		journal_close(j);
		errno = saved;
	}
	return r;
}

/* Crash points: before the rename the old file is as it was; after it the new
 * one is complete, for its only content is the header. */
int journal_start(struct journal *j, int dirfd, uint64_t id, uint64_t generation, uint64_t base)
{
	struct stat st;
	struct journal_header h = {
		.magic = JOURNAL_MAGIC,
		.version = JOURNAL_VERSION,
		.header_size = sizeof h,
		.id = id,
		.generation = generation,
		.base = base,
	};

	h.crc = header_crc(&h);
	journal_close(j);
	if (unlinkat(dirfd, JOURNAL_FILE_NEW, 0) < 0 && errno != ENOENT)
		return -1;
	int fd = file_open(dirfd, JOURNAL_FILE_NEW, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (file_write_all(fd, &h, sizeof h) < 0 || fstat(fd, &st) < 0 ||
	    renameat(dirfd, JOURNAL_FILE_NEW, dirfd, INDEX_JOURNAL_FILE) < 0) {
		int saved = errno;
		unlinkat(dirfd, JOURNAL_FILE_NEW, 0);
		close(fd);
		errno = saved;
		return -1;
	}
	*j = (struct journal){ fd, st.st_dev, st.st_ino, id, generation, base, base };
	return 0;
}

/* --- reading --- */

/* Sums what is in the file before any memory is had for it: a false length
 * costs time, not memory. */
static bool crc_ok(struct journal *j, uint64_t at, const struct journal_frame *f)
{
	PAGES_APART static char chunk[CHUNK];
	uint32_t crc = crc32c(0, &f->id, sizeof *f - offsetof(struct journal_frame, id));

	for (uint64_t done = sizeof *f; done < f->length;) {
		size_t n = f->length - done < CHUNK ? f->length - done : CHUNK;
		if (file_pread_all(j->fd, chunk, n, place(j, at + done)) != (ssize_t)n)
			return false;
		crc = crc32c(crc, chunk, n);
		done += n;
	}
	return crc == f->crc;
}

static bool frame_ok(struct journal *j, uint64_t at, const struct journal_frame *f)
{
	return f->length >= sizeof *f && f->length <= JOURNAL_FRAME_MAX &&
	       f->length <= j->end - at && f->id == j->id && f->generation == j->generation &&
	       f->at == at && crc_ok(j, at, f);
}

int journal_read(struct journal *j, uint64_t at, struct buf *out)
{
	struct journal_frame f;

	buf_reset(out);
	if (at < j->base || at > j->end || j->end - at < sizeof f)
		return 0;
	ssize_t n = file_pread_all(j->fd, &f, sizeof f, place(j, at));
	if (n < 0)
		return -1;
	if (n != sizeof f || !frame_ok(j, at, &f))
		return 0;
	n = file_pread_all(j->fd, buf_reserve(out, f.length), f.length, place(j, at));
	if (n != (ssize_t)f.length)
		return n < 0 ? -1 : 0;
	out->n = f.length;
	return 1;
}

int journal_cut(struct journal *j, uint64_t at)
{
	int r;
	do
		r = ftruncate(j->fd, place(j, at));
	while (r < 0 && errno == EINTR);
	if (r == 0)
		j->end = at;
	return r;
}

/* --- writing --- */

void journal_frame_begin(struct buf *b)
{
	static const struct journal_frame none;
	buf_reset(b);
	buf_add(b, &none, sizeof none);
}

bool journal_frame_seal(const struct journal *j, struct buf *b, uint64_t modseq)
{
	if (b->n > JOURNAL_FRAME_MAX)
		return false;
	struct journal_frame f = {
		.length = (uint32_t)b->n,
		.id = j->id,
		.generation = j->generation,
		.at = j->end,
		.modseq = modseq,
	};
	memcpy(b->p, &f, sizeof f);
	size_t from = offsetof(struct journal_frame, id);
	f.crc = crc32c(0, b->p + from, b->n - from);
	memcpy(b->p, &f, sizeof f);
	return true;
}

/* Crash points: a part of the frame in the file is a torn tail; all of it is
 * a change that the next holder of the lock applies. */
int journal_append(struct journal *j, struct bytes frame)
{
	if (file_pwrite_all(j->fd, frame.p, frame.n, place(j, j->end)) < 0) {
		int saved = errno;
		if (journal_cut(j, j->end) < 0) /* then it is a torn tail */
			saved = errno;
		errno = saved;
		return -1;
	}
	j->end += frame.n;
	return 0;
}
