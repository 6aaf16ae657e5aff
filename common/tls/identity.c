/*
 * identity.c: see identity.h.
 *
 * Names of the client are told only where its certificate was verified, and one by one:
 * two common names are no name.  What has a NUL or another control byte in it is left out by
 * facts_put, so `alice\0.example.org` is nobody.
 */
#include "identity.h"

#include <openssl/x509v3.h>

#include "codec.h"

#define EMAILS_MAX 4 /* addresses of a certificate that are told */
#define EXPORTER "EXPORTER-Channel-Binding"
#define EXPORTER_SIZE 32

static void put_string(struct buf *m, const char *name, const char *value)
{
	facts_put(m, name, bytes_of(value));
}

static void put_u64(struct buf *m, const char *name, uint64_t value)
{
	struct buf text = BUF_INIT;

	buf_u64(&text, value);
	facts_put(m, name, buf_view(&text));
	buf_free(&text);
}

static void put_asn1(struct buf *m, const char *name, const ASN1_STRING *s)
{
	unsigned char *text = NULL;
	int n = s ? ASN1_STRING_to_UTF8(&text, s) : -1;

	if (n > 0)
		facts_put(m, name, (struct bytes){ (char *)text, (size_t)n });
	OPENSSL_free(text);
}

static void put_name(struct buf *m, const char *variable, const X509_NAME *name)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long n;

	if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) > 0) {
		n = BIO_get_mem_data(out, &text);
		if (n > 0)
			facts_put(m, variable, (struct bytes){ text, (size_t)n });
	}
	BIO_free(out);
}

static void put_common_name(struct buf *m, const X509_NAME *name)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	if (at >= 0 && X509_NAME_get_index_by_NID(name, NID_commonName, at) < 0)
		put_asn1(m, "SSL_CLIENT_S_DN_CN",
			 X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void put_emails(struct buf *m, const X509 *x)
{
	char variable[] = "SSL_CLIENT_SAN_Email_0";
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0, n = 0; i < sk_GENERAL_NAME_num(names) && n < EMAILS_MAX; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_EMAIL)
			continue;
		variable[sizeof variable - 2] = (char)('0' + n++);
		put_asn1(m, variable, name->d.rfc822Name);
	}
	GENERAL_NAMES_free(names);
}

/* A certificate may have expired since the session that is resumed here began. */
static const char *verdict(SSL *ssl, const X509 *x)
{
	long result = SSL_get_verify_result(ssl);

	if (result == X509_V_OK && X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		result = X509_V_ERR_CERT_HAS_EXPIRED;
	return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}

static void put_client(SSL *ssl, struct buf *m)
{
	const X509 *x = SSL_get0_peer_certificate(ssl);
	struct buf failed = BUF_INIT;
	const char *why;

	if (!x) {
		put_string(m, "SSL_CLIENT_VERIFY", "NONE");
		return;
	}
	why = verdict(ssl, x);
	if (why) {
		buf_printf(&failed, "FAILED:%s", why);
		facts_put(m, "SSL_CLIENT_VERIFY", buf_view(&failed));
		buf_free(&failed);
		return;
	}
	put_string(m, "SSL_CLIENT_VERIFY", "SUCCESS");
	put_name(m, "SSL_CLIENT_S_DN", X509_get_subject_name(x));
	put_name(m, "SSL_CLIENT_I_DN", X509_get_issuer_name(x));
	put_common_name(m, X509_get_subject_name(x));
	put_emails(m, x);
}

/* In TLS 1.2 only with extended master secrets, RFC 9266 §3. */
static void put_binding(SSL *ssl, struct buf *m)
{
	unsigned char raw[EXPORTER_SIZE];
	struct buf text = BUF_INIT;

	if ((SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) ||
	    SSL_export_keying_material(ssl, raw, sizeof raw, EXPORTER, sizeof EXPORTER - 1, NULL, 0,
				       1) != 1)
		return;
	base64_encode(&text, (struct bytes){ (char *)raw, sizeof raw });
	facts_put(m, "SSL_TLS_EXPORTER", buf_view(&text));
	buf_free(&text);
}

void identity_facts(SSL *ssl, struct buf *message)
{
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	int bits = SSL_CIPHER_get_bits(SSL_get_current_cipher(ssl), NULL);

	put_string(message, "SSL_PROTOCOL", SSL_get_version(ssl));
	put_string(message, "SSL_CIPHER", SSL_get_cipher_name(ssl));
	put_u64(message, "SSL_CIPHER_USEKEYSIZE", (uint64_t)bits);
	put_string(message, "SSL_SESSION_RESUMED", SSL_session_reused(ssl) ? "Resumed" : "Initial");
	if (asked)
		put_string(message, "SSL_TLS_SNI", asked);
	put_binding(ssl, message);
	put_client(ssl, message);
	facts_end(message);
}

void identity_failure(const char *why, struct buf *message)
{
	put_string(message, FACTS_FAILURE, why);
	facts_end(message);
}
