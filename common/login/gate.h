/*
 * gate.h: the half of a login program that decides; the other half, the parser,
 * is the protocol's talk().
 */
#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define LOGIN_SILENCE_S 60    /* LOGIN_SILENCE_TIMEOUT */
#define LOGIN_TIME_S 180      /* LOGIN_TIMEOUT: in all, before login */
#define LOGIN_ANSWER_S 30     /* LOGIN_AUTH_TIMEOUT: for an authenticator */
#define LOGIN_DELAY_S 2       /* LOGIN_FAILURE_DELAY: doubled with each failure */
#define LOGIN_FAILURES_MAX 3  /* then the connection ends */
#define LOGIN_ATTEMPTS_MAX 10 /* also counting those that were not the client's fault */

/* What the parser knows. */
struct talk {
	int gate;       /* requests and answers, see record.h */
	bool plaintext; /* passwords may be sent over this connection */
	bool starttls;  /* TLS may begin */
	bool external;  /* the client's certificate names a user */
	bool greeted;   /* by an earlier parser of this connection */
	int silence_ms;
	int64_t deadline; /* clock_ms() */
};

/* Why the parser ended: its exit status, for nothing but the log. */
enum talk_end {
	TALK_LOGOUT,
	TALK_EOF,
	TALK_SILENT,
	TALK_EXPIRED,
	TALK_ABUSE,    /* too many bad commands, a literal out of bounds */
	TALK_FAILURES, /* the gate said so */
	TALK_STOP,
	TALK_TLS, /* spoken where none was expected */
	TALK_HTTP,
	TALK_STARTTLS, /* talk_starttls said so, and the client was told */
	TALK_ENDS,
};

struct protocol {
	const char *program;      /* in the log */
	const char *alpn;         /* the protocol's name there, RFC 7301 */
	const char *tag_variable; /* carries the tag of the login command */
	/* In the parser's jail: reads, writes and waits.  It allocates no memory and opens
	 * nothing; trying ends it. */
	enum talk_end (*talk)(const struct talk *t);
};

/* The parser's question to the gate; false: there is no gate any more. */
bool talk_ask(const struct talk *t, const struct record *r, struct answer *answer)
	__attribute__((warn_unused_result));

/* Asks for TLS: 1, then the parser tells the client and ends with TALK_STARTTLS; 0: there is
 * none, and the parser ends; -1: there is no gate any more. */
int talk_starttls(const struct talk *t) __attribute__((warn_unused_result));
#define TALK_WANTS_TLS 'S' /* the request, in place of a record */

/* The whole login program; argv[1...] is the authenticator's command line.  The
 * process's exit status. */
int gate_main(const struct protocol *protocol, int argc, char **argv);

#endif
