/*
 * proxy.h: the PROXY protocol, versions 1 and 2: a balancer in front of us says, before the
 * client's first byte, whom it relays.
 *
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt; § are of that text.
 */
#ifndef PROXY_H
#define PROXY_H

#include "jail.h"
#include "peer.h"

#define PROXY_V1_MAX 107     /* bytes with CRLF, §2.1 */
#define PROXY_V2_HEAD 16     /* up to and with the length, §2.2 */
#define PROXY_V2_MAX 4096    /* with addresses and TLVs; a certificate's name needs hundreds */
#define PROXY_HEADER_MS 5000 /* for all of it; §2 wants at least 3 s, for a lost packet */

/* What a header says; passed between processes as it is in memory. */
struct proxy {
	uint8_t relayed; /* 1: for somebody; 0: the balancer's own, or it doesn't say for whom */
	uint8_t tls;     /* 1: the client came to the balancer over TLS */
	uint16_t source_port, target_port;
	struct address source, target;
};

/* A line of version 1 without its CRLF.  False: it is none. */
bool proxy_v1(struct proxy *p, struct bytes line) __attribute__((warn_unused_result));
/* A whole header of version 2.  False: it is none. */
bool proxy_v2(struct proxy *p, struct bytes header) __attribute__((warn_unused_result));
/* How long a header is that begins with these PROXY_V2_HEAD bytes; 0: it is none, or longer
 * than PROXY_V2_MAX. */
size_t proxy_v2_length(const char head[PROXY_V2_HEAD]);

enum proxy_end {
	PROXY_DONE,
	PROXY_BAD,      /* no header, or not a valid one */
	PROXY_EOF,      /* the connection ended */
	PROXY_LATE,     /* PROXY_HEADER_MS are over */
	PROXY_STRANGER, /* whoever is there may not send one; nothing was read */
	PROXY_STOP,     /* SIGTERM */
	PROXY_TROUBLE,  /* of ours; it is in the log */
	PROXY_ENDS,
};

/* Reads the header from fd 0 and not a byte more, in a jailed child, and makes of *peer
 * whom it names.  Only for a peer in the networks of PROXY_TRUSTED (default loopback). */
enum proxy_end proxy_accept(struct peer *peer, const struct jail *j)
	__attribute__((warn_unused_result));
/* Who is at fd 0, as peer_find says and, with `proxied`, proxy_accept; ip= is in the log from
 * then on.  False: the connection is over before it began, and the log says why. */
bool proxy_find_peer(struct peer *peer, bool proxied, const struct jail *j)
	__attribute__((warn_unused_result));

#endif
