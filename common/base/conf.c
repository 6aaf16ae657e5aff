/*
 * conf.c: the environment first, then roost.conf.
 *
 * The file is read when a key is first missed in the environment; a program
 * that shuts itself in asks for its settings before.  It is a systemd
 * EnvironmentFile with systemd's rules: 'single' quotes hold everything,
 * "double" ones know \" \\ \` \$, a backslash at the end of a line joins it
 * with the next, unquoted text ends with its last non-blank.  A line that is
 * none of this is told with its number and left out.  A file that is there
 * but can't be read ends the process: a default in place of the mailbox that
 * an administrator configured would lose mail.
 */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "arena.h"
#include "buf.h"
#include "file.h"
#include "log.h"
#include "num.h"

#define CONF_FILE SYSCONFDIR "/roost/roost.conf"
#define CONF_MAX (256 * 1024) /* bytes of a file: a mistake if larger */

struct setting {
	struct setting *next;
	char *key, *value;
};

static struct setting *settings; /* newest first: the last line wins */
static struct setting *told;     /* keys whose bad values are in the log */
static struct arena memory;
static bool loaded;

struct parser {
	struct bytes rest;
	const char *path;
	unsigned line;
};

static bool at(const struct parser *s, char c)
{
	return s->rest.n && s->rest.p[0] == c;
}

static char take(struct parser *s)
{
	char c = s->rest.p[0];
	s->rest = bytes_from(s->rest, 1);
	s->line += c == '\n';
	return c;
}

static bool blank(const struct parser *s)
{
	return at(s, ' ') || at(s, '\t') || at(s, '\r');
}

static bool key_char(char c, bool first)
{
	return ascii_isalpha(c) || c == '_' || (!first && ascii_isdigit(c));
}

static void skip_line(struct parser *s)
{
	while (s->rest.n && take(s) != '\n')
		;
}

/* 'a' with nothing special in it. */
static bool single_quoted(struct parser *s, struct buf *out)
{
	while (s->rest.n) {
		char c = take(s);
		if (c == '\'')
			return true;
		buf_char(out, c);
	}
	return false;
}

static bool double_quoted(struct parser *s, struct buf *out)
{
	while (s->rest.n) {
		char c = take(s);
		if (c == '"')
			return true;
		if (c != '\\' || s->rest.n == 0) {
			buf_char(out, c);
			continue;
		}
		c = take(s);
		if (c == '\n')
			continue;
		if (c != '"' && c != '\\' && c != '`' && c != '$')
			buf_char(out, '\\');
		buf_char(out, c);
	}
	return false;
}

/* To the end of the line, blanks at the end left out unless escaped. */
static void unquoted(struct parser *s, struct buf *out)
{
	size_t keep = out->n;

	while (s->rest.n && !at(s, '\n')) {
		bool space = blank(s);
		char c = take(s);
		if (c == '\\' && s->rest.n) {
			c = take(s);
			if (c == '\n')
				continue;
		}
		buf_char(out, c);
		if (!space)
			keep = out->n;
	}
	out->n = keep;
}

static bool parse_value(struct parser *s, struct buf *out)
{
	while (s->rest.n && !at(s, '\n')) {
		bool ok = true;
		if (blank(s))
			take(s);
		else if (at(s, '\''))
			take(s), ok = single_quoted(s, out);
		else if (at(s, '"'))
			take(s), ok = double_quoted(s, out);
		else
			unquoted(s, out);
		if (!ok)
			return false;
	}
	return memchr(buf_cstr(out), '\0', out->n) == NULL;
}

static void bad_line(const struct parser *s, unsigned line, const char *why)
{
	log_warn("conf", "%s line %u: %s", s->path, line, why);
}

static void add_setting(struct bytes key, struct bytes value)
{
	struct setting *n = arena_new(&memory, struct setting);
	n->key = arena_str(&memory, key);
	n->value = arena_str(&memory, value);
	n->next = settings;
	settings = n;
}

static void parse_line(struct parser *s, struct buf *value)
{
	unsigned line = s->line;
	struct bytes key = { s->rest.p, 0 };

	while (s->rest.n && key_char(s->rest.p[0], key.n == 0)) {
		take(s);
		key.n++;
	}
	while (blank(s))
		take(s);
	if (key.n == 0 || !at(s, '=')) {
		bad_line(s, line, "not KEY=value");
		skip_line(s);
		return;
	}
	take(s);
	buf_reset(value);
	if (parse_value(s, value))
		add_setting(key, buf_view(value));
	else
		bad_line(s, line, "a quote without end, or a NUL");
}

static void parse(const char *path, struct bytes text)
{
	struct parser s = { text, path, 1 };
	struct buf value = BUF_INIT;

	while (s.rest.n) {
		if (blank(&s) || at(&s, '\n'))
			take(&s);
		else if (at(&s, '#') || at(&s, ';'))
			skip_line(&s);
		else
			parse_line(&s, &value);
	}
	buf_free(&value);
}

int conf_load(const char *path)
{
	struct buf text = BUF_INIT;
	int got = file_read(AT_FDCWD, path, CONF_MAX, &text);

	loaded = true;
	if (got > 0)
		parse(path, buf_view(&text));
	else if (got == 0)
		errno = ENOENT;
	int saved = errno;
	buf_free(&text);
	errno = saved;
	return got > 0 ? 0 : -1;
}

void conf_forget(void)
{
	settings = told = NULL;
	arena_free(&memory);
	loaded = true;
}

int conf_ready(const char **path)
{
	*path = getauxval(AT_SECURE) ? NULL : getenv("ROOST_CONF");
	if (!*path)
		*path = CONF_FILE;
	if (loaded || strcmp(*path, "/dev/null") == 0) {
		loaded = true;
		return 0;
	}
	return conf_load(*path) == 0 || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

static void load_once(void)
{
	const char *path;

	if (conf_ready(&path) < 0)
		log_die("conf", "%s: %s", path, strerror(errno));
}

/* Facts about this login: whoever starts us says them, no file. */
static bool from_chain_only(const char *key)
{
	static const char *const facts[] = {
		"AUTHORIZED", "AUTHMECH", "AUTHSTEP", "MASTER_USER", "CREDENTIALS_LOOKUP",
		"LOGINFD",    "IMAPTAG",  "HOME",     "USER",        "SHELL"
	};
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		if (strcmp(key, facts[i]) == 0)
			return true;
	return false;
}

const char *conf_get(const char *key)
{
	const char *value = getenv(key);
	if (value || from_chain_only(key))
		return value;
	load_once();
	for (const struct setting *s = settings; s; s = s->next)
		if (strcmp(s->key, key) == 0)
			return s->value;
	return NULL;
}

const char *conf_str(const char *key, const char *fallback)
{
	const char *value = conf_get(key);
	return value ? value : fallback;
}

/* Once per key; who asks again gets the fallback again, but no line. */
static void bad_value(const char *key, const char *value, const char *want)
{
	for (const struct setting *s = told; s; s = s->next)
		if (strcmp(s->key, key) == 0)
			return;
	struct setting *n = arena_new(&memory, struct setting);
	n->key = arena_str(&memory, bytes_of(key));
	n->next = told;
	told = n;
	log_warn("conf", "%s=%s is not %s: using the default", key, value, want);
}

uint64_t conf_u64(const char *key, uint64_t fallback, uint64_t min, uint64_t max)
{
	const char *value = conf_get(key);
	uint64_t v;

	if (!value)
		return fallback;
	if (num_parse(bytes_of(value), max, &v) && v >= min)
		return v;
	bad_value(key, value, "a number in range");
	return fallback;
}

bool conf_bool(const char *key, bool fallback)
{
	static const char *const yes[] = { "yes", "true", "1" };
	static const char *const no[] = { "no", "false", "0" };
	const char *value = conf_get(key);

	if (!value)
		return fallback;
	for (size_t i = 0; i < 3; i++) {
		if (bytes_iis(bytes_of(value), yes[i]))
			return true;
		if (bytes_iis(bytes_of(value), no[i]))
			return false;
	}
	bad_value(key, value, "yes or no");
	return fallback;
}
