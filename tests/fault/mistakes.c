/* mistakes: makes one of the mistakes that sanitizers tell of, and ends as if nothing had
 * been; for tests/fault/run.test.
 *
 *   mistakes beyond | overflow | leak | none
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a compiler can't foresee. */
static volatile int largest = INT_MAX, length = 8;
static void *volatile kept;

int main(int argc, char **argv)
{
	const char *mistake = argc == 2 ? argv[1] : "";

	kept = calloc(1, (size_t)length);
	if (!kept)
		return 2;
	if (strcmp(mistake, "beyond") == 0)
		length = ((char *volatile)kept)[length];
	else if (strcmp(mistake, "overflow") == 0)
		largest = largest + 1;
	else if (strcmp(mistake, "leak") == 0)
		kept = NULL;
	else if (strcmp(mistake, "none") != 0)
		return 2;
	return 0;
}
