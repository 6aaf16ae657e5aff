/* i;unicode-casemap: character by character it is the same as at once; valid
 * UTF-8 stays valid, ASCII becomes upper case. */
#include <assert.h>

#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n }, rest = in;
	struct buf whole = BUF_INIT, each = BUF_INIT;
	bool ascii = true;

	casemap(&whole, in);
	while (rest.n) {
		const char *p = rest.p;
		ascii = ascii && (unsigned char)*p < 0x80;
		utf8_take(&rest);
		casemap(&each, (struct bytes){ p, (size_t)(rest.p - p) });
	}
	assert(bytes_eq(buf_view(&whole), buf_view(&each)));
	assert(utf8_valid(in) == utf8_valid(buf_view(&whole)));
	assert(whole.n <= 11 * in.n);
	for (size_t i = 0; ascii && i < n; i++)
		assert(whole.p[i] == ascii_upper(in.p[i]));
	buf_free(&whole);
	buf_free(&each);
	return 0;
}
