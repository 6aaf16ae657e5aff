/*
 * index_format.h: the index file, byte by byte.
 *
 * One file per mailbox and generation, "roost.index", mapped shared by every
 * session.  Fixed-width little-endian fields; all offsets are from the start
 * of the file:
 *
 *	header      0 .. 4095
 *	keywords    4096 .. 12287    INDEX_KEYWORDS names of INDEX_KEYWORD_SIZE
 *	blocks      12288 ..         one summary per INDEX_BLOCK records
 *	records     records_at ..    capacity * 64, in UID order, append only
 *	names       names_at ..      bytes, append only, to the end of the file
 *
 * capacity is fixed for a generation (a full table means a new generation
 * with twice the room), so no record ever moves inside a file.  The file is
 * sparse; a range is allocated (fallocate, or zeros written) before the
 * header (ready, file_size) says that it may be written, so a store through
 * the map can't meet a full disk (index-design §10).
 *
 * Invariants, kept by the holder of the mailbox lock, checked by all others:
 *  - count <= ready <= capacity; uids strictly rise over records[0..count).
 *  - A record below count never changes its uid.  A dead record (INDEX_DEAD)
 *    stays as it was but for the dead bit and modseq until the next
 *    generation; cache entry and name stay with it.
 *  - `change` is odd while a writer applies.  Order of a change: odd
 *    (release); records; block summaries; header counters, highest modseq;
 *    even (release).  A reader copies one record, block or the header and
 *    takes the copy only if `change` was the same even number before and
 *    after.  cache_at, vsize and internal_date of a record are the exception:
 *    single words that may be filled in at any time by the lock's holder; zero
 *    (cache_at), INDEX_SIZE_UNKNOWN, INDEX_DATE_UNKNOWN mean "not known yet".
 *  - modseq = epoch << 40 | counter.
 *  - Records, summaries, names, keywords and the header carry a CRC-32C each: a
 *    file overwritten by who knows what is noticed where it is read, and
 *    built again from the store; it never gives a wrong answer.
 *  - Whoever finds `superseded` set goes on reading here as long as it likes,
 *    and opens the name again for what is new.
 */
#ifndef INDEX_FORMAT_H
#define INDEX_FORMAT_H

#include <stdint.h>

#define INDEX_MAGIC 0x58444e4954534f52ull /* "ROSTINDX" */
#define INDEX_VERSION 1
#define INDEX_BLOCK 256 /* records per block summary */
#define INDEX_KEYWORDS 64
#define INDEX_KEYWORD_SIZE 128 /* length byte, at most 123 bytes, CRC-32C */
#define INDEX_KEYWORD_MAX (INDEX_KEYWORD_SIZE - 5)
#define INDEX_NAME_MAX 255
#define INDEX_RECORDS_MAX (1u << 28) /* 16 GiB of records: refuses hostile counts */
#define INDEX_SIZE_UNKNOWN UINT64_MAX
#define INDEX_SIZE_MAX (((uint64_t)1 << 47) - 1) /* what the 48 bits of a vsize hold */
#define INDEX_DATE_UNKNOWN INT64_MIN /* a Maildir's dates are looked up when asked for */
#define INDEX_EPOCH_SHIFT 40
#define INDEX_DRIVER_WORDS 32

#define INDEX_FILE "roost.index"
#define INDEX_JOURNAL_FILE "roost.journal"
#define INDEX_CACHE_FILE "roost.cache"

/* System flags, as in RFC 3501 §2.3.2. */
enum {
	FLAG_SEEN = 1 << 0,
	FLAG_ANSWERED = 1 << 1,
	FLAG_FLAGGED = 1 << 2,
	FLAG_DELETED = 1 << 3,
	FLAG_DRAFT = 1 << 4,
	FLAG_ALL = (1 << 5) - 1,
};

/* struct index_record.state */
enum {
	INDEX_DEAD = 1 << 0, /* expunged: a tombstone */
};

struct index_record { /* one cache line */
	uint32_t uid;
	uint16_t flags;    /* FLAG_* */
	uint8_t state;     /* INDEX_DEAD */
	uint8_t driver;    /* bits of the store's driver (Maildir: in `new`, odd name) */
	uint64_t keywords; /* bit n: keyword n of the table */
	uint64_t modseq;
	int64_t internal_date; /* seconds since the epoch; this and vsize stand in the file as
				* 48 bits and a hash of them */
	uint32_t save_date;    /* RFC 8514, seconds since the epoch; 0: unknown */
	uint32_t check;        /* CRC-32C of all but this and the words learned later */
	uint64_t vsize;        /* RFC822.SIZE, or INDEX_SIZE_UNKNOWN */
	uint64_t cache_at;     /* offset of its entry in the cache file, 0: none */
	uint64_t name;         /* offset of its name << 16 | length: one word, switched at once;
				* there stand a CRC-32C of the name, then the name */
};
_Static_assert(sizeof(struct index_record) == 64, "a record is one cache line");

struct index_block {
	uint64_t modseq;   /* highest of its records, dead ones included */
	uint64_t vsize;    /* sum over living records of known size */
	uint64_t keywords; /* OR over living records */
	uint32_t alive;
	uint32_t unseen;  /* alive and not \Seen */
	uint32_t deleted; /* alive and \Deleted */
	uint32_t flagged; /* alive and \Flagged */
	uint64_t spare[2];
	uint64_t check; /* CRC-32C of the words before */
};
_Static_assert(sizeof(struct index_block) == 64, "block summary");

struct index_header {
	/* fixed for this file */
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint64_t id; /* of this index since its (re)build, random */
	uint64_t generation;
	uint64_t capacity; /* records */
	uint64_t records_at, names_at;
	char machine_id[40], boot_id[40]; /* boot: of the last writer */
	uint64_t device, inode;           /* of this file: a copied or restored one differs */

	/* state */
	uint64_t change;     /* odd while a writer applies */
	uint64_t superseded; /* 1: a newer generation has the name */
	uint64_t clean;      /* 1: closed clean; what is on disk is whole */
	uint64_t stale;      /* 1: the store knows more (a write here failed): rebuild */
	uint64_t applied;    /* logical journal offset applied up to */
	uint64_t applying;   /* where `applied` will be: the frame under way ends there */
	uint64_t ready;      /* records whose place in the file is allocated */
	uint64_t file_size;  /* bytes that may be touched */
	uint64_t cache_id;   /* of the cache file; entries carry it too */
	uint64_t check;      /* CRC-32C of all that follows, made before `change` is even */
	uint64_t count;      /* records in use, dead ones included */
	uint64_t names_used; /* bytes of the names region in use */
	uint64_t names_live; /* of these, bytes that a record points to */

	/* the mailbox */
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint64_t epoch;
	uint64_t highest_modseq;
	uint64_t history_from; /* expunges above this modseq are all known */
	uint64_t alive, unseen, deleted;
	uint64_t vsize;
	uint32_t first_recent; /* messages from this UID on were seen by no session yet */
	uint32_t keywords;     /* entries of the keyword table in use */
	uint64_t mark_time, mark_modseq, mark_before; /* age of tombstones; see generation.c */
	uint64_t driver[INDEX_DRIVER_WORDS]; /* the store's: directory times and the like */
};
_Static_assert(sizeof(struct index_header) <= 4096, "the header fits its page");

#define INDEX_KEYWORDS_AT 4096
#define INDEX_BLOCKS_AT (INDEX_KEYWORDS_AT + INDEX_KEYWORDS * INDEX_KEYWORD_SIZE)

#endif
