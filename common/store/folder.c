/*
 * folder.c: names of folders, and folders made, removed and renamed.
 *
 * Maildir++: the folder "A.B" is the directory ".A.B" of the root, whatever
 * its depth; on disk each name is modified UTF-7 (RFC 3501 §5.1.3), as Dovecot
 * and Courier write it.  A directory is a folder once it has "cur": that is
 * made last, and a removal first renames the whole away, so a process killed
 * at any point leaves a folder or none.
 *
 * Crash points of a rename with children: between any two of the renames;
 * some children then have the new name, no message is lost.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "dirscan.h"
#include "file.h"
#include "log.h"
#include "mailbox.h"
#include "num.h"
#include "store_private.h"
#include "utf8.h"

#define TRASH_PREFIX "..roost-removed" /* never a folder: its name has an empty part */

static bool is_inbox(struct bytes name)
{
	return bytes_iis(name, "INBOX");
}

static int bad_name(struct error *e, const char *why)
{
	return error_set(e, ERROR_CANNOT, why, "folder name refused: %s", why);
}

/* Parts, characters and depth of a name without prefix. */
static int check_parts(struct store *s, struct bytes name, struct error *e)
{
	struct bytes rest = name, part;
	unsigned depth = 0;

	while (bytes_split(&rest, s->separator, &part)) {
		if (part.n == 0)
			return bad_name(e, "Mailbox name has an empty part");
		if (++depth > STORE_DEPTH_MAX)
			return bad_name(e, "Mailbox name has too many levels");
		for (size_t i = 0; i < part.n; i++) {
			unsigned char c = (unsigned char)part.p[i];
			if (c < 0x20 || c == 0x7f)
				return bad_name(e, "Mailbox name has a control character");
			if (c == '/' || c == '.')
				return bad_name(e,
						"Mailbox name has a character that cannot be kept");
		}
	}
	return 0;
}

/* Without the namespace prefix; a name outside of it is refused. */
static int strip_prefix(struct store *s, struct bytes *name, struct error *e)
{
	if (is_inbox(*name) || s->prefix.n == 0)
		return 0;
	if (!bytes_istarts(*name, s->prefix) || name->n == s->prefix.n)
		return error_set(e, ERROR_NONEXISTENT, "No such namespace",
				 "folder name outside of the prefix");
	*name = bytes_from(*name, s->prefix.n);
	return 0;
}

int folder_disk_name(struct store *s, struct bytes name, struct buf *out, struct error *e)
{
	size_t from = out->n;

	if (name.n > STORE_NAME_MAX)
		return bad_name(e, "Mailbox name is too long");
	if (!utf8_valid(name))
		return bad_name(e, "Mailbox name is not valid UTF-8");
	if (strip_prefix(s, &name, e) < 0)
		return -1;
	if (is_inbox(name))
		return 0;
	if (check_parts(s, name, e) < 0)
		return -1;
	/* ".INBOX" names the inbox below INDEX= and CONTROL=. */
	if (!utf7_from_utf8(out, name))
		return bad_name(e, "Mailbox name cannot be kept");
	for (size_t i = from; i < out->n; i++)
		if (out->p[i] == s->separator)
			out->p[i] = '.';
	if (out->n - from > 254)
		return bad_name(e, "Mailbox name is too long");
	return 0;
}

bool folder_from_disk(struct store *s, struct bytes disk, struct buf *out)
{
	struct bytes rest = disk, part;
	bool first = true;

	if (disk.n == 0 || bytes_iis(disk, "INBOX"))
		return false;
	buf_bytes(out, s->prefix);
	while (bytes_split(&rest, '.', &part)) {
		size_t at = out->n;
		if (part.n == 0)
			return false;
		if (!first)
			buf_char(out, s->separator);
		first = false;
		at = out->n;
		if (!utf7_to_utf8(out, part))
			return false;
		if (bytes_chr(bytes_from(buf_view(out), at), s->separator) != BYTES_NONE)
			return false;
	}
	return true;
}

int store_name_check(struct store *s, struct bytes name, struct error *e)
{
	struct buf b = BUF_INIT;
	int r = folder_disk_name(s, name, &b, e);

	buf_free(&b);
	return r;
}

int store_folder_dirs(struct store *s, struct bytes name, struct folder_dirs *out, struct error *e)
{
	struct buf b = BUF_INIT;

	if (folder_disk_name(s, name, &b, e) < 0) {
		buf_free(&b);
		return -1;
	}
	const char *disk = buf_cstr(&b);
	const char *inner = *disk ? disk : "INBOX";
	if (*disk)
		snprintf(out->mail, PATH_MAX, "%s/.%s", s->mail, disk);
	else
		snprintf(out->mail, PATH_MAX, "%s", s->mail);
	if (s->index == s->mail)
		memcpy(out->index, out->mail, PATH_MAX);
	else
		snprintf(out->index, PATH_MAX, "%s/.%s", s->index, inner);
	if (s->control == s->mail)
		memcpy(out->control, out->mail, PATH_MAX);
	else
		snprintf(out->control, PATH_MAX, "%s/.%s", s->control, inner);
	buf_free(&b);
	return 0;
}

static bool has_cur(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/cur", dir) < (int)sizeof(path) &&
	       stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int store_exists(struct store *s, struct bytes name)
{
	struct folder_dirs d;

	return store_folder_dirs(s, name, &d, NULL) == 0 && has_cur(d.mail);
}

/* The directory of a new folder, "cur" last, synced before it is told. */
static int make_maildir(const char *path, struct error *e)
{
	static const char *const subs[] = { "tmp", "new" };
	int fd, r = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(e, "Mailbox could not be created", "mkdir %s", path);
	fd = dir_open(AT_FDCWD, path);
	if (fd < 0)
		return error_errno(e, "Mailbox could not be created", "open %s", path);
	for (size_t i = 0; i < 2; i++)
		if (mkdirat(fd, subs[i], 0700) < 0 && errno != EEXIST)
			goto out;
	int mark = file_open(fd, "maildirfolder", O_WRONLY | O_CREAT, 0600);
	if (mark < 0)
		goto out;
	close(mark);
	if (mkdirat(fd, "cur", 0700) < 0 || dir_sync(fd) < 0)
		goto out;
	r = 0;
out:
	if (r < 0)
		error_errno(e,
			    errno == EEXIST ? "Mailbox already exists"
					    : "Mailbox could not be created",
			    "create %s", path);
	close(fd);
	return r;
}

static int sync_path(const char *path, struct error *e)
{
	int fd = dir_open(AT_FDCWD, path);
	int r = fd < 0 ? -1 : dir_sync(fd);

	if (r < 0)
		error_errno(e, "Mail directory could not be synced", "fsync %s", path);
	if (fd >= 0)
		close(fd);
	return r;
}

static struct bytes without_trailing_separator(struct store *s, struct bytes name)
{
	/* RFC 3501 §6.3.3: a declaration of intent that we need not heed. */
	if (name.n > 1 && name.p[name.n - 1] == s->separator)
		name.n--;
	return name;
}

int store_create(struct store *s, struct bytes name, struct error *e)
{
	struct folder_dirs d;

	name = without_trailing_separator(s, name);
	if (store_folder_dirs(s, name, &d, e) < 0)
		return -1;
	if (is_inbox(name) || has_cur(d.mail))
		return error_set(e, ERROR_EXISTS, "Mailbox already exists", "create %s", d.mail);
	if (make_maildir(d.mail, e) < 0)
		return -1;
	return sync_path(s->mail, e);
}

/* Removes what is in a directory and itself; goes at most two levels deep,
 * which is all a Maildir folder has. */
static void remove_tree(int parent, const char *name, int depth)
{
	int fd = file_open(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) { /* a symbolic link to a folder elsewhere: only the link goes */
		if (fd >= 0)
			close(fd);
		unlinkat(parent, name, 0);
		return;
	}
	while ((entry = readdir(dir))) {
		const char *n = entry->d_name;
		if (strcmp(n, ".") == 0 || strcmp(n, "..") == 0)
			continue;
		if (unlinkat(fd, n, 0) < 0 && depth < 3)
			remove_tree(fd, n, depth + 1);
	}
	closedir(dir);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* Who renamed it here renames it back when the fsync fails, so while it may be at that still
 * nobody else takes it away.  A rename sets the change time of what it moves. */
static bool is_left(int root, const char *name)
{
	struct stat st;

	return fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       llabs(clock_wall() - st.st_ctim.tv_sec) > STORE_LEFT_AGE_S;
}

void folder_remove_left(int root)
{
	struct dirscan d;
	struct bytes name;
	enum dirscan_type type;
	int fd = dir_open(root, ".");

	if (fd < 0)
		return;
	if (dirscan_open(&d, fd) == 0)
		while (dirscan_next(&d, &name, &type) > 0)
			if (bytes_starts(name, BYTES(TRASH_PREFIX ".")) && is_left(fd, name.p))
				remove_tree(fd, name.p, 0);
	dirscan_close(&d);
	close(fd);
}

/* Renames a directory out of the way and removes it, and what others who were killed at
 * that left.  1; 0: there is none; -1: it is where it was. */
static int remove_dir(const char *root, const char *path, struct error *e)
{
	char trash[FILE_TEMP_NAME], to[PATH_MAX];
	uint64_t id;
	int fd;

	num_random(&id, sizeof(id));
	snprintf(trash, sizeof(trash), TRASH_PREFIX ".%llx", (unsigned long long)id);
	if (snprintf(to, sizeof(to), "%s/%s", root, trash) >= (int)sizeof(to))
		return error_set(e, ERROR_INTERNAL, "Mailbox could not be deleted",
				 "path too long");
	if (rename(path, to) < 0)
		return errno == ENOENT
			       ? 0
			       : error_errno(e, "Mailbox could not be deleted", "rename %s", path);
	if (sync_path(root, e) < 0) {
		if (file_rename_new(AT_FDCWD, to, AT_FDCWD, path) < 0)
			log_error("delete", "%s stays deleted: %s", path, strerror(errno));
		return -1;
	}
	fd = dir_open(AT_FDCWD, root);
	if (fd >= 0) {
		remove_tree(fd, trash, 0);
		folder_remove_left(fd);
		close(fd);
	}
	return 1;
}

int store_delete(struct store *s, struct bytes name, struct error *e)
{
	struct folder_dirs d;
	int r;

	if (store_folder_dirs(s, name, &d, e) < 0)
		return -1;
	if (is_inbox(name))
		return error_set(e, ERROR_CANNOT, "INBOX cannot be deleted", "delete of INBOX");
	if (!has_cur(d.mail))
		return error_set(e, ERROR_NONEXISTENT, "Mailbox doesn't exist", "delete %s",
				 d.mail);
	r = remove_dir(s->mail, d.mail, e);
	if (r == 0)
		return error_set(e, ERROR_NONEXISTENT, "Mailbox doesn't exist", "delete %s",
				 d.mail);
	if (r > 0 && s->index != s->mail)
		(void)remove_dir(s->index, d.index, NULL);
	if (r > 0 && s->control != s->mail)
		(void)remove_dir(s->control, d.control, NULL);
	return r < 0 ? -1 : 0;
}

/* --- rename --- */

static int rename_error(struct error *e, const char *path)
{
	return error_errno(e,
			   errno == EEXIST || errno == ENOTEMPTY ? "Mailbox already exists"
								 : "Mailbox could not be renamed",
			   "rename %s", path);
}

/* A directory in the way that is no folder, because who made it was killed before "cur", goes
 * if it has nothing but what is made first; true if it did.  If somebody is just making that
 * folder, either he or the rename fails. */
static bool remove_half(const char *path)
{
	struct stat st;
	int fd = has_cur(path) ? -1
			       : file_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return false;
	(void)unlinkat(fd, "new", AT_REMOVEDIR);
	(void)unlinkat(fd, "tmp", AT_REMOVEDIR);
	if (fstatat(fd, "maildirfolder", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0)
		(void)unlinkat(fd, "maildirfolder", 0);
	close(fd);
	return rmdir(path) == 0;
}

static int move_folder(const char *from, const char *to, struct error *e)
{
	int r = file_rename_new(AT_FDCWD, from, AT_FDCWD, to);

	if (r < 0 && errno == EEXIST) {
		if (remove_half(to))
			r = file_rename_new(AT_FDCWD, from, AT_FDCWD, to);
		else
			errno = EEXIST;
	}
	return r < 0 ? rename_error(e, from) : 0;
}

/* Moves index and control directories of their own along.  Losing the index's costs time;
 * without its uidlist a folder would get new UIDs, so that is an error. */
static int rename_aside(struct store *s, const struct folder_dirs *from,
			const struct folder_dirs *to, struct error *e)
{
	if (s->index != s->mail && s->index != s->control)
		(void)rename(from->index, to->index);
	if (s->control != s->mail && rename(from->control, to->control) < 0 && errno != ENOENT)
		return rename_error(e, from->control);
	return 0;
}

static int rename_one(struct store *s, struct bytes from, struct bytes to, struct error *e)
{
	struct folder_dirs a, b;

	if (store_folder_dirs(s, from, &a, e) < 0 || store_folder_dirs(s, to, &b, e) < 0)
		return -1;
	if (move_folder(a.mail, b.mail, e) < 0)
		return -1;
	if (rename_aside(s, &a, &b, e) == 0)
		return 0;
	if (file_rename_new(AT_FDCWD, b.mail, AT_FDCWD, a.mail) < 0)
		log_error("rename", "%s stays there: %s", b.mail, strerror(errno));
	return -1;
}

static bool is_below(struct store *s, struct bytes name, struct bytes parent)
{
	return name.n > parent.n && bytes_starts(name, parent) && name.p[parent.n] == s->separator;
}

/* `from` with its new first part. */
static struct bytes renamed(struct arena *a, struct bytes name, struct bytes from, struct bytes to)
{
	return bytes_of(arena_printf(a, "%.*s%.*s", (int)to.n, to.p, (int)(name.n - from.n),
				     name.p + from.n));
}

/* Names that exist in the way of the new ones: all is checked before the
 * first directory moves. */
static int check_targets(struct store *s, struct arena *a, const struct folder *list, size_t n,
			 struct bytes from, struct bytes to, struct error *e)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		bool self = bytes_eq(list[i].name, from);
		if (!self && !is_below(s, list[i].name, from))
			continue;
		if (self && (list[i].attrs & FOLDER_NONEXISTENT))
			continue;
		found = true;
		struct bytes target = renamed(a, list[i].name, from, to);
		if (store_name_check(s, target, e) < 0)
			return -1;
		if (store_exists(s, target))
			return error_set(e, ERROR_EXISTS, "Mailbox already exists",
					 "rename target");
	}
	return found ? 0
		     : error_set(e, ERROR_NONEXISTENT, "Mailbox doesn't exist", "rename source");
}

/* Each folder of the list that is `from` or below it. */
static bool is_renamed(struct store *s, const struct folder *f, struct bytes from)
{
	return !(f->attrs & (FOLDER_NOSELECT | FOLDER_NONEXISTENT)) &&
	       (bytes_eq(f->name, from) || is_below(s, f->name, from));
}

static int rename_all(struct store *s, struct arena *a, struct bytes from, struct bytes to,
		      struct error *e)
{
	struct folder *list;
	size_t n;

	if (store_list(s, a, false, &list, &n, e) < 0 ||
	    check_targets(s, a, list, n, from, to, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!is_renamed(s, &list[i], from) ||
		    rename_one(s, list[i].name, renamed(a, list[i].name, from, to), e) == 0)
			continue;
		while (i-- > 0) /* all or none */
			if (is_renamed(s, &list[i], from))
				(void)rename_one(s, renamed(a, list[i].name, from, to),
						 list[i].name, NULL);
		return -1;
	}
	return sync_path(s->mail, e);
}

/* RFC 3501 §6.3.5: INBOX stays, its messages move; its children stay too. */
static int rename_inbox(struct store *s, struct arena *a, struct bytes to, struct error *e)
{
	struct mailbox *in, *out;
	struct copy_result result;
	int r = -1;

	if (store_create(s, to, e) < 0)
		return -1;
	if (mailbox_open(s, BYTES("INBOX"), 0, &in, e) < 0)
		return -1;
	if (mailbox_open(s, to, MAILBOX_NOVIEW, &out, e) == 0) {
		struct view *v = mailbox_view(in);
		uint32_t n = view_count(v);
		uint32_t *uids = arena_array(a, uint32_t, n);
		for (uint32_t i = 0; i < n; i++)
			uids[i] = view_uid(v, i + 1);
		r = n ? mailbox_copy(in, out, a, uids, n, true, &result, e) : 0;
		mailbox_close(out);
	}
	mailbox_close(in);
	return r;
}

int store_rename(struct store *s, struct bytes from, struct bytes to, struct error *e)
{
	struct arena a = ARENA_INIT;
	int r;

	to = without_trailing_separator(s, to);
	if (store_name_check(s, from, e) < 0 || store_name_check(s, to, e) < 0)
		return -1;
	if (is_inbox(to) || store_exists(s, to))
		return error_set(e, ERROR_EXISTS, "Mailbox already exists", "rename target");
	if (is_inbox(from))
		r = rename_inbox(s, &a, to, e);
	else if (is_below(s, to, from))
		r = error_set(e, ERROR_CANNOT, "A mailbox cannot be renamed below itself",
			      "rename below itself");
	else
		r = rename_all(s, &a, from, to, e);
	arena_free(&a);
	return r;
}
