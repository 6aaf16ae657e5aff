/* Data items of FETCH, and the sections they name in a message: the first
 * line is the items, the rest the message. */
#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

#include "fetch.h"
#include "num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct arena arena;
static struct buf text;

static void send_section(struct bytes raw, const struct section *s)
{
	static char mem[4096];
	static int null = -1;
	struct fetch_message m = { .have_mail = true, .mail = { .raw = raw } };
	struct writer w;

	if (null < 0)
		null = open("/dev/null", O_WRONLY);
	writer_init(&w, null, mem, sizeof(mem), 1000);
	if (s->kept)
		m.items[ITEM_HEADERS] = raw;
	fetch_section(&w, &arena, &text, &m, s);
	writer_flush(&w);
	/* What a literal announces is what follows. */
	if (w.total < sizeof(mem) && w.total && mem[0] == '{') {
		uint64_t size;
		struct bytes b = { mem + 1, (size_t)w.total - 1 };
		assert(num_take(&b, UINT64_MAX, &size));
		assert(b.n == size + 3);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n }, raw = in, items;
	struct fetch_plan plan;

	if (!bytes_split(&raw, '\n', &items))
		return 0;
	if (!raw.p)
		raw = BYTES("");
	if (!fetch_parse(&items, &arena, &plan)) {
		assert(plan.n > 0 && plan.n <= IMAP_FETCH_ITEMS);
		for (size_t i = 0; i < plan.n; i++)
			if (plan.items[i].kind == FETCH_SECTION)
				send_section(raw, &plan.items[i].section);
	}
	arena_reset(&arena);
	return 0;
}
