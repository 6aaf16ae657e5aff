/* network.c: see network.h. */
#include "network.h"

#include <arpa/inet.h>

#include "conf.h"
#include "log.h"
#include "num.h"

#define V4_BITS 96 /* of the prefix ::ffff:0:0 */

struct network {
	struct address a;
	unsigned bits;
};

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool address_is_v4(const struct address *a)
{
	return memcmp(a->b, v4_prefix, sizeof v4_prefix) == 0;
}

bool address_parse(struct address *a, const char *text)
{
	char plain[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "%");

	if (n >= sizeof plain)
		return false;
	memcpy(plain, text, n);
	plain[n] = '\0';
	memcpy(a->b, v4_prefix, sizeof v4_prefix);
	return inet_pton(AF_INET, plain, a->b + sizeof v4_prefix) == 1 ||
	       inet_pton(AF_INET6, plain, a->b) == 1;
}

void address_text(const struct address *a, char out[ADDRESS_TEXT])
{
	if (address_is_v4(a))
		inet_ntop(AF_INET, a->b + sizeof v4_prefix, out, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, a->b, out, ADDRESS_TEXT);
}

struct address address_key(const struct address *a)
{
	struct address key = *a;

	if (!address_is_v4(a))
		memset(key.b + 8, 0, 8);
	return key;
}

/* "10.0.0.0/8", "::1" */
static bool parse(struct bytes word, struct network *net)
{
	char text[INET6_ADDRSTRLEN];
	size_t slash = bytes_chr(word, '/');
	struct bytes bits = { NULL, 0 }, name = word;
	uint64_t number;
	unsigned most;

	if (slash != BYTES_NONE) {
		name = bytes_sub(word, 0, slash);
		bits = bytes_from(word, slash + 1);
	}
	if (name.n >= sizeof text || bytes_chr(name, '%') != BYTES_NONE)
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	if (!address_parse(&net->a, text))
		return false;
	most = bytes_chr(name, ':') == BYTES_NONE ? 32 : 128;
	net->bits = 128;
	if (slash == BYTES_NONE)
		return true;
	if (!num_parse(bits, most, &number))
		return false;
	net->bits = (unsigned)number + 128 - most;
	return true;
}

static bool holds(const struct network *net, const struct address *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->bits < V4_BITS && address_is_v4(a))
		return false; /* ::/0 is all of IPv6 */
	return memcmp(net->a.b, a->b, whole) == 0 &&
	       (!rest || (net->a.b[whole] ^ a->b[whole]) >> (8 - rest) == 0);
}

/* The next word of *list; false at the end. */
static bool next(const char **list, struct bytes *word)
{
	static const char between[] = " \t,";

	*list += strspn(*list, between);
	*word = (struct bytes){ *list, strcspn(*list, between) };
	*list += word->n;
	return word->n > 0;
}

bool network_valid(struct bytes word)
{
	struct network net;

	return parse(word, &net);
}

bool network_listed(const char *list, const struct address *a)
{
	struct bytes word;
	struct network net;

	while (next(&list, &word))
		if (parse(word, &net) && holds(&net, a))
			return true;
	return false;
}

bool network_setting(const char *key, const char *fallback, const struct address *a)
{
	const char *list = conf_str(key, fallback), *rest = list;
	struct bytes word;

	while (next(&rest, &word))
		if (!network_valid(word))
			log_warn("settings", "%s: not a network: %.*s", key, (int)word.n, word.p);
	return network_listed(list, a);
}
