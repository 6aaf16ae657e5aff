/*
 * prelogin.h: what of RFC 3501 §9 may be said before login.
 *
 * A command is one piece of memory with its literals in place ("{5}\r\nhello").
 * parse functions take their token off the front of *c, or return false.
 */
#ifndef PRELOGIN_H
#define PRELOGIN_H

#include "buf.h"

#define PRELOGIN_LINE_MAX 8192     /* bytes of a line, RFC 7162 §4 */
#define PRELOGIN_LITERAL_MAX 4096  /* of one literal; ID's values have 1024 */
#define PRELOGIN_COMMAND_MAX 16384 /* of a command with its literals */

enum prelogin_verb {
	VERB_UNKNOWN,
	VERB_CAPABILITY,
	VERB_NOOP,
	VERB_LOGOUT,
	VERB_ID,
	VERB_LOGIN,
	VERB_AUTHENTICATE,
	VERB_STARTTLS,
};

enum prelogin_mech { MECH_UNKNOWN, MECH_PLAIN, MECH_LOGIN, MECH_EXTERNAL };

/* Name and password in memory of the command or of the caller's scratch. */
struct credentials {
	struct bytes user, password;
};

struct prelogin_literal {
	size_t size;
	bool plus; /* its bytes come without being asked for, RFC 7888 */
};

bool prelogin_tag(struct bytes *c, struct bytes *tag); /* with the space behind it */
enum prelogin_verb prelogin_verb(struct bytes *c);
/* The line so far announces a literal at its end. */
bool prelogin_literal(struct bytes line, struct prelogin_literal *l);
/* SP userid SP password to the end.  scratch has room for c->n bytes. */
bool prelogin_login(struct bytes c, char *scratch, struct credentials *out);
/* SP "NIL" or a list of strings, to the end. */
bool prelogin_id(struct bytes c);
/* SP mechanism [SP initial response]; *initial has p == NULL without one. */
bool prelogin_authenticate(struct bytes c, enum prelogin_mech *mech, struct bytes *initial);
/* authzid NUL authcid NUL password, RFC 4616, decoded; *authzid may be empty. */
bool prelogin_plain(struct bytes message, struct bytes *authzid, struct credentials *out);

#endif
