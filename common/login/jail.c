/*
 * jail.c: see jail.h.
 *
 * The lists of system calls are those of the release build (static musl) and the few that
 * glibc makes in their place.  A build with sanitizers has the users and no more of it:
 * its runtime opens files to complain.
 */
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf.h"
#include "descriptors.h"
#include "log.h"
#include "pages.h"
#include "rundir.h"
#include "sanitized.h"
#include "seccomp.h"

#define PARSER_USER "roost-login"
#define WAITER_USER "roost-wait"

#define JAIL_MEMORY (16L << 20)
#define JAIL_CPU_SECONDS 20
#define JAIL_POLL 2 /* poll(2) wants as many as it is given */

#define RULES(list) list, sizeof(list) / sizeof((list)[0])

/* Waiting, reading, writing, the time and the end.  No memory: what they need they have. */
#define COMMON_RULES                                                                       \
	SECCOMP_ALLOW(ppoll), SECCOMP_ALLOW(rt_sigreturn), SECCOMP_ALLOW(clock_gettime),   \
		SECCOMP_ALLOW(getpid), SECCOMP_ALLOW(exit_group), SECCOMP_ALLOW(recvfrom), \
		SECCOMP_ALLOW(write)

/* With MSG_FASTOPEN a message makes a connection. */
static const struct seccomp_rule parser_rules[] = {
	COMMON_RULES,
	SECCOMP_ALLOW(read),
	SECCOMP_ALLOW(restart_syscall),
#ifdef SYS_poll
	SECCOMP_ALLOW(poll),
#endif
	SECCOMP_WITHOUT(sendmsg, 2, MSG_FASTOPEN),
};

void jail_private(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		log_die("jail", "not dumpable: %s", "refused by the kernel");
}

void jail_find(struct jail *j)
{
	*j = (struct jail){ .root = drop_is_root(), .run_dir = conf_str("RUN_DIR", RUN_DIR) };
	if (j->root) {
		j->parser = drop_find("LOGIN_USER", PARSER_USER);
		j->waiter = drop_find("WAIT_USER", WAITER_USER);
	} else {
		log_debug("jail", "not started as root: no uid of its own, no empty root");
	}
}

/* Memory and files are the runtime's business in a build with sanitizers. */
static bool parser_limits(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return drop_limit(RLIMIT_CORE, 0) && drop_limit(RLIMIT_NPROC, 0) &&
	       drop_limit(RLIMIT_CPU, JAIL_CPU_SECONDS) &&
	       (SANITIZED || (drop_limit(RLIMIT_FSIZE, 0) && drop_limit(RLIMIT_NOFILE, JAIL_POLL) &&
			      drop_limit(RLIMIT_AS, JAIL_MEMORY)));
}

static void leave_root(const struct jail *j, struct drop_user u)
{
	if (!j->root)
		return;
	if (!SANITIZED && !drop_files(j->run_dir))
		_exit(111); /* the log has the reason */
	if (!drop_to(u))
		log_die("jail", "uid %ld: %s", (long)u.uid, strerror(errno));
}

/* The gate is gone: nobody would end us. */
static void end_with(pid_t gate)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		log_die("jail", "parent's death: refused by the kernel");
	if (getppid() != gate)
		_exit(111);
}

void jail_parser(const struct jail *j, int keep, pid_t gate)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0)
		log_die("jail", "/dev/null: %s", strerror(errno));
	leave_root(j, j->parser);
	end_with(gate); /* a change of uid would undo it */
	jail_private();
	if (!SANITIZED)
		dup2(null, 2);
	descriptors_close(&keep, 1);
	if (!parser_limits() || !seccomp_confine(RULES(parser_rules)))
		_exit(111); /* the gate logs it */
}

void jail_waiter(const struct jail *j, int keep, pid_t child)
{
	const struct seccomp_rule rules[] = {
		COMMON_RULES,
		SECCOMP_ALLOW(wait4),
		SECCOMP_ALLOW(madvise), /* gives memory back */
		SECCOMP_ALLOW(shutdown),
		SECCOMP_ONLY(kill, 0, child),
	};

	close(0);
	close(1);
	descriptors_close(&keep, 1);
	leave_root(j, j->waiter);
	jail_private();
	if (!drop_limit(RLIMIT_CORE, 0) || !drop_limit(RLIMIT_NPROC, 0) ||
	    !seccomp_confine(RULES(rules)))
		log_die("jail", "the wall around who waits: %s", strerror(errno));
	pages_release_stack(); /* making the filter took more than waiting does */
}
