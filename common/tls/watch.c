/* watch.c: see watch.h.  A name may be a symbolic link that is pointed elsewhere, as
 * certbot does it: what counts is the file it leads to. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "arena.h"
#include "file.h"
#include "log.h"

static struct watched look(char *path)
{
	struct watched f = { .path = path };
	struct stat st;

	if (stat(path, &st) < 0)
		return f;
	f.dev = st.st_dev;
	f.ino = st.st_ino;
	f.size = st.st_size;
	f.modified = st.st_mtim;
	return f;
}

void watch_add(struct watch *w, const char *path)
{
	size_t n = strlen(path) + 1;

	w->files = mem_realloc(w->files, (w->n + 1) * sizeof *w->files);
	w->files[w->n++] = look(memcpy(mem_alloc(n), path, n));
}

bool watch_read(struct watch *w, const char *path, struct buf *out)
{
	int got;

	watch_add(w, path);
	got = file_read(AT_FDCWD, path, WATCH_FILE_MAX, out);
	if (got <= 0)
		log_error("tls", "%s: %s", path, strerror(got == 0 ? ENOENT : errno));
	return got > 0;
}

void watch_renew(struct watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->files[i] = look(w->files[i].path);
}

static bool same(const struct watched *a, const struct watched *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

bool watch_changed(const struct watch *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct watched now = look(w->files[i].path);

		if (!same(&now, &w->files[i]))
			return true;
	}
	return false;
}

void watch_free(struct watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->files[i].path);
	free(w->files);
	*w = (struct watch){ NULL, 0 };
}
