/*
 * drop.c: see drop.h.
 *
 * An empty root directory costs 6 us where it waits for us, and 15 to 35 where one is
 * made and removed; a mount namespace costs 45 and one more at the end.  The
 * name of a user is looked up here because getpwnam of a static program asks
 * /etc/passwd too, but with stdio, and then for a daemon that is not there.
 */
#include "drop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "num.h"
#include "reader.h"

#define DROP_EMPTY "empty"      /* below RUN_DIR */
#define DROP_TRIES 8            /* names for a directory of our own */
#define DROP_ID_MAX 0xfffffffeu /* (uid_t)-1 is nobody */
#define PASSWD_PIECE 4096       /* bytes read at a time; longer lines are not looked at */
#define EMPTY_SIZE 48           /* what getdents64 says of . and .. takes */

bool drop_is_root(void)
{
	return geteuid() == 0;
}

/* "name:x:uid:gid:..." */
static bool is_user(struct bytes line, const char *name, struct drop_user *u)
{
	struct bytes field[4];
	uint64_t uid, gid;

	for (size_t i = 0; i < 4; i++)
		if (!bytes_split(&line, ':', &field[i]))
			return false;
	if (!bytes_is(field[0], name) || !num_parse(field[2], DROP_ID_MAX, &uid) ||
	    !num_parse(field[3], DROP_ID_MAX, &gid))
		return false;
	*u = (struct drop_user){ (uid_t)uid, (gid_t)gid };
	return true;
}

static bool in_passwd(const char *name, struct drop_user *u)
{
	char memory[PASSWD_PIECE];
	struct reader in;
	struct bytes line;
	enum reader_status status;
	bool found = false;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	reader_init(&in, fd, memory, sizeof memory, -1, NULL);
	do {
		status = reader_line(&in, sizeof memory, &line);
		if (status == READER_TOO_LONG)
			status = reader_skip_line(&in);
		else if (status == READER_OK || status == READER_EOF)
			found = is_user(line, name, u);
	} while (!found && status == READER_OK);
	close(fd);
	return found;
}

struct drop_user drop_find(const char *key, const char *fallback)
{
	const char *name = conf_str(key, fallback);
	struct drop_user u;
	uint64_t id;

	if (num_parse(bytes_of(name), DROP_ID_MAX, &id))
		u = (struct drop_user){ (uid_t)id, (gid_t)id };
	else if (!in_passwd(name, &u))
		log_die("start", "%s: there is no user %s; make one, or name another", key, name);
	if (u.uid == 0 || u.gid == 0)
		log_die("start", "%s: %s is root, or in its group", key, name);
	return u;
}

static bool empty(int fd)
{
	char entries[1024];

	return syscall(SYS_getdents64, fd, entries, sizeof entries) == EMPTY_SIZE;
}

/* RUN_DIR/empty; -1 where there is no such place. */
static int prepared(const char *run_dir)
{
	int run = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat st;

	if (run < 0)
		return -1;
	fd = openat(run, DROP_EMPTY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && (mkdirat(run, DROP_EMPTY, 0555) == 0 || errno == EEXIST))
		fd = openat(run, DROP_EMPTY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(run);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == 0 && (st.st_mode & 022) == 0 && empty(fd))
		return fd;
	log_warn("jail", "%s/" DROP_EMPTY " is not root's, not empty, or others may write there",
		 run_dir);
	close(fd);
	return -1;
}

/* A directory that has no name any more: not even root can make something in it. */
static int removed(const char *parent)
{
	char path[64];
	struct stat st;
	uint64_t random;
	int fd = -1;

	for (int i = 0; i < DROP_TRIES && fd < 0; i++) {
		num_random(&random, sizeof random);
		snprintf(path, sizeof path, "%s/.roost-%016llx", parent,
			 (unsigned long long)random);
		if (mkdir(path, 0) < 0 && errno != EEXIST)
			return -1;
		fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		rmdir(path);
	}
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 && st.st_nlink == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool drop_files(const char *run_dir)
{
	static const char *const parents[] = { "/dev/shm", "/run", "/tmp" };
	int fd = prepared(run_dir);
	bool done;

	for (size_t i = 0; fd < 0 && i < sizeof parents / sizeof parents[0]; i++)
		fd = removed(parents[i]);
	if (fd < 0) {
		log_error("jail", "no empty directory: make %s, mode 755, root's", run_dir);
		return false;
	}
	done = fchdir(fd) == 0 && chroot(".") == 0;
	if (!done)
		log_error("jail", "chroot: %s", strerror(errno));
	close(fd);
	return done;
}

static bool no_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &header, none) == 0;
}

static bool is_only(struct drop_user u)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return getresuid(&r, &e, &s) == 0 && r == u.uid && e == u.uid && s == u.uid &&
	       getresgid(&rg, &eg, &sg) == 0 && rg == u.gid && eg == u.gid && sg == u.gid &&
	       getgroups(0, NULL) == 0;
}

/* The plain calls: libc's would tell other threads, of which there are none, and
 * block all signals for that each time. */
bool drop_to(struct drop_user u)
{
	if ((getgroups(0, NULL) != 0 && syscall(SYS_setgroups, 0, NULL) < 0) ||
	    syscall(SYS_setresgid, u.gid, u.gid, u.gid) < 0 ||
	    syscall(SYS_setresuid, u.uid, u.uid, u.uid) < 0 || !no_capabilities())
		return false;
	if (is_only(u) && syscall(SYS_setuid, 0) < 0 && syscall(SYS_setgid, 0) < 0)
		return true;
	errno = EPERM;
	return false;
}

/* Nobody but root may raise a limit again.  The plain call, because the two C libraries have
 * different types for a resource. */
bool drop_limit(int resource, uint64_t n)
{
	struct rlimit r;

	if (syscall(SYS_prlimit64, 0, resource, NULL, &r) < 0)
		return false;
	if (r.rlim_max > n)
		r.rlim_max = n;
	r.rlim_cur = r.rlim_max;
	return syscall(SYS_prlimit64, 0, resource, &r, NULL) == 0;
}
