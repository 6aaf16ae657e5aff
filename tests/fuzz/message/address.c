/* Address lists: groups are balanced, nothing appears that didn't stand there,
 * and writing what was read as plain addresses reads the same again. */
#include <assert.h>
#include <stdlib.h>

#include "address.h"
#include "buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t length(const struct address *x)
{
	return x->name.n + x->route.n + x->mailbox.n + x->host.n;
}

static void check_list(const struct address *list, size_t n)
{
	bool group = false;
	size_t total = 0, count = 0;

	for (const struct address *x = list; x; x = x->next, count++) {
		assert(!x->name.p || x->name.n);
		if (x->host.p) {
			assert(x->mailbox.p);
		} else {
			assert(!x->name.p && !x->route.p);
			assert(group == !x->mailbox.p);
			group = !group;
		}
		total += length(x);
	}
	assert(!group && count <= ADDRESS_MAX + 1);
	assert(total <= n);
}

static void put_quoted(struct buf *out, struct bytes s)
{
	buf_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, s.p[i]);
	}
	buf_char(out, '"');
}

static void put_address(struct buf *out, const struct address *x)
{
	if (!x->host.p && !x->mailbox.p) {
		buf_char(out, ';');
	} else if (!x->host.p) {
		put_quoted(out, x->mailbox);
		buf_char(out, ':');
	} else {
		put_quoted(out, x->name);
		buf_char(out, '<');
		put_quoted(out, x->mailbox);
		buf_char(out, '@');
		put_quoted(out, x->host);
		buf_str(out, ">,");
	}
}

static bool has_newline(struct bytes s)
{
	return bytes_chr(s, '\n') != BYTES_NONE || bytes_chr(s, '\r') != BYTES_NONE;
}

static bool has_newlines(const struct address *x)
{
	while (x && !has_newline(x->name) && !has_newline(x->mailbox) && !has_newline(x->host))
		x = x->next;
	return x != NULL;
}

static void check_again(struct arena *a, const struct address *list)
{
	struct buf out = BUF_INIT;

	for (const struct address *x = list; x; x = x->next)
		put_address(&out, x);
	const struct address *y = address_parse(a, buf_view(&out));
	for (const struct address *x = list; x; x = x->next, y = y->next) {
		assert(y);
		assert(bytes_eq(x->name, y->name));
		assert(bytes_eq(x->mailbox, y->mailbox));
		assert(bytes_eq(x->host, y->host));
		assert(!x->host.p == !y->host.p && !x->mailbox.p == !y->mailbox.p);
	}
	assert(!y);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = ARENA_INIT;
	struct bytes value = arena_bytes(&a, (struct bytes){ (const char *)data, n });
	struct address *list = address_parse(&a, value);

	check_list(list, n);
	if (!has_newlines(list))
		check_again(&a, list);
	arena_free(&a);
	return 0;
}
