/*
 * floor.c: what the kernel alone takes for what a mail server must do with the files of a
 * Maildir: list them, link, open and read, rename and unlink each.
 *
 *	floor DIRECTORY SCRATCH
 * SCRATCH is an empty directory of the same filesystem; links to all files of DIRECTORY go there
 * and away again.  Microseconds of CPU for each step, all files together.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "client.h"
#include "load.h"

struct files {
	int from, to;
	struct buf names; /* each with its NUL */
	unsigned n;
};

static void list(struct files *f, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		client_die(path);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			buf_add(&f->names, e->d_name, strlen(e->d_name) + 1);
			f->n++;
		}
	closedir(d);
}

static int link_one(const struct files *f, const char *name)
{
	return linkat(f->from, name, f->to, name, 0);
}

static int read_one(const struct files *f, const char *name)
{
	static char piece[65536];
	int fd = openat(f->to, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	do
		n = read(fd, piece, sizeof piece);
	while (n == (ssize_t)sizeof piece);
	return n < 0 ? -1 : close(fd);
}

static int rename_one(const struct files *f, const char *name)
{
	char other[NAME_MAX + 2];

	snprintf(other, sizeof other, "%.*s", NAME_MAX - 1, name);
	other[0] = '+'; /* as long as before; names begin with a digit */
	return renameat2(f->to, name, f->to, other, RENAME_NOREPLACE);
}

static int unlink_one(const struct files *f, const char *name)
{
	char other[NAME_MAX + 2];

	snprintf(other, sizeof other, "%.*s", NAME_MAX - 1, name);
	other[0] = '+';
	return unlinkat(f->to, other, 0);
}

static void step(struct files *f, const char *what, int (*one)(const struct files *, const char *))
{
	uint64_t before = load_cpu_us(RUSAGE_SELF);

	for (const char *p = f->names.p; one && p < f->names.p + f->names.n; p += strlen(p) + 1)
		if (one(f, p) < 0)
			client_die(p);
	printf(", \"%s\": %llu", what, (unsigned long long)(load_cpu_us(RUSAGE_SELF) - before));
}

int load_floor(char **argv)
{
	struct files f = { .from = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			   .to = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	uint64_t before = load_cpu_us(RUSAGE_SELF);

	if (f.from < 0 || f.to < 0)
		client_die("directories");
	list(&f, argv[0]);
	printf("{\"files\": %u, \"list\": %llu", f.n,
	       (unsigned long long)(load_cpu_us(RUSAGE_SELF) - before));
	step(&f, "link", link_one);
	step(&f, "read", read_one);
	step(&f, "rename", rename_one);
	step(&f, "unlink", unlink_one);
	printf("}\n");
	buf_free(&f.names);
	return 0;
}
