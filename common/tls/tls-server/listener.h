/*
 * listener.h: tls-server as the one that listens: it accepts and forks, and reads no byte
 * of any peer's.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "serve.h"

#define LISTENER_SOCKETS 16       /* -l and LISTEN_FDS together */
#define LISTENER_BACKLOG 511      /* connections that wait for accept */
#define LISTENER_CONNECTIONS 2000 /* TLS_CONNECTIONS_MAX: each is three processes or four */
#define LISTENER_END_MS 15000     /* after SIGTERM, until what is left is killed */

struct listener {
	int fd[LISTENER_SOCKETS];
	size_t n;
};

/* ADDRESS:PORT, [ADDRESS]:PORT or :PORT, numbers only.  What can't be listened on ends the
 * process. */
void listener_add(struct listener *l, const char *where);
/* Those that systemd passes on, sd_listen_fds(3). */
void listener_inherit(struct listener *l);
/* Until SIGTERM or SIGINT; the process's exit status. */
int listener_run(struct listener *l, struct server *s);

#endif
