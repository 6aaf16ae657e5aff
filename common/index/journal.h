/*
 * journal.h: the journal file, byte by byte.
 *
 * "roost.journal": a header, then frames.  One frame is one transaction,
 * appended by one write before it is applied to the index.  Offsets are
 * logical: `base` is the one of the first frame, so that a journal that grew
 * large starts again without the index's `applied` falling.
 *
 * Frames carry absolute values, address messages by UID and name the index
 * and generation they belong to: replaying is idempotent, and a foreign frame
 * is never replayed (index-design §6).
 *
 * Inside the index layer only; the mailbox lock is held.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "buf.h"
#include "index_format.h"

#define JOURNAL_MAGIC 0x4c4e524a54534f52ull /* "ROSTJRNL" */
#define JOURNAL_VERSION 1
#define JOURNAL_MAX (4u << 20)         /* longer, and all applied: starts again */
#define JOURNAL_FRAME_MAX (256u << 20) /* a larger transaction is a rebuild's work */
#define JOURNAL_FILE_NEW INDEX_JOURNAL_FILE ".new"

struct journal_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint64_t id, generation; /* as in the index header */
	uint64_t base;           /* logical offset of the first frame */
	uint64_t spare[2];
	uint32_t zero;
	uint32_t crc; /* CRC-32C of all before */
};
_Static_assert(sizeof(struct journal_header) == 64, "journal header");

struct journal_frame {
	uint32_t length; /* of the whole frame */
	uint32_t crc;    /* CRC-32C of all behind this field */
	uint64_t id, generation;
	uint64_t at; /* logical offset of this frame */
	uint64_t modseq;
	/* operations, see op.h */
};
_Static_assert(sizeof(struct journal_frame) == 40, "journal frame");

struct journal {
	int fd; /* -1: not open */
	uint64_t device, inode;
	uint64_t id, generation, base;
	uint64_t end; /* logical, as the file was when looked at */
};

#define JOURNAL_INIT ((struct journal){ .fd = -1 })

void journal_close(struct journal *j);
/* Opens the file of that name, or makes sure that the open one still is, and
 * takes note of its end: 1 it belongs to this generation, 0 there is none
 * that does (closed then), -1 with errno. */
int journal_attach(struct journal *j, int dirfd, uint64_t id, uint64_t generation)
	__attribute__((warn_unused_result));
/* Replaces the file by an empty one: temp, rename.  0/-1 with errno. */
int journal_start(struct journal *j, int dirfd, uint64_t id, uint64_t generation, uint64_t base)
	__attribute__((warn_unused_result));
/* The whole frame at a logical offset into *out: 1; 0 there is none, or it is
 * torn, damaged or foreign; -1 with errno. */
int journal_read(struct journal *j, uint64_t at, struct buf *out)
	__attribute__((warn_unused_result));
/* Cuts off what is behind `at`.  0/-1. */
int journal_cut(struct journal *j, uint64_t at) __attribute__((warn_unused_result));

/* A frame is built in a buf: begin leaves room for its header, seal fills it
 * in.  False if it is too long. */
void journal_frame_begin(struct buf *b);
bool journal_frame_seal(const struct journal *j, struct buf *b, uint64_t modseq);
/* One write at the end; cut back when it fails.  0/-1 with errno. */
int journal_append(struct journal *j, struct bytes frame) __attribute__((warn_unused_result));

/* Of a frame that journal_read gave. */
static inline struct journal_frame journal_frame_of(const struct buf *b)
{
	struct journal_frame f;
	memcpy(&f, b->p, sizeof f);
	return f;
}

static inline struct bytes journal_frame_ops(const struct buf *b)
{
	return (struct bytes){ b->p + sizeof(struct journal_frame),
			       b->n - sizeof(struct journal_frame) };
}

#endif
