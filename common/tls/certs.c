/*
 * certs.c: certificates, keys and OCSP responses in files, chosen by the name that a client
 * asks for (SNI, RFC 6066 §3) and by the kinds of keys that it knows.
 *
 * The keys are referred to from this list and from the SSL that they were chosen for, never
 * from a context: who frees both has no key left in memory.
 */
#include "certs.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "conf.h"
#include "file.h"
#include "log.h"
#include "starttls.h"

#define PATH_ROOM 4096
#define CERTBOT_KEY "privkey.pem"
#define STAPLE_SUFFIX ".ocsp"
#define OCSP_SKEW 300 /* seconds that clocks may differ */

static void wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

/* A key with a password is as good as none: nobody is there to type it. */
static int no_password(char *out, int size, int writing, void *arg)
{
	(void)out, (void)size, (void)writing, (void)arg;
	return -1;
}

static EVP_PKEY *parse_key(struct bytes pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static bool parse_chain(struct cert *c, struct bytes pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *next;

	c->leaf = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	c->chain = sk_X509_new_null();
	while (c->leaf && c->chain && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (!sk_X509_push(c->chain, next))
			X509_free(next);
	BIO_free(bio);
	return c->leaf && c->chain;
}

/* Keys that strangers on this machine can read are told, and used. */
static void judge_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IROTH))
		log_warn("tls", "%s: everybody on this machine can read the private key", path);
}

static EVP_PKEY *key_from(const char *path, struct watch *w)
{
	struct buf pem = BUF_INIT;
	EVP_PKEY *key = NULL;

	if (watch_read(w, path, &pem)) {
		key = parse_key(buf_view(&pem));
		if (!key)
			log_error("tls", "%s: no private key in it, or one with a password", path);
	}
	wipe(&pem);
	if (key)
		judge_mode(path);
	return key;
}

/* Without a TLS_KEY: in the certificate's own file, or beside it as certbot has it. */
static EVP_PKEY *key_nearby(const char *path, struct bytes pem, struct watch *w)
{
	char beside[PATH_ROOM];
	const char *slash = strrchr(path, '/');
	EVP_PKEY *key = parse_key(pem);

	if (key) {
		judge_mode(path);
		return key;
	}
	if (snprintf(beside, sizeof beside, "%.*s" CERTBOT_KEY, slash ? (int)(slash + 1 - path) : 0,
		     path) >= (int)sizeof beside)
		return NULL;
	if (access(beside, F_OK) == 0)
		return key_from(beside, w);
	watch_add(w, beside);
	log_error("tls", "%s: no private key in it, and no %s beside it; name one with TLS_KEY",
		  path, CERTBOT_KEY);
	return NULL;
}

static void judge_times(const char *path, const X509 *x)
{
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		log_warn("tls", "%s: the certificate has expired", path);
	else if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		log_warn("tls", "%s: the certificate is not valid yet", path);
}

static time_t time_of(const ASN1_GENERALIZEDTIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

/* When a response ends to be of use; 0: it is of none. */
static time_t response_until(OCSP_RESPONSE *response)
{
	OCSP_BASICRESP *basic = NULL;
	ASN1_GENERALIZEDTIME *from, *until;
	time_t end = 0;
	int reason;

	if (response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(response);
	if (basic && OCSP_resp_count(basic) > 0 &&
	    OCSP_single_get0_status(OCSP_resp_get0(basic, 0), &reason, NULL, &from, &until) >= 0 &&
	    OCSP_check_validity(from, until, OCSP_SKEW, -1))
		end = time_of(until);
	OCSP_BASICRESP_free(basic);
	return end;
}

static void load_staple(struct cert *c, const char *cert_path, struct watch *w)
{
	char path[PATH_ROOM];
	struct buf der = BUF_INIT;
	const unsigned char *p;
	OCSP_RESPONSE *response;

	if (snprintf(path, sizeof path, "%s" STAPLE_SUFFIX, cert_path) >= (int)sizeof path)
		return;
	watch_add(w, path);
	if (file_read(AT_FDCWD, path, CERTS_STAPLE_MAX, &der) > 0) {
		p = (const unsigned char *)der.p;
		response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
		c->staple_until = response_until(response);
		OCSP_RESPONSE_free(response);
		if (c->staple_until) {
			c->n_staple = (int)der.n;
			c->staple = OPENSSL_memdup(der.p, der.n);
		} else {
			log_warn("tls", "%s: no OCSP response that is valid now", path);
		}
	}
	buf_free(&der);
}

static void free_cert(struct cert *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	OPENSSL_free(c->staple);
	*c = (struct cert){ 0 };
}

/* key_path may be NULL.  False: it is told why. */
static bool load(struct cert *c, const char *path, const char *key_path, struct watch *w)
{
	struct buf pem = BUF_INIT;
	bool ok = false;

	if (watch_read(w, path, &pem)) {
		ok = parse_chain(c, buf_view(&pem));
		if (!ok)
			log_error("tls", "%s: no certificate in it", path);
		else
			c->key = key_path ? key_from(key_path, w)
					  : key_nearby(path, buf_view(&pem), w);
	}
	wipe(&pem);
	if (!ok || !c->key)
		return false;
	if (X509_check_private_key(c->leaf, c->key) != 1) {
		log_error("tls", "%s: the key %s%sis not this certificate's", path,
			  key_path ? key_path : "", key_path ? " " : "");
		return false;
	}
	c->type = EVP_PKEY_get_base_id(c->key);
	judge_times(path, c->leaf);
	load_staple(c, path, w);
	return true;
}

/* The next word, in memory of its own; NULL: none left. */
static char *next_word(struct bytes *list)
{
	struct bytes word = { NULL, 0 };
	char *s;

	while (word.n == 0)
		if (!bytes_split(list, ' ', &word))
			return NULL;
	s = mem_alloc(word.n + 1);
	memcpy(s, word.p, word.n);
	s[word.n] = '\0';
	return s;
}

void certs_load(struct certs *c, struct watch *w)
{
	const char *set = conf_get("TLS_KEY");
	struct bytes paths = bytes_of(starttls_certificates()), keys = bytes_of(set ? set : "");
	char *path, *key;

	*c = (struct certs){ NULL, 0, 0 };
	while ((path = next_word(&paths))) {
		key = next_word(&keys);
		c->list = mem_realloc(c->list, (c->n + 1) * sizeof *c->list);
		c->list[c->n] = (struct cert){ 0 };
		if (set && *set && !key)
			log_error("tls", "%s: TLS_KEY names fewer files than TLS_CERT", path);
		if (!(set && *set && !key) && load(&c->list[c->n], path, key, w)) {
			c->n++;
		} else {
			free_cert(&c->list[c->n]);
			c->bad++;
		}
		free(path);
		free(key);
	}
	ERR_clear_error();
}

void certs_free(struct certs *c)
{
	for (size_t i = 0; i < c->n; i++)
		free_cert(&c->list[i]);
	free(c->list);
	*c = (struct certs){ NULL, 0, 0 };
}

static bool fits(const struct cert *c, const char *name)
{
	return X509_check_host(c->leaf, name, 0, 0, NULL) == 1;
}

/* It has the name, and none before it has with the same kind of key. */
static bool wanted(const struct certs *c, size_t i, const char *name)
{
	if (!fits(&c->list[i], name))
		return false;
	for (size_t before = 0; before < i; before++)
		if (c->list[before].type == c->list[i].type && fits(&c->list[before], name))
			return false;
	return true;
}

static bool use(SSL *ssl, const struct cert *c)
{
	return SSL_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) == 1;
}

int certs_choose(SSL *ssl, void *arg)
{
	const struct certs *c = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	bool any = false;

	SSL_certs_clear(ssl);
	for (size_t i = 0; name && i < c->n; i++)
		if (wanted(c, i, name) && use(ssl, &c->list[i]))
			any = true;
	return any || use(ssl, &c->list[0]);
}

int certs_staple(SSL *ssl, void *arg)
{
	const struct certs *c = arg;
	const X509 *leaf = SSL_get_certificate(ssl);
	unsigned char *copy;

	for (size_t i = 0; i < c->n; i++) {
		if (c->list[i].leaf != leaf || c->list[i].staple_until <= time(NULL))
			continue;
		copy = OPENSSL_memdup(c->list[i].staple, (size_t)c->list[i].n_staple);
		if (copy && SSL_set_tlsext_status_ocsp_resp(ssl, copy, c->list[i].n_staple) == 1)
			return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}
