/*
 * certs.h: the server's certificates: TLS_CERT names their files, TLS_KEY those of the keys.
 */
#ifndef CERTS_H
#define CERTS_H

#include <openssl/ssl.h>

#include "watch.h"

#define CERTS_STAPLE_MAX 65536 /* bytes of an OCSP response; TLS has room for 2^24 */

/* One certificate; the first one named is what a client gets that asks for no name, or
 * for one that nobody has. */
struct cert {
	X509 *leaf;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	int type;              /* EVP_PKEY_RSA ... */
	unsigned char *staple; /* an OCSP response, or NULL */
	int n_staple;
	time_t staple_until; /* its nextUpdate */
};

struct certs {
	struct cert *list;
	size_t n;
	unsigned bad; /* named, but of no use: each has a line in the log */
};

/* Reads them all; *w watches their files from before they were read. */
void certs_load(struct certs *c, struct watch *w);
void certs_free(struct certs *c);

/* For SSL_CTX_set_cert_cb, arg is a struct certs: those for the name that the client asked
 * for, one per kind of key.  1, or 0: the handshake fails. */
int certs_choose(SSL *ssl, void *arg);
/* For SSL_CTX_set_tlsext_status_cb, likewise: staples the OCSP response of the chosen one. */
int certs_staple(SSL *ssl, void *arg);

#endif
