/* peer.h: who is at the other end, as the gate knows it (never the parser). */
#ifndef PEER_H
#define PEER_H

#include "network.h"

/* An end of the connection. */
struct end {
	bool known;
	struct address address;
	uint16_t port; /* 0: unknown */
};

struct peer {
	char ip[ADDRESS_TEXT]; /* remote.address, "" when it isn't known */
	struct end remote, here;
	struct end socket; /* the socket's other end; of a relay, it may not be remote */
	bool local;        /* nobody can listen in between: passwords may be sent as they are */
	bool tls;          /* nor here, because somebody in front of us does TLS */
};

/* From TCPREMOTEIP, TCPREMOTEPORT, TCPLOCALIP, TCPLOCALPORT, REMOTE_ADDR and REMOTE_PORT
 * (systemd), REMOTE_HOST (stunnel), and from the socket, also where one of them is no address; then the peer
 * isn't local.  SSL_PROTOCOL says that there is TLS.  What is known is in the environment afterwards, as TCP*, without scope
 * and with ::ffff:1.2.3.4 as 1.2.3.4. */
void peer_find(struct peer *p, int fd);
/* A relay that we trust says who it is.  The environment says so too afterwards. */
void peer_relayed(struct peer *p, const struct end *remote, const struct end *here, bool tls);
/* All that is known of who talks to us is in the networks of that setting; a peer that has
 * no address because it is on this machine is, too. */
bool peer_listed(const struct peer *p, const char *setting, const char *fallback);
/* 127/8 or ::1. */
bool address_is_local(const struct address *a);

#endif
