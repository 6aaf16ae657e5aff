/* File names: what is parsed and written is read the same; a change keeps the stem
 * and what isn't ours.  The first two bytes are flags and a keyword. */
#include <assert.h>

#include "maildir_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void changed(struct bytes name, const struct maildir_name *was, uint16_t flags,
		    uint64_t keywords)
{
	char out[MAILDIR_NAME_MAX + 1], back[MAILDIR_NAME_MAX + 1];
	struct maildir_name is;
	size_t length = maildir_name_change(name, flags, keywords, out);

	if (!length)
		return;
	assert(length <= MAILDIR_NAME_MAX && out[length] == '\0');
	maildir_name_parse((struct bytes){ out, length }, 0, &is);
	assert(bytes_eq(is.stem, was->stem));
	assert(is.flags == flags && is.keywords == keywords);
	if (!is.odd) {
		size_t again = maildir_name_write(is.stem, 0, flags, keywords, back);
		assert(again == length || is.stem.n == 0);
		assert(is.stem.n == 0 || memcmp(back, out, length) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct maildir_name in_cur, in_new;
	uint64_t size;

	if (n < 3 || n > MAILDIR_NAME_MAX + 2 || memchr(data, '\0', n) || memchr(data, '/', n))
		return 0;
	struct bytes name = { (const char *)data + 2, n - 2 };
	maildir_name_parse(name, 0, &in_cur);
	maildir_name_parse(name, MAILDIR_NEW, &in_new);
	assert(in_cur.flags == in_new.flags && in_cur.keywords == in_new.keywords);
	assert(bytes_eq(in_cur.stem, maildir_stem(name)));
	changed(name, &in_cur, data[0] & FLAG_ALL, 1ull << data[1] % MAILDIR_LETTERS);
	changed(name, &in_cur, in_cur.flags, in_cur.keywords);
	maildir_name_size(in_cur.stem, 'S', &size);
	struct maildir_order a = maildir_order(in_cur.stem), b = maildir_order(name);
	assert(maildir_order_cmp(&a, &a) == 0);
	assert((maildir_order_cmp(&a, &b) < 0) == (maildir_order_cmp(&b, &a) > 0));
	return 0;
}
