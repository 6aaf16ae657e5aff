/*
 * peer.c: the peer's address, and whether passwords may cross the line in the clear.
 *
 * A wrapper tells the address in its environment (ucspi's TCPREMOTEIP, systemd's
 * REMOTE_ADDR), else the socket knows it.  A peer counts as local only if all
 * that is known of it says so: a socket from far away is not made local
 * by a variable, nor a remote client by the local relay that it comes through.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

static bool v6_local(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

bool peer_ip_local(const char *ip)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, ip, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, ip, &v6) == 1 && v6_local(&v6);
}

/* The address of an internet socket as text; false if fd is none. */
static bool socket_ip(int fd, char *out, socklen_t size)
{
	union address a = { 0 };
	socklen_t len = sizeof a;

	if (getpeername(fd, &a.sa, &len) < 0)
		return false;
	if (a.sa.sa_family == AF_INET)
		return inet_ntop(AF_INET, &a.in.sin_addr, out, size) != NULL;
	if (a.sa.sa_family != AF_INET6)
		return false;
	if (!IN6_IS_ADDR_V4MAPPED(&a.in6.sin6_addr))
		return inet_ntop(AF_INET6, &a.in6.sin6_addr, out, size) != NULL;
	return inet_ntop(AF_INET, &a.in6.sin6_addr.s6_addr[12], out, size) != NULL;
}

/* An internet socket whose address can't be had (it is reset, say) is far away. */
static bool socket_far(int fd)
{
	int domain = 0;
	socklen_t len = sizeof domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return false; /* no socket */
	return domain != AF_UNIX;
}

void peer_find(struct peer *p, int fd)
{
	const char *told = getenv("TCPREMOTEIP");
	char ip[sizeof p->ip] = "";
	bool inet = socket_ip(fd, ip, sizeof ip);

	if (!told || !*told)
		told = getenv("REMOTE_ADDR");
	if (!told || !*told)
		told = inet ? ip : NULL;
	p->local = inet ? peer_ip_local(ip) : !socket_far(fd);
	if (told)
		p->local = p->local && peer_ip_local(told);
	snprintf(p->ip, sizeof p->ip, "%s", told ? told : "");
	if (*p->ip) {
		setenv("TCPREMOTEIP", p->ip, 1);
		setenv("PROTO", "TCP", 0);
	}
}
