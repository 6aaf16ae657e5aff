/* pages.h: memory given back while it isn't needed, and little of it touched. */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

#include "sanitized.h"

/* For large static buffers: behind everything else, so that what is small shares a page or two
 * (static.ld).  Sanitizers don't watch what is put somewhere. */
#if SANITIZED
#define PAGES_APART
#else
#define PAGES_APART __attribute__((section(".bss.apart")))
#endif

/* The whole pages within the n bytes at p (anonymous memory) go back to the
 * kernel; they hold zeros when they are touched again. */
void pages_release(void *p, size_t n);
/* Memory not used yet: where it is as much as one at least, large pages, if the kernel has them
 * to give, cost fewer faults, and fewer misses of what is looked up in no order. */
void pages_large(void *p, size_t n);

/* For what does nothing but ask for memory ahead (__builtin_prefetch): gcc takes a function like
 * that for one without any effect, and leaves the call out. */
#define PAGES_AHEAD inline __attribute__((always_inline))

/* The same for the stack below the caller, as deep as earlier calls may have
 * gone. */
void pages_release_stack(void);

#endif
