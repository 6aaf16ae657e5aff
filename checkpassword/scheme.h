/* scheme.h: the {SCHEME} in front of a stored password. */
#ifndef SCHEME_H
#define SCHEME_H

#include "bytes.h"

enum scheme {
	SCHEME_LOCKED, /* empty, or begins with * or !: no password fits */
	SCHEME_PLAIN,
	SCHEME_CRYPT,   /* for crypt(3) */
	SCHEME_UNKNOWN, /* we can't say whether a password fits */
};

/* What is behind the scheme goes to *hash; without a scheme it is CRYPT. */
enum scheme scheme_split(struct bytes stored, struct bytes *hash);
/* Equal?  Takes the same time whatever the bytes are. */
bool scheme_same(struct bytes a, struct bytes b);

#endif
