/*
 * search.c: SEARCH and UID SEARCH, RFC 3501 §6.4.4, §7.2.5.
 *
 * Keys are asked cheapest first: the index record, then sizes and dates that the
 * store may have to look up, then the kept header lines of the cache, and
 * only then the file, which is read at most once.  Whole blocks of messages are passed over
 * where a flag that must be set (or not) rules them out.  A message that is gone
 * matches by what index and cache know, and not at all if its file had
 * to be asked.
 */
#include "search.h"

#include "date.h"
#include "headers.h"
#include "messages.h"

struct search {
	struct session *s;
	struct search_key *root;
	bool uid;
	uint32_t first, last; /* outside of it nothing can match */
	int skip;             /* enum view_skip, or -1 */

	struct arena scratch;
	struct buf items;
	bool failed;
	struct error error;

	/* The message that is looked at. */
	uint32_t seq;
	struct index_record record;
	bool gone;            /* a key couldn't be answered: no match */
	bool used;            /* some of what follows */
	struct bytes headers; /* ITEM_HEADERS; p == NULL: not asked for yet */
	bool have_mail;
	struct mail mail;
	enum { PARSED_NOT, PARSED_HEADER, PARSED_ALL } parsed;
	struct message message;
};

/* Result of a look-up: 1, 0 gone, -1. */
static bool found(struct search *q, int rc, const struct error *e)
{
	if (rc > 0)
		return true;
	q->gone = true;
	if (rc < 0 && !q->failed) {
		q->error = *e;
		q->failed = true;
	}
	return false;
}

/* No key looks into bodies: headers are read, and no more. */
static bool headers_only(const struct search *q)
{
	return q->root->cost < COST_BODY;
}

static bool need_mail(struct search *q)
{
	struct error e;

	q->used = true;
	if (!q->have_mail)
		q->have_mail =
			found(q, mailbox_mail(q->s->mb, q->seq, headers_only(q), &q->mail, &e), &e);
	return q->have_mail;
}

static bool need_message(struct search *q, bool all)
{
	if (q->parsed == PARSED_ALL || (q->parsed == PARSED_HEADER && !all))
		return true;
	if (!need_mail(q))
		return false;
	if (all)
		message_parse(&q->scratch, q->mail.raw, &q->message);
	else
		message_parse_header(&q->scratch, q->mail.raw, &q->message);
	q->parsed = all ? PARSED_ALL : PARSED_HEADER;
	return true;
}

/* The kept header lines.  Where the file will be wanted as well, and nothing is
 * cached, it is read here, once for both. */
static bool need_headers(struct search *q)
{
	struct bytes items[CACHE_ITEMS_MAX];
	struct error e;

	if (q->headers.p)
		return true;
	q->used = true;
	buf_reset(&q->items);
	if (q->root->cost > COST_CACHE && !q->record.cache_at) {
		if (!need_mail(q))
			return false;
		mailbox_items_of(q->s->mb, &q->scratch, &q->record, q->mail.raw, headers_only(q),
				 &q->items, items);
	} else if (!found(q,
			  mailbox_items(q->s->mb, &q->scratch, q->seq, &q->record,
					1u << ITEM_HEADERS, &q->items, items, &e),
			  &e)) {
		return false;
	}
	q->headers = items[ITEM_HEADERS];
	return true;
}

static bool match_kept(struct search *q, const struct search_key *k)
{
	struct header_line line;
	struct bytes rest;
	bool end;

	if (!need_headers(q) || !headers_begin(q->headers, &rest, &end))
		return false;
	while (headers_next(&rest, k->header, &line))
		if (!k->needle || needle_in_header(k->needle, line.value))
			return true;
	return false;
}

static bool match_header(struct search *q, const struct search_key *k)
{
	const struct part *root;

	if (k->header >= 0)
		return match_kept(q, k);
	if (!need_message(q, false))
		return false;
	root = q->message.root;
	for (size_t i = 0; i < root->nfields; i++)
		if (bytes_ieq(root->fields[i].name, k->name) &&
		    (!k->needle || needle_in_header(k->needle, root->fields[i].value)))
			return true;
	return false;
}

static bool match_text(struct search *q, const struct search_key *k)
{
	return need_message(q, true) &&
	       needle_in_message(k->needle, &q->scratch, &q->message, k->kind == SEARCH_TEXT);
}

/* kind: BEFORE, ON, SINCE or their SENT forms. */
static bool match_day(enum search_kind kind, int64_t day, int64_t wanted)
{
	switch (kind) {
	case SEARCH_BEFORE:
	case SEARCH_SENTBEFORE:
		return day < wanted;
	case SEARCH_ON:
	case SEARCH_SENTON:
		return day == wanted;
	default:
		return day >= wanted;
	}
}

static bool match_internal(struct search *q, const struct search_key *k)
{
	struct error e = { .kind = ERROR_TEMPORARY, .user = "Date of a message not available" };
	int64_t date;

	if (!found(q, mailbox_date(q->s->mb, q->seq, &q->record, &date), &e))
		return false;
	return match_day(k->kind, date_day(date, date_local_offset(date)), k->day);
}

/* By the sender's own day; no match without a date that can be understood. */
static bool match_sent(struct search *q, const struct search_key *k)
{
	struct header_line line;
	struct bytes rest;
	struct date d;
	bool end;

	return need_headers(q) && headers_begin(q->headers, &rest, &end) &&
	       headers_next(&rest, k->header, &line) && date_parse(line.value, &d) &&
	       match_day(k->kind, date_day(d.utc, d.offset), k->day);
}

static bool match_size(struct search *q, const struct search_key *k)
{
	struct error e = { .kind = ERROR_TEMPORARY, .user = "Size of a message not available" };
	uint64_t size;

	if (!found(q, mailbox_size(q->s->mb, q->seq, &q->record, &size), &e))
		return false;
	return k->kind == SEARCH_LARGER ? size > k->number : size < k->number;
}

static bool match(struct search *q, const struct search_key *k);

static bool match_list(struct search *q, const struct search_key *k)
{
	bool any = k->kind == SEARCH_OR;

	for (const struct search_key *c = k->child; c; c = c->next)
		if (match(q, c) == any)
			return any;
	return !any;
}

static bool match_plain(struct search *q, const struct search_key *k)
{
	switch (k->kind) {
	case SEARCH_ALL:
		return true;
	case SEARCH_AND:
	case SEARCH_OR:
		return match_list(q, k);
	case SEARCH_SEQ:
		return seqset_has(&k->set, q->seq);
	case SEARCH_UID:
		return seqset_has(&k->set, q->record.uid);
	case SEARCH_FLAG:
		return q->record.flags & k->flag;
	case SEARCH_KEYWORD:
		return k->keyword >= 0 && (q->record.keywords >> k->keyword & 1);
	case SEARCH_RECENT:
		return mailbox_is_recent(q->s->mb, q->record.uid);
	case SEARCH_LARGER:
	case SEARCH_SMALLER:
		return match_size(q, k);
	case SEARCH_BEFORE:
	case SEARCH_ON:
	case SEARCH_SINCE:
		return match_internal(q, k);
	case SEARCH_SENTBEFORE:
	case SEARCH_SENTON:
	case SEARCH_SENTSINCE:
		return match_sent(q, k);
	case SEARCH_HEADER:
		return match_header(q, k);
	case SEARCH_BODY:
	case SEARCH_TEXT:
		return match_text(q, k);
	}
	return false;
}

static bool match(struct search *q, const struct search_key *k)
{
	return match_plain(q, k) != k->negate;
}

static bool match_message(struct search *q, uint32_t seq)
{
	bool matched;

	q->seq = seq;
	q->gone = q->used = q->have_mail = false;
	q->headers.p = NULL;
	q->parsed = PARSED_NOT;
	matched = match(q, q->root) && !q->gone;
	if (!q->used)
		return matched;
	if (q->have_mail)
		mail_close(q->s->mb, &q->mail);
	arena_reset(&q->scratch);
	return matched;
}

/* Looks keyword names up, once. */
static void resolve(struct search *q, struct search_key *k)
{
	if (k->kind == SEARCH_KEYWORD)
		k->keyword = mailbox_keyword_find(q->s->mb, k->name);
	for (struct search_key *c = k->child; c; c = c->next)
		resolve(q, c);
}

/* Narrows first..last to what a set allows. */
static void narrow_to(struct search *q, const struct search_key *k)
{
	const struct seqset *set = &k->set;
	uint32_t first, last;

	if (set->n == 0) {
		q->last = 0;
		return;
	}
	first = set->r[0].first;
	last = set->r[set->n - 1].last;
	if (k->kind == SEARCH_UID) {
		first = view_seq_from(q->s->view, first);
		if (last != UINT32_MAX)
			last = view_seq_from(q->s->view, last + 1) - 1;
	}
	if (first > q->first)
		q->first = first;
	if (last < q->last)
		q->last = last;
}

/* What all matches must have in common. */
static void narrow(struct search *q)
{
	for (const struct search_key *k = q->root->child; k; k = k->next) {
		if ((k->kind == SEARCH_SEQ || k->kind == SEARCH_UID) && !k->negate)
			narrow_to(q, k);
		if (k->kind != SEARCH_FLAG || q->skip >= 0)
			continue;
		if (k->flag == FLAG_DELETED && !k->negate)
			q->skip = VIEW_DELETED;
		else if (k->flag == FLAG_FLAGGED && !k->negate)
			q->skip = VIEW_FLAGGED;
		else if (k->flag == FLAG_SEEN && k->negate)
			q->skip = VIEW_UNSEEN;
	}
}

/* False: the view can't be read any more. */
static bool run(struct search *q)
{
	struct writer *w = &q->s->out;

	for (uint32_t seq = q->first; seq <= q->last && !w->error && !*q->s->stop; seq++) {
		if (q->skip >= 0)
			seq = view_skip(q->s->view, seq, (enum view_skip)q->skip, 0);
		if (seq > q->last)
			break;
		if (!session_read(q->s, seq, &q->record))
			return false;
		if (!match_message(q, seq))
			continue;
		writer_char(w, ' ');
		writer_u64(w, q->uid ? q->record.uid : seq);
	}
	return true;
}

static struct result search(struct search *q)
{
	bool whole;

	uint32_t count = q->last;

	resolve(q, q->root);
	narrow(q);
	if (!view_ok(q->s->view)) { /* not believed: all are looked at, which repairs */
		q->first = 1;
		q->last = count;
	}
	writer_str(&q->s->out, "* SEARCH");
	whole = run(q);
	writer_str(&q->s->out, "\r\n");
	arena_free(&q->scratch);
	buf_free(&q->items);
	if (!whole)
		return result_no("UNAVAILABLE", "The mailbox can't be read");
	if (*q->s->stop)
		return result_no("UNAVAILABLE", "Server shutting down");
	if (q->failed)
		return result_selected_error(q->s, "search", &q->error);
	return result_ok("SEARCH completed");
}

struct result cmd_search(struct session *s, struct command *c)
{
	uint32_t count = view_count(s->view);
	struct search q = { .s = s, .uid = c->uid, .first = 1, .last = count, .skip = -1 };
	struct search_plan plan = { 0 };
	const char *bad;

	if (!parse_space(&c->args))
		return result_bad("Search key expected");
	bad = search_parse(&c->args, &s->cmd, count, messages_last_uid(s), &plan);
	if (bad)
		return result_bad(bad);
	if (plan.bad_charset)
		return result_no("BADCHARSET (US-ASCII UTF-8)", "Charset not supported");
	q.root = plan.root;
	return search(&q);
}
