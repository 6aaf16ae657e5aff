/*
 * landlock.c: the three system calls of Landlock, which no C library has.
 */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitized.h"

/* Newer than Debian 12's header. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

struct attributes {
	uint64_t files;
	uint64_t net;   /* ABI 4: bind and connect of TCP */
	uint64_t scope; /* ABI 6: abstract sockets, signals */
};

#define NET_ALL 3
#define SCOPE_ALL 3

/* ABI 2; all that is asked about a path. */
#define FILES_BASE ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)

/* Who may not make a symlink may not rename one either. */
#define GRANTED                                                                               \
	(FILES_BASE & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
				  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK))

static uint64_t handled(int abi)
{
	return FILES_BASE | (abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0) |
	       (abi >= 5 ? LANDLOCK_ACCESS_FS_IOCTL_DEV : 0);
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

int landlock_begin(struct landlock *l)
{
	struct attributes a = { .net = NET_ALL, .scope = SCOPE_ALL };
	size_t size = sizeof a;

	*l = (struct landlock){ .fd = -1, .abi = landlock_abi() };
	if (l->abi < LANDLOCK_ABI_MIN)
		return 0;
	a.files = handled(l->abi);
	if (l->abi < 6)
		size = l->abi < 4 ? offsetof(struct attributes, net)
				  : offsetof(struct attributes, scope);
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0); /* is CLOEXEC */
	return l->fd < 0 ? -1 : 1;
}

int landlock_grant(const struct landlock *l, int dirfd)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = dirfd };

	rule.allowed_access = (GRANTED | LANDLOCK_ACCESS_FS_TRUNCATE) & handled(l->abi);
	return (int)syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int landlock_close(struct landlock *l)
{
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	if (r == 0 && !SANITIZED)
		r = (int)syscall(SYS_landlock_restrict_self, l->fd, 0);
	int saved = errno;
	close(l->fd);
	l->fd = -1;
	errno = saved;
	return r;
}
