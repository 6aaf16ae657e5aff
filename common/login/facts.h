/*
 * facts.h: what a TLS server says of a connection, on the control descriptor of UCSPI-TLS:
 * `NAME=VALUE\0` as mod_ssl names them (SSL_PROTOCOL, SSL_CLIENT_S_DN_CN ...), then `\0`.
 *
 * They become environment variables, so a reader believes nothing about their form:
 * other names than SSL_..., values too long or with a control byte in them are left
 * out, and a message that is no such list is refused as a whole.
 */
#ifndef FACTS_H
#define FACTS_H

#include "buf.h"

#define FACTS_MAX 65536      /* bytes of a message: foreign servers send certificates too */
#define FACTS_NAME_MAX 64    /* bytes; mod_ssl's longest has 28 */
#define FACTS_VALUE_MAX 1024 /* bytes; a distinguished name is the longest we want */
#define FACTS_VARIABLES 64   /* that are taken; mod_ssl has about 50 */

/* In place of all others: the handshake failed, and why. */
#define FACTS_FAILURE "SSL_FAILURE"

/* Where a message stands. */
enum facts_status {
	FACTS_MORE,  /* not all of it yet */
	FACTS_WHOLE, /* all, and nothing behind it */
	FACTS_BAD,   /* too long, no list, or something behind its end */
};

struct facts {
	char raw[FACTS_MAX];
	size_t n;
};

/* One read of fd, which blocks if nothing is there; its end is FACTS_BAD. */
enum facts_status facts_read(struct facts *f, int fd) __attribute__((warn_unused_result));
enum facts_status facts_status(struct bytes message);
/* Takes the next variable that is worth having off a whole message; false: no more. */
bool facts_next(struct bytes *message, struct bytes *name, struct bytes *value)
	__attribute__((warn_unused_result));

/* The environment has no variable SSL_... afterwards. */
void facts_clear(void);
/* facts_clear, then those of a whole message; of two with one name the first counts. */
void facts_export(struct bytes message);

/* Adds a variable to a message; one that no reader would take is left out. */
void facts_put(struct buf *message, const char *name, struct bytes value);
void facts_end(struct buf *message);

#endif
