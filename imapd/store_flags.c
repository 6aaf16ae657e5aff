/*
 * store_flags.c: STORE and UID STORE, RFC 3501 §6.4.6; messages gone meanwhile,
 * RFC 2180 §4.2.
 */
#include "fetch.h"
#include "messages.h"
#include "response.h"

struct store_args {
	uint32_t *seqs, *uids;
	size_t n;
	enum flag_mode mode;
	bool silent;
	struct flag_list flags;
};

static bool parse_item(struct bytes *c, struct store_args *a)
{
	static const struct {
		const char *word;
		enum flag_mode mode;
		bool silent;
	} items[] = {
		{ "FLAGS", FLAGS_SET, false },     { "FLAGS.SILENT", FLAGS_SET, true },
		{ "+FLAGS", FLAGS_ADD, false },    { "+FLAGS.SILENT", FLAGS_ADD, true },
		{ "-FLAGS", FLAGS_REMOVE, false }, { "-FLAGS.SILENT", FLAGS_REMOVE, true },
	};

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (parse_word(c, items[i].word)) {
			a->mode = items[i].mode;
			a->silent = items[i].silent;
			return true;
		}
	}
	return false;
}

static const char *parse_args(struct session *s, struct command *c, struct store_args *a)
{
	const char *bad = messages_parse(s, c, &a->seqs, &a->n);

	if (bad)
		return bad;
	if (!parse_space(&c->args) || !parse_item(&c->args, a))
		return "FLAGS, +FLAGS or -FLAGS expected";
	if (!parse_space(&c->args) || !parse_flags(&c->args, &s->cmd, true, &a->flags) ||
	    !parse_end(&c->args))
		return "Invalid flags";
	return NULL;
}

static void write_replies(struct session *s, const struct store_args *a, bool uid)
{
	struct index_record r;

	response_new_keywords(s);
	for (size_t i = 0; i < a->n; i++)
		if (session_read(s, a->seqs[i], &r) && !(r.state & INDEX_DEAD))
			fetch_write_flags(s, a->seqs[i], &r, uid);
}

struct result cmd_store(struct session *s, struct command *c)
{
	struct store_args a = { 0 };
	struct change_result r = { 0 };
	const char *bad = parse_args(s, c, &a);
	struct error e;

	if (bad)
		return result_bad(bad);
	if (mailbox_readonly(s->mb))
		return result_no("READ-ONLY", "The mailbox is selected read-only");
	if (a.n && mailbox_store_flags(s->mb, &s->cmd, messages_uids(s, a.seqs, a.n), a.n, a.mode,
				       &a.flags, UINT64_MAX, &r, &e) < 0)
		return result_selected_error(s, "store", &e);
	s->stored = true;
	if (r.alone && r.modseq != r.before)
		view_own(s->view, r.before, r.modseq);
	if (!a.silent)
		write_replies(s, &a, c->uid);
	if (r.missing && !a.silent && !c->uid)
		return result_no("EXPUNGEISSUED", "Some of the messages no longer exist");
	return result_ok("STORE completed");
}
