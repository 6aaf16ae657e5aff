/* environment.c: see environment.h. */
#include "environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"

static bool same_key(const char *a, const char *b)
{
	size_t n = strcspn(b, "=");

	return strncmp(a, b, n) == 0 && a[n] == '=';
}

static bool is_ours(const char *variable, char *const *ours, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_key(variable, ours[i]))
			return true;
	return false;
}

void environment_make(struct environment *e, char *const *ours, size_t n)
{
	size_t count = 0, at = 0;

	while (environ && environ[count])
		count++;
	e->all = count + n <= ENVIRONMENT_ORDINARY ? e->few
						   : mem_alloc((count + n + 1) * sizeof *e->all);
	for (size_t i = 0; i < count; i++)
		if (!is_ours(environ[i], ours, n))
			e->all[at++] = environ[i];
	for (size_t i = 0; i < n; i++)
		e->all[at++] = ours[i];
	e->all[at] = NULL;
}

void environment_free(struct environment *e)
{
	if (e->all != e->few)
		free(e->all);
	e->all = NULL;
}
