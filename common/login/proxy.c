/*
 * proxy.c: the two forms of a header, §2.1 and §2.2.
 *
 * Strict where a sloppy reader could be led astray: one space between the words, addresses
 * of the family that is named, TLVs that end where the header does, a checksum that
 * fits if there is one.  Of the TLVs only the checksum and the client's TLS are looked at.
 */
#include "proxy.h"

#include <arpa/inet.h>

#include "num.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define VERSION 2
#define COMMAND_LOCAL 0
#define COMMAND_PROXY 1
#define FAMILY_TCP4 0x11
#define FAMILY_TCP6 0x21
#define V4_LENGTH 12
#define V6_LENGTH 36
#define TLV_CRC32C 0x03
#define TLV_SSL 0x20
#define TLV_HEAD 3
#define SSL_LENGTH 5 /* a byte for the client, four for the verdict on its certificate */
#define CLIENT_SSL 0x01

/* Not 0.0.0.0 or ::, which is nobody. */
static bool is_somebody(const struct address *a)
{
	static const struct address none;

	return memcmp(a->b + (address_is_v4(a) ? 12 : 0), none.b, address_is_v4(a) ? 4 : 16) != 0;
}

static bool v1_address(struct address *a, struct bytes word, bool v6)
{
	char text[ADDRESS_TEXT];

	if (word.n >= sizeof text || bytes_chr(word, '%') != BYTES_NONE ||
	    (bytes_chr(word, ':') != BYTES_NONE) != v6)
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	return strlen(text) == word.n && address_parse(a, text);
}

static bool v1_port(uint16_t *port, struct bytes word)
{
	uint64_t n;

	if (!num_parse(word, UINT16_MAX, &n) || (word.n > 1 && word.p[0] == '0'))
		return false;
	*port = (uint16_t)n;
	return true;
}

bool proxy_v1(struct proxy *p, struct bytes line)
{
	struct bytes word[6];
	size_t n = 0;

	*p = (struct proxy){ .relayed = 0 };
	if (bytes_is(line, "PROXY UNKNOWN") || bytes_starts(line, BYTES("PROXY UNKNOWN ")))
		return true;
	while (n < 6 && bytes_split(&line, ' ', &word[n]))
		n++;
	if (n != 6 || line.p || !bytes_is(word[0], "PROXY"))
		return false;
	bool v6 = bytes_is(word[1], "TCP6");
	p->relayed = 1;
	return (v6 || bytes_is(word[1], "TCP4")) && v1_address(&p->source, word[2], v6) &&
	       v1_address(&p->target, word[3], v6) && v1_port(&p->source_port, word[4]) &&
	       v1_port(&p->target_port, word[5]) && is_somebody(&p->source);
}

static uint16_t get_be16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

size_t proxy_v2_length(const char head[PROXY_V2_HEAD])
{
	size_t n = PROXY_V2_HEAD + get_be16(head + 14);

	if (memcmp(head, SIGNATURE, sizeof SIGNATURE - 1) != 0 || (uint8_t)head[12] >> 4 != VERSION)
		return 0;
	return n <= PROXY_V2_MAX ? n : 0;
}

/* §2.2.4: over the header with zeros in place of the checksum, which stands at `at`. */
static bool checksum_fits(struct bytes header, size_t at)
{
	static const char zeros[4];
	uint32_t crc = crc32c(0, header.p, at), said;

	crc = crc32c(crc, zeros, sizeof zeros);
	crc = crc32c(crc, header.p + at + 4, header.n - at - 4);
	memcpy(&said, header.p + at, sizeof said);
	return ntohl(said) == crc;
}

/* The TLVs from `at` to the end. */
static bool tlvs(struct proxy *p, struct bytes header, size_t at)
{
	while (at < header.n) {
		size_t n;

		if (header.n - at < TLV_HEAD)
			return false;
		n = get_be16(header.p + at + 1);
		if (n > header.n - at - TLV_HEAD)
			return false;
		struct bytes value = bytes_sub(header, at + TLV_HEAD, n);
		uint8_t type = (uint8_t)header.p[at];
		if (type == TLV_CRC32C && (n != 4 || !checksum_fits(header, at + TLV_HEAD)))
			return false;
		if (type == TLV_SSL && n < SSL_LENGTH)
			return false;
		if (type == TLV_SSL)
			p->tls = (uint8_t)value.p[0] & CLIENT_SSL;
		at += TLV_HEAD + n;
	}
	return true;
}

static void v2_v4(struct proxy *p, const char *a)
{
	static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(p->source.b, v4_prefix, sizeof v4_prefix);
	memcpy(p->target.b, v4_prefix, sizeof v4_prefix);
	memcpy(p->source.b + sizeof v4_prefix, a, 4);
	memcpy(p->target.b + sizeof v4_prefix, a + 4, 4);
	p->source_port = get_be16(a + 8);
	p->target_port = get_be16(a + 10);
}

static void v2_v6(struct proxy *p, const char *a)
{
	memcpy(p->source.b, a, 16);
	memcpy(p->target.b, a + 16, 16);
	p->source_port = get_be16(a + 32);
	p->target_port = get_be16(a + 34);
}

bool proxy_v2(struct proxy *p, struct bytes header)
{
	struct bytes rest = bytes_from(header, PROXY_V2_HEAD);
	uint8_t command, family;
	size_t addresses;

	*p = (struct proxy){ .relayed = 0 };
	if (header.n < PROXY_V2_HEAD || proxy_v2_length(header.p) != header.n)
		return false;
	command = header.p[12] & 15;
	family = (uint8_t)header.p[13];
	if (command == COMMAND_LOCAL)
		return true; /* what follows is to be skipped */
	if (command != COMMAND_PROXY)
		return false;
	if (family != FAMILY_TCP4 && family != FAMILY_TCP6)
		return family >> 4 == 0 || family >> 4 == 3; /* UNSPEC, UNIX: no address for us */
	addresses = family == FAMILY_TCP4 ? V4_LENGTH : V6_LENGTH;
	if (rest.n < addresses)
		return false;
	if (family == FAMILY_TCP4)
		v2_v4(p, rest.p);
	else
		v2_v6(p, rest.p);
	p->relayed = 1;
	return is_somebody(&p->source) && tlvs(p, header, PROXY_V2_HEAD + addresses);
}
