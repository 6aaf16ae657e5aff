/*
 * landlock.h: the process opens nothing but what lies below some directories.
 *
 * Landlock (landlock(7)) judges paths as they are opened, made, removed, renamed and linked,
 * after links were followed; what is open already stays open.  It knows nothing of
 * stat, chmod, utimes, chown, readlink, setxattr, inotify: a list of system calls
 * (seccomp.h) belongs beside it.
 *
 * Used from ABI 2 (Linux 5.19) on: before it no file may be renamed or linked from one
 * directory into another, which is how a Maildir works.  What later ABIs can refuse is
 * refused where the kernel has them: truncate (3), TCP (4), ioctl on devices (5),
 * abstract sockets of others and signals to them (6).
 */
#ifndef LANDLOCK_H
#define LANDLOCK_H

struct landlock {
	int fd; /* of the rules so far */
	int abi;
};

#define LANDLOCK_ABI_MIN 2

/* The ABI of this kernel, 0 where Landlock is missing or switched off. */
int landlock_abi(void);

/* 1: rules may be granted; 0: the kernel has none, or too old a one (l->abi says which);
 * -1 with errno. */
int landlock_begin(struct landlock *l) __attribute__((warn_unused_result));
/* Below this directory (any descriptor of it, also O_PATH) files, directories, FIFOs and
 * symlinks may be read, written, made, removed, and renamed or linked to another granted
 * place; not executed, and no device or socket is made.  0, or -1 with errno. */
int landlock_grant(const struct landlock *l, int dirfd) __attribute__((warn_unused_result));
/* From here on, for this process and its children; sets no_new_privs.  0, or -1 with errno:
 * nothing is in force.  The rules are gone in any case.  A build with sanitizers, which
 * write their reports where they like, is not shut in. */
int landlock_close(struct landlock *l) __attribute__((warn_unused_result));

#endif
