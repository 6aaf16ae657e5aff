/*
 * arena.h: memory that is given back all at once.
 *
 * A session, a mailbox and a command each have one; the command's is reset
 * after each command, because IDLE lasts for days.  Allocation never returns
 * NULL: a process that can't have memory says so in the log and exits 111
 * (it serves one peer; nothing acknowledged is lost).
 */
#ifndef ARENA_H
#define ARENA_H

#include "bytes.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first */
	size_t total;              /* bytes obtained from malloc */
};

#define ARENA_INIT ((struct arena){ 0 })

/* n bytes aligned for any type; not cleared.  n == 0 is allowed. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));
/* count * size bytes, cleared; an overflow counts as out of memory. */
void *arena_calloc(struct arena *a, size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));

#define arena_new(a, type) ((type *)arena_calloc((a), 1, sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))

/* Copies; the char * forms end in a NUL that the length doesn't count. */
struct bytes arena_bytes(struct arena *a, struct bytes b);
char *arena_str(struct arena *a, struct bytes b);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));

/* Gives everything back but one chunk of ordinary size (to the kernel where
 * it was large).  All that was allocated is invalid afterwards. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/* For buf and hashmap: like malloc/realloc, never NULL (see above). */
void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t n) __attribute__((returns_nonnull));

#endif
