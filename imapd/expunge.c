/*
 * expunge.c: EXPUNGE, RFC 3501 §6.4.3, and UID EXPUNGE, RFC 4315 §2.1.
 *
 * The untagged EXPUNGE responses are news of the mailbox, told by command.c
 * like those of other sessions' expunges.
 */
#include "messages.h"

struct result cmd_expunge(struct session *s, struct command *c)
{
	const char *done = c->uid ? "UID EXPUNGE completed" : "EXPUNGE completed", *bad;
	struct change_result r;
	uint32_t *uids = NULL, *seqs;
	struct error e;
	size_t n = 0;

	if (c->uid) {
		bad = messages_parse(s, c, &seqs, &n);
		if (bad)
			return result_bad(bad);
		uids = messages_uids(s, seqs, n);
	}
	if (!parse_end(&c->args))
		return result_bad("Nothing expected behind EXPUNGE");
	if (mailbox_readonly(s->mb))
		return result_no("READ-ONLY", "The mailbox is selected read-only");
	if (c->uid && !n)
		return result_ok(done);
	if (mailbox_expunge(s->mb, uids, n, false, &r, &e) < 0)
		return result_selected_error(s, "expunge", &e);
	return result_ok(done);
}
