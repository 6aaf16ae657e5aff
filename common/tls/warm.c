/*
 * warm.c: see warm.h.  One handshake for each version of TLS and each kind of key; it saves a
 * forked child a third of its time.
 */
#include "warm.h"

#include <openssl/err.h>

#define TURNS 8 /* flights of a handshake, and some more */

static SSL *end(SSL_CTX *ctx, BIO *in, BIO *out)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl && BIO_up_ref(in) && BIO_up_ref(out))
		SSL_set_bio(ssl, in, out);
	return ssl;
}

static void shake(SSL *server, SSL *client)
{
	char byte;

	for (int i = 0; i < TURNS; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	SSL_write(server, "x", 1);
	SSL_read(client, &byte, 1);
	SSL_write(client, "x", 1);
	SSL_read(server, &byte, 1);
}

static void once(const struct context *c, SSL_CTX *client_ctx, int version)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
	SSL *server, *client;

	if (up && down) {
		server = end(c->ssl, up, down);
		client = end(client_ctx, down, up);
		if (server && client) {
			SSL_set_accept_state(server);
			SSL_set_connect_state(client);
			SSL_set_max_proto_version(client, version);
			shake(server, client);
		}
		SSL_free(server);
		SSL_free(client);
	}
	BIO_free(up);
	BIO_free(down);
}

void warm(const struct context *c)
{
	static const char *const keys[] = { "ECDSA+SHA256", "RSA-PSS+SHA256" };
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());

	for (size_t i = 0; client && i < sizeof keys / sizeof keys[0]; i++) {
		SSL_CTX_set1_sigalgs_list(client, keys[i]);
		once(c, client, TLS1_3_VERSION);
		once(c, client, TLS1_2_VERSION);
	}
	SSL_CTX_free(client);
	ERR_clear_error();
}
