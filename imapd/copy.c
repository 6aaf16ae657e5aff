/*
 * copy.c: COPY and MOVE, RFC 3501 §6.4.7, RFC 6851; COPYUID of RFC 4315.
 *
 * All or nothing; a message gone meanwhile fails a COPY by sequence numbers
 * (RFC 2180 §4.4.1), all others pass over it.  MOVE tells COPYUID before the
 * EXPUNGEs, which are news told by command.c.
 */
#include "messages.h"
#include "response.h"

struct copy_args {
	uint32_t *seqs;
	size_t n;
	struct bytes mailbox;
};

static const char *parse_args(struct session *s, struct command *c, struct copy_args *a)
{
	const char *bad = messages_parse(s, c, &a->seqs, &a->n);

	if (bad)
		return bad;
	if (!parse_space(&c->args) ||
	    !parse_mailbox(&c->args, &s->cmd, store_separator(s->store), &a->mailbox) ||
	    !parse_end(&c->args))
		return "Mailbox name expected";
	return NULL;
}

/* Adds a uid-set in the order of the array. */
static void add_uids(struct buf *b, const uint32_t *uids, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && uids[end] == uids[end - 1] + 1; end++)
			;
		buf_char(b, i ? ',' : ' ');
		buf_u64(b, uids[i]);
		if (end > i + 1) {
			buf_char(b, ':');
			buf_u64(b, uids[end - 1]);
		}
	}
}

static const char *copyuid(struct session *s, const struct copy_result *r)
{
	struct buf b = BUF_INIT;
	const char *code;

	if (!r->n)
		return NULL;
	buf_str(&b, "COPYUID ");
	buf_u64(&b, r->uidvalidity);
	add_uids(&b, r->from, r->n);
	add_uids(&b, r->to, r->n);
	code = arena_str(&s->cmd, buf_view(&b));
	buf_free(&b);
	return code;
}

/* Without the messages that are gone. */
static size_t drop_expunged(struct session *s, uint32_t *seqs, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (!view_is_expunged(s->view, seqs[i]))
			seqs[left++] = seqs[i];
	return left;
}

static struct result copy(struct session *s, struct command *c, bool move)
{
	struct copy_args a = { 0 };
	struct copy_result r = { 0 };
	const char *bad = parse_args(s, c, &a), *code;
	struct mailbox *to;
	struct error e;
	int done = 0;

	if (bad)
		return result_bad(bad);
	if (move && mailbox_readonly(s->mb))
		return result_no("READ-ONLY", "The mailbox is selected read-only");
	if (mailbox_open(s->store, a.mailbox, MAILBOX_NOVIEW, &to, &e) < 0)
		return result_target_error(s, "copy", &e);
	if (c->uid)
		a.n = drop_expunged(s, a.seqs, a.n);
	if (a.n)
		done = mailbox_copy(s->mb, to, &s->cmd, messages_uids(s, a.seqs, a.n), a.n, move,
				    &r, &e);
	mailbox_close(to);
	if (done < 0)
		return result_selected_error(s, "copy", &e);
	code = copyuid(s, &r);
	if (!move)
		return (struct result){ RESULT_OK, code, "COPY completed" };
	if (code)
		writer_printf(&s->out, "* OK [%s] Moved\r\n", code);
	return result_ok("MOVE completed");
}

struct result cmd_copy(struct session *s, struct command *c)
{
	return copy(s, c, false);
}

struct result cmd_move(struct session *s, struct command *c)
{
	return copy(s, c, true);
}
