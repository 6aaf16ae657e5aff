/* Base subjects are UTF-8 with nothing left to remove; message-ids have an '@'
 * and no line breaks. */
#include <assert.h>

#include "arena.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define IDS 8

static void check_ids(struct arena *a, struct bytes in)
{
	struct bytes ids[IDS];
	size_t n = msgid_list(a, in, ids, IDS), total = 0;

	assert(n <= IDS);
	for (size_t i = 0; i < n; i++) {
		assert(bytes_chr(ids[i], '@') != BYTES_NONE);
		assert(bytes_chr(ids[i], '\n') == BYTES_NONE);
		total += ids[i].n + 2;
	}
	assert(total <= in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct arena a = ARENA_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	bool reply;

	subject_base(&once, &a, in, &reply);
	assert(utf8_valid(buf_view(&once)));
	if (bytes_find(buf_view(&once), BYTES("=?")) == BYTES_NONE) {
		subject_base(&twice, &a, buf_view(&once), &reply);
		assert(bytes_eq(buf_view(&once), buf_view(&twice)));
		assert(!reply);
	}
	check_ids(&a, in);
	buf_free(&once);
	buf_free(&twice);
	arena_free(&a);
	return 0;
}
