/*
 * drop.h: giving up root for good: another user, no groups, no capabilities, no files; and limits.
 *
 * What was given up is tried once, and a process that could take it back ends there.
 */
#ifndef DROP_H
#define DROP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct drop_user {
	uid_t uid;
	gid_t gid;
};

/* There is something to give up. */
bool drop_is_root(void);
/* Whom the setting `key` names, or `fallback` where it isn't set: a number, which is then
 * uid and gid, or a name in /etc/passwd (looked up without NSS).  Root, or a name that
 * nobody has, ends the process with 111 and a line in the log. */
struct drop_user drop_find(const char *key, const char *fallback);
/* The root directory is an empty one from now on, which nobody can write to: RUN_DIR/empty,
 * made if it is missing, else one that is removed while we enter it.  False: not so, and the
 * log says why.  Open directories still lead out; close them before. */
bool drop_files(const char *run_dir) __attribute__((warn_unused_result));
/* u and no other group, real, effective and saved.  False with errno: EPERM also
 * when there is a way back. */
bool drop_to(struct drop_user u) __attribute__((warn_unused_result));
/* No more than n of a resource (RLIMIT_...) from now on, or what we were started with
 * if that is less. */
bool drop_limit(int resource, uint64_t n) __attribute__((warn_unused_result));

#endif
