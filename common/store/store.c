/*
 * store.c: opens a user's mail from the MAIL setting.
 *
 * MAIL=maildir:DIR[:INDEX=DIR][:CONTROL=DIR], as Dovecot has it; %u %n %d %h
 * and a leading ~ are expanded from the facts of the login, never from what a
 * client sent.  "::" stands for a colon in a path.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "file.h"
#include "log.h"
#include "store_private.h"

/* One %-variable; false for one we don't know. */
static bool expand_variable(char c, const struct store_user *u, struct buf *out)
{
	struct bytes user = bytes_of(u->user);
	size_t at = bytes_chr(user, '@');

	switch (c) {
	case 'u':
		buf_bytes(out, user);
		return true;
	case 'n':
		buf_bytes(out, at == BYTES_NONE ? user : bytes_sub(user, 0, at));
		return true;
	case 'd':
		if (at != BYTES_NONE)
			buf_bytes(out, bytes_from(user, at + 1));
		return true;
	case 'h':
		buf_str(out, u->home);
		return true;
	case '%':
		buf_char(out, '%');
		return true;
	default:
		return false;
	}
}

/* A user name is part of paths: nothing in it may climb out of its place. */
static bool user_is_safe(const char *user)
{
	struct bytes u = bytes_of(user);

	return u.n > 0 && u.n <= 255 && u.p[0] != '.' && bytes_chr(u, '/') == BYTES_NONE &&
	       bytes_find(u, BYTES("..")) == BYTES_NONE;
}

/* Expands one path; an unknown variable or a relative path is an error. */
static int expand_path(struct store *s, const struct store_user *u, struct bytes in, char **out,
		       struct error *e)
{
	char path[PATH_MAX - 512 + 1]; /* leaves room for folder and file names */
	struct buf b = BUF_IN(path, sizeof path);

	if (in.n && in.p[0] == '~' && (in.n == 1 || in.p[1] == '/')) {
		buf_str(&b, u->home);
		in = bytes_from(in, 1);
	}
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] != '%')
			buf_char(&b, in.p[i]);
		else if (++i == in.n || !expand_variable(in.p[i], u, &b))
			return error_set(e, ERROR_TEMPORARY, "Mail is misconfigured",
					 "MAIL: unknown variable in %.*s", (int)in.n, in.p);
	}
	while (b.n > 1 && b.p[b.n - 1] == '/')
		b.n--;
	bool ok = b.n && b.p[0] == '/' && !b.full && bytes_chr(buf_view(&b), '\0') == BYTES_NONE;
	if (ok)
		*out = arena_str(&s->arena, buf_view(&b));
	return ok ? 0
		  : error_set(e, ERROR_TEMPORARY, "Mail is misconfigured",
			      "MAIL: %.*s is no absolute path", (int)in.n, in.p);
}

/* Takes what stands before the next single colon off *rest, "::" undone. */
static struct bytes spec_piece(struct arena *a, struct bytes *rest)
{
	char *p = arena_alloc(a, rest->n + 1);
	size_t n = 0, i = 0;

	for (; i < rest->n; i++) {
		if (rest->p[i] == ':') {
			if (i + 1 >= rest->n || rest->p[i + 1] != ':')
				break;
			i++;
		}
		p[n++] = rest->p[i];
	}
	*rest = i < rest->n ? bytes_from(*rest, i + 1) : (struct bytes){ NULL, 0 };
	return (struct bytes){ p, n };
}

static int parse_mail(struct store *s, const struct store_user *u, struct error *e)
{
	struct bytes rest = bytes_of(u->mail && *u->mail ? u->mail : "maildir:~/Maildir");

	if (bytes_starts(rest, BYTES("maildir:")))
		rest = bytes_from(rest, 8);
	else if (rest.p[0] != '/' && rest.p[0] != '~' && rest.p[0] != '%')
		return error_set(e, ERROR_TEMPORARY, "Mail is misconfigured",
				 "MAIL: unknown format in %s", u->mail);
	if (expand_path(s, u, spec_piece(&s->arena, &rest), &s->mail, e) < 0)
		return -1;
	s->index = s->control = s->mail;
	while (rest.p) {
		struct bytes piece = spec_piece(&s->arena, &rest);
		char **to = bytes_starts(piece, BYTES("INDEX="))     ? &s->index
			    : bytes_starts(piece, BYTES("CONTROL=")) ? &s->control
								     : NULL;
		if (!to)
			return error_set(e, ERROR_TEMPORARY, "Mail is misconfigured",
					 "MAIL: unknown option %.*s", (int)piece.n, piece.p);
		piece = bytes_from(piece, bytes_chr(piece, '=') + 1);
		if (expand_path(s, u, piece, to, e) < 0)
			return -1;
	}
	return 0;
}

/* Of a path that is there: false with errno. */
static bool is_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

/* mkdir -p with the mode of mail: 0700.  An existing path costs two calls. */
int store_make_dirs(const char *path, struct error *e)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (mkdir(path, 0700) == 0 || (errno == EEXIST && is_directory(path)))
		return 0;
	if (errno != ENOENT || n >= sizeof(part))
		return error_errno(e, "Mail directory is not accessible", "mkdir %s", path);
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST && errno != EACCES && errno != EROFS)
			return error_errno(e, "Mail directory is not accessible", "mkdir %s", part);
		part[i] = i < n ? '/' : '\0';
	}
	if (!is_directory(path))
		return error_errno(e, "Mail directory is not accessible", "mkdir %s", path);
	return 0;
}

/* Without its separator it is the name of a folder. */
static int check_prefix(struct store *s, struct error *e)
{
	struct bytes prefix = s->prefix;
	struct error why;
	int r;

	s->prefix = BYTES("");
	r = store_name_check(s, bytes_sub(prefix, 0, prefix.n - 1), &why);
	s->prefix = prefix;
	return r == 0 ? 0
		      : error_set(e, ERROR_TEMPORARY, "Mail is misconfigured", "MAIL_PREFIX=%s: %s",
				  prefix.p, why.user);
}

static int settings(struct store *s, struct error *e)
{
	const char *sep = conf_str("MAIL_SEPARATOR", ".");
	const char *prefix = conf_str("MAIL_PREFIX", "");

	if (strlen(sep) != 1 || !strchr("./|^", sep[0]))
		return error_set(e, ERROR_TEMPORARY, "Mail is misconfigured",
				 "MAIL_SEPARATOR=%s: one of . / | ^", sep);
	s->separator = sep[0];
	s->prefix = bytes_of(arena_str(&s->arena, bytes_of(prefix)));
	if (s->prefix.n && s->prefix.p[s->prefix.n - 1] != s->separator)
		return error_set(e, ERROR_TEMPORARY, "Mail is misconfigured",
				 "MAIL_PREFIX=%s: must end in the separator", prefix);
	return s->prefix.n ? check_prefix(s, e) : 0;
}

const char *store_mail_setting(void)
{
	const char *mail = getenv("MAIL");
	struct stat st;

	if (mail && !strchr(mail, ':') && (stat(mail, &st) < 0 || !S_ISDIR(st.st_mode)))
		unsetenv("MAIL");
	return conf_get("MAIL");
}

static int need_root(struct store *s, struct error *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/cur", s->mail);
	return is_directory(path)
		       ? 0
		       : error_errno(e, "Mail directory is not accessible", "no Maildir: %s", path);
}

/* An existing Maildir may be read-only: then it is served as such. */
static int make_root(struct store *s, struct error *e)
{
	char path[PATH_MAX];
	static const char *const subs[] = { "tmp", "new", "cur" };

	snprintf(path, sizeof(path), "%s/cur", s->mail);
	if (!is_directory(path))
		for (size_t i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), "%s/%s", s->mail, subs[i]);
			if (store_make_dirs(path, e) < 0)
				return -1;
		}
	if (s->index != s->mail && store_make_dirs(s->index, e) < 0)
		log_warn("index", "%s; the index stays in memory", e->log);
	if (s->control != s->mail && store_make_dirs(s->control, e) < 0)
		return -1;
	return 0;
}

static int open_with(struct store **out, const struct store_user *u,
		     int (*root)(struct store *s, struct error *e), struct error *e)
{
	struct error ignored;
	struct arena a = ARENA_INIT;
	struct store *s = arena_new(&a, struct store);

	s->arena = a;
	if (!e)
		e = &ignored;
	if (!user_is_safe(u->user)) {
		arena_free(&a);
		return error_set(e, ERROR_INVALID, "Not a valid user name", "user name refused");
	}
	if (parse_mail(s, u, e) < 0 || settings(s, e) < 0 || root(s, e) < 0) {
		store_close(s);
		return -1;
	}
	s->shared_dirs = s->index == s->mail && s->control == s->mail;
	*out = s;
	return 0;
}

int store_open(struct store **out, const struct store_user *u, struct error *e)
{
	return open_with(out, u, make_root, e);
}

int store_open_there(struct store **out, const struct store_user *u, struct error *e)
{
	return open_with(out, u, need_root, e);
}

void store_close(struct store *s)
{
	struct arena a;

	if (!s)
		return;
	a = s->arena; /* the store itself lives in it */
	arena_free(&a);
}

char store_separator(const struct store *s)
{
	return s->separator;
}

const char *store_prefix(const struct store *s)
{
	return s->prefix.p;
}
