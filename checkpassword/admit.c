/*
 * admit.c: one login record on descriptor 3, one answer, checkpassword(8).
 *
 * Exit 1: refused; 2: misused; 3: no such user (lookups only); 111: try later.
 * Otherwise the rest of the command line runs as the user.  AUTHORIZED=1 asks
 * for a user without a password; such a record has none, so that a variable
 * left over in a login's environment opens nothing.  With AUTHMECH=EXTERNAL it is a
 * login all the same, of a user whom the login program knows by other means.  Not here:
 * APOP, CRAM, SCRAM, master users, Dovecot's EXTRA.
 */
#include "admit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "auth.h"
#include "conf.h"
#include "log.h"
#include "loginfd.h"
#include "loginrecord.h"
#include "pages.h"
#include "slots.h"
#include "username.h"

static struct loginrecord record;
static char name[USERNAME_MAX + 1];
PAGES_APART static struct account account;

void admit_leave(int code)
{
	loginrecord_wipe(&record);
	_exit(code);
}

/* 0, 1 and 2 are open, or a pipe of ours would take their place. */
static void fill_low_descriptors(void)
{
	int fd;

	for (int want = 0; want < 3; want++)
		if (fcntl(want, F_GETFD) < 0) {
			fd = open("/dev/null", O_RDWR);
			if (fd >= 0 && fd != want)
				_exit(ADMIT_LATER);
		}
}

static bool authorized(void)
{
	const char *value = getenv("AUTHORIZED");

	return value && strcmp(value, "1") == 0;
}

static bool external(void)
{
	const char *mech = getenv("AUTHMECH");

	return authorized() && mech && bytes_iis(bytes_of(mech), "EXTERNAL");
}

/* What would change the meaning of the record, and is not known here. */
static bool asked_for_more(void)
{
	const char *mech = getenv("AUTHMECH");

	return getenv("MASTER_USER") || getenv("CREDENTIALS_LOOKUP") || getenv("AUTHSTEP") ||
	       (mech && !external() && !bytes_iis(bytes_of(mech), "PLAIN") &&
		!bytes_iis(bytes_of(mech), "LOGIN"));
}

bool admit_lookup(void)
{
	return authorized() && !external();
}

void admit_start(const char *program, int argc)
{
	fill_low_descriptors();
	log_open(program);
	prctl(PR_SET_DUMPABLE, 0); /* no core file with a password in it */
	signal(SIGPIPE, SIG_IGN);  /* a helper that died early is no signal ... */
	signal(SIGCHLD, SIG_DFL);  /* ... and can be waited for, whoever started us */
	if (argc < 2 || getauxval(AT_SECURE) || asked_for_more() || loginfd_number() == -2) {
		log_error("usage", "checkpassword PROGRAM, with a login record on descriptor 3");
		_exit(ADMIT_MISUSED);
	}
}

static void read_record(void)
{
	unsigned seconds = (unsigned)conf_u64("RECORD_TIMEOUT", ADMIT_RECORD_S, 1, 3600);
	enum loginrecord_status status = loginrecord_read(&record, 3, (int)seconds * 1000);

	close(3);
	if (status == LOGINRECORD_ERROR)
		log_error("record", "can't read descriptor 3: %m");
	else if (status == LOGINRECORD_LATE)
		log_error("record", "descriptor 3 was not closed within %u seconds", seconds);
	else if (status == LOGINRECORD_MISUSED)
		log_error("record", "descriptor 3 does not hold exactly three fields");
	else if (authorized() && record.pass.n)
		log_error("record", "AUTHORIZED is set, but there is a password");
	else
		return;
	admit_leave(ADMIT_MISUSED);
}

/* A login program of ours says this itself, and so does Dovecot, to whom whatever
 * stands on its stderr is an error. */
static bool caller_logs(void)
{
	return loginfd_number() >= 0 || getenv("ORIG_UID");
}

static void failed(void) __attribute__((noreturn));
static void failed(void)
{
	if (!caller_logs())
		log_fields(LOG_LEVEL_INFO, "failure", "reason=AUTHENTICATIONFAILED");
	admit_leave(ADMIT_REFUSED);
}

/* The same for every reason that a stranger must not tell apart. */
static void refuse(const struct question *q) __attribute__((noreturn));
static void refuse(const struct question *q)
{
	if (q->lookup)
		admit_leave(ADMIT_NO_USER);
	if (!q->vouched)
		auth_pay(q);
	failed();
}

void admit_refuse_with(const char *code)
{
	log_fields(LOG_LEVEL_INFO, caller_logs() ? "refused" : "failure", "reason=%s", code);
	admit_leave(loginfd_tell("code", code) ? ADMIT_REFUSED : ADMIT_LATER);
}

static void decide(bool lookup)
{
	struct question q = { { name, 0 }, record.pass, lookup, external() };
	struct user user;
	enum answer a;

	log_context("user", record.user);
	/* Nobody can have such a name, so it may cost less. */
	if (!username_canonical(record.user, name) || (record.pass.n == 0 && !authorized())) {
		if (lookup)
			admit_leave(ADMIT_NO_USER);
		failed();
	}
	q.name = bytes_of(name);
	a = auth_ask(&q, &user);
	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN)
		refuse(&q);
	if (a == ANSWER_TROUBLE || !account_make(&account, name, &user))
		admit_leave(ADMIT_LATER);
	log_context("user", bytes_of(name));
	if (!account_allowed(&account)) {
		log_warn("refused", "uid %u gid %u", account.uid, account.gid);
		refuse(&q);
	}
	loginrecord_wipe(&record);
	if (a == ANSWER_EXPIRED)
		admit_refuse_with("EXPIRED");
	if (a == ANSWER_FORBIDDEN)
		admit_refuse_with("AUTHORIZATIONFAILED");
}

/* Counts the session from here to the end of the handler: a descriptor of it or -1. */
static int take_slot(void)
{
	int fd;

	if (slot_take(name, getenv("TCPREMOTEIP"), &fd) == SLOT_NONE_FREE)
		admit_refuse_with("LIMIT");
	return fd;
}

static void proceed(bool lookup, char **argv) __attribute__((noreturn));
static void proceed(bool lookup, char **argv)
{
	if (!loginfd_tell("user", name)) {
		log_error("loginfd", "can't write to the login program");
		admit_leave(ADMIT_LATER);
	}
	if (!account_become(&account))
		admit_leave(ADMIT_LATER);
	if (authorized() ? setenv("AUTHORIZED", "2", 1) < 0 : unsetenv("AUTHORIZED") < 0)
		admit_leave(ADMIT_LATER);
	if (!lookup && !caller_logs())
		log_fields(LOG_LEVEL_INFO, "login", "pid=%ld", (long)getpid());
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	log_error("exec", "can't run %s: %m", argv[0]);
	admit_leave(ADMIT_LATER);
}

void admit(char **argv, admit_session *session)
{
	bool lookup = admit_lookup();
	int slot;

	read_record();
	decide(lookup);
	slot = lookup ? -1 : take_slot();
	if (session && !lookup)
		session(&account, slot);
	proceed(lookup, argv);
}
