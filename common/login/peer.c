/*
 * peer.c: the peer's address, and whether passwords may cross the line in the clear.
 *
 * A wrapper tells the address in its environment (ucspi's TCPREMOTEIP, systemd's
 * REMOTE_ADDR, the REMOTE_HOST of stunnel and xinetd), else the socket knows it.  A peer counts as local only if all
 * that is known of it says so: a socket from far away is not made local
 * by a variable, nor a remote client by the local relay that it comes through.
 */
#include "peer.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "log.h"
#include "num.h"

union address_of {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

bool address_is_local(const struct address *a)
{
	return network_listed(NETWORK_LOOPBACK, a);
}

static struct end end_of(const union address_of *a)
{
	static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };
	struct end e = { .known = true };

	if (a->sa.sa_family == AF_INET) {
		memcpy(e.address.b, v4_prefix, sizeof v4_prefix);
		memcpy(e.address.b + sizeof v4_prefix, &a->in.sin_addr, 4);
		e.port = ntohs(a->in.sin_port);
	} else if (a->sa.sa_family == AF_INET6) {
		memcpy(e.address.b, &a->in6.sin6_addr, sizeof e.address.b);
		e.port = ntohs(a->in6.sin6_port);
	} else {
		e.known = false;
	}
	return e;
}

/* The ends of fd, as far as it is an internet socket. */
static void ask_socket(int fd, struct end *remote, struct end *here)
{
	union address_of a = { 0 };
	socklen_t n = sizeof a;

	if (getpeername(fd, &a.sa, &n) == 0)
		*remote = end_of(&a);
	n = sizeof a;
	if (getsockname(fd, &a.sa, &n) == 0)
		*here = end_of(&a);
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

static const char *variable(const char *a, const char *b)
{
	const char *value = getenv(a);

	if ((!value || !*value) && b)
		value = getenv(b);
	return value && *value ? value : NULL;
}

/* The client's address as the wrapper knows it.  stunnel's exec hands us a socket to itself,
 * on loopback.  Elsewhere REMOTE_HOST may be a name or a leftover, so a socket that comes
 * from far away is believed instead. */
static const char *remote_ip(bool far)
{
	const char *ip = variable("TCPREMOTEIP", "REMOTE_ADDR"),
		   *host = variable("REMOTE_HOST", NULL);
	struct address a;

	return ip || far || !host || !address_parse(&a, host) ? ip : host;
}

/* What the wrapper says of an end; the socket's word where it says nothing, and for the
 * port where they speak of the same address.  False: it says something that is no address. */
static bool told(struct end *e, const struct end *socket, const char *ip, const char *port)
{
	uint64_t n;

	*e = *socket;
	if (!ip)
		return true;
	*e = (struct end){ .known = true };
	if (!address_parse(&e->address, ip)) {
		log_warn("start", "not an address: %s", ip);
		*e = *socket;
		return false;
	}
	if (port && num_parse(bytes_of(port), UINT16_MAX, &n))
		e->port = (uint16_t)n;
	else if (socket->known && memcmp(&socket->address, &e->address, sizeof e->address) == 0)
		e->port = socket->port;
	return true;
}

/* What is right already stays: setenv would be the first to need malloc. */
static void set(const char *key, const char *value)
{
	const char *old = getenv(key);

	if (!old || strcmp(old, value) != 0)
		setenv(key, value, 1);
}

static void publish(const struct end *e, const char *ip_key, const char *port_key)
{
	char ip[ADDRESS_TEXT], port[8];

	if (e->known) {
		address_text(&e->address, ip);
		set(ip_key, ip);
	} else {
		unsetenv(ip_key);
	}
	if (e->known && e->port) {
		snprintf(port, sizeof port, "%u", e->port);
		set(port_key, port);
	} else {
		unsetenv(port_key);
	}
}

static void publish_all(struct peer *p)
{
	publish(&p->remote, "TCPREMOTEIP", "TCPREMOTEPORT");
	publish(&p->here, "TCPLOCALIP", "TCPLOCALPORT");
	*p->ip = '\0';
	if (p->remote.known) {
		address_text(&p->remote.address, p->ip);
		setenv("PROTO", "TCP", 0);
	}
}

void peer_find(struct peer *p, int fd)
{
	struct end here = { .known = false };

	*p = (struct peer){ .tls = variable("SSL_PROTOCOL", NULL) };
	ask_socket(fd, &p->socket, &here);
	p->local = p->socket.known ? address_is_local(&p->socket.address) : !socket_far(fd);
	if (!told(&p->remote, &p->socket, remote_ip(!p->local),
		  variable("TCPREMOTEPORT", "REMOTE_PORT")))
		p->local = false;
	if (p->remote.known)
		p->local = p->local && address_is_local(&p->remote.address);
	(void)told(&p->here, &here, variable("TCPLOCALIP", NULL), variable("TCPLOCALPORT", NULL));
	publish_all(p);
}

void peer_relayed(struct peer *p, const struct end *remote, const struct end *here, bool tls)
{
	p->remote = *remote;
	p->here = *here;
	p->local = p->local && remote->known && address_is_local(&remote->address);
	p->tls = tls;
	unsetenv("TCPREMOTEHOST");
	unsetenv("TCPREMOTEINFO");
	unsetenv("TCPLOCALHOST");
	unsetenv("REMOTE_ADDR");
	unsetenv("REMOTE_PORT");
	unsetenv("REMOTE_HOST");
	publish_all(p);
}

bool peer_listed(const struct peer *p, const char *setting, const char *fallback)
{
	if (!p->remote.known && !p->socket.known)
		return p->local;
	return (!p->remote.known || network_setting(setting, fallback, &p->remote.address)) &&
	       (!p->socket.known || network_setting(setting, fallback, &p->socket.address));
}
