/*
 * error.c: filling struct error.
 *
 * Which errno means what to a client is decided here and nowhere else.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct error *e, enum error_kind kind, const char *user, const char *log,
		 va_list ap) __attribute__((format(printf, 4, 0)));
static void fill(struct error *e, enum error_kind kind, const char *user, const char *log,
		 va_list ap)
{
	e->kind = kind;
	snprintf(e->user, sizeof e->user, "%s", user);
	vsnprintf(e->log, sizeof e->log, log, ap);
}

int error_set(struct error *e, enum error_kind kind, const char *user, const char *log, ...)
{
	if (e) {
		va_list ap;
		va_start(ap, log);
		fill(e, kind, user, log, ap);
		va_end(ap);
	}
	return -1;
}

static enum error_kind kind_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERROR_NOSPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERROR_NOPERM;
	case ENOENT:
		return ERROR_NONEXISTENT;
	case EEXIST:
		return ERROR_EXISTS;
	default:
		return ERROR_TEMPORARY;
	}
}

int error_errno(struct error *e, const char *user, const char *log, ...)
{
	int number = errno;
	if (e) {
		va_list ap;
		va_start(ap, log);
		fill(e, kind_of_errno(number), user, log, ap);
		va_end(ap);
		size_t n = strlen(e->log);
		snprintf(e->log + n, sizeof e->log - n, ": %s", strerror(number));
	}
	errno = number;
	return -1;
}
