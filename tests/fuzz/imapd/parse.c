/* Every token parser on any bytes: a token taken lies within the input or the
 * arena, a refused one leaves the cursor where it was. */
#include <assert.h>

#include "mailbox.h"
#include "parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(struct bytes before, struct bytes after, bool ok)
{
	assert(after.n <= before.n && after.p + after.n == before.p + before.n);
	assert(ok || after.n == before.n);
}

static void check_set(struct bytes in, struct arena *a, uint32_t star)
{
	struct seqset set;
	struct bytes c = in;
	bool ok = parse_seqset(&c, a, star, &set);

	check(in, c, ok);
	for (size_t i = 0; ok && i < set.n; i++) {
		assert(set.r[i].first && set.r[i].first <= set.r[i].last);
		assert(!i || set.r[i].first > set.r[i - 1].last + 1);
		assert(seqset_has(&set, set.r[i].first) && seqset_has(&set, set.r[i].last));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool (*const strings[])(struct bytes *, struct arena *, struct bytes *) = {
		parse_astring,
		parse_list_mailbox,
		parse_string,
		parse_nstring,
	};
	struct bytes in = { (const char *)data, n }, c, s;
	struct arena a = ARENA_INIT;
	struct flag_list fl;
	struct literal l;
	uint32_t u32;
	uint64_t u64;
	bool ok;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		c = in;
		s = (struct bytes){ NULL, 0 };
		ok = strings[i](&c, &a, &s);
		check(in, c, ok);
		assert(s.n <= n);
	}
	c = in;
	ok = parse_atom(&c, &s);
	check(in, c, ok);
	c = in;
	ok = parse_tag(&c, &s);
	check(in, c, ok);
	c = in;
	ok = parse_mailbox(&c, &a, '.', &s);
	check(in, c, ok);
	c = in;
	ok = parse_literal(&c, &l);
	check(in, c, ok);
	c = in;
	ok = parse_number(&c, &u32);
	check(in, c, ok);
	c = in;
	ok = parse_nz_number(&c, &u32);
	check(in, c, ok);
	c = in;
	ok = parse_number64(&c, &u64);
	check(in, c, ok);
	c = in;
	ok = parse_word(&c, "FLAGS");
	check(in, c, ok);
	c = in;
	ok = parse_flags(&c, &a, true, &fl);
	check(in, c, ok);
	check_set(in, &a, 0);
	check_set(in, &a, 7);
	arena_free(&a);
	return 0;
}
