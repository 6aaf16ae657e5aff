/*
 * items.c: what clients ask of a message in the form it goes over the wire,
 * from the cache, or made of the message once and given to the cache.
 *
 * A message is parsed as a whole and all items are made at once, so that the
 * next command of any kind finds them.  Nothing here holds a lock but
 * cache_flush, for the batch it writes (index-design §11).
 */
#include "headers.h"
#include "log.h"
#include "mailbox_private.h"

/* Entries collected before they are written: some hundred kilobytes. */
#define ITEMS_BATCH 500
/* A message whose items are larger is parsed each time. */
#define ITEMS_SIZE_MAX (CACHE_ENTRY_MAX / 2)

_Static_assert(ITEMS <= CACHE_ITEMS_MAX, "the cache has room for the kinds");

void items_make(struct arena *scratch, const struct message *m, struct buf *out,
		struct bytes items[CACHE_ITEMS_MAX])
{
	size_t at[ITEMS + 1];

	at[ITEM_ENVELOPE] = out->n;
	envelope_write(out, scratch, m, m->root);
	at[ITEM_BODYSTRUCTURE] = out->n;
	bodystructure_write(out, scratch, m, true);
	at[ITEM_HEADERS] = out->n;
	headers_write(out, m);
	at[ITEMS] = out->n;
	for (unsigned i = 0; i < ITEMS; i++)
		items[i] = bytes_sub(buf_view(out), at[i], at[i + 1] - at[i]);
}

static void items_put(struct mailbox *mb, uint32_t uid, uint64_t identity,
		      const struct bytes items[CACHE_ITEMS_MAX])
{
	struct cache_item put[ITEMS];
	size_t total = 0;

	for (unsigned i = 0; i < ITEMS; i++) {
		put[i] = (struct cache_item){ (uint8_t)i, items[i] };
		total += items[i].n;
	}
	if (mb->cache && total < ITEMS_SIZE_MAX)
		cache_put(mb->cache, uid, identity, put, ITEMS);
}

void items_collect(struct mailbox *mb, struct arena *scratch, uint32_t uid, uint64_t identity,
		   struct bytes raw)
{
	struct bytes items[CACHE_ITEMS_MAX];
	struct buf out = BUF_INIT;
	struct message m;

	message_parse(scratch, raw, &m);
	items_make(scratch, &m, &out, items);
	items_put(mb, uid, identity, items);
	buf_free(&out);
}

void mailbox_items_of(struct mailbox *mb, struct arena *a, const struct index_record *r,
		      struct bytes raw, struct buf *out, struct bytes items[CACHE_ITEMS_MAX])
{
	struct message m;
	struct error e;

	message_parse(a, raw, &m);
	items_make(a, &m, out, items);
	if (r->state & INDEX_DEAD)
		return;
	if (m.octets != r->vsize)
		mailbox_learn(mb, r->uid, INDEX_DATE_UNKNOWN, m.octets);
	items_put(mb, r->uid, mailbox_identity(mb, r), items);
	if (mb->cache && cache_pending(mb->cache) >= ITEMS_BATCH &&
	    cache_flush(mb->cache, mb->index, &e) < 0)
		log_warn("cache", "%s", e.log);
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

int mailbox_items(struct mailbox *mb, struct arena *a, uint32_t seq, const struct index_record *r,
		  uint32_t wanted, struct buf *out, struct bytes items[CACHE_ITEMS_MAX],
		  struct error *e)
{
	struct mail mail;
	int rc;

	if (items_cached(mb, r, wanted, out, items))
		return 1;
	rc = mailbox_mail(mb, seq, &mail, e);
	if (rc <= 0)
		return rc;
	mailbox_items_of(mb, a, r, mail.raw, out, items);
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
