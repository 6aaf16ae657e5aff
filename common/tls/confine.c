/*
 * confine.c: see confine.h.  The list of system calls is that of glibc, which tls-server is
 * linked with.  What OpenSSL would open (a time zone, a random device) it can do without.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf.h"
#include "descriptors.h"
#include "jail.h"
#include "log.h"
#include "rundir.h"
#include "sanitized.h"
#include "seccomp.h"

#define RELAY_USER "roost-tls"
#define MEMORY_MAX (128L << 20) /* address space: libraries are 15 MiB of it */
#define POLL_MAX 3              /* poll(2) wants as many as it is given */

void confine_find(struct confine *c)
{
	*c = (struct confine){ .root = drop_is_root(), .run_dir = conf_str("RUN_DIR", RUN_DIR) };
	if (c->root)
		c->user = drop_find("TLS_USER", RELAY_USER);
}

static bool set_limits(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return drop_limit(RLIMIT_CORE, 0) && drop_limit(RLIMIT_NPROC, 0) &&
	       (SANITIZED || (drop_limit(RLIMIT_FSIZE, 0) && drop_limit(RLIMIT_NOFILE, POLL_MAX) &&
			      drop_limit(RLIMIT_AS, MEMORY_MAX)));
}

/* MSG_FASTOPEN would make a connection. */
static bool allow_few_calls(pid_t chain)
{
	const struct seccomp_rule rules[] = {
		SECCOMP_ALLOW(read),
		SECCOMP_ALLOW(write),
		SECCOMP_ALLOW(ppoll),
		SECCOMP_ALLOW(recvfrom),
		SECCOMP_ALLOW(futex),
		SECCOMP_ALLOW(getpid),
		SECCOMP_ALLOW(getrandom),
		SECCOMP_ALLOW(clock_gettime),
		SECCOMP_ALLOW(brk),
		SECCOMP_WITHOUT(mmap, 2, PROT_EXEC),
		SECCOMP_WITHOUT(mprotect, 2, PROT_EXEC),
		SECCOMP_ALLOW(munmap),
		SECCOMP_ALLOW(mremap),
		SECCOMP_ALLOW(madvise),
		SECCOMP_ALLOW(close),
		SECCOMP_ALLOW(shutdown),
		SECCOMP_ALLOW(wait4),
		SECCOMP_ALLOW(sysinfo), /* qsort */
		SECCOMP_ALLOW(restart_syscall),
		SECCOMP_ALLOW(rt_sigreturn),
		SECCOMP_ALLOW(exit),
		SECCOMP_ALLOW(exit_group),
		SECCOMP_REFUSE(openat, EACCES),
		SECCOMP_ONLY(kill, 0, chain), /* last: a pid of 0 or less would be many */
	};
	size_t n = sizeof rules / sizeof rules[0];

	return seccomp_confine(rules, chain > 0 ? n : n - 1);
}

void confine(const struct confine *c, const int *keep, size_t n, pid_t chain)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		log_die("jail", "/dev/null: %s", strerror(errno));
	if (c->root && !SANITIZED && !drop_files(c->run_dir))
		_exit(111); /* the log has the reason */
	if (c->root && !drop_to(c->user))
		log_die("jail", "uid %ld: %s", (long)c->user.uid, strerror(errno));
	jail_private();
	if (!SANITIZED)
		dup2(null, 2);
	close(1);
	descriptors_close(keep, n);
	if (!set_limits() || !allow_few_calls(chain))
		_exit(111);
}
