/*
 * tickets.h: the keys that session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1),
 * shared by all processes of this machine, so that a client resumes with whichever
 * it meets.
 *
 * They lie in RUN_DIR/tls, which only root may enter, and are replaced by themselves; a
 * listening master without such a place keeps them in its memory.
 */
#ifndef TICKETS_H
#define TICKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define TICKETS_NEW_S (12 * 3600)  /* so long a key seals new tickets ... */
#define TICKETS_LIFE_S (12 * 3600) /* ... and so long a ticket may be used */

/* Before the jail; again whenever it may be time for a new key.  With `keep` the
 * process lives long enough for keys in memory.  True: there are keys. */
bool tickets_ready(bool keep);
/* For SSL_CTX_set_tlsext_ticket_key_evp_cb. */
int tickets_seal(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
		 EVP_MAC_CTX *mac, int sealing);
/* No key is in memory afterwards. */
void tickets_forget(void);

/* Now; for tests. */
extern int64_t (*tickets_clock)(void);

#endif
