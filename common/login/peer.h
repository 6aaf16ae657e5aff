/* peer.h: who is at the other end, as the gate knows it (never the parser). */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>

struct peer {
	char ip[46]; /* "" when there is none */
	bool local;  /* nobody can listen in between: passwords may be sent as they are */
};

/* From TCPREMOTEIP, REMOTE_ADDR (systemd), REMOTE_HOST (stunnel) and the socket; TCPREMOTEIP and
 * PROTO are in the environment afterwards where they can be known. */
void peer_find(struct peer *p, int fd);
/* 127/8, ::1, or the same written as ::ffff:127.0.0.1. */
bool peer_ip_local(const char *ip);

#endif
