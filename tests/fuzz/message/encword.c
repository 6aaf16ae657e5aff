/* Header values: always UTF-8, never much longer than what came in, and plain
 * ones are only unfolded. */
#include <assert.h>

#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool ascii(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((unsigned char)b.p[i] >= 0x80)
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct buf out = BUF_INIT, plain = BUF_INIT;

	header_decode(&out, in);
	assert(utf8_valid(buf_view(&out)));
	assert(out.n <= 3 * in.n);
	assert(bytes_chr(buf_view(&out), '\n') == BYTES_NONE);
	header_unfold(&plain, in);
	assert(plain.n <= in.n);
	if (ascii(in) && bytes_find(in, BYTES("=?")) == BYTES_NONE)
		assert(bytes_eq(buf_view(&out), buf_view(&plain)));
	buf_free(&out);
	buf_free(&plain);
	return 0;
}
