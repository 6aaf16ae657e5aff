/*
 * username.c: the one place where names are made equal.
 *
 * Letters become small; what follows the first RECIPIENT_DELIMITER (default
 * "+", empty: none) in the local part goes; a domain in LOCAL_DOMAINS goes; a
 * name that has none then gets DEFAULT_DOMAIN, unless that is local.  A name
 * becomes part of paths (%u, %n, %d): only letters, digits and some marks are
 * taken, and no part is empty or begins with a dot.  Names beyond ASCII are
 * not known here yet.
 */
#include "username.h"

#include "buf.h"
#include "conf.h"

#define LOCAL_MARKS "._-+=&'~!#$"
#define DOMAIN_MARKS ".-_"

static bool part_valid(struct bytes part, const char *marks)
{
	if (part.n == 0 || part.p[0] == '.' || part.p[0] == '-')
		return false;
	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];
		if (!ascii_isalnum(c) && (c == '\0' || !strchr(marks, c)))
			return false;
	}
	return bytes_find(part, BYTES("..")) == BYTES_NONE;
}

static bool domain_is_local(struct bytes domain)
{
	struct bytes rest = bytes_of(conf_str("LOCAL_DOMAINS", "")), one;

	while (bytes_split(&rest, ' ', &one))
		if (one.n && bytes_ieq(one, domain))
			return true;
	return false;
}

static struct bytes without_detail(struct bytes local)
{
	const char *delimiter = conf_str("RECIPIENT_DELIMITER", "+");
	size_t at = *delimiter ? bytes_chr(local, *delimiter) : BYTES_NONE;

	return at == BYTES_NONE ? local : bytes_sub(local, 0, at);
}

static void lower(char *p)
{
	for (; *p; p++)
		*p = ascii_lower(*p);
}

/* The domain a name ends up with; without bytes where it has none. */
static struct bytes domain_of(struct bytes given)
{
	struct bytes fallback = bytes_of(conf_str("DEFAULT_DOMAIN", ""));

	if (given.n && !domain_is_local(given))
		return given;
	return domain_is_local(fallback) ? BYTES("") : fallback;
}

bool username_canonical(struct bytes typed, char out[USERNAME_MAX + 1])
{
	size_t at = bytes_rchr(typed, '@');
	struct bytes local = without_detail(bytes_sub(typed, 0, at));
	struct bytes domain = at == BYTES_NONE ? BYTES("") : bytes_from(typed, at + 1);

	if (!part_valid(local, LOCAL_MARKS) ||
	    (at != BYTES_NONE && !part_valid(domain, DOMAIN_MARKS)))
		return false;
	domain = domain_of(domain);
	if (domain.n && !part_valid(domain, DOMAIN_MARKS))
		return false;
	if (local.n + domain.n + (domain.n > 0) > USERNAME_MAX)
		return false;
	memcpy(out, local.p, local.n);
	out[local.n] = '\0';
	if (domain.n) {
		out[local.n] = '@';
		memcpy(out + local.n + 1, domain.p, domain.n);
		out[local.n + 1 + domain.n] = '\0';
	}
	lower(out);
	return true;
}

/* What a letter behind % stands for; an unknown one stays as it is. */
static void add_variable(struct buf *b, struct bytes name, char c)
{
	size_t at = bytes_rchr(name, '@');

	if (c == 'u')
		buf_bytes(b, name);
	else if (c == 'n')
		buf_bytes(b, bytes_sub(name, 0, at));
	else if (c == 'd' && at != BYTES_NONE)
		buf_bytes(b, bytes_from(name, at + 1));
	else if (c != 'd') {
		if (c != '%')
			buf_char(b, '%');
		buf_char(b, c);
	}
}

bool username_expand(const char *name, const char *pattern, char *out, size_t size)
{
	struct buf b = BUF_MAX(size - 1);
	bool fits;

	for (const char *p = pattern; *p; p++) {
		if (p[0] == '%' && p[1])
			add_variable(&b, bytes_of(name), *++p);
		else
			buf_char(&b, *p);
	}
	fits = !b.full && b.n < size;
	if (fits)
		memcpy(out, buf_cstr(&b), b.n + 1);
	buf_free(&b);
	return fits;
}
