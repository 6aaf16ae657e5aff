/*
 * show.c: the header of an index, its companions and its records as text (show.h).
 *
 * What is damaged is shown as it stands, and said; names of keys are part of roost-index(8)'s
 * promise to scripts, and only ever added to.
 */
#include "show.h"

#include <time.h>

#include "inspect.h"
#include "mailbox.h"
#include "print.h"

#define OUT_CHUNK 65536

static struct buf out;

#define show(...) buf_printf(&out, __VA_ARGS__)

static unsigned long long ull(uint64_t v)
{
	return v;
}

static unsigned percent(uint64_t part, uint64_t all)
{
	return all && part <= all ? (unsigned)(part * 100 / all) : 0;
}

static void tell(void *ctx, enum inspect_kind kind, const char *text)
{
	(void)ctx;
	buf_str(&out, kind == INSPECT_DAMAGE ? "damage: " : "note: ");
	print_safe(&out, bytes_of(text));
	buf_char(&out, '\n');
}

static void show_state(struct inspect *in, const struct index_header *h)
{
	const char *why = inspect_distrust(in);

	if (why)
		show("index: not usable: %s\n", why);
	else
		show("index: usable, %s\n",
		     h->clean ? "closed clean" : "in use or not closed clean");
}

static void show_mailbox(const struct index_header *h)
{
	show("uidvalidity: %u\nuidnext: %u\nhighestmodseq: %llu\nepoch: %llu\n", h->uidvalidity,
	     h->uidnext, ull(h->highest_modseq), ull(h->epoch));
	show("historyfrom: %llu\nfirstrecent: %u\n", ull(h->history_from), h->first_recent);
	show("messages: %llu\nunseen: %llu\ndeleted: %llu\nsize: %llu\n", ull(h->alive),
	     ull(h->unseen), ull(h->deleted), ull(h->vsize));
}

static void show_file(const struct index_header *h)
{
	show("id: %016llx\ngeneration: %llu\nindexsize: %llu\n", ull(h->id), ull(h->generation),
	     ull(h->file_size));
	show("records: %llu of %llu\nexpunged: %llu (%u %%)\n", ull(h->count), ull(h->capacity),
	     ull(h->count - h->alive), percent(h->count - h->alive, h->count));
	show("names: %llu\nnamesgarbage: %llu (%u %%)\n", ull(h->names_used),
	     ull(h->names_used - h->names_live),
	     percent(h->names_used - h->names_live, h->names_used));
}

static void show_others(struct inspect *in)
{
	struct inspect_journal j;
	struct inspect_cache c;

	inspect_journal(in, &j, tell, NULL);
	show("journal: %llu\n", ull(j.size));
	if (j.ours)
		show("changes: %llu\nunapplied: %llu\n", ull(j.frames), ull(j.pending));
	inspect_cache(in, true, &c, tell, NULL);
	show("cache: %llu\n", ull(c.size));
	if (c.ours)
		show("cached: %llu\noutdated: %llu\ncachegarbage: %llu (%u %%)\n", ull(c.entries),
		     ull(c.outdated), ull(c.size - c.live), percent(c.size - c.live, c.size));
}

static void show_keywords(struct inspect *in)
{
	char name[INDEX_KEYWORD_SIZE];

	for (unsigned i = 0; i < INDEX_KEYWORDS; i++) {
		size_t n = inspect_keyword(in, i, name);
		if (!n)
			continue;
		show("keyword %u: ", i);
		print_safe(&out, (struct bytes){ name, n });
		buf_char(&out, '\n');
	}
}

/* --- records --- */

static void show_flags(const struct index_record *r)
{
	static const char *const names[] = { "\\Seen", "\\Answered", "\\Flagged", "\\Deleted",
					     "\\Draft" };
	const char *comma = "";

	show(" flags=");
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (r->flags >> i & 1) {
			show("%s%s", comma, names[i]);
			comma = ",";
		}
	if (r->keywords)
		show(" keywords=%llx", ull(r->keywords));
}

static void show_date(int64_t date)
{
	time_t t = (time_t)date;
	struct tm tm;
	char text[32];

	if (date != INDEX_DATE_UNKNOWN && gmtime_r(&t, &tm) &&
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		show(" date=%s", text);
}

static void show_record(struct inspect *in, uint64_t slot)
{
	char name[INDEX_NAME_MAX + 1];
	struct index_record r;

	if (!inspect_record(in, slot, &r, name)) {
		show("record %llu: damaged uid=%u\n", ull(slot), r.uid);
		return;
	}
	show("record %llu: uid=%u%s modseq=%llu", ull(slot), r.uid,
	     r.state & INDEX_DEAD ? " expunged" : "", ull(r.modseq));
	show_flags(&r);
	if (r.vsize != INDEX_SIZE_UNKNOWN)
		show(" size=%llu", ull(r.vsize));
	show_date(r.internal_date);
	show(" cache=%llu driver=%u name=", ull(r.cache_at), r.driver);
	print_safe(&out, bytes_of(name));
	buf_char(&out, '\n');
}

static void show_records(struct inspect *in)
{
	for (uint64_t slot = 0, n = inspect_count(in); slot < n; slot++) {
		show_record(in, slot);
		if (out.n > OUT_CHUNK)
			print_out(&out);
	}
}

int show_folder(struct store *s, struct bytes name, bool records, struct error *e)
{
	struct index_header h;
	struct mailbox *mb;
	int dir, watch1, watch2;

	if (mailbox_open(s, name, MAILBOX_LOOK | MAILBOX_READONLY | MAILBOX_NOVIEW, &mb, e) < 0)
		return -1;
	mailbox_watch(mb, &dir, &watch1, &watch2);
	struct inspect *in = inspect_open(dir);
	bool whole = inspect_head(in, &h);
	buf_str(&out, "folder: ");
	print_safe(&out, name);
	buf_char(&out, '\n');
	show_state(in, &h);
	if (h.magic == INDEX_MAGIC) {
		if (!whole)
			show("damage: header\n");
		show_mailbox(&h);
		show_file(&h);
		show_others(in);
		show_keywords(in);
		if (records)
			show_records(in);
	}
	buf_char(&out, '\n');
	print_out(&out);
	inspect_close(in);
	mailbox_close(mb);
	return 0;
}
