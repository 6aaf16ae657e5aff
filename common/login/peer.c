/*
 * peer.c: the peer's address, and whether passwords may cross the line in the clear.
 *
 * A wrapper tells the address in its environment (ucspi's TCPREMOTEIP, systemd's
 * REMOTE_ADDR, the REMOTE_HOST of stunnel and xinetd), else the socket knows it.  A peer counts as local only if all
 * that is known of it says so: a socket from far away is not made local
 * by a variable, nor a remote client by the local relay that it comes through.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "network.h"

union socket_address {
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
	union socket_address a = { 0 };
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

/* stunnel's exec hands us a socket to itself, on loopback.  Elsewhere REMOTE_HOST may be a
 * name or a leftover, so a socket that comes from far away is believed instead. */
static const char *told_by_wrapper(bool far)
{
	const char *host = getenv("REMOTE_HOST");
	const char *ip = getenv("TCPREMOTEIP");
	struct address a;

	if (!ip || !*ip)
		ip = getenv("REMOTE_ADDR");
	if (ip && *ip)
		return ip;
	return !far && host && address_parse(&a, host) ? host : NULL;
}

/* As the log, and who reads it, knows the address: 192.0.2.1 for ::ffff:192.0.2.1. */
static void take_ip(struct peer *p, const char *ip)
{
	struct in6_addr v6;

	if (inet_pton(AF_INET6, ip, &v6) != 1 || !IN6_IS_ADDR_V4MAPPED(&v6) ||
	    !inet_ntop(AF_INET, &v6.s6_addr[12], p->ip, sizeof p->ip))
		snprintf(p->ip, sizeof p->ip, "%s", ip);
}

void peer_find(struct peer *p, int fd)
{
	char ip[sizeof p->ip] = "";
	bool inet = socket_ip(fd, ip, sizeof ip);
	const char *told;

	p->local = inet ? peer_ip_local(ip) : !socket_far(fd);
	told = told_by_wrapper(!p->local);
	if (told)
		p->local = p->local && peer_ip_local(told);
	take_ip(p, told ? told : ip);
	if (*p->ip) {
		setenv("TCPREMOTEIP", p->ip, 1);
		setenv("PROTO", "TCP", 0);
	}
}
