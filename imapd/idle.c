/*
 * idle.c: IDLE, RFC 2177.
 *
 * The process sleeps until the client or the doorbell of the mailbox wakes it;
 * where foreign programs can't be watched it looks by itself now and then.
 * News is told at once, then not for a moment, so that a burst of deliveries
 * is told together.  Before it sleeps it gives back what memory it can.
 */
#include "bell.h"
#include "clock.h"
#include "command.h"
#include "pages.h"

#define IDLE_LOOK_MS 30000 /* between looks where nothing is watched */
#define IDLE_PAUSE_MS 100  /* between news and more news */

static struct bell *listen(struct session *s)
{
	int dir, watch1, watch2;

	if (s->state != STATE_SELECTED)
		return NULL;
	mailbox_watch(s->mb, &dir, &watch1, &watch2);
	return bell_listen(dir, watch1, watch2);
}

/* Flushes, and gives back memory: an idle session lasts for days. */
static void rest(struct session *s)
{
	if (writer_flush(&s->out) < 0)
		return;
	if (s->state == STATE_SELECTED)
		mailbox_settle(s->mb);
	arena_free(&s->cmd);
	buf_free(&s->text);
	s->text.max = IMAP_COMMAND_MAX;
	pages_release_stack();
	pages_release(s->out.p, s->out.cap);
	if (!reader_pending(&s->in))
		pages_release(s->in.p, s->in.cap);
}

static void tell(struct session *s)
{
	if (s->state == STATE_SELECTED) {
		session_look(s, MAILBOX_SYNC_FAST);
		session_news(s, true);
	}
}

/* How long to sleep at most: 0 when the client was silent for too long. */
static int sleep_ms(int64_t end, bool look)
{
	int64_t left = end - clock_ms();

	if (left <= 0)
		return 0;
	return look && left > IDLE_LOOK_MS ? IDLE_LOOK_MS : (int)left;
}

/* Until the client says something: true; false: the session ended. */
static bool wait_for_client(struct session *s, struct bell *bell)
{
	bool look = s->state == STATE_SELECTED && (!bell || !bell_watches(bell));
	int64_t end = clock_ms() + IMAP_TIMEOUT_MS;

	while (s->state != STATE_LOGOUT && !*s->stop) {
		int ms = sleep_ms(end, look);
		int ready;

		if (!ms)
			return !session_lost(s, READER_TIMEOUT);
		ready = reader_wait(&s->in, bell ? bell_fd(bell) : -1, ms);
		if (ready < 0)
			return !session_lost(s, READER_ERROR);
		if (ready & 1)
			return true;
		if ((ready & 2) ? !bell_heard(bell) : !look)
			continue;
		tell(s);
		rest(s);
		if (reader_wait(&s->in, -1, IDLE_PAUSE_MS) < 0)
			return !session_lost(s, READER_ERROR);
	}
	return false;
}

static struct result finish(struct session *s)
{
	struct command_line l;

	buf_reset(&s->text);
	if (!command_read_line(s, &l))
		return (struct result){ RESULT_NONE, NULL, NULL };
	if (!l.bad && bytes_iis(buf_view(&s->text), "DONE"))
		return result_ok("IDLE completed");
	if (!command_skip_rest(s, l))
		return (struct result){ RESULT_NONE, NULL, NULL };
	return result_bad("DONE expected");
}

struct result cmd_idle(struct session *s, struct command *c)
{
	struct bell *bell;
	bool client;

	if (!parse_end(&c->args))
		return result_bad("IDLE takes no arguments");
	bell = listen(s);
	/* By itself, and first: some clients (imapfilter) don't see news that comes before. */
	writer_str(&s->out, "+ idling\r\n");
	(void)writer_flush(&s->out);
	tell(s);
	rest(s);
	client = wait_for_client(s, bell);
	if (bell)
		bell_close(bell);
	if (!client)
		return (struct result){ RESULT_NONE, NULL, NULL };
	return finish(s);
}
