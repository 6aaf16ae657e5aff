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

#define JAIL_MEMORY (16L << 20)
#define JAIL_CPU_SECONDS 20
#define JAIL_POLL 2 /* poll(2) wants as many as it is given */

#if defined(__SANITIZE_ADDRESS__)
#define JAIL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JAIL_SANITIZED 1
#endif
#endif

void jail_private(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		log_die("jail", "not dumpable: %s", "refused by the kernel");
}

void jail(void)
{
	static const struct {
		int what;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_FSIZE, 0 },
		{ RLIMIT_NOFILE, JAIL_POLL },
		{ RLIMIT_CPU, JAIL_CPU_SECONDS },
#ifndef JAIL_SANITIZED
		{ RLIMIT_AS, JAIL_MEMORY },
#endif
	};

	signal(SIGXFSZ, SIG_IGN);
	jail_private();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_die("jail", "no new privileges: refused by the kernel");
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit l = { limits[i].most, limits[i].most };
		if (setrlimit(limits[i].what, &l) < 0)
			log_die("jail", "a resource limit was refused by the kernel");
	}
}
