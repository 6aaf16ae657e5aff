/*
 * select.c: SELECT, EXAMINE, CLOSE, UNSELECT.
 *
 * RFC 3501 §6.3.1, §6.3.2, §6.4.2; RFC 3691 (UNSELECT); RFC 7162 §3.2.11
 * (CLOSED).  A SELECT that fails leaves no mailbox selected.
 */
#include "clock.h"
#include "log.h"
#include "response.h"

static void write_counts(struct session *s)
{
	uint32_t unseen = view_first_unseen(s->view);

	writer_printf(&s->out, "* %u EXISTS\r\n* %u RECENT\r\n", view_count(s->view),
		      mailbox_recent(s->mb));
	if (unseen)
		writer_printf(&s->out, "* OK [UNSEEN %u] First unseen\r\n", unseen);
}

/* Reads all that SELECT tells: a damaged index is better noticed before. */
static bool is_sound(struct session *s)
{
	unsigned keywords = mailbox_keywords(s->mb);
	struct index_header h;

	for (unsigned i = 0; i < keywords; i++)
		(void)mailbox_keyword(s->mb, i);
	(void)view_first_unseen(s->view);
	return view_head(s->view, &h) && view_ok(s->view);
}

static bool write_uids(struct session *s)
{
	struct index_header h;

	if (!view_head(s->view, &h))
		return false;
	writer_printf(&s->out, "* OK [UIDVALIDITY %u] UIDs valid\r\n", h.uidvalidity);
	writer_printf(&s->out, "* OK [UIDNEXT %u] Predicted next UID\r\n", h.uidnext);
	return true;
}

static struct result select_mailbox(struct session *s, struct command *c, bool examine)
{
	struct bytes name;
	struct error e;

	if (!parse_space(&c->args) ||
	    !parse_mailbox(&c->args, &s->cmd, store_separator(s->store), &name) ||
	    !parse_end(&c->args))
		return result_bad("Mailbox name expected");
	if (s->mb) {
		session_deselect(s);
		writer_str(&s->out, "* OK [CLOSED] Previous mailbox closed\r\n");
	}
	if (mailbox_open(s->store, name, examine ? MAILBOX_READONLY : 0, &s->mb, &e) < 0) {
		s->mb = NULL;
		return result_error(s, "select", &e);
	}
	s->view = mailbox_view(s->mb);
	s->looked = clock_ms();
	if (!is_sound(s) && mailbox_sync(s->mb, MAILBOX_SYNC_FULL, &e) < 0)
		log_warn("select", "%s", e.log);
	response_flags(s);
	write_counts(s);
	if (!write_uids(s)) {
		log_error("select", "no header to be had");
		session_deselect(s);
		return result_no("UNAVAILABLE", "Mailbox can't be read now");
	}
	s->state = STATE_SELECTED;
	return result_ok(NULL);
}

struct result cmd_select(struct session *s, struct command *c)
{
	struct result r = select_mailbox(s, c, false);

	if (r.kind != RESULT_OK)
		return r;
	r.code = mailbox_readonly(s->mb) ? "READ-ONLY" : "READ-WRITE";
	r.text = "SELECT completed";
	return r;
}

struct result cmd_examine(struct session *s, struct command *c)
{
	struct result r = select_mailbox(s, c, true);

	if (r.kind != RESULT_OK)
		return r;
	r.code = "READ-ONLY";
	r.text = "EXAMINE completed";
	return r;
}

struct result cmd_close(struct session *s, struct command *c)
{
	struct change_result changed;
	struct error e;

	if (!parse_end(&c->args))
		return result_bad("CLOSE takes no arguments");
	/* RFC 3501 has no NO for CLOSE: messages that can't be removed stay marked. */
	if (!mailbox_readonly(s->mb) && mailbox_expunge(s->mb, NULL, 0, false, &changed, &e) < 0)
		log_warn("close", "%s", e.log);
	session_leave(s);
	return result_ok("CLOSE completed");
}

struct result cmd_unselect(struct session *s, struct command *c)
{
	if (!parse_end(&c->args))
		return result_bad("UNSELECT takes no arguments");
	session_leave(s);
	return result_ok("UNSELECT completed");
}
