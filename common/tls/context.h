/*
 * context.h: everything that a handshake needs, made from the settings and from files.
 */
#ifndef CONTEXT_H
#define CONTEXT_H

#include "certs.h"

#define CONTEXT_PROTOCOL_MAX 30 /* bytes of a name in ALPN; the longest that exists has 22 */

struct context {
	SSL_CTX *ssl;
	struct certs certs;
	struct watch watch;
	char protocol[CONTEXT_PROTOCOL_MAX + 1];
	unsigned char alpn[CONTEXT_PROTOCOL_MAX + 1]; /* the same, its length before it, RFC 7301 */
	bool tickets;                                 /* sessions can be resumed */
	bool ask_client;                              /* for a certificate */
};

/* OpenSSL without what a server of ours doesn't use; once, before anything else here. */
void context_init(void);
/* protocol: its name in ALPN ("imap"), cut if longer, "" for none.  NULL: nothing to serve
 * with, the log has the reason. */
struct context *context_make(const char *protocol, bool tickets)
	__attribute__((warn_unused_result));
/* What files hold now, or c itself if that is worse than what we have; one of them is gone. */
struct context *context_renew(struct context *c);
void context_free(struct context *c);
/* Wipes certificates and keys, also those that `ssl` (or NULL) was given; its session
 * goes on. */
void context_forget(struct context *c, SSL *ssl);

#endif
