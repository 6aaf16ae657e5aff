/*
 * subscriptions.c: the file "subscriptions" as Dovecot reads and writes it.
 *
 * Version 2 opens with "V\t2", an empty line, then one name per line, its
 * parts separated by tabs; version 1 has plain names with the separator.  Names
 * are modified UTF-7, without the namespace prefix.  A file is kept in the
 * version it has.  Courier's "courierimapsubscribed" ("INBOX.Sent"; UTF-8 since
 * version 5) is taken over on first contact and left where it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "store_private.h"
#include "utf8.h"

#define SUBSCRIPTIONS "subscriptions"
#define SUBSCRIPTIONS_LOCK "subscriptions.lock"
#define SUBSCRIPTIONS_MAX (16u << 20) /* bytes: some 100,000 names */
#define LOCK_TIMEOUT_MS 10000
#define LOCK_STALE_S 120
static const char header_v2[] = "V\t2\n\n";

/* Dovecot's tab escape: \001 followed by 0, 1, t, r, n. */
static void tab_unescape(struct buf *out, struct bytes in)
{
	static const char from[] = "01trn", to[] = "\0\001\t\r\n";

	for (size_t i = 0; i < in.n; i++) {
		const char *at = NULL;
		if (in.p[i] == '\001' && i + 1 < in.n && in.p[i + 1])
			at = strchr(from, in.p[i + 1]);
		if (at)
			i++;
		buf_char(out, at ? to[at - from] : in.p[i]);
	}
}

/* A line of either version as a disk name with dots ("A.B"). */
static void line_name(struct bytes line, bool v2, char separator, struct buf *out)
{
	struct bytes part;
	bool first = true;

	if (!v2) {
		buf_bytes(out, line);
		if (separator != '.')
			for (size_t i = 0; i < out->n; i++)
				if (out->p[i] == separator)
					out->p[i] = '.';
		return;
	}
	while (bytes_split(&line, '\t', &part)) {
		if (!first)
			buf_char(out, '.');
		first = false;
		tab_unescape(out, part);
	}
}

static void write_line(struct buf *out, struct bytes disk, bool v2)
{
	for (size_t i = 0; i < disk.n; i++)
		buf_char(out, v2 && disk.p[i] == '.' ? '\t' : disk.p[i]);
	buf_char(out, '\n');
}

static bool is_v2(struct bytes content)
{
	return bytes_starts(content, BYTES("V\t2\n"));
}

/* One line of courierimapsubscribed as a disk name; false: not of this store. */
static bool courier_name(struct bytes line, struct buf *out)
{
	bool ascii = true;

	if (bytes_is(line, "INBOX")) {
		buf_bytes(out, line);
		return true;
	}
	if (!bytes_starts(line, BYTES("INBOX.")))
		return false;
	line = bytes_from(line, 6);
	for (size_t i = 0; i < line.n; i++)
		ascii = ascii && (unsigned char)line.p[i] < 0x80;
	if (!ascii)
		return utf7_from_utf8(out, line);
	buf_bytes(out, line);
	return line.n > 0;
}

/* 1 taken over into *content, 0 there is nothing to take over, -1. */
static int take_over_courier(struct store *s, int root, int control, struct buf *content)
{
	struct buf in = BUF_INIT, name = BUF_INIT;
	int r = file_read(root, "courierimapsubscribed", SUBSCRIPTIONS_MAX, &in);
	struct bytes rest = buf_view(&in), line;

	if (r == 1) {
		buf_str(content, header_v2);
		while (bytes_split(&rest, '\n', &line)) {
			buf_reset(&name);
			if (line.n && courier_name(line, &name))
				write_line(content, buf_view(&name), true);
		}
		if (file_replace(control, SUBSCRIPTIONS, buf_view(content), 0600) < 0)
			log_warn("subscriptions", "%s/%s: %s", s->control, SUBSCRIPTIONS,
				 strerror(errno));
	}
	buf_free(&in);
	buf_free(&name);
	return r;
}

/* The content of the file, made from Courier's if need be. */
static int load(struct store *s, struct buf *content, struct error *e)
{
	int control = dir_open(AT_FDCWD, s->control);
	int root = s->control == s->mail ? control : dir_open(AT_FDCWD, s->mail);
	int r = control < 0 ? -1 : file_read(control, SUBSCRIPTIONS, SUBSCRIPTIONS_MAX, content);

	if (r == 0 && root >= 0)
		r = take_over_courier(s, root, control, content);
	if (r < 0)
		error_errno(e, "Subscriptions could not be read", "%s/%s", s->control,
			    SUBSCRIPTIONS);
	if (root >= 0 && root != control)
		close(root);
	if (control >= 0)
		close(control);
	return r < 0 ? -1 : 0;
}

/* The lines behind the header. */
static struct bytes body(struct bytes content, bool v2)
{
	if (!v2)
		return content;
	content = bytes_from(content, 4);
	return content.n && content.p[0] == '\n' ? bytes_from(content, 1) : content;
}

/* The folder a line names: false if it is no name of this store. */
static bool line_folder(struct store *s, struct bytes line, bool v2, struct buf *disk,
			struct buf *name)
{
	buf_reset(disk);
	buf_reset(name);
	if (line.n == 0)
		return false;
	line_name(line, v2, s->separator, disk);
	if (bytes_iis(buf_view(disk), "INBOX")) {
		buf_str(name, "INBOX");
		return true;
	}
	return folder_from_disk(s, buf_view(disk), name);
}

int subscriptions_read(struct store *s, struct arena *a, struct bytes **names, size_t *n,
		       struct error *e)
{
	struct buf content = BUF_INIT, disk = BUF_INIT, name = BUF_INIT;
	struct bytes rest, line;
	size_t lines = 1;
	int r = load(s, &content, e);
	bool v2 = is_v2(buf_view(&content));

	*n = 0;
	for (size_t i = 0; i < content.n; i++)
		lines += content.p[i] == '\n';
	*names = arena_array(a, struct bytes, lines);
	rest = body(buf_view(&content), v2);
	while (r == 0 && bytes_split(&rest, '\n', &line))
		if (line_folder(s, line, v2, &disk, &name))
			(*names)[(*n)++] = arena_bytes(a, buf_view(&name));
	buf_free(&content);
	buf_free(&disk);
	buf_free(&name);
	return r;
}

/* All lines of `in` but those of that name, as they are: a line that means
 * nothing to us may mean something to another program. */
static bool copy_without(struct store *s, struct bytes in, bool v2, struct bytes name,
			 struct buf *out)
{
	struct buf disk = BUF_INIT, folder = BUF_INIT;
	struct bytes line;
	bool found = false;

	while (bytes_split(&in, '\n', &line)) {
		if (line_folder(s, line, v2, &disk, &folder) && bytes_eq(buf_view(&folder), name)) {
			found = true;
			continue;
		}
		if (line.n == 0 && in.p == NULL)
			break; /* behind the last newline */
		buf_bytes(out, line);
		buf_char(out, '\n');
	}
	buf_free(&disk);
	buf_free(&folder);
	return found;
}

/* The lock is held. */
static int change(struct store *s, int control, struct bytes name, bool on, struct error *e)
{
	struct buf old = BUF_INIT, out = BUF_INIT, disk = BUF_INIT;
	int r = load(s, &old, e);

	if (r == 0) {
		bool v2 = old.n == 0 || is_v2(buf_view(&old));
		if (v2)
			buf_str(&out, header_v2);
		struct bytes lines = old.n ? body(buf_view(&old), v2) : buf_view(&old);
		bool found = copy_without(s, lines, v2, name, &out);
		if (on)
			r = folder_disk_name(s, name, &disk, e);
		if (on && r == 0)
			write_line(&out, disk.n ? buf_view(&disk) : BYTES("INBOX"), v2);
		if (r == 0 && found != on)
			r = file_replace(control, SUBSCRIPTIONS, buf_view(&out), 0600);
		if (r < 0 && found != on && (!e || e->kind == ERROR_NONE))
			error_errno(e, "Subscriptions could not be written", "%s/%s", s->control,
				    SUBSCRIPTIONS);
	}
	buf_free(&old);
	buf_free(&out);
	buf_free(&disk);
	return r;
}

int store_subscribe(struct store *s, struct bytes name, bool on, struct error *e)
{
	int control, r;

	if (store_name_check(s, name, e) < 0)
		return -1;
	control = dir_open(AT_FDCWD, s->control);
	r = control < 0 ? -1
			: dotlock_take(control, SUBSCRIPTIONS_LOCK, LOCK_TIMEOUT_MS, LOCK_STALE_S);
	if (r == 1) {
		if (e)
			e->kind = ERROR_NONE;
		r = change(s, control, name, on, e);
		dotlock_release(control, SUBSCRIPTIONS_LOCK);
	} else if (r == 0) {
		r = error_set(e, ERROR_INUSE, "Subscriptions are locked", "%s/%s", s->control,
			      SUBSCRIPTIONS_LOCK);
	} else {
		error_errno(e, "Subscriptions could not be written", "%s", s->control);
	}
	if (control >= 0)
		close(control);
	return r;
}
