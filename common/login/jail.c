/*
 * jail.c: what a parser gives up before it reads its first byte.
 *
 * No new privileges, no core, no new descriptor, file, process or memory to speak
 * of, and not traceable.  Own uid, empty root and a system call filter belong into
 * this function too; they need root and aren't here yet.  A parser uses ppoll, recv,
 * read, send, write, clock_gettime, sigreturn, mmap and exit.
 */
#include "jail.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "log.h"
#include "sanitized.h"

#define JAIL_MEMORY (16L << 20)
#define JAIL_CPU_SECONDS 20
#define JAIL_POLL 2 /* poll(2) wants as many as it is given */

void jail_private(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		log_die("jail", "not dumpable: %s", "refused by the kernel");
}

static bool limits(void)
{
	const struct rlimit none = { 0, 0 }, poll = { JAIL_POLL, JAIL_POLL },
			    cpu = { JAIL_CPU_SECONDS, JAIL_CPU_SECONDS };

	return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0 &&
	       setrlimit(RLIMIT_FSIZE, &none) == 0 && setrlimit(RLIMIT_NOFILE, &poll) == 0 &&
	       setrlimit(RLIMIT_CPU, &cpu) == 0;
}

static bool limit_memory(void)
{
	const struct rlimit memory = { JAIL_MEMORY, JAIL_MEMORY };

	return SANITIZED || setrlimit(RLIMIT_AS, &memory) == 0;
}

void jail(void)
{
	signal(SIGXFSZ, SIG_IGN);
	jail_private();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_die("jail", "no new privileges: refused by the kernel");
	if (!limits() || !limit_memory())
		log_die("jail", "a resource limit was refused by the kernel");
}
