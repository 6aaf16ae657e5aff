/* identity.h: what a finished handshake says, as the variables that the chain gets. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <openssl/ssl.h>

#include "facts.h"

/* The facts of a connection: protocol, cipher, name asked for, channel binding (RFC 9266),
 * and who the client is, if it has a certificate that was verified. */
void identity_facts(SSL *ssl, struct buf *message);
/* The one fact of a handshake that failed. */
void identity_failure(const char *why, struct buf *message);

#endif
