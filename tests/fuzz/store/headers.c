/* A header alone, and its kept lines alone, say what the whole message says: where only these
 * were read, the same is cached. */
#include <assert.h>

#include "headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_prefix(struct arena *a, const struct message *whole, struct bytes head)
{
	struct message m;

	message_parse_header(a, head, &m);
	assert(m.root->body_at == whole->root->body_at);
	assert(m.root->nfields == whole->root->nfields);
	for (size_t i = 0; i < m.root->nfields; i++) {
		assert(m.root->fields[i].line.p == whole->root->fields[i].line.p);
		assert(m.root->fields[i].line.n == whole->root->fields[i].line.n);
	}
}

/* Any piece that has the end of the header is enough. */
static void check_length(struct arena *a, const struct message *whole, size_t cut)
{
	struct bytes raw = whole->raw;
	size_t length = message_header_length(raw);
	size_t shorter = message_header_length(bytes_sub(raw, 0, cut));

	assert((length > 0) == header_has_end(part_header(whole, whole->root)));
	if (length > 0)
		check_prefix(a, whole, bytes_sub(raw, 0, length));
	assert(shorter == (length <= cut ? length : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf item = BUF_INIT, envelope = BUF_INIT, of_lines = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct message m;

	message_parse(&a, (struct bytes){ (const char *)data, n }, &m);
	check_length(&a, &m, n ? data[0] % (n + 1) : 0);
	headers_write(&item, &m);
	envelope_write(&envelope, &a, &m, m.root);
	headers_envelope(buf_view(&item), &a, &of_lines);
	assert(bytes_eq(buf_view(&envelope), buf_view(&of_lines)));
	buf_free(&item);
	buf_free(&envelope);
	buf_free(&of_lines);
	arena_free(&a);
	return 0;
}
