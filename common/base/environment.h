/* environment.h: what a program that is about to run finds in its environment.
 *
 * setenv needs malloc, whose first use costs a small program 12 us and 8 KiB. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stddef.h>

#define ENVIRONMENT_ORDINARY 96 /* variables; more are had from mem_alloc */

struct environment {
	char *few[ENVIRONMENT_ORDINARY + 1];
	char **all; /* for execve; ends in NULL */
};

/* Our own variables without those that `ours` has, n times "KEY=value", and then these.
 * Nothing is copied but pointers: it lasts as long as both do. */
void environment_make(struct environment *e, char *const *ours, size_t n);
void environment_free(struct environment *e);

#endif
