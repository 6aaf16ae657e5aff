/* bytes_find and bytes_ifind against the obvious loop; the first byte is the
 * length of the needle. */
#include <assert.h>

#include "bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t obvious(struct bytes hay, struct bytes needle, bool fold)
{
	for (size_t i = 0; i + needle.n <= hay.n; i++) {
		struct bytes here = bytes_sub(hay, i, needle.n);
		if (fold ? bytes_ieq(here, needle) : bytes_eq(here, needle))
			return i;
	}
	return BYTES_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0 || data[0] > n - 1)
		return 0;
	struct bytes needle = { (const char *)data + 1, data[0] };
	struct bytes hay = { (const char *)data + 1 + data[0], n - 1 - data[0] };
	assert(bytes_find(hay, needle) == obvious(hay, needle, false));
	assert(bytes_ifind(hay, needle) == obvious(hay, needle, true));
	return 0;
}
