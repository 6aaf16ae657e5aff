/*
 * scheme.c: {PLAIN}, {CLEARTEXT} and those that crypt(3) knows, by the names
 * Dovecot gives them.  A scheme that names one kind of hash must be followed
 * by that kind.  Not here: salted digests ({SSHA} and so on), Argon2, SCRAM.
 */
#include "scheme.h"

#define SAME_MAX 512 /* as much as a login record may have */

static const struct {
	const char *name, *prefix;
	enum scheme scheme;
} schemes[] = {
	{ "PLAIN", "", SCHEME_PLAIN },           { "CLEARTEXT", "", SCHEME_PLAIN },
	{ "CRYPT", "", SCHEME_CRYPT },           { "DES-CRYPT", "", SCHEME_CRYPT },
	{ "YESCRYPT", "$y$", SCHEME_CRYPT },     { "SHA512-CRYPT", "$6$", SCHEME_CRYPT },
	{ "SHA256-CRYPT", "$5$", SCHEME_CRYPT }, { "BLF-CRYPT", "$2", SCHEME_CRYPT },
	{ "MD5-CRYPT", "$1$", SCHEME_CRYPT },
};

static enum scheme named(struct bytes name, struct bytes hash)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (bytes_iis(name, schemes[i].name) &&
		    bytes_starts(hash, bytes_of(schemes[i].prefix)))
			return schemes[i].scheme;
	return SCHEME_UNKNOWN;
}

enum scheme scheme_split(struct bytes stored, struct bytes *hash)
{
	struct bytes name = BYTES("CRYPT");

	*hash = stored;
	if (stored.n && stored.p[0] == '{') {
		size_t end = bytes_chr(stored, '}');
		if (end == BYTES_NONE)
			return SCHEME_UNKNOWN;
		name = bytes_sub(stored, 1, end - 1);
		*hash = bytes_from(stored, end + 1);
	}
	if (hash->n == 0)
		return SCHEME_LOCKED;
	if (named(name, *hash) != SCHEME_PLAIN && (hash->p[0] == '*' || hash->p[0] == '!'))
		return SCHEME_LOCKED;
	return named(name, *hash);
}

static void fill(unsigned char to[SAME_MAX], struct bytes b)
{
	memset(to, 0, SAME_MAX);
	memcpy(to, b.p, b.n < SAME_MAX ? b.n : SAME_MAX);
}

bool scheme_same(struct bytes a, struct bytes b)
{
	unsigned char x[SAME_MAX], y[SAME_MAX];
	volatile unsigned char differ = 0;

	fill(x, a);
	fill(y, b);
	for (size_t i = 0; i < SAME_MAX; i++)
		differ = (unsigned char)(differ | (x[i] ^ y[i]));
	explicit_bzero(x, sizeof(x));
	explicit_bzero(y, sizeof(y));
	return differ == 0 && a.n == b.n && a.n <= SAME_MAX;
}
