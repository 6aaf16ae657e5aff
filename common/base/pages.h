/* pages.h: memory given back while it isn't needed. */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

/* The whole pages within the n bytes at p (anonymous memory) go back to the
 * kernel; they hold zeros when they are touched again. */
void pages_release(void *p, size_t n);

/* The same for the stack below the caller, as deep as earlier calls may have
 * gone. */
void pages_release_stack(void);

#endif
