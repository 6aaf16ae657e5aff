/*
 * session.c: a connection from greeting to BYE, and the news of its mailbox.
 *
 * RFC 3501 §3.4, §5.2 (updates during any command), §5.4 (autologout), §7.1.4
 * (PREAUTH), §7.1.5 (BYE), §7.3, §7.4.1 (when EXPUNGE may be told).
 */
#include "session.h"

#include <errno.h>

#include "clock.h"
#include "command.h"
#include "fetch.h"
#include "log.h"
#include "response.h"

#define SESSION_LOOK_MS \
	1000 /* foreign changes are looked for no more often by
				 * commands that don't ask for them */

struct news {
	struct session *s;
	bool exists; /* new messages came */
};

static void news_expunged(void *ctx, uint32_t seq, uint32_t uid)
{
	const struct news *news = ctx;

	(void)uid;
	writer_printf(&news->s->out, "* %u EXPUNGE\r\n", seq);
}

static void news_exists(void *ctx, uint32_t count)
{
	struct news *news = ctx;

	(void)count;
	news->exists = true;
}

static void news_flags(void *ctx, uint32_t seq, const struct index_record *r)
{
	struct session *s = ((const struct news *)ctx)->s;

	if (r->keywords & ~s->keywords_told)
		response_new_keywords(s);
	fetch_write_flags(s, seq, r, s->uid);
}

void session_look(struct session *s, enum mailbox_sync how)
{
	struct error e;

	s->looked = clock_ms();
	if (mailbox_sync(s->mb, how, &e) == 0)
		return;
	log_warn("sync", "%s", e.log);
	if (e.kind == ERROR_NONEXISTENT) {
		s->bye = "[NONEXISTENT] The selected mailbox was deleted";
		s->state = STATE_LOGOUT;
	}
}

/* One look at the index.  New messages are claimed as \Recent before they are counted. */
static int tell_news(struct session *s, bool expunges)
{
	struct news news = { .s = s };
	struct view_events ev = { news_expunged, news_exists, news_flags, &news };
	int told = view_sync(s->view, expunges, &ev);

	if (!news.exists)
		return told;
	session_look(s, MAILBOX_SYNC_FAST);
	response_new_keywords(s);
	writer_printf(&s->out, "* %u EXISTS\r\n* %u RECENT\r\n", view_count(s->view),
		      mailbox_recent(s->mb));
	return told;
}

static void broke(struct session *s)
{
	log_error("view", "the index broke");
	s->bye = "[UNAVAILABLE] The mailbox changed too much, please come back";
	s->state = STATE_LOGOUT;
}

bool session_sound(struct session *s, unsigned tries)
{
	if (view_ok(s->view))
		return true;
	if (s->state == STATE_SELECTED && tries + 1 < SESSION_TRIES)
		session_look(s, MAILBOX_SYNC_FULL);
	else if (s->state == STATE_SELECTED)
		broke(s);
	return s->state != STATE_SELECTED;
}

/* To an index that is ours alone, or was given up, no change comes by itself: not even what
 * an APPEND of this session did through another handle. */
static bool hears_nothing(struct session *s)
{
	struct index *ix = mailbox_index(s->mb);

	return index_is_private(ix) || !index_usable(ix);
}

void session_news(struct session *s, bool expunges)
{
	if (clock_ms() - s->looked >= SESSION_LOOK_MS || hears_nothing(s))
		session_look(s, MAILBOX_SYNC_FAST);
	if (s->state == STATE_LOGOUT)
		return;
	if (tell_news(s, expunges) >= 0)
		return;
	/* Broken or gone: built again, sequence numbers go on where they were. */
	session_look(s, MAILBOX_SYNC_FULL);
	if (s->state == STATE_LOGOUT || tell_news(s, expunges) >= 0 || view_waits(s->view))
		return;
	broke(s);
}

int session_durable(void *session)
{
	struct session *s = session;
	struct mailbox *mb = s->mb ? s->mb : s->left;
	struct error e;

	if (!s->stored)
		return 0;
	s->stored = false;
	if (!mb || mailbox_durable(mb, &e) == 0)
		return 0;
	log_error("store", "%s", e.log);
	return EIO;
}

bool session_read(struct session *s, uint32_t seq, struct index_record *r)
{
	if (view_read(s->view, seq, r))
		return true;
	session_look(s, MAILBOX_SYNC_FULL);
	return s->state == STATE_SELECTED && view_read(s->view, seq, r);
}

void session_deselect(struct session *s)
{
	if (s->mb)
		mailbox_close(s->mb);
	s->mb = NULL;
	s->view = NULL;
	if (s->state == STATE_SELECTED)
		s->state = STATE_AUTHENTICATED;
}

void session_leave(struct session *s)
{
	s->left = s->mb;
	s->mb = NULL;
	session_deselect(s);
}

void session_close_left(struct session *s)
{
	if (!s->left)
		return;
	writer_flush(&s->out); /* which keeps its error */
	mailbox_close(s->left);
	s->left = NULL;
}

bool session_gone(struct session *s)
{
	if (s->state == STATE_SELECTED)
		session_look(s, MAILBOX_SYNC_FAST);
	return s->state == STATE_LOGOUT;
}

bool session_lost(struct session *s, enum reader_status status)
{
	if (status == READER_OK)
		return false;
	if (status == READER_TIMEOUT)
		s->bye = "Autologout; idle for too long";
	else if (status == READER_ERROR && errno == EINTR && *s->stop)
		s->bye = "Server shutting down";
	s->state = STATE_LOGOUT;
	return true;
}

/* RFC 3501 §7.1: the greeting, or the tagged OK that a login program left to us. */
static void greet(struct session *s, struct bytes imaptag)
{
	if (imaptag.n) {
		writer_bytes(&s->out, imaptag);
		writer_str(&s->out, " OK");
	} else {
		writer_str(&s->out, "* PREAUTH");
	}
	writer_str(&s->out, " [CAPABILITY " IMAP_CAPABILITIES "] Logged in\r\n");
}

void session_run(struct session *s, struct bytes imaptag)
{
	s->state = STATE_AUTHENTICATED;
	s->text.max = IMAP_COMMAND_MAX;
	greet(s, imaptag);
	while (s->state != STATE_LOGOUT) {
		if (*s->stop) {
			errno = EINTR;
			session_lost(s, READER_ERROR);
			break;
		}
		command_run(s);
		if (s->out.error)
			s->state = STATE_LOGOUT;
	}
	if (s->bye) {
		log_info("bye", "%s", s->bye);
		writer_printf(&s->out, "* BYE %s\r\n", s->bye);
	}
	if (writer_flush(&s->out) < 0)
		log_info("lost", "writing: %s", strerror(s->out.error));
	session_deselect(s);
	buf_free(&s->text);
	arena_free(&s->cmd);
}
