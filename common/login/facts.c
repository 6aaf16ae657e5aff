/*
 * facts.c: see facts.h.  The first variable of a name counts, so that nothing
 * behind it, in a message that was cleverly made, takes its place.
 */
#include "facts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

#define FACTS_PREFIX "SSL_"

extern char **environ;

enum facts_status facts_status(struct bytes message)
{
	struct bytes rest = message, one;

	if (message.n > FACTS_MAX)
		return FACTS_BAD;
	while (bytes_split(&rest, '\0', &one)) {
		if (!rest.p)
			break; /* no NUL behind it yet */
		if (one.n == 0)
			return rest.n == 0 ? FACTS_WHOLE : FACTS_BAD;
		if (bytes_chr(one, '=') == BYTES_NONE)
			return FACTS_BAD;
	}
	return message.n < FACTS_MAX ? FACTS_MORE : FACTS_BAD;
}

enum facts_status facts_read(struct facts *f, int fd)
{
	ssize_t got = read(fd, f->raw + f->n, sizeof f->raw - f->n);

	if (got < 0 && errno == EINTR)
		return FACTS_MORE;
	if (got <= 0)
		return FACTS_BAD;
	f->n += (size_t)got;
	return facts_status((struct bytes){ f->raw, f->n });
}

static bool name_valid(struct bytes name)
{
	if (name.n > FACTS_NAME_MAX || !bytes_starts(name, BYTES(FACTS_PREFIX)))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isalnum(name.p[i]) && name.p[i] != '_')
			return false;
	return true;
}

static bool value_valid(struct bytes value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return false;
	return value.n <= FACTS_VALUE_MAX;
}

bool facts_next(struct bytes *message, struct bytes *name, struct bytes *value)
{
	struct bytes one;

	while (bytes_split(message, '\0', &one) && one.n) {
		size_t at = bytes_chr(one, '=');

		*name = bytes_sub(one, 0, at);
		*value = bytes_from(one, at + 1);
		if (at != BYTES_NONE && name_valid(*name) && value_valid(*value))
			return true;
	}
	return false;
}

void facts_clear(void)
{
	char **to = environ;

	if (!environ)
		return;
	for (char **from = environ; *from; from++)
		if (strncmp(*from, FACTS_PREFIX, sizeof FACTS_PREFIX - 1) != 0)
			*to++ = *from;
	*to = NULL;
}

void facts_export(struct bytes message)
{
	char name[FACTS_NAME_MAX + 1], value[FACTS_VALUE_MAX + 1];
	struct bytes n, v;

	facts_clear();
	for (unsigned i = 0; i < FACTS_VARIABLES && facts_next(&message, &n, &v); i++) {
		memcpy(name, n.p, n.n);
		name[n.n] = '\0';
		if (v.n)
			memcpy(value, v.p, v.n);
		value[v.n] = '\0';
		if (setenv(name, value, 0) < 0)
			log_die("facts", "%s: %s", name, strerror(errno));
	}
}

void facts_put(struct buf *message, const char *name, struct bytes value)
{
	if (!name_valid(bytes_of(name)) || !value_valid(value))
		return;
	buf_str(message, name);
	buf_char(message, '=');
	buf_bytes(message, value);
	buf_char(message, '\0');
}

void facts_end(struct buf *message)
{
	buf_char(message, '\0');
}
