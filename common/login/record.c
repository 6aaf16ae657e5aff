/*
 * record.c: the credential record between parser and gate.
 *
 * Both ends check the same bounds, but only the gate's check protects anything: the parser
 * talked to a stranger.  Passwords are wiped wherever a function gives up.
 */
#include "record.h"

#include "num.h"

static const struct {
	char byte;
	const char *name;
} methods[METHODS] = {
	[METHOD_LOGIN] = { 'C', "LOGIN" }, /* the command, or SASL LOGIN */
	[METHOD_PLAIN] = { 'P', "PLAIN" },
	[METHOD_EXTERNAL] = { 'E', "EXTERNAL" },
};

const char *record_method(const struct record *r)
{
	return methods[r->method].name;
}

void record_wipe(struct record *r)
{
	explicit_bzero(r, sizeof *r);
}

bool record_tag_valid(struct bytes tag)
{
	for (size_t i = 0; i < tag.n; i++) {
		char c = tag.p[i];
		if (c <= ' ' || c >= 0x7f || (c != '\0' && strchr("(){\"\\%*+", c)))
			return false;
	}
	return tag.n > 0 && tag.n <= LOGIN_TAG_MAX;
}

bool record_name_valid(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return false;
	return name.n > 0 && name.n <= LOGIN_USER_MAX;
}

static bool fill(char *to, size_t max, struct bytes from)
{
	if (from.n > max || bytes_chr(from, '\0') != BYTES_NONE)
		return false;
	if (from.n)
		memcpy(to, from.p, from.n);
	to[from.n] = '\0';
	return true;
}

bool record_fill(struct record *r, struct bytes tag, struct bytes user, struct bytes password)
{
	r->method = METHOD_LOGIN;
	if (record_tag_valid(tag) && fill(r->tag, LOGIN_TAG_MAX, tag) &&
	    fill(r->user, LOGIN_USER_MAX, user) && fill(r->password, LOGIN_PASSWORD_MAX, password))
		return true;
	record_wipe(r);
	return false;
}

static size_t put(char *out, const char *field)
{
	size_t n = strlen(field);

	put_le16(out, (uint16_t)n);
	memcpy(out + 2, field, n);
	return n + 2;
}

size_t record_put(const struct record *r, char *out)
{
	size_t n = 0;

	out[n++] = methods[r->method].byte;
	n += put(out + n, r->tag);
	n += put(out + n, r->user);
	return n + put(out + n, r->password);
}

/* Takes a field off the message. */
static bool get(struct bytes *message, struct bytes *field)
{
	size_t n;

	if (message->n < 2)
		return false;
	n = get_le16(message->p);
	if (n > message->n - 2)
		return false;
	*field = bytes_sub(*message, 2, n);
	*message = bytes_from(*message, n + 2);
	return true;
}

bool record_get(struct record *r, struct bytes message)
{
	struct bytes tag, user, password;
	enum method method = METHOD_LOGIN;

	record_wipe(r);
	if (message.n == 0 || message.n > LOGIN_RECORD_MAX)
		return false;
	while (method < METHODS && methods[method].byte != message.p[0])
		method++;
	message = bytes_from(message, 1);
	if (method == METHODS || !get(&message, &tag) || !get(&message, &user) ||
	    !get(&message, &password) || message.n || !record_fill(r, tag, user, password))
		return false;
	r->method = method;
	return true;
}
