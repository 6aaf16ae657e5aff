/*
 * cache_format.h: the cache file, byte by byte.
 *
 *	header      0 .. 63
 *	entries     64 ..            each at a multiple of 8, append only
 *
 * An entry is its head, one slot per item, then the items' bytes in the order
 * of the slots, then zeros up to a multiple of 8.  Fixed-width little-endian fields.
 *
 * Nothing here is synced and anything may be torn: a writer that died, a full disk,
 * an unclean reboot leave garbage between entries, or where a record still
 * points.  So an entry counts only if every comparison holds: magic, form, cache
 * id, uid, identity (index-design §11), the checksum over head and slots, and for each
 * item used its own checksum, computed over the reader's copy.
 */
#ifndef CACHE_FORMAT_H
#define CACHE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "cache.h"

#define CACHE_MAGIC 0x45484341434f4f52ull /* "ROOCACHE" */
#define CACHE_VERSION 1
#define CACHE_ENTRY_MAGIC 0x52544e45u /* "ENTR" */
#define CACHE_ALIGN 8

struct cache_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint64_t id; /* random, never 0; also in the index header and in every entry */
	uint64_t spare[4];
	uint32_t reserved;
	uint32_t crc; /* CRC-32C of all before it */
};
_Static_assert(sizeof(struct cache_header) == 64, "cache header");

struct cache_entry {
	uint32_t magic;
	uint16_t form;   /* CACHE_FORM */
	uint16_t items;  /* slots, at most CACHE_ITEMS_MAX */
	uint32_t length; /* all of it, a multiple of 8, at most CACHE_ENTRY_MAX */
	uint32_t uid;
	uint64_t identity;
	uint64_t cache_id;
	uint32_t reserved;
	uint32_t crc; /* CRC-32C of head and slots, with 0 in its place */
};
_Static_assert(sizeof(struct cache_entry) == 40, "head of an entry");

struct cache_slot {
	uint32_t kind;
	uint32_t length;
	uint32_t crc; /* CRC-32C of the item */
};
_Static_assert(sizeof(struct cache_slot) == 12, "slot of an item");

struct cache_head {
	struct cache_entry e;
	struct cache_slot slots[CACHE_ITEMS_MAX]; /* as many as e.items says */
};
#define CACHE_HEAD_MAX sizeof(struct cache_head)
_Static_assert(sizeof(struct cache_head) ==
		       sizeof(struct cache_entry) + CACHE_ITEMS_MAX * sizeof(struct cache_slot),
	       "no gap between head and slots");

#endif
