/* Charsets: in pieces or whole, the result is the same; it is UTF-8; and text
 * without anything replaced is called well-formed.  The first byte chooses the
 * charset, the second the pieces.  What is left names one. */
#include <assert.h>

#include "pieces.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const names[] = {
	"utf-8",       "us-ascii", "iso-8859-1", "iso-8859-2", "windows-1251", "koi8-r",
	"cp852",       "utf-7",    "utf-16",     "utf-16le",   "shift_jis",    "euc-jp",
	"iso-2022-jp", "euc-kr",   "gb18030",    "big5",       "hz",           "tis-620",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	struct bytes in = { (const char *)data + 2, n - 2 }, piece;
	const char *name = names[data[0] % (sizeof names / sizeof names[0])];
	struct charset *c = charset_find(bytes_of(name));
	struct pieces pieces = { in, data[1] };
	struct buf a = BUF_INIT, b = BUF_INIT;

	assert(c);
	bool ok = charset_text(c, in, &a);
	assert(utf8_valid(buf_view(&a)));
	assert(a.n <= in.n * 3);
	assert(ok || in.n);
	if (!ok && c != charset_guess() && !bytes_is(bytes_of(name), "utf-7"))
		assert(bytes_find(buf_view(&a), BYTES("\xef\xbf\xbd")) != BYTES_NONE);
	while (pieces_next(&pieces, &piece))
		charset_to_utf8(c, piece, false, &b);
	charset_to_utf8(c, BYTES(""), true, &b);
	assert(bytes_eq(buf_view(&a), buf_view(&b)));
	if (charset_is_utf8(c, in) && bytes_find(buf_view(&a), BYTES("\xef\xbf\xbd")) == BYTES_NONE)
		assert(bytes_eq(buf_view(&a), in));
	charset_find(in);
	buf_free(&a);
	buf_free(&b);
	return 0;
}
