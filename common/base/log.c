/*
 * log.c: log lines to fd 2, one write each, without malloc.
 *
 * A line is  program[pid]: level=warn event=append user=a ip=b msg="..."
 * If fd 2 is a datagram socket it is syslog's (/dev/log, connected by us or by
 * who started us), and the line gets syslog's <priority> in front.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf.h"

#define LOG_LINE 2048 /* bytes of a line; syslogds cut there or later */
#define LOG_TEXT 1024 /* of the free text before escaping */
#define LOG_PAIRS 8
#define LOG_VALUE 128 /* of a context value after escaping */
#define LOG_MAIL_FACILITY (2 << 3)

struct pair {
	char key[16];
	char value[LOG_VALUE];
};

static const char *name = "roost";
static bool to_syslog;
static struct pair context[LOG_PAIRS];

static bool same_file(int a, int b)
{
	struct stat sa, sb;
	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/* fd 2 may not be written to: it is closed, or it is the peer.  A terminal is
 * a person who tries us out. */
static bool unusable(void)
{
	if (fcntl(2, F_GETFD) < 0)
		return true;
	return (same_file(2, 0) || same_file(2, 1)) && !isatty(2);
}

static int syslog_connect(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
		close(fd);
		fd = -1;
	}
	return fd >= 0 ? fd : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* Makes fd number 2, open across exec. */
static void take_two(int fd)
{
	if (fd == 2)
		fcntl(2, F_SETFD, 0);
	else if (fd >= 0) {
		dup2(fd, 2);
		close(fd);
	}
}

void log_open(const char *program)
{
	int type = 0;
	socklen_t len = sizeof type;

	const char *ip = getenv("TCPREMOTEIP");

	name = program;
	if (ip && *ip)
		log_context("ip", bytes_of(ip));
	if (unusable())
		take_two(syslog_connect());
	to_syslog = getsockopt(2, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM;
}

void log_stderr(const char *program)
{
	name = program;
}

static bool plain(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] <= ' ' || b.p[i] >= 0x7f || b.p[i] == '"' || b.p[i] == '\\' ||
		    b.p[i] == '=')
			return false;
	return b.n > 0;
}

/* c as it stands between quotes; the length, at most 4. */
static size_t escape_byte(char out[4], unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char letter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : (char)c;

	if (letter == (char)c && c != '"' && c != '\\') {
		if (c >= ' ' && c < 0x7f) {
			out[0] = (char)c;
			return 1;
		}
		out[0] = '\\';
		out[1] = 'x';
		out[2] = hex[c >> 4];
		out[3] = hex[c & 15];
		return 4;
	}
	out[0] = '\\';
	out[1] = letter;
	return 2;
}

/* Always between quotes; what doesn't fit is left out, whole bytes only. */
static size_t quote(char *out, size_t size, struct bytes b)
{
	size_t n = 0;

	if (size >= 3) {
		out[n++] = '"';
		for (size_t i = 0; i < b.n; i++) {
			char piece[4];
			size_t len = escape_byte(piece, (unsigned char)b.p[i]);
			if (n + len + 2 > size)
				break;
			memcpy(out + n, piece, len);
			n += len;
		}
		out[n++] = '"';
	}
	out[n] = '\0';
	return n;
}

size_t log_escape(char *out, size_t size, struct bytes b)
{
	if (!plain(b))
		return quote(out, size, b);
	size_t n = b.n < size - 1 ? b.n : size - 1;
	memcpy(out, b.p, n);
	out[n] = '\0';
	return n;
}

void log_context(const char *key, struct bytes value)
{
	for (size_t i = 0; i < LOG_PAIRS; i++) {
		struct pair *pair = &context[i];
		if (pair->key[0] && strcmp(pair->key, key) != 0)
			continue;
		snprintf(pair->key, sizeof pair->key, "%s", key);
		log_escape(pair->value, sizeof pair->value, value);
		return;
	}
}

struct line {
	char p[LOG_LINE];
	size_t n;
};

static void add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(l->p + l->n, sizeof l->p - l->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n < sizeof l->p - l->n ? (size_t)n : sizeof l->p - l->n - 1;
}

static bool debugging(void)
{
	static enum { UNKNOWN, OFF, ON } state;
	if (state == UNKNOWN) {
		state = OFF; /* reading the settings may log */
		state = conf_bool("DEBUG", false) ? ON : OFF;
	}
	return state == ON;
}

/* Nothing in it could be taken for the end of a value or a line. */
static bool safe_fields(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!ascii_isalnum(b.p[i]) && (!b.p[i] || !strchr(" =_-.:/+%", b.p[i])))
			return false;
	return b.n > 0;
}

static void write_line(enum log_level level, const char *event, const char *text, bool fields)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	static const int priorities[] = { 7, 6, 4, 3 };
	struct line l;

	l.n = 0;
	if (to_syslog)
		add(&l, "<%d>", LOG_MAIL_FACILITY | priorities[level]);
	add(&l, "%s[%ld]: level=%s event=%s", name, (long)getpid(), levels[level], event);
	for (size_t i = 0; i < LOG_PAIRS && context[i].key[0]; i++)
		add(&l, " %s=%s", context[i].key, context[i].value);
	if (fields && safe_fields(bytes_of(text))) {
		add(&l, " %s", text);
	} else {
		add(&l, " msg=");
		l.n += quote(l.p + l.n, sizeof l.p - l.n - 1, bytes_of(text));
	}
	if (!to_syslog)
		l.p[l.n++] = '\n';
	while (write(2, l.p, l.n) < 0 && errno == EINTR)
		;
}

static void write_va(enum log_level level, const char *event, bool fields, const char *fmt,
		     va_list ap) __attribute__((format(printf, 4, 0)));
static void write_va(enum log_level level, const char *event, bool fields, const char *fmt,
		     va_list ap)
{
	int saved = errno;
	char text[LOG_TEXT];
	vsnprintf(text, sizeof text, fmt, ap);
	write_line(level, event, text, fields);
	errno = saved;
}

void log_write(enum log_level level, const char *event, const char *fmt, ...)
{
	if (level == LOG_LEVEL_DEBUG && !debugging())
		return;
	va_list ap;
	va_start(ap, fmt);
	write_va(level, event, false, fmt, ap);
	va_end(ap);
}

void log_fields(enum log_level level, const char *event, const char *fmt, ...)
{
	if (level == LOG_LEVEL_DEBUG && !debugging())
		return;
	va_list ap;
	va_start(ap, fmt);
	write_va(level, event, true, fmt, ap);
	va_end(ap);
}

void log_die(const char *event, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	write_va(LOG_LEVEL_ERROR, event, false, fmt, ap);
	va_end(ap);
	_exit(111);
}
