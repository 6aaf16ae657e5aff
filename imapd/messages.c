/*
 * messages.c: sequence sets (RFC 3501 §9 sequence-set) against the session's view.
 *
 * A range of UIDs is two searches in the view, however wide it is.  Messages
 * that are gone but not announced are still in the view, and so in the result.
 */
#include "messages.h"

/* Ranges of UIDs to ranges of sequence numbers, in place. */
static void uids_to_seqs(struct view *v, struct seqset *set)
{
	uint32_t count = view_count(v);
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct seqrange r = set->r[i];
		uint32_t first = view_seq_from(v, r.first), last = count;

		if (r.last != UINT32_MAX)
			last = view_seq_from(v, r.last + 1) - 1;
		if (first <= last)
			set->r[n++] = (struct seqrange){ first, last };
	}
	set->n = n;
}

uint32_t messages_last_uid(struct session *s)
{
	uint32_t count = view_count(s->view), uid = 0;
	unsigned tries = 0;

	do
		uid = count ? view_uid(s->view, count) : 0;
	while (!session_sound(s, tries++));
	return uid;
}

const char *messages_ranges(struct session *s, struct bytes *args, bool uid, struct seqset *set)
{
	struct bytes before = *args;
	uint32_t count = view_count(s->view);
	unsigned tries = 0;

	if (!uid) {
		if (!parse_seqset(args, &s->cmd, count, set))
			return "Sequence set expected";
		return set->n && set->r[set->n - 1].last <= count ? NULL : "No such message";
	}
	do {
		*args = before;
		if (!parse_seqset(args, &s->cmd, messages_last_uid(s), set))
			return "UID set expected";
		uids_to_seqs(s->view, set);
	} while (!session_sound(s, tries++));
	return s->state == STATE_SELECTED ? NULL : "The mailbox can't be read";
}

const char *messages_parse(struct session *s, struct command *c, uint32_t **seqs, size_t *n)
{
	struct seqset set;
	size_t total = 0;
	const char *bad;

	if (!parse_space(&c->args))
		return "Message set expected";
	bad = messages_ranges(s, &c->args, c->uid, &set);
	if (bad)
		return bad;
	for (size_t i = 0; i < set.n; i++)
		total += set.r[i].last - set.r[i].first + 1;
	*seqs = arena_alloc(&s->cmd, total * sizeof(**seqs));
	*n = 0;
	for (size_t i = 0; i < set.n; i++)
		for (uint32_t seq = set.r[i].first; seq <= set.r[i].last; seq++)
			(*seqs)[(*n)++] = seq;
	return NULL;
}

uint32_t *messages_uids(struct session *s, const uint32_t *seqs, size_t n)
{
	uint32_t *uids = arena_alloc(&s->cmd, n * sizeof(*uids));
	struct index_record r;

	for (size_t i = 0; i < n; i++)
		uids[i] = session_read(s, seqs[i], &r) ? r.uid : 0;
	return uids;
}
