/*
 * checkpassword.c: one login record on descriptor 3, one answer,
 * checkpassword(8).
 *
 * Exit 1: refused; 2: misused; 3: no such user (lookups only); 111: try later.
 * Otherwise the rest of the command line runs as the user.  AUTHORIZED=1 asks
 * for a user without a password; such a record has none, so that a variable
 * left over in a login's environment opens nothing.  Not here: APOP, CRAM,
 * SCRAM, master users, Dovecot's EXTRA.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "account.h"
#include "auth.h"
#include "log.h"
#include "loginfd.h"
#include "loginrecord.h"
#include "username.h"

enum { EXIT_REFUSED = 1, EXIT_MISUSED = 2, EXIT_NO_USER = 3, EXIT_LATER = 111 };

static struct loginrecord record;
static char name[USERNAME_MAX + 1];
static struct account account;

static void leave(int code) __attribute__((noreturn));
static void leave(int code)
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
				_exit(EXIT_LATER);
		}
}

/* No core file with a password in it; a helper that died early is no signal, and it can be
 * waited for, whoever started us. */
static void be_careful(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* What would change the meaning of the record, and is not known here. */
static bool asked_for_more(void)
{
	const char *mech = getenv("AUTHMECH");

	return getenv("MASTER_USER") || getenv("CREDENTIALS_LOOKUP") || getenv("AUTHSTEP") ||
	       (mech && !bytes_iis(bytes_of(mech), "PLAIN") && !bytes_iis(bytes_of(mech), "LOGIN"));
}

static bool is_lookup(void)
{
	const char *value = getenv("AUTHORIZED");

	return value && strcmp(value, "1") == 0;
}

static void read_record(bool lookup)
{
	enum loginrecord_status status = loginrecord_read(&record, 3);

	close(3);
	if (status == LOGINRECORD_ERROR)
		log_error("record", "can't read descriptor 3: %m");
	else if (status == LOGINRECORD_MISUSED)
		log_error("record", "descriptor 3 does not hold exactly three fields");
	else if (lookup && record.pass.n)
		log_error("record", "AUTHORIZED is set, but there is a password");
	else
		return;
	leave(EXIT_MISUSED);
}

/* The same for every reason that a stranger must not tell apart. */
static void refuse(bool lookup) __attribute__((noreturn));
static void refuse(bool lookup)
{
	leave(lookup ? EXIT_NO_USER : EXIT_REFUSED);
}

static void refuse_with(const char *code) __attribute__((noreturn));
static void refuse_with(const char *code)
{
	log_info("refused", "code %s", code);
	leave(loginfd_tell("code", code) ? EXIT_REFUSED : EXIT_LATER);
}

static void decide(bool lookup)
{
	struct question q = { { name, 0 }, record.pass, lookup };
	struct user user;
	enum answer a;

	if (!username_canonical(record.user, name) || (record.pass.n == 0 && !lookup))
		refuse(lookup);
	q.name = bytes_of(name);
	a = auth_ask(&q, &user);
	loginrecord_wipe(&record);
	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN)
		refuse(lookup);
	if (a == ANSWER_TROUBLE || !account_make(&account, name, &user))
		leave(EXIT_LATER);
	log_context("user", bytes_of(name));
	if (!account_allowed(&account)) {
		log_warn("refused", "uid %u gid %u", account.uid, account.gid);
		refuse(lookup);
	}
	if (a == ANSWER_EXPIRED)
		refuse_with("EXPIRED");
	if (a == ANSWER_FORBIDDEN)
		refuse_with("AUTHORIZATIONFAILED");
}

static void proceed(bool lookup, char **argv) __attribute__((noreturn));
static void proceed(bool lookup, char **argv)
{
	if (!loginfd_tell("user", name)) {
		log_error("loginfd", "can't write to the login program");
		leave(EXIT_LATER);
	}
	if (!account_become(&account))
		leave(EXIT_LATER);
	if (lookup ? setenv("AUTHORIZED", "2", 1) < 0 : unsetenv("AUTHORIZED") < 0)
		leave(EXIT_LATER);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	log_error("exec", "can't run %s: %m", argv[0]);
	leave(EXIT_LATER);
}

int main(int argc, char **argv)
{
	bool lookup = is_lookup();

	fill_low_descriptors();
	log_open("checkpassword");
	be_careful();
	if (argc < 2 || getauxval(AT_SECURE) || asked_for_more() || loginfd_number() == -2) {
		log_error("usage", "checkpassword PROGRAM, with a login record on descriptor 3");
		leave(EXIT_MISUSED);
	}
	read_record(lookup);
	decide(lookup);
	proceed(lookup, argv + 1);
}
