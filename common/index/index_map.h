/*
 * index_map.h: one generation's file, mapped; inside the index layer only.
 *
 * Counted, because a view goes on reading an old generation until it has told
 * what vanished with it.  All reading goes through here: every shared word is
 * loaded once into a local, checked, then used (index-design §4).  No pointer into
 * the map leaves these functions.
 */
#ifndef INDEX_MAP_H
#define INDEX_MAP_H

#include <stddef.h>

#include "filemap.h"
#include "index.h"

struct index_map {
	struct filemap map; /* grows: unmapped and mapped again inside a step */
	int fd;             /* -1: anonymous */
	uint64_t device, inode;
	uint64_t size; /* of the file, as fstat said; the map reaches further */
	unsigned refs;
	bool writable;
	bool broken;             /* something in it can't be: rebuild */
	bool resident;           /* we hold the shared flock of those who changed something */
	uint64_t id, generation; /* copied and checked at open, as are these: */
	uint64_t capacity, records_at, names_at;
	struct index *owner; /* for waiting on the lock when `change` stays odd; may be NULL */
};

/* The handle's current generation, with one more reference; NULL if unusable. */
struct index_map *index_map_hold(struct index *ix);
void index_map_release(struct index_map *m);

/* Consistent copies, by the reader's protocol.  False: beyond the end, broken,
 * or no even `change` to be had (a SIGBUS counts as broken). */
bool map_head(struct index_map *m, struct index_header *h);
bool map_read(struct index_map *m, uint64_t slot, struct index_record *r);
bool map_block(struct index_map *m, uint64_t block, struct index_block *b);
size_t map_name(struct index_map *m, uint64_t name, char out[INDEX_NAME_MAX + 1]);
size_t map_keyword(struct index_map *m, unsigned n, char out[INDEX_KEYWORD_SIZE]);
/* One word each, no protocol needed: uids never change, the rest are hints. */
uint32_t map_uid(struct index_map *m, uint64_t slot); /* 0: beyond the file */
/* Of a record that is whole; who must not wait for a writer any longer gets the word
 * alone, which no writer changes.  0: damaged. */
uint32_t map_whole_uid(struct index_map *m, uint64_t slot);
uint64_t map_count(struct index_map *m); /* clamped to capacity */
uint64_t map_highest_modseq(struct index_map *m);
uint64_t map_block_modseq(struct index_map *m, uint64_t block);
bool map_superseded(struct index_map *m);
/* Binary search over [0, count): first slot with uid >= the given. */
uint64_t map_find(struct index_map *m, uint64_t count, uint32_t uid);

/* --- for the modules of index.h alone --- */

#define INDEX_FILE_NEW INDEX_FILE ".new" /* made under the lock, then renamed */
#define HEAD_AT(field) offsetof(struct index_header, field)

/* The word at the start of a record. */
#define RECORD_UID(w) ((uint32_t)(w))
#define RECORD_FLAGS(w) ((uint16_t)((w) >> 32))
#define RECORD_STATE(w) ((uint8_t)((w) >> 48))
#define RECORD_DRIVER(w) ((uint8_t)((w) >> 56))
#define RECORD_WORD(uid, flags, state, driver)                                 \
	((uint64_t)(uid) | (uint64_t)(flags) << 32 | (uint64_t)(state) << 48 | \
	 (uint64_t)(driver) << 56)

#define NAME_WORD(at, length) ((uint64_t)(at) << 16 | (uint64_t)(length))
#define NAME_AT(w) ((w) >> 16)
#define NAME_LENGTH(w) ((size_t)((w)&0xffff))
/* Bytes that a name of that length takes in the names region. */
#define NAME_ROOM(length) ((length) ? (length) + sizeof(uint32_t) : 0)

/* Opens and checks the structure of a file: NULL with errno (0: it is there
 * but not an index).  Says nothing about trust: map_trusted does. */
struct index_map *map_open(int dirfd, const char *name, bool readonly);
/* Closed clean or changed in this boot, here, as this very file, not stale. */
bool map_trusted(struct index_map *m);
/* Why it isn't to be trusted; NULL: it is. */
const char *map_distrust(struct index_map *m);
/* A new generation with room for at least that many records, in a file that
 * replaces INDEX_FILE_NEW (dirfd -1: in anonymous memory with that much for
 * names).  The header's fixed part is set.  NULL with errno. */
struct index_map *map_create(int dirfd, uint64_t id, uint64_t generation, uint64_t records,
			     uint64_t names);
/* Allocates room for n more records and that many bytes of names: 1; 0 if this
 * generation hasn't it; -1 with errno. */
int map_reserve(struct index_map *m, uint64_t n, uint64_t names);
void map_close(struct index_map *m); /* whatever the references */
/* The file grew up to `end`: maps it again.  False if it didn't. */
bool map_cover(struct index_map *m, uint64_t end);
/* Mapped, never faulted, nothing impossible seen in it. */
bool map_ok(const struct index_map *m);
/* Nobody is to trust it any more.  0/-1 with errno. */
int map_mark_stale(struct index_map *m);
/* The name still leads to this file; and it is the current generation, whole. */
bool map_same_file(const struct index_map *m, int dirfd);
bool map_is_current(struct index_map *m, int dirfd);
/* What was copied is as a writer wrote it; of a name also that it is there (its word is sane),
 * in *out then.  Nothing is said about it, and the map stays as good as it was. */
bool map_head_whole(const struct index_map *m, const struct index_header *h);
bool map_name_whole(struct index_map *m, uint64_t name, char out[INDEX_NAME_MAX + 1]);
bool map_keyword_whole(const struct index_map *m, const unsigned char *entry);
/* A record that may be what a writer wrote. */
bool map_sane(struct index_map *m, const struct index_record *r);

/* Checks of what is written, to be put into it: begun with the id of the index, so
 * that what another index left is no more right than garbage. */
uint32_t map_record_check(const struct index_map *m, const struct index_record *r);
uint64_t map_block_check(const struct index_map *m, const struct index_block *b);
/* A record as it stands in the file, and back. */
void record_seal(const struct index_map *m, struct index_record *r);
void record_open(struct index_record *r);
void map_seal_head(struct index_map *m);
/* The check of a record in the map that will have that modseq. */
void map_seal_record(struct index_map *m, uint64_t at, uint64_t modseq);
/* An entry of the keyword table. */
void map_put_keyword(struct index_map *m, unsigned n, struct bytes name);
/* A number of 48 bits, one for the sign, with a hash of itself, as internal_date and vsize
 * stand in the file: single words, so no check of the record can cover them.  What doesn't
 * fit, and back what isn't whole, is `unknown`, and looked up again. */
uint64_t word_seal(uint64_t v, uint64_t unknown);
uint64_t word_open(uint64_t word, uint64_t unknown);

/* Words and multiples of words at an offset, each word at once. */
uint64_t map_load(struct index_map *m, uint64_t at);
uint32_t map_load32(struct index_map *m, uint64_t at);
void map_store(struct index_map *m, uint64_t at, uint64_t v);
void map_store32(struct index_map *m, uint64_t at, uint32_t v);
void map_get(struct index_map *m, uint64_t at, void *out, size_t n);
void map_put(struct index_map *m, uint64_t at, const void *p, size_t n);
/* Bytes of the names region, not yet used by anybody. */
void map_put_name(struct index_map *m, uint64_t at, struct bytes name);
/* The words that a search trusted may be damaged: true if the record at slot, and
 * the one before it, say that the first uid >= the given is there.  Else the map is
 * broken. */
bool map_found(struct index_map *m, uint64_t count, uint64_t slot, uint32_t uid);
/* As map_find, but for rising uids starts at the slot found last. */
uint64_t map_find_from(struct index_map *m, uint64_t slot, uint64_t count, uint32_t uid);
uint64_t map_record_at(const struct index_map *m, uint64_t slot);
uint64_t map_block_at(uint64_t block);

#endif
