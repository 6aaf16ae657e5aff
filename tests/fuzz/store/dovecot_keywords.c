/* dovecot-keywords: any bytes are read; the names are atoms, each once, and come back
 * from what is written.  The name that may be half is the one that the text ends with. */
#include <assert.h>

#include "maildir_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool ends_with(struct bytes text, struct bytes name)
{
	return text.n >= name.n && bytes_eq(bytes_from(text, text.n - name.n), name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct keyword_names k = { 0 }, again = { 0 };
	struct bytes text = { (const char *)data, n };
	struct buf b = BUF_INIT;

	keywords_parse(text, &k);
	for (int i = 0; i < INDEX_KEYWORDS; i++) {
		assert(!k.name[i][0] || i < MAILDIR_LETTERS);
		assert(!k.name[i][0] || keyword_name_ok(bytes_of(k.name[i])));
		assert(!k.name[i][0] || keyword_names_find(&k, bytes_of(k.name[i])) == i);
	}
	if (k.torn)
		assert(k.name[k.torn - 1][0] && ends_with(text, bytes_of(k.name[k.torn - 1])));
	k.torn = 0; /* what is written has all its ends of lines */
	keywords_format(&k, &b);
	keywords_parse(buf_view(&b), &again);
	assert(memcmp(&k, &again, sizeof(k)) == 0);
	buf_free(&b);
	return 0;
}
