/* UTF-8, modified UTF-7, base64: whatever is accepted comes back the same. */
#include <assert.h>

#include "codec.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_utf7(struct bytes in)
{
	struct buf utf8 = BUF_INIT, back = BUF_INIT;
	if (utf7_to_utf8(&utf8, in)) {
		assert(utf8_valid(buf_view(&utf8)));
		assert(utf7_from_utf8(&back, buf_view(&utf8)));
		assert(bytes_eq(buf_view(&back), in));
	}
	buf_reset(&utf8);
	buf_reset(&back);
	bool ok = utf7_from_utf8(&utf8, in);
	assert(ok == utf8_valid(in));
	if (ok) {
		assert(utf7_to_utf8(&back, buf_view(&utf8)));
		assert(bytes_eq(buf_view(&back), in));
	}
	buf_free(&utf8);
	buf_free(&back);
}

static void check_base64(struct bytes in)
{
	struct buf coded = BUF_INIT, plain = BUF_INIT;
	base64_encode(&coded, in);
	assert(base64_decode(&plain, buf_view(&coded)));
	assert(bytes_eq(buf_view(&plain), in));
	buf_reset(&plain);
	buf_reset(&coded);
	if (base64_decode(&plain, in)) {
		base64_encode(&coded, buf_view(&plain));
		assert(bytes_eq(buf_view(&coded), in));
	}
	buf_free(&coded);
	buf_free(&plain);
}

static void check_utf8(struct bytes in)
{
	struct buf out = BUF_INIT;
	bool valid = true;
	for (struct bytes b = in; b.n;) {
		size_t before = b.n;
		int32_t c = utf8_take(&b);
		assert(b.n < before && before - b.n <= 4);
		valid = valid && c >= 0;
		if (c >= 0)
			utf8_put(&out, (uint32_t)c);
	}
	assert(valid == utf8_valid(in));
	assert(!valid || bytes_eq(buf_view(&out), in));
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	check_utf7(in);
	check_base64(in);
	check_utf8(in);
	return 0;
}
