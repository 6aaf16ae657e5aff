/* pages.c: madvise(2), so that a process that waits for days holds little, and one that looks
 * through much finds it fast. */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_DEPTH (256 * 1024) /* more than calls use here */
#define STACK_OURS 4096          /* of this call itself */
#define LARGE_PAGE (2 << 20)     /* as most processors have them */

/* The whole pages in p[0..n). */
static void advise(void *p, size_t n, int advice)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)p + n) & ~(page - 1);

	if (from < to)
		madvise((void *)from, to - from, advice);
}

void pages_release(void *p, size_t n)
{
	advise(p, n, MADV_DONTNEED);
}

void pages_large(void *p, size_t n)
{
	if (n >= LARGE_PAGE)
		advise(p, n, MADV_HUGEPAGE);
}

/* The stack is shorter than that: what isn't mapped is passed over. */
void pages_release_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	pages_release((void *)(here - STACK_OURS - STACK_DEPTH), STACK_DEPTH);
}
