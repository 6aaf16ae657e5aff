/* Parameters: names are tokens, values have no folding left, and writing what
 * was read with quotes reads the same again. */
#include <assert.h>
#include <stdlib.h>

#include "params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool is_token(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c >= 127 || strchr("()<>@,;:\\\"/[]?=", c))
			return false;
	}
	return s.n > 0;
}

static void put_param(struct buf *out, const struct param *p)
{
	buf_char(out, ';');
	buf_bytes(out, p->name);
	buf_str(out, p->extended ? "*=\"" : "=\"");
	for (size_t i = 0; i < p->value.n; i++) {
		if (p->value.p[i] == '"' || p->value.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, p->value.p[i]);
	}
	buf_char(out, '"');
}

/* Names with a '*' of their own may join what they didn't join before. */
static bool is_plain(const struct param *p)
{
	return bytes_chr(p->name, '*') == BYTES_NONE && bytes_chr(p->value, '\n') == BYTES_NONE;
}

static void check_again(struct arena *a, struct bytes type, struct bytes subtype,
			const struct param *list)
{
	struct buf out = BUF_INIT;
	struct param *again;
	bool plain = true;

	buf_bytes(&out, type);
	buf_char(&out, '/');
	buf_bytes(&out, subtype);
	for (const struct param *p = list; p; p = p->next) {
		plain = plain && is_plain(p);
		put_param(&out, p);
	}
	assert(params_content_type(a, buf_view(&out), &type, &subtype, &again));
	for (; plain && list; list = list->next, again = again->next) {
		assert(again && list->extended == again->extended);
		assert(bytes_eq(list->name, again->name));
		assert(bytes_eq(list->value, again->value));
	}
	assert(!plain || !again);
	buf_free(&out);
}

static size_t check_list(const struct param *list)
{
	size_t n = 0;
	for (const struct param *p = list; p; p = p->next, n++) {
		assert(is_token(p->name));
		for (size_t i = 1; i < p->value.n; i++)
			assert(p->value.p[i] != '\n' || p->value.p[i - 1] != '\r');
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = ARENA_INIT;
	struct bytes value = arena_bytes(&a, (struct bytes){ (const char *)data, n });
	struct bytes type, subtype;
	struct param *list;

	bool valid = params_content_type(&a, value, &type, &subtype, &list);
	assert(!valid || (is_token(type) && is_token(subtype)));
	assert(check_list(list) <= PARAMS_MAX);
	if (valid)
		check_again(&a, type, subtype, list);
	struct bytes token = params_token(&a, value, &list);
	assert(token.n <= n);
	assert(check_list(list) <= PARAMS_MAX);
	arena_free(&a);
	return 0;
}
