/*
 * list.c: the folders there are, from one pass over the root directory.
 *
 * Maildir++ keeps them flat (".A.B"), so parents that nobody made show up as
 * \Noselect (RFC 3501 §7.2.2); subscribed names that are gone as \NonExistent
 * (RFC 5258 §3).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "hashmap.h"
#include "log.h"
#include "store_private.h"

struct listing {
	struct store *s;
	struct arena *a;
	struct folder *f;
	size_t n, cap;
	struct hashmap by_name; /* name -> index + 1 */
	int root;
	bool marked;
};

/* The folder of that name, new with attrs if it isn't there. */
static struct folder *listing_add(struct listing *l, struct bytes name, unsigned attrs)
{
	uint64_t *at = hashmap_get(&l->by_name, name);

	if (at)
		return &l->f[*at - 1];
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 32;
		struct folder *f = arena_array(l->a, struct folder, cap);
		if (l->n)
			memcpy(f, l->f, l->n * sizeof(*f));
		l->f = f;
		l->cap = cap;
	}
	l->f[l->n] = (struct folder){ arena_bytes(l->a, name), attrs };
	*hashmap_put(&l->by_name, l->f[l->n].name, NULL) = l->n + 1;
	return &l->f[l->n++];
}

/* Something waits in new/: RFC 3501 §7.2.2 \Marked. */
static unsigned marked(int root, const char *dir)
{
	char path[300];
	struct dirent *entry;
	unsigned mark = FOLDER_UNMARKED;
	int fd;
	DIR *d;

	snprintf(path, sizeof(path), "%s%snew", dir, *dir ? "/" : "");
	fd = dir_open(root, path);
	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.') {
			mark = FOLDER_MARKED;
			break;
		}
	if (d)
		closedir(d);
	return mark;
}

static bool is_folder_dir(int root, const struct dirent *entry)
{
	char path[300];
	struct stat st;

	if (entry->d_name[0] != '.' || entry->d_name[1] == '.' || entry->d_name[1] == '\0')
		return false;
	if (entry->d_type != DT_DIR && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
		return false;
	snprintf(path, sizeof(path), "%s/cur", entry->d_name);
	/* One that may not be entered is there: a client must not take it for deleted. */
	return fstatat(root, path, &st, 0) == 0 ? S_ISDIR(st.st_mode) : errno == EACCES;
}

/* Once in a session, or every LIST would fill the log. */
static void tell_odd(struct store *s, const char *name)
{
	if (!s->odd_told)
		log_info("list", "%s/%s is not shown: no valid folder name (modified UTF-7)",
			 s->mail, name);
	s->odd_told = true;
}

static int scan_root(struct listing *l, struct error *e)
{
	int fd = file_open(l->root, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct buf name = BUF_INIT;
	struct dirent *entry;

	if (!dir) {
		error_errno(e, "Mail directory is not accessible", "readdir %s", l->s->mail);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (!is_folder_dir(l->root, entry))
			continue;
		buf_reset(&name);
		if (folder_from_disk(l->s, bytes_of(entry->d_name + 1), &name))
			listing_add(l, buf_view(&name),
				    l->marked ? marked(l->root, entry->d_name) : 0);
		else
			tell_odd(l->s, entry->d_name);
	}
	buf_free(&name);
	closedir(dir);
	return 0;
}

static int add_subscribed(struct listing *l, struct error *e)
{
	struct bytes *names;
	size_t n;

	if (subscriptions_read(l->s, l->a, &names, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		listing_add(l, names[i], FOLDER_NOSELECT | FOLDER_NONEXISTENT)->attrs |=
			FOLDER_SUBSCRIBED;
	return 0;
}

/* Every superior of every existing folder; marks who has children. */
static void add_parents(struct listing *l)
{
	char sep = l->s->separator;

	for (size_t i = 0; i < l->n; i++) {
		struct bytes name = l->f[i].name;
		size_t at = bytes_rchr(name, sep);
		if ((l->f[i].attrs & FOLDER_NONEXISTENT) || at == BYTES_NONE ||
		    at + 1 == l->s->prefix.n)
			continue;
		struct folder *parent = listing_add(l, bytes_sub(name, 0, at), FOLDER_NOSELECT);
		parent->attrs |= FOLDER_CHILDREN;
		parent->attrs &= ~(unsigned)FOLDER_NONEXISTENT;
	}
	/* Below a prefix of "INBOX." every folder is a child of INBOX. */
	if (l->s->prefix.n && bytes_iis(bytes_sub(l->s->prefix, 0, l->s->prefix.n - 1), "INBOX"))
		for (size_t i = 1; i < l->n; i++)
			if (!(l->f[i].attrs & FOLDER_NONEXISTENT))
				l->f[0].attrs |= FOLDER_CHILDREN;
}

/* Separator below everything else, so that children follow their parent. */
static char sort_separator;

static int by_name(const void *x, const void *y)
{
	struct bytes a = ((const struct folder *)x)->name, b = ((const struct folder *)y)->name;

	for (size_t i = 0; i < a.n && i < b.n; i++) {
		int ca = a.p[i] == sort_separator ? 0 : (unsigned char)a.p[i];
		int cb = b.p[i] == sort_separator ? 0 : (unsigned char)b.p[i];
		if (ca != cb)
			return ca - cb;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

int store_list(struct store *s, struct arena *a, bool look, struct folder **list, size_t *n,
	       struct error *e)
{
	struct listing l = { .s = s, .a = a, .marked = look };
	int r = -1;

	l.root = dir_open(AT_FDCWD, s->mail);
	if (l.root < 0)
		return error_errno(e, "Mail directory is not accessible", "open %s", s->mail);
	listing_add(&l, BYTES("INBOX"), look ? marked(l.root, "") : 0);
	if (scan_root(&l, e) == 0 && add_subscribed(&l, e) == 0) {
		add_parents(&l);
		sort_separator = s->separator;
		qsort(l.f + 1, l.n - 1, sizeof(*l.f), by_name);
		special_use_mark(s, l.f, l.n);
		*list = l.f;
		*n = l.n;
		r = 0;
	}
	hashmap_free(&l.by_name);
	close(l.root);
	return r;
}
