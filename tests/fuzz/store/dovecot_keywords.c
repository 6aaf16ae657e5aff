/* dovecot-keywords: any bytes are read; the names are atoms, each once, and come back
 * from what is written. */
#include <assert.h>

#include "maildir_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct keyword_names k = { 0 }, again = { 0 };
	struct buf b = BUF_INIT;

	keywords_parse((struct bytes){ (const char *)data, n }, &k);
	for (int i = 0; i < INDEX_KEYWORDS; i++) {
		assert(!k.name[i][0] || i < MAILDIR_LETTERS);
		assert(!k.name[i][0] || keyword_name_ok(bytes_of(k.name[i])));
		assert(!k.name[i][0] || keyword_names_find(&k, bytes_of(k.name[i])) == i);
	}
	keywords_format(&k, &b);
	keywords_parse(buf_view(&b), &again);
	assert(memcmp(&k, &again, sizeof(k)) == 0);
	buf_free(&b);
	return 0;
}
