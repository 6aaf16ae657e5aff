/*
 * main.c: the IMAP handler of one session on stdin and stdout, imapd(8).
 *
 * Started by an authenticator (login contract: IMAPTAG, LOGINFD, USER, HOME,
 * MAIL), by sshd or by hand; always as the user whose mail it is.  Until the
 * descriptor in LOGINFD was told that we are ready, every trouble is exit 111;
 * never 1, 2 or 3, which mean something to the login program.
 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cage.h"
#include "clock.h"
#include "conf.h"
#include "handler.h"
#include "log.h"
#include "num.h"
#include "pages.h"
#include "response.h"

#define EXIT_TEMPORARY 111
#define STOP_GRACE_S 10 /* for the running command after SIGTERM; then it is broken off */

PAGES_APART static _Alignas(4096) char input[IMAP_LINE_MAX + 4096];
PAGES_APART static _Alignas(4096) char output[IMAP_OUTPUT];
static volatile int stop;
static bool chained; /* behind a login program, which tells the client what went wrong */

/* A signal between the look at `stop` and the wait would be missed: so again.  A client that
 * takes minutes for an answer must not keep us when nobody watches over us any more. */
static void on_stop(int sig)
{
	static volatile int seconds;

	stop = 1;
	if (sig == SIGALRM && ++seconds >= STOP_GRACE_S)
		_exit(0);
	alarm(1);
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_stop };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

/* Trouble before the session: told to a client that nobody else will tell. */
static void fail(const char *event, const char *text, const char *detail) __attribute__((noreturn));
static void fail(const char *event, const char *text, const char *detail)
{
	struct writer out;

	log_error(event, "%s", detail);
	if (!chained) {
		writer_init(&out, 1, output, sizeof(output), IMAP_WRITE_TIMEOUT_MS);
		writer_printf(&out, "* BYE [UNAVAILABLE] %s\r\n", text);
		(void)writer_flush(&out);
	}
	_exit(EXIT_TEMPORARY);
}

/* A default in place of what the administrator wrote would lose mail. */
static void read_settings(void)
{
	const char *path, *zone;
	char detail[512];

	if (conf_ready(&path) < 0) {
		snprintf(detail, sizeof(detail), "%s: %s", path, strerror(errno));
		fail("conf", "Mail is misconfigured", detail);
	}
	zone = conf_get("TZ");
	if (zone && !getenv("TZ"))
		setenv("TZ", zone, 1); /* where localtime_r looks */
}

/* The tag of the login command, if a login program left the tagged OK to us. */
static struct bytes take_imaptag(void)
{
	const char *value = getenv("IMAPTAG");
	struct bytes rest, tag = { NULL, 0 };

	if (!value)
		return tag;
	rest = bytes_of(value);
	if (!parse_tag(&rest, &tag) || !parse_end(&rest))
		fail("imaptag", "Internal error", "IMAPTAG is no valid tag");
	unsetenv("IMAPTAG"); /* the bytes stay where they are */
	return tag;
}

static struct store_user who(void)
{
	struct store_user u = { .user = conf_get("USER"), .home = conf_get("HOME") };
	struct passwd *pw = u.user && u.home ? NULL : getpwuid(getuid());
	static char number[NUM_DIGITS + 1];

	num_format(number, getuid());
	u.mail = store_mail_setting();
	if (!u.user)
		u.user = pw ? pw->pw_name : number;
	if (!u.home)
		u.home = pw ? pw->pw_dir : "";
	if (!*u.home)
		fail("home", "No home directory", "HOME is not set and the uid is unknown");
	return u;
}

/* From here on the login program can stop us, and nothing is open that isn't ours. */
static void begin(void)
{
	int r = handler_begin();

	chained = r != 0;
	if (r < 0)
		fail("loginfd", "Internal error", strerror(errno));
}

static void log_peer(const struct store_user *u)
{
	const char *ip = getenv("TCPREMOTEIP");

	log_context("user", bytes_of(u->user));
	if (ip)
		log_context("ip", bytes_of(ip));
}

static void log_logout(const struct session *s, int64_t ms)
{
	log_fields(LOG_LEVEL_INFO, "logout", "ms=%lld in=%llu out=%llu", (long long)ms,
		   (unsigned long long)s->in.total, (unsigned long long)s->out.total);
}

int main(void)
{
	static struct session s;
	int64_t start = clock_ms();
	struct store_user u;
	struct bytes tag;
	struct error e;

	log_open("imapd");
	catch_signals();
	begin();
	writer_no_delay(1);
	if (getuid() == 0 || geteuid() == 0)
		fail("root", "Mail is not served as root", "started as uid 0: refused");
	read_settings();
	tag = take_imaptag();
	u = who();
	log_peer(&u);
	s.message_max = conf_u64("MESSAGE_SIZE_LIMIT", IMAP_MESSAGE_MAX_DEFAULT, 1, UINT32_MAX);
	s.user = u.user;
	s.stop = &stop;
	if (store_open(&s.store, &u, &e) < 0)
		fail("store", e.user, e.log);
	if (cage_enter(s.store, &e) < 0)
		fail("cage", e.user, e.log);
	if (handler_ready() < 0)
		fail("loginfd", "Internal error", strerror(errno));
	writer_init(&s.out, 1, output, sizeof(output), IMAP_WRITE_TIMEOUT_MS);
	s.out.before = session_durable;
	s.out.before_ctx = &s;
	reader_init(&s.in, 0, input, sizeof(input), IMAP_TIMEOUT_MS, &s.out);
	session_run(&s, tag);
	if (chained) /* the login program logs it */
		handler_done(s.in.total, s.out.total);
	else
		log_logout(&s, clock_ms() - start);
	store_close(s.store);
	return 0;
}
