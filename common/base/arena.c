/*
 * arena.c: chunks from malloc, handed out front to back.
 *
 * The first chunk is small, because a process that only waits should own
 * little; later ones double.  A few of those first ones are ready in .bss: malloc
 * would map and unmap each, and touch it twice, which a short session feels.
 * What is large gets a chunk of its own behind the newest, whose rest stays in
 * use.  Under AddressSanitizer every allocation is a chunk, so that reading
 * beyond one or after a reset is seen.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "num.h"
#include "pages.h"

#if defined __SANITIZE_ADDRESS__
#define ARENA_ALONE 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define ARENA_ALONE 1
#endif
#endif
#ifndef ARENA_ALONE
#define ARENA_ALONE 0
#endif

#define ARENA_FIRST (4096 - 64) /* with malloc's own words: one page */
#define ARENA_LARGEST (256 * 1024)
#define ARENA_KEEP (16 * 1024) /* a reset keeps no more than this */
#define ARENA_READY 3          /* a session's, its mailbox's, a command's */

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	alignas(max_align_t) char p[];
};

PAGES_APART static struct {
	alignas(max_align_t) char p[sizeof(struct arena_chunk) + ARENA_FIRST];
} ready[ARENA_READY];
static bool taken[ARENA_READY];

static void out_of_memory(size_t n) __attribute__((noreturn));
static void out_of_memory(size_t n)
{
	log_die("memory", "out of memory: %zu bytes", n);
}

void *mem_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);
	if (!p)
		out_of_memory(n);
	return p;
}

void *mem_realloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		out_of_memory(n);
	return p;
}

static void *take_ready(void)
{
	for (size_t i = 0; i < ARENA_READY; i++)
		if (!taken[i]) {
			taken[i] = true;
			return ready[i].p;
		}
	return NULL;
}

/* False: it came from malloc. */
static bool put_back(const struct arena_chunk *c)
{
	for (size_t i = 0; i < ARENA_READY; i++)
		if ((const char *)c == ready[i].p) {
			taken[i] = false;
			return true;
		}
	return false;
}

static struct arena_chunk *chunk_new(struct arena *a, size_t size)
{
	size_t all;
	if (!num_add(size, sizeof(struct arena_chunk), &all))
		out_of_memory(size);
	struct arena_chunk *c = size == ARENA_FIRST && !ARENA_ALONE ? take_ready() : NULL;
	if (!c)
		c = mem_alloc(all);
	c->size = size;
	c->used = 0;
	a->total += all;
	return c;
}

static void chunk_free(struct arena *a, struct arena_chunk *c)
{
	a->total -= c->size + sizeof *c;
	if (!put_back(c))
		free(c);
}

static size_t next_size(const struct arena *a)
{
	if (!a->chunk)
		return ARENA_FIRST;
	size_t twice = a->chunk->size * 2;
	return twice < ARENA_LARGEST ? twice : ARENA_LARGEST;
}

/* A chunk with room for n bytes, linked in. */
static struct arena_chunk *chunk_for(struct arena *a, size_t n)
{
	size_t size = next_size(a);
	bool alone = ARENA_ALONE || n > size / 2;
	struct arena_chunk *c = chunk_new(a, alone ? n : size);
	if (alone && a->chunk) {
		c->next = a->chunk->next;
		a->chunk->next = c;
	} else {
		c->next = a->chunk;
		a->chunk = c;
	}
	return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct arena_chunk *c = a->chunk;

	if (n > SIZE_MAX - align)
		out_of_memory(n);
	if (!ARENA_ALONE)
		n = (n + align - 1) & ~(align - 1);
	if (!c || c->size - c->used < n || ARENA_ALONE)
		c = chunk_for(a, n);
	void *p = c->p + c->used;
	c->used += n;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t n;
	if (!num_mul(count, size, &n))
		out_of_memory(SIZE_MAX);
	return memset(arena_alloc(a, n), 0, n);
}

struct bytes arena_bytes(struct arena *a, struct bytes b)
{
	char *p = arena_alloc(a, b.n);
	if (b.n)
		memcpy(p, b.p, b.n);
	return (struct bytes){ p, b.n };
}

char *arena_str(struct arena *a, struct bytes b)
{
	char *p = arena_alloc(a, b.n + 1);
	if (b.n)
		memcpy(p, b.p, b.n);
	p[b.n] = '\0';
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("memory", "bad format");
	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = NULL;

	for (struct arena_chunk *c = a->chunk, *next; c; c = next) {
		next = c->next;
		if (!keep && !ARENA_ALONE && c->size >= ARENA_FIRST && c->size <= ARENA_KEEP)
			keep = c;
		else
			chunk_free(a, c);
	}
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->chunk = keep;
}

void arena_free(struct arena *a)
{
	for (struct arena_chunk *c = a->chunk, *next; c; c = next) {
		next = c->next;
		chunk_free(a, c);
	}
	a->chunk = NULL;
}
