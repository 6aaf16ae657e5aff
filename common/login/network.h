/*
 * network.h: addresses as numbers, lists of networks, and the key that an address
 * is counted under.
 *
 * A list is words with spaces or commas between them: `127.0.0.0/8 ::1 2001:db8::/32`.
 * IPv4 addresses and the same written as ::ffff:192.0.2.1 are one thing, in the list
 * and in what is looked up; a network of IPv6 never holds an IPv4 address.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include "bytes.h"

#define NETWORK_LOOPBACK "127.0.0.0/8 ::1" /* what lists hold when nobody set them */

struct address {
	uint8_t b[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
};

/* From text, without brackets; a scope (fe80::1%eth0) is left out.  False: no address. */
bool address_parse(struct address *a, const char *text) __attribute__((warn_unused_result));
bool address_is_v4(const struct address *a);
#define ADDRESS_TEXT 46 /* bytes of an address as text, with the NUL */
/* As people write it: IPv4 addresses without ::ffff:. */
void address_text(const struct address *a, char out[ADDRESS_TEXT]);
/* Whom we take for one: an IPv4 address, or the /64 of an IPv6 address, because
 * that is what one customer has at least. */
struct address address_key(const struct address *a);

/* A word of a list is a network; host bits may be set and don't matter. */
bool network_valid(struct bytes word);
/* a is in one of the list's networks.  A word that is none holds nobody. */
bool network_listed(const char *list, const struct address *a);
/* The same for a setting, whose bad words are logged. */
bool network_setting(const char *key, const char *fallback, const struct address *a);

#endif
