/*
 * context.c: one SSL_CTX: TLS 1.2 and 1.3 (RFC 9325 §3.1), no renegotiation, no compression,
 * no early data, ciphers with forward secrecy and authentication only (§4.2), ALPN enforced
 * (§3.7), client certificates where asked for.
 *
 * OpenSSL reads no openssl.cnf: what we speak is what our settings say.  Sessions are
 * resumed by tickets only; nothing is stored here.  The configuration of client
 * certificates is part of the session's context, so a ticket from before it was changed
 * proves nothing afterwards.
 */
#include "context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "conf.h"
#include "log.h"
#include "tickets.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* The words for errors of libcrypto are left out: ours come from libssl. */
void context_init(void)
{
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				     OPENSSL_INIT_NO_ATEXIT,
			     NULL) != 1)
		log_die("tls", "OpenSSL does not start");
}

static bool fail(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	log_error("tls", "%s: %s", what, reason ? reason : "OpenSSL does not say why");
	ERR_clear_error();
	return false;
}

static bool set_versions(SSL_CTX *ssl)
{
	const char *min = conf_str("TLS_MIN_VERSION", "TLSv1.2");
	int version = strcmp(min, "TLSv1.2") == 0   ? TLS1_2_VERSION
		      : strcmp(min, "TLSv1.3") == 0 ? TLS1_3_VERSION
						    : 0;

	if (version && SSL_CTX_set_min_proto_version(ssl, version) == 1)
		return true;
	log_error("tls", "TLS_MIN_VERSION=%s: it is TLSv1.2 or TLSv1.3", min);
	return false;
}

/* Words of the list that begin with TLS_ are suites of TLS 1.3, the rest is for 1.2. */
static bool set_ciphers(SSL_CTX *ssl)
{
	struct bytes list = bytes_of(conf_str("TLS_CIPHERS", CIPHERS)), word;
	struct buf old = BUF_INIT, suites = BUF_INIT;
	bool ok;

	while (bytes_split(&list, ':', &word)) {
		struct buf *to = bytes_starts(word, BYTES("TLS_")) ? &suites : &old;

		if (to->n)
			buf_char(to, ':');
		buf_bytes(to, word);
	}
	ok = (!old.n || SSL_CTX_set_cipher_list(ssl, buf_cstr(&old)) == 1) &&
	     (!suites.n || SSL_CTX_set_ciphersuites(ssl, buf_cstr(&suites)) == 1);
	buf_free(&old);
	buf_free(&suites);
	return ok || fail("TLS_CIPHERS");
}

/* A client that asks for another protocol is not served: RFC 7301 §3.2. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
		       const unsigned char *offered, unsigned n_offered, void *arg)
{
	const unsigned char *ours = arg;

	(void)ssl;
	for (unsigned i = 0; i < n_offered && offered[i] < n_offered - i; i += offered[i] + 1u)
		if (offered[i] == ours[0] && memcmp(offered + i + 1, ours + 1, ours[0]) == 0) {
			*out = offered + i + 1;
			*n = offered[i];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Optional: the handshake goes on whatever comes; who asks gets the result. */
static int accept_any(int ok, X509_STORE_CTX *store)
{
	(void)ok, (void)store;
	return 1;
}

/* Revocation lists may stand in the CA's file; then they are used. */
static void use_crls(SSL_CTX *ssl)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++)
		if (X509_OBJECT_get_type(sk_X509_OBJECT_value(all, i)) == X509_LU_CRL) {
			X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
			return;
		}
}

/* What a ticket is bound to: the digest of all that decides about client certificates. */
static bool bind_sessions(SSL_CTX *ssl, const char *mode, struct bytes ca)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned n = 0;
	bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(md, mode, strlen(mode) + 1) == 1 &&
		  EVP_DigestUpdate(md, ca.p, ca.n) == 1 &&
		  EVP_DigestFinal_ex(md, digest, &n) == 1 && n == SSL_MAX_SID_CTX_LENGTH &&
		  SSL_CTX_set_session_id_context(ssl, digest, n) == 1;

	EVP_MD_CTX_free(md);
	return ok || fail("session context");
}

static bool load_ca(struct context *c, const char *path, const char *mode)
{
	struct buf content = BUF_INIT;
	bool ok = false;

	if (watch_read(&c->watch, path, &content))
		ok = SSL_CTX_load_verify_file(c->ssl, path) == 1
			     ? bind_sessions(c->ssl, mode, buf_view(&content))
			     : fail("TLS_CLIENT_CA");
	buf_free(&content);
	if (!ok)
		return false;
	SSL_CTX_set_client_CA_list(c->ssl, SSL_load_client_CA_file(path));
	use_crls(c->ssl);
	return true;
}

static bool ask_clients(struct context *c)
{
	const char *ca = conf_str("TLS_CLIENT_CA", "");
	const char *mode = conf_str("TLS_CLIENT_CERT", *ca ? "optional" : "no");
	bool required = strcmp(mode, "required") == 0;

	if (strcmp(mode, "no") == 0)
		return bind_sessions(c->ssl, mode, BYTES(""));
	if (!required && strcmp(mode, "optional") != 0) {
		log_error("tls", "TLS_CLIENT_CERT=%s: it is no, optional or required", mode);
		return false;
	}
	if (!*ca) {
		log_error("tls", "TLS_CLIENT_CERT=%s without TLS_CLIENT_CA", mode);
		return false;
	}
	c->ask_client = true;
	SSL_CTX_set_verify(c->ssl,
			   SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
			   required ? NULL : accept_any);
	return load_ca(c, ca, mode);
}

static void set_sessions(struct context *c)
{
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(c->ssl, TICKETS_LIFE_S);
	SSL_CTX_set_max_early_data(c->ssl, 0);
	if (c->tickets) {
		SSL_CTX_set_tlsext_ticket_key_evp_cb(c->ssl, tickets_seal);
		return;
	}
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(c->ssl, 0);
}

static void set_callbacks(struct context *c)
{
	SSL_CTX_set_cert_cb(c->ssl, certs_choose, &c->certs);
	SSL_CTX_set_tlsext_status_cb(c->ssl, certs_staple);
	SSL_CTX_set_tlsext_status_arg(c->ssl, &c->certs);
	if (c->alpn[0])
		SSL_CTX_set_alpn_select_cb(c->ssl, choose_alpn, c->alpn);
}

void context_free(struct context *c)
{
	SSL_CTX_free(c->ssl);
	certs_free(&c->certs);
	watch_free(&c->watch);
	free(c);
}

static bool set_up(struct context *c)
{
	c->ssl = SSL_CTX_new(TLS_server_method());
	if (!c->ssl)
		return fail("SSL_CTX_new");
	/* A client that closes without close_notify is common, and our protocols say
	 * themselves where they end. */
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					    SSL_OP_CIPHER_SERVER_PREFERENCE |
					    SSL_OP_PRIORITIZE_CHACHA |
					    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_NO_AUTO_CHAIN);
	set_callbacks(c);
	set_sessions(c);
	return set_versions(c->ssl) && set_ciphers(c->ssl) && ask_clients(c);
}

struct context *context_make(const char *protocol, bool tickets)
{
	struct context *c = mem_alloc(sizeof *c);

	*c = (struct context){ .tickets = tickets };
	snprintf(c->protocol, sizeof c->protocol, "%s", protocol);
	c->alpn[0] = (unsigned char)strlen(c->protocol);
	memcpy(c->alpn + 1, c->protocol, c->alpn[0]);
	certs_load(&c->certs, &c->watch);
	if (c->certs.n == 0 && c->certs.bad == 0)
		log_error("tls", "no certificate: TLS_CERT is not set");
	if (c->certs.n && set_up(c))
		return c;
	context_free(c);
	return NULL;
}

struct context *context_renew(struct context *c)
{
	struct context *next;

	watch_renew(&c->watch); /* before they are read: no change is missed */
	next = context_make(c->protocol, c->tickets);
	if (next && next->certs.bad <= c->certs.bad) {
		log_info("tls", "certificates are loaded again");
		context_free(c);
		return next;
	}
	log_error("tls", "the new certificates are of no use: the old ones stay");
	if (next)
		context_free(next);
	return c;
}

void context_forget(struct context *c, SSL *ssl)
{
	if (ssl)
		SSL_certs_clear(ssl);
	certs_free(&c->certs);
	tickets_forget();
}
