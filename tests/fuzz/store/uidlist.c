/* dovecot-uidlist: any bytes are read; what was believed and is written reads the
 * same again. */
#include <assert.h>

#include "uidlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct uidlist *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct uidlist_line *x = &l->lines[i];
		assert(x->uid > 0 && x->uid <= UIDLIST_UID_MAX && x->uid < l->uidnext);
		assert(i == 0 || l->lines[i - 1].uid < x->uid);
		assert(x->stem.n > 0 && x->stem.n <= INDEX_NAME_MAX);
		assert(bytes_chr(x->stem, '/') == BYTES_NONE);
		assert(bytes_chr(x->stem, '\n') == BYTES_NONE);
		assert(uidlist_by_uid(l, x->uid) == x);
	}
}

static void write_all(const struct uidlist *l, struct buf *out)
{
	uidlist_write_header(out, l);
	for (size_t i = 0; i < l->n; i++)
		uidlist_write_line(out, l->lines[i].uid, l->lines[i].fields, l->lines[i].keywords,
				   l->lines[i].stem);
}

static void tail(const uint8_t *data, size_t n)
{
	struct uidlist l = UIDLIST_INIT;

	buf_add(&l.text, data, n);
	uidlist_parse_tail(&l, n ? data[0] : 0);
	check(&l);
	uidlist_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct uidlist l = UIDLIST_INIT, again = UIDLIST_INIT;
	struct buf twice = BUF_INIT;

	tail(data, n);
	buf_add(&l.text, data, n);
	uidlist_parse(&l);
	check(&l);
	if (l.usable) {
		write_all(&l, &again.text);
		uidlist_parse(&again);
		assert(again.usable && again.complete);
		assert(again.n == l.n && again.uidvalidity == l.uidvalidity);
		assert(again.uidnext == l.uidnext && again.epoch == l.epoch);
		for (size_t i = 0; i < l.n; i++) {
			assert(bytes_eq(again.lines[i].stem, l.lines[i].stem));
			assert(again.lines[i].keywords == l.lines[i].keywords);
			uidlist_by_stem(&l, l.lines[i].stem);
		}
		write_all(&again, &twice);
		assert(bytes_eq(buf_view(&twice), buf_view(&again.text)));
	}
	buf_free(&twice);
	uidlist_free(&l);
	uidlist_free(&again);
	return 0;
}
