/*
 * fetch.c: FETCH and UID FETCH, RFC 3501 §6.4.5, §6.4.8, §7.4.2.
 *
 * Memory doesn't grow with the number of messages: what one needs is given
 * back before the next.  A message that was expunged elsewhere is served from
 * index and cache; what would need its file is left out, and the command ends NO
 * [EXPUNGEISSUED] (RFC 2180 §4.1.2).  \Seen is set for a batch of messages before they are
 * sent, so that the new flags go out with them.
 */
#include "fetch.h"

#include "date.h"
#include "log.h"
#include "messages.h"
#include "num.h"
#include "response.h"

struct fetch {
	struct session *s;
	struct fetch_plan plan;
	bool uid;             /* UID FETCH: every response has the UID */
	struct arena scratch; /* reset after each message that used it */
	bool scratch_used;
	struct buf cached, text;
	uint64_t mailbox; /* for the memo; 0: not used */

	/* Of this message: */
	bool begun; /* "* 1 FETCH (" is written */
	bool space; /* ... and something behind it */
	bool flags_sent;

	bool gone;   /* of some message something was left out */
	bool broken; /* the view can't be read any more */
	bool failed;
	struct error error; /* the first one */
};

static struct fetch_memo memo; /* of this session, which is the process */

#define BEGIN_MAX (2 * NUM_DIGITS + 14)

/* "* 1 FETCH (" unless it is there. */
static void begin_response(struct fetch *f, const struct fetch_message *m)
{
	struct writer *w = &f->s->out;

	if (f->begun)
		return;
	char *start = writer_room(w, BEGIN_MAX), *p = start;
	memcpy(p, "* ", 2);
	p += 2;
	p += num_format(p, m->seq);
	memcpy(p, " FETCH (", 8);
	p += 8;
	if (f->uid) {
		memcpy(p, "UID ", 4);
		p += 4;
		p += num_format(p, m->record.uid);
	}
	writer_wrote(w, (size_t)(p - start));
	f->begun = true;
	f->space = f->uid;
}

static void begin_item(struct fetch *f, const struct fetch_message *m, struct bytes label)
{
	begin_response(f, m);
	if (f->space)
		writer_char(&f->s->out, ' ');
	f->space = true;
	writer_bytes(&f->s->out, label);
}

static void end_response(struct fetch *f)
{
	if (f->begun)
		writer_put(&f->s->out, ")\r\n", 3);
	f->begun = f->space = f->flags_sent = false;
}

static void note_error(struct fetch *f, const struct error *e)
{
	if (!f->failed)
		f->error = *e;
	f->failed = true;
}

/* What a look-up returned: 1, 0 gone, -1.  True if it is there. */
static bool found(struct fetch *f, int rc, const struct error *e)
{
	if (rc < 0)
		note_error(f, e);
	else if (rc == 0)
		f->gone = true;
	return rc > 0;
}

static void write_flags(struct fetch *f, const struct fetch_message *m)
{
	begin_item(f, m, BYTES("FLAGS "));
	session_write_flags(f->s, &m->record);
	f->flags_sent = true;
}

static void write_size(struct fetch *f, struct fetch_message *m, struct bytes label)
{
	struct error e = { .kind = ERROR_TEMPORARY,
			   .user = "Size of a message not available",
			   .log = "no size" };
	uint64_t size = m->octets;

	if (!m->counted && !found(f, mailbox_size(f->s->mb, m->seq, &m->record, &size), &e))
		return;
	begin_item(f, m, label);
	writer_u64(&f->s->out, size);
}

static void write_date(struct fetch *f, struct fetch_message *m, struct bytes label)
{
	struct error e = { .kind = ERROR_TEMPORARY,
			   .user = "Date of a message not available",
			   .log = "no date" };
	struct writer *w = &f->s->out;
	int64_t date;
	char *p;

	if (!found(f, mailbox_date(f->s->mb, m->seq, &m->record, &date), &e))
		return;
	begin_item(f, m, label);
	p = writer_room(w, DATE_INTERNAL_LEN + 2);
	p[0] = p[DATE_INTERNAL_LEN + 1] = '"';
	date_format_internal(p + 1, date);
	writer_wrote(w, DATE_INTERNAL_LEN + 2);
}

static void write_cached(struct fetch *f, struct fetch_message *m, struct bytes label,
			 enum item item)
{
	if (!m->items[item].p)
		return;
	begin_item(f, m, label);
	writer_bytes(&f->s->out, m->items[item]);
}

static void write_body(struct fetch *f, struct fetch_message *m, struct bytes label)
{
	if (!m->items[ITEM_BODYSTRUCTURE].p)
		return;
	buf_reset(&f->text);
	body_write(&f->text, m->items[ITEM_BODYSTRUCTURE]);
	begin_item(f, m, label);
	writer_bytes(&f->s->out, buf_view(&f->text));
}

static void write_section(struct fetch *f, struct fetch_message *m, const struct fetch_item *item)
{
	if (item->section.kept ? !m->items[ITEM_HEADERS].p : !m->have_mail)
		return;
	begin_item(f, m, item->label);
	f->scratch_used = true;
	fetch_section(&f->s->out, &f->scratch, &f->text, m, &item->section);
}

static void write_item(struct fetch *f, struct fetch_message *m, const struct fetch_item *item)
{
	switch (item->kind) {
	case FETCH_UID:
		if (f->uid) {
			begin_response(f, m);
			break;
		}
		begin_item(f, m, item->label);
		writer_u64(&f->s->out, m->record.uid);
		break;
	case FETCH_FLAGS:
		write_flags(f, m);
		break;
	case FETCH_INTERNALDATE:
		write_date(f, m, item->label);
		break;
	case FETCH_SIZE:
		write_size(f, m, item->label);
		break;
	case FETCH_ENVELOPE:
		write_cached(f, m, item->label, ITEM_ENVELOPE);
		break;
	case FETCH_BODYSTRUCTURE:
		write_cached(f, m, item->label, ITEM_BODYSTRUCTURE);
		break;
	case FETCH_BODY:
		write_body(f, m, item->label);
		break;
	case FETCH_SECTION:
		write_section(f, m, item);
		break;
	}
}

/* The size in the index came from a file's name or an older version of the file. */
static void correct_size(struct fetch *f, struct fetch_message *m)
{
	if (fetch_octets(m) != m->record.vsize && !(m->record.state & INDEX_DEAD))
		mailbox_correct_size(f->s->mb, m->record.uid, m->octets);
}

/* Gets what the items of the plan are made of. */
static void prepare(struct fetch *f, struct fetch_message *m)
{
	struct error e;

	if (f->plan.file) {
		bool head = !f->plan.body;
		m->have_mail = found(f, mailbox_mail(f->s->mb, m->seq, head, &m->mail, &e), &e);
		if (m->have_mail && !head && f->plan.kinds & 1u << FETCH_SIZE)
			correct_size(f, m);
	}
	if (!f->plan.cached)
		return;
	buf_reset(&f->cached);
	f->scratch_used = true;
	if (!found(f,
		   mailbox_items(f->s->mb, &f->scratch, m->seq, &m->record, f->plan.cached,
				 &f->cached, m->items, &e),
		   &e))
		memset(m->items, 0, sizeof(m->items));
}

/* One message; new_flags: \Seen was set just now. */
static void send_message(struct fetch *f, uint32_t seq, bool new_flags)
{
	struct fetch_message m;

	m.seq = seq;
	m.have_mail = m.counted = false;
	m.parsed = PARSED_NOT;
	m.memo = f->mailbox ? &memo : NULL;
	m.mailbox = f->mailbox;
	if (!session_read(f->s, seq, &m.record)) {
		f->broken = true;
		return;
	}
	if ((new_flags || f->plan.kinds & 1u << FETCH_FLAGS) &&
	    m.record.keywords & ~f->s->keywords_told)
		response_new_keywords(f->s);
	prepare(f, &m);
	for (size_t i = 0; i < f->plan.n; i++)
		write_item(f, &m, &f->plan.items[i]);
	if (m.have_mail && m.counted)
		correct_size(f, &m);
	if (new_flags && (m.record.flags & FLAG_SEEN) && !f->flags_sent) {
		write_flags(f, &m);
	}
	end_response(f);
	if (m.have_mail)
		mail_close(f->s->mb, &m.mail);
	if (f->scratch_used)
		arena_reset(&f->scratch);
	f->scratch_used = false;
}

/* Sets \Seen where it isn't, and says where it was set.  A mailbox that
 * can't be changed is read all the same. */
static void set_seen(struct fetch *f, const uint32_t *seqs, size_t n, bool *changed)
{
	struct flag_list seen = { .flags = FLAG_SEEN };
	struct change_result r = { 0 };
	uint32_t uids[FETCH_BATCH];
	struct index_record record;
	struct error e;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		changed[i] = session_read(f->s, seqs[i], &record) && !(record.flags & FLAG_SEEN) &&
			     !(record.state & INDEX_DEAD);
		if (changed[i])
			uids[k++] = record.uid;
	}
	if (k == 0)
		return;
	if (mailbox_store_flags(f->s->mb, &f->scratch, uids, k, FLAGS_ADD, &seen, UINT64_MAX, &r,
				&e) < 0)
		log_warn("fetch", "seen: %s", e.log);
	if (r.alone && r.modseq != r.before)
		view_own(f->s->view, r.before, r.modseq);
	f->scratch_used = true;
}

/* There is nobody to send to, or nothing to send. */
static bool over(const struct fetch *f)
{
	return f->s->out.error || *f->s->stop || f->broken;
}

static void send_batch(struct fetch *f, const uint32_t *seqs, size_t n)
{
	bool changed[FETCH_BATCH] = { false };

	if (f->plan.seen && !over(f))
		set_seen(f, seqs, n, changed);
	for (size_t i = 0; i < n && !over(f); i++)
		send_message(f, seqs[i], changed[i]);
}

static void send_all(struct fetch *f, const struct seqset *set)
{
	uint32_t batch[FETCH_BATCH];
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		for (uint32_t seq = set->r[i].first; seq <= set->r[i].last; seq++) {
			batch[n++] = seq;
			if (n < FETCH_BATCH)
				continue;
			send_batch(f, batch, n);
			n = 0;
		}
	}
	send_batch(f, batch, n);
}

/* The mailbox as the memo knows it. */
static uint64_t mailbox_hash(struct session *s)
{
	struct bytes name = mailbox_name(s->mb);
	struct index_header h;

	return view_head(s->view, &h) ? num_hash_seeded(h.uidvalidity, name.p, name.n) : 0;
}

static struct result finish(struct fetch *f)
{
	arena_free(&f->scratch);
	buf_free(&f->cached);
	buf_free(&f->text);
	if (f->broken)
		return session_gone(f->s)
			       ? result_no("NONEXISTENT", "The selected mailbox was deleted")
			       : result_no("UNAVAILABLE", "The mailbox can't be read");
	if (*f->s->stop)
		return result_no("UNAVAILABLE", "Server shutting down");
	if (f->failed)
		return result_selected_error(f->s, "fetch", &f->error);
	if (f->gone)
		return result_no("EXPUNGEISSUED", "Some messages are gone");
	return result_ok("FETCH completed");
}

struct result cmd_fetch(struct session *s, struct command *c)
{
	struct fetch f = { .s = s, .uid = c->uid };
	struct seqset set;
	const char *bad;

	if (!parse_space(&c->args))
		return result_bad("Message set expected");
	bad = messages_ranges(s, &c->args, c->uid, &set);
	if (!bad && !parse_space(&c->args))
		bad = "Data items expected";
	if (!bad)
		bad = fetch_parse(&c->args, &s->cmd, &f.plan);
	if (!bad && !parse_end(&c->args))
		bad = "Unexpected argument";
	if (bad)
		return result_bad(bad);
	f.plan.seen &= !mailbox_readonly(s->mb);
	if (f.plan.partial)
		f.mailbox = mailbox_hash(s);
	send_all(&f, &set);
	return finish(&f);
}

void fetch_write_flags(struct session *s, uint32_t seq, const struct index_record *r, bool uid)
{
	struct fetch f = { .s = s, .uid = uid };
	struct fetch_message m = { .seq = seq, .record = *r };

	write_flags(&f, &m);
	end_response(&f);
}
