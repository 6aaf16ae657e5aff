/*
 * maildir_check.c: a Maildir compared with its index, for tools (check.h).
 *
 * Under the shared mailbox lock: records, files and lines of the uidlist, which is what
 * sessions bring together in a sync.  Where the times say that a sync is due anyway, a
 * difference of flags, places or messages is no news; UIDs that contradict each other
 * always are.  Then without the lock each file is looked at: its size, and when asked its
 * content, parsed again and compared with the cache.  What was changed meanwhile is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "filemap.h"
#include "maildir_private.h"

#define PROGRESS_EVERY 64

struct checking {
	struct mailbox *mb;
	struct maildir *m;
	struct inspect *in;
	struct check *c;
	struct index_header head;
	struct maildir_state old, now;
	struct scan scan;
	struct uidlist list;
	bool listed;           /* the uidlist can be used */
	enum check_kind kind;  /* of what a sync would find */
	enum check_kind names; /* the same of keywords */
	/* without the lock */
	struct cache *cache;
	uint64_t outdated; /* entries of the cache */
	struct arena scratch;
	struct buf made, cached;
};

/* --- uidlist and keywords --- */

static int read_list(struct checking *k, struct error *e)
{
	int r = list_read(k->mb, &k->list, &k->now, e);

	if (r < 0)
		return -1;
	k->listed = r > 0 && k->list.usable;
	if (r == 0 && k->in)
		check_say(k->c, CHECK_DIFFERS,
			  "%s is gone; the next session writes it from the index", UIDLIST_FILE);
	else if (r > 0 && !k->list.usable)
		check_say(k->c, CHECK_DAMAGE, "%s: header", UIDLIST_FILE);
	else if (r > 0 && !k->list.complete)
		check_say(k->c, CHECK_DAMAGE, "%s: lines that make no sense, or one without end",
			  UIDLIST_FILE);
	return 0;
}

static void compare_headers(struct checking *k)
{
	const struct uidlist *l = &k->list;

	if (!k->listed)
		return;
	if (l->uidvalidity != k->head.uidvalidity)
		check_say(k->c, CHECK_DIFFERS, "UIDVALIDITY is %u in %s, %u in the index",
			  l->uidvalidity, UIDLIST_FILE, k->head.uidvalidity);
	if (l->uidnext < k->head.uidnext)
		check_say(k->c, CHECK_DIFFERS, "next UID is %u in %s, %u in the index", l->uidnext,
			  UIDLIST_FILE, k->head.uidnext);
	if (l->epoch != k->head.epoch)
		check_say(k->c, CHECK_DIFFERS, "epoch is %llu in %s, %llu in the index",
			  (unsigned long long)l->epoch, UIDLIST_FILE,
			  (unsigned long long)k->head.epoch);
}

static void compare_name(struct checking *k, unsigned n, struct bytes store)
{
	char name[INDEX_KEYWORD_SIZE];
	size_t length = inspect_keyword(k->in, n, name);

	if (store.n && !bytes_eq(store, (struct bytes){ name, length }))
		check_say(k->c, k->names, "keyword %u is %.*s in the store, %s in the index", n,
			  (int)store.n, store.p, name);
}

static int compare_keywords(struct checking *k, struct error *e)
{
	struct keyword_names file = { 0 };
	struct stamp at;

	if (keywords_read(k->mb, &file, &at, e) < 0)
		return -1;
	k->names = stamp_eq(at, k->old.keywords) ? k->kind : CHECK_PENDING;
	for (unsigned i = 0; i < MAILDIR_LETTERS; i++)
		compare_name(k, i, bytes_of(file.name[i]));
	for (unsigned i = 0; k->listed && i < UIDLIST_HIGH; i++)
		if (keyword_name_ok(k->list.high[i]))
			compare_name(k, UIDLIST_HIGH_FIRST + i, k->list.high[i]);
	return 0;
}

/* --- records, lines, files --- */

static void compare_line(struct checking *k, const struct index_record *r, struct bytes stem,
			 bool there)
{
	const struct uidlist_line *l = uidlist_by_uid(&k->list, r->uid);

	if (!l && there)
		check_say(k->c, CHECK_DIFFERS, "uid %u: not in %s", r->uid, UIDLIST_FILE);
	else if (l && !bytes_eq(l->stem, stem))
		check_say(k->c, CHECK_DIFFERS, "uid %u: %.*s in the index, %.*s in %s", r->uid,
			  (int)stem.n, stem.p, (int)l->stem.n, l->stem.p, UIDLIST_FILE);
	else if (l && l->keywords != (r->keywords & ~MAILDIR_LETTERS_MASK))
		check_say(k->c, k->kind, "uid %u: other keywords in %s", r->uid, UIDLIST_FILE);
}

static void compare_file(struct checking *k, const struct index_record *r, struct bytes stored,
			 const struct scan_entry *e)
{
	char name[MAILDIR_NAME_MAX + 1];
	struct bytes is = scan_name(&k->scan, e);
	size_t n = maildir_name_write(stored, r->driver, r->flags, r->keywords, name);

	if (e->where != (r->driver & MAILDIR_NEW) || !bytes_eq(is, (struct bytes){ name, n }))
		check_say(k->c, k->kind, "uid %u: the file is %s/%s, in the index %s/%s", r->uid,
			  e->where ? "new" : "cur", is.p, r->driver & MAILDIR_NEW ? "new" : "cur",
			  name);
}

static void compare_record(struct checking *k, const struct index_record *r, struct bytes stored)
{
	struct bytes stem = r->driver & MAILDIR_ODD ? maildir_stem(stored) : stored;
	struct scan_entry *e = scan_find(&k->scan, stem);

	k->c->messages++;
	if (!e)
		check_say(k->c, k->kind, "uid %u: no file %.*s", r->uid, (int)stem.n, stem.p);
	else if (e->uid)
		check_say(k->c, CHECK_DIFFERS, "uids %u and %u have one file %.*s", e->uid, r->uid,
			  (int)stem.n, stem.p);
	else
		compare_file(k, r, stored, e);
	if (e)
		e->uid = r->uid;
	if (k->listed)
		compare_line(k, r, stem, e != NULL);
}

static void compare_records(struct checking *k)
{
	char name[INDEX_NAME_MAX + 1];
	struct index_record r;

	for (uint64_t slot = 0, n = inspect_count(k->in); slot < n; slot++)
		if (inspect_record(k->in, slot, &r, name) && !(r.state & INDEX_DEAD))
			compare_record(k, &r, bytes_of(name));
}

static void compare_rest(struct checking *k)
{
	for (size_t i = 0; i < k->scan.n; i++) {
		struct scan_entry *e = &k->scan.entries[i];
		if (!e->uid && !(e->bits & SCAN_DROPPED))
			check_say(k->c, k->kind, "no message in the index: %s/%s",
				  e->where ? "new" : "cur", scan_name(&k->scan, e).p);
	}
	if (k->scan.left_out)
		check_say(k->c, CHECK_NOTE,
			  "files whose base name is there twice or can't be kept");
}

/* A sync would find nothing to do, and not because it trusts its own last change. */
static bool is_settled(const struct checking *k)
{
	return k->c->found[CHECK_PENDING] == 0 && k->old.own_since == 0 &&
	       !(k->old.bits & (STATE_SUSPECTS | STATE_LEFT_OUT)) &&
	       maildir_unchanged(k->m, &k->old, &k->now, MAILBOX_SYNC_FULL);
}

static int compare(struct checking *k, struct error *e)
{
	if (maildir_look(k->mb, &k->now, e) < 0 || read_list(k, e) < 0)
		return -1;
	if (!k->in)
		return 0;
	inspect_head(k->in, &k->head);
	maildir_state_get(&k->head, &k->old);
	if (scan_run(k->mb, &k->scan, false, e) < 0)
		return -1;
	scan_resolve(k->mb, &k->scan); /* renames nothing: opened read-only */
	k->kind = is_settled(k) && k->scan.quiet ? CHECK_DIFFERS : CHECK_PENDING;
	compare_headers(k);
	compare_records(k);
	compare_rest(k);
	return compare_keywords(k, e);
}

/* --- without the lock --- */

static bool read_file(int dir, const char *name, const struct stat *seen, struct buf *to)
{
	struct stat st;
	int fd = file_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	size_t n = (size_t)seen->st_size;
	ssize_t got = -1;

	buf_reset(to);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_ino == seen->st_ino && st.st_size == seen->st_size)
		got = file_pread_all(fd, buf_reserve(to, n + 1), n, 0);
	close(fd);
	to->n = got > 0 ? (size_t)got : 0;
	return got == (ssize_t)n;
}

/* It is now what it was: nobody changed it while we looked. */
static bool same_record(struct checking *k, uint64_t slot, const struct index_record *r)
{
	char name[INDEX_NAME_MAX + 1];
	struct index_record now;
	struct index_header h;

	return inspect_head(k->in, &h) && h.cache_id == k->head.cache_id && !h.superseded &&
	       inspect_record(k->in, slot, &now, name) && memcmp(&now, r, sizeof(now)) == 0;
}

struct wrong {
	const char *what; /* NULL: nothing */
	enum check_kind kind;
};
static const struct wrong nothing;

static struct wrong differs(const char *what)
{
	return (struct wrong){ what, CHECK_DIFFERS };
}

static struct wrong no_entry(struct checking *k, const struct index_record *r)
{
	bool outdated = inspect_cache_outdated(k->in, r);

	k->outdated += outdated;
	return outdated ? nothing : (struct wrong){ "no whole entry in the cache", CHECK_DAMAGE };
}

/* The cache's items are those of the message as it is. */
static struct wrong compare_items(struct checking *k, const struct index_record *r,
				  struct bytes stored, const struct message *m)
{
	struct cache_key key = { r->uid, maildir_identity(stored), r->cache_at };
	struct bytes made[CACHE_ITEMS_MAX], items[CACHE_ITEMS_MAX];

	buf_reset(&k->cached);
	if (!r->cache_at || !k->c->cached)
		return nothing;
	if (!items_get(k->cache, k->head.cache_id, &key, &k->cached, items))
		return no_entry(k, r);
	if (!m)
		return nothing;
	buf_reset(&k->made);
	items_make(&k->scratch, m, ITEMS_ALL, &k->made, made);
	for (unsigned i = 0; i < ITEMS; i++)
		if (items[i].p && !bytes_eq(made[i], items[i]))
			return differs("the cache says other things than the message");
	return nothing;
}

static struct wrong compare_content(struct checking *k, const struct index_record *r,
				    struct bytes stored, const char *name, const struct stat *st)
{
	struct message m;
	struct buf raw = BUF_INIT;
	struct wrong w = nothing;

	if (!read_file(maildir_dir(k->m, r->driver), name, st, &raw)) {
		if (errno != ENOENT)
			w = differs("the message can't be read");
	} else {
		message_parse(&k->scratch, buf_view(&raw), &m);
		if (r->vsize != INDEX_SIZE_UNKNOWN && r->vsize != m.octets)
			w = differs("another size than the message");
		else
			w = compare_items(k, r, stored, &m);
	}
	buf_free(&raw);
	arena_reset(&k->scratch);
	return w;
}

static struct wrong compare_stored(struct checking *k, const struct index_record *r,
				   struct bytes stored)
{
	char name[MAILDIR_NAME_MAX + 1];
	struct stat st;

	if (!maildir_name_write(stored, r->driver, r->flags, r->keywords, name) ||
	    strchr(name, '/') || fstatat(maildir_dir(k->m, r->driver), name, &st, 0) < 0)
		return nothing; /* told before, or renamed since */
	uint64_t size = (uint64_t)st.st_size;
	if (r->vsize != INDEX_SIZE_UNKNOWN && (r->vsize < size || r->vsize / 2 > size))
		return differs("a size that the file can't have");
	return k->c->contents ? compare_content(k, r, stored, name, &st)
			      : compare_items(k, r, stored, NULL);
}

static void compare_message(struct checking *k, uint64_t slot)
{
	char stored[INDEX_NAME_MAX + 1];
	struct index_record r;

	if (!inspect_record(k->in, slot, &r, stored) || (r.state & INDEX_DEAD))
		return;
	struct wrong w = compare_stored(k, &r, bytes_of(stored));
	if (w.what && same_record(k, slot, &r))
		check_say(k->c, w.kind, "uid %u: %s", r.uid, w.what);
}

static void compare_messages(struct checking *k)
{
	uint64_t n = inspect_count(k->in);

	k->cache = cache_open(k->mb->indexfd, true);
	for (uint64_t slot = 0; slot < n; slot++) {
		compare_message(k, slot);
		if (k->c->progress && (slot % PROGRESS_EVERY == 0 || slot + 1 == n))
			k->c->progress(k->c->ctx, slot + 1, n);
	}
	cache_close(k->cache);
	if (k->outdated)
		check_say(k->c, CHECK_NOTE, "cache: %llu entries of an older form, not used",
			  (unsigned long long)k->outdated);
}

int maildir_check(struct mailbox *mb, struct inspect *in, struct check *c, struct error *e)
{
	struct checking k = { .mb = mb, .m = maildir_of(mb), .in = in, .c = c };
	int r = compare(&k, e);

	scan_free(&k.scan);
	uidlist_free(&k.list);
	file_unlock(mb->lockfd);
	if (r == 0 && in)
		compare_messages(&k);
	buf_free(&k.made);
	buf_free(&k.cached);
	arena_free(&k.scratch);
	return r;
}

uint32_t maildir_uidvalidity(struct mailbox *mb)
{
	struct maildir_state ignored = { 0 };
	struct uidlist list = UIDLIST_INIT;
	struct error e;
	uint32_t v = list_read(mb, &list, &ignored, &e) > 0 && list.usable ? list.uidvalidity : 0;

	uidlist_free(&list);
	return v;
}
