/* Keys of SEARCH: never deeper, longer or more costly than the tree says. */
#include <assert.h>

#include "search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct search_key *k, unsigned depth)
{
	enum search_cost cost = COST_INDEX;

	assert(depth <= 2 * IMAP_SEARCH_DEPTH);
	for (const struct search_key *c = k->child; c; c = c->next) {
		assert(c->cost >= cost);
		cost = c->cost;
		check(c, depth + 1);
	}
	assert(!k->child || k->cost == cost);
	assert(k->kind < SEARCH_BODY || k->needle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct arena arena;
	struct bytes in = { (const char *)data, n };
	struct search_plan plan = { 0 };

	if (!search_parse(&in, &arena, 10, 100, &plan) && !plan.bad_charset) {
		assert(parse_end(&in));
		check(plan.root, 0);
	}
	arena_reset(&arena);
	return 0;
}
