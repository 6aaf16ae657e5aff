/* status.c: STATUS, RFC 3501 §6.3.10: of the selected mailbox as well. */
#include "response.h"

enum status_item {
	STATUS_MESSAGES,
	STATUS_RECENT,
	STATUS_UIDNEXT,
	STATUS_UIDVALIDITY,
	STATUS_UNSEEN,
	STATUS_ITEMS,
};

static const char *const names[STATUS_ITEMS] = {
	"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN",
};

static bool parse_item(struct bytes *c, unsigned *items)
{
	for (unsigned i = 0; i < STATUS_ITEMS; i++) {
		if (parse_word(c, names[i])) {
			*items |= 1u << i;
			return true;
		}
	}
	return false;
}

static bool parse_items(struct bytes *c, unsigned *items)
{
	*items = 0;
	if (!parse_char(c, '('))
		return false;
	do {
		if (!parse_item(c, items))
			return false;
	} while (parse_space(c));
	return parse_char(c, ')');
}

static void write_status(struct session *s, struct bytes name, unsigned items,
			 const struct mailbox_status *st)
{
	const uint32_t values[STATUS_ITEMS] = {
		st->messages, st->recent, st->uidnext, st->uidvalidity, st->unseen,
	};
	char gap = '(';

	writer_str(&s->out, "* STATUS ");
	response_mailbox(s, name);
	writer_char(&s->out, ' ');
	for (unsigned i = 0; i < STATUS_ITEMS; i++) {
		if (items & (1u << i)) {
			writer_printf(&s->out, "%c%s %u", gap, names[i], values[i]);
			gap = ' ';
		}
	}
	writer_str(&s->out, ")\r\n");
}

struct result cmd_status(struct session *s, struct command *c)
{
	struct mailbox_status st;
	struct mailbox *mb;
	struct bytes name;
	struct error e;
	unsigned items;
	int done;

	if (!parse_space(&c->args) ||
	    !parse_mailbox(&c->args, &s->cmd, store_separator(s->store), &name) ||
	    !parse_space(&c->args) || !parse_items(&c->args, &items) || !parse_end(&c->args))
		return result_bad("Mailbox name and a list of status items expected");
	if (mailbox_open(s->store, name, MAILBOX_READONLY | MAILBOX_NOVIEW, &mb, &e) < 0)
		return result_error(s, "status", &e);
	done = mailbox_status(mb, &st, &e);
	mailbox_close(mb);
	if (done < 0)
		return result_error(s, "status", &e);
	write_status(s, name, items, &st);
	return result_ok("STATUS completed");
}
