/*
 * items.c: what clients ask of a message in the form it goes over the wire,
 * from the cache, or made of the message once and given to the cache.
 *
 * Lists of messages want what the header says: only that is read then, and its lines are kept,
 * of which an ENVELOPE can still be made when somebody wants it.  What needs the body makes
 * everything at once.  The larger entry takes the place of the smaller.  Nothing here
 * holds a lock but cache_flush, for the batch it writes (index-design §11).
 */
#include "headers.h"
#include "log.h"
#include "mailbox_private.h"

/* Entries collected before they are written: some hundred kilobytes. */
#define ITEMS_BATCH 500
/* A message whose items are larger is parsed each time. */
#define ITEMS_SIZE_MAX (CACHE_ENTRY_MAX / 2)

_Static_assert(ITEMS <= CACHE_ITEMS_MAX, "the cache has room for the kinds");

static void write_item(enum item item, struct arena *scratch, const struct message *m,
		       struct buf *out)
{
	switch (item) {
	case ITEM_ENVELOPE:
		envelope_write(out, scratch, m, m->root);
		break;
	case ITEM_BODYSTRUCTURE:
		bodystructure_write(out, scratch, m, true);
		break;
	case ITEM_HEADERS:
		headers_write(out, m);
		break;
	case ITEMS:
		break;
	}
}

void items_make(struct arena *scratch, const struct message *m, uint32_t kinds, struct buf *out,
		struct bytes items[CACHE_ITEMS_MAX])
{
	size_t at[ITEMS + 1];

	for (unsigned i = 0; i < ITEMS; i++) {
		at[i] = out->n;
		if (kinds >> i & 1)
			write_item((enum item)i, scratch, m, out);
	}
	at[ITEMS] = out->n;
	for (unsigned i = 0; i < ITEMS; i++)
		items[i] = kinds >> i & 1 ? bytes_sub(buf_view(out), at[i], at[i + 1] - at[i])
					  : (struct bytes){ 0 };
}

void items_put(struct mailbox *mb, uint32_t uid, uint64_t identity,
	       const struct bytes items[CACHE_ITEMS_MAX])
{
	struct cache_item put[ITEMS];
	size_t n = 0, total = 0;

	for (unsigned i = 0; i < ITEMS; i++) {
		if (!items[i].p)
			continue;
		put[n++] = (struct cache_item){ (uint8_t)i, items[i] };
		total += items[i].n;
	}
	if (mb->cache && total < ITEMS_SIZE_MAX)
		cache_put(mb->cache, uid, identity, put, n);
}

bool items_get(struct cache *c, uint64_t cache_id, const struct cache_key *k, struct buf *out,
	       struct bytes items[CACHE_ITEMS_MAX])
{
	uint32_t kinds = k->cache_at ? cache_kinds(c, cache_id, k) & ITEMS_ALL : 0;

	return kinds && cache_get(c, cache_id, k, kinds, out, items) > 0;
}

void items_collect(struct mailbox *mb, struct arena *scratch, uint32_t uid, uint64_t identity,
		   struct bytes raw)
{
	struct bytes items[CACHE_ITEMS_MAX];
	struct buf out = BUF_INIT;
	struct message m;

	message_parse(scratch, raw, &m);
	items_make(scratch, &m, ITEMS_ALL, &out, items);
	items_put(mb, uid, identity, items);
	buf_free(&out);
}

/* They were made just now; those of a message that is gone aren't kept. */
static void keep(struct mailbox *mb, const struct index_record *r,
		 const struct bytes items[CACHE_ITEMS_MAX])
{
	struct error e;

	if (r->state & INDEX_DEAD)
		return;
	items_put(mb, r->uid, mailbox_identity(mb, r), items);
	if (mb->cache && cache_pending(mb->cache) >= ITEMS_BATCH &&
	    cache_flush(mb->cache, mb->index, &e) < 0)
		log_warn("cache", "%s", e.log);
}

static void items_of_header(struct mailbox *mb, struct arena *a, const struct index_record *r,
			    uint32_t wanted, struct bytes raw, struct buf *out,
			    struct bytes items[CACHE_ITEMS_MAX])
{
	struct message m;

	message_parse_header(a, raw, &m);
	items_make(a, &m, wanted | ITEMS_LINES, out, items);
	keep(mb, r, items);
}

static void items_of_all(struct mailbox *mb, struct arena *a, const struct index_record *r,
			 struct bytes raw, struct buf *out, struct bytes items[CACHE_ITEMS_MAX])
{
	struct message m;

	message_parse(a, raw, &m);
	items_make(a, &m, ITEMS_ALL, out, items);
	if (m.octets != r->vsize && !(r->state & INDEX_DEAD))
		mailbox_learn(mb, r->uid, INDEX_DATE_UNKNOWN, m.octets);
	keep(mb, r, items);
}

void mailbox_items_of(struct mailbox *mb, struct arena *a, const struct index_record *r,
		      struct bytes raw, bool head, struct buf *out,
		      struct bytes items[CACHE_ITEMS_MAX])
{
	if (head)
		items_of_header(mb, a, r, ITEMS_LINES, raw, out, items);
	else
		items_of_all(mb, a, r, raw, out, items);
}

static bool items_cached(struct mailbox *mb, const struct index_record *r, uint32_t wanted,
			 struct buf *out, struct bytes items[CACHE_ITEMS_MAX])
{
	struct cache_key key = { r->uid, 0, r->cache_at };
	uint64_t cache_id;

	if (!mb->cache || !r->cache_at || !(cache_id = view_cache_id(mb->view)))
		return false;
	key.identity = mailbox_identity(mb, r);
	return cache_get(mb->cache, cache_id, &key, wanted, out, items) > 0;
}

/* An ENVELOPE of lines that are cached. */
static bool items_of_lines(struct mailbox *mb, struct arena *a, const struct index_record *r,
			   struct buf *out, struct bytes items[CACHE_ITEMS_MAX])
{
	size_t at = out->n;

	if (!items_cached(mb, r, ITEMS_LINES, out, items))
		return false;
	size_t n = out->n - at;
	headers_envelope(bytes_sub(buf_view(out), at, n), a, out);
	items[ITEM_HEADERS] = bytes_sub(buf_view(out), at, n);
	items[ITEM_ENVELOPE] = bytes_from(buf_view(out), at + n);
	keep(mb, r, items);
	return true;
}

int mailbox_items(struct mailbox *mb, struct arena *a, uint32_t seq, const struct index_record *r,
		  uint32_t wanted, struct buf *out, struct bytes items[CACHE_ITEMS_MAX],
		  struct error *e)
{
	/* A size that isn't known is asked for soon, and counting it takes the whole message. */
	bool head = !(wanted & ~ITEMS_OF_HEADER) && r->vsize != INDEX_SIZE_UNKNOWN;
	struct mail mail;
	int rc;

	if (items_cached(mb, r, wanted, out, items) ||
	    (head && items_of_lines(mb, a, r, out, items)))
		return 1;
	rc = mailbox_mail(mb, seq, head, &mail, e);
	if (rc <= 0)
		return rc;
	if (head)
		items_of_header(mb, a, r, wanted, mail.raw, out, items);
	else
		items_of_all(mb, a, r, mail.raw, out, items);
	mail_close(mb, &mail);
	return 1;
}

void mailbox_correct_size(struct mailbox *mb, uint32_t uid, uint64_t size)
{
	mailbox_learn(mb, uid, INDEX_DATE_UNKNOWN, size);
}

bool item_headers_kept(const struct bytes *names, size_t n)
{
	struct header_set set;

	return header_set_of(names, n, &set);
}

void item_header_lines(struct bytes item, const struct bytes *names, size_t n, struct buf *out)
{
	struct header_set set;

	header_set_of(names, n, &set);
	headers_pick(item, &set, out);
}
