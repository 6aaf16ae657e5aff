/* external.h: whom a client's certificate names, for SASL EXTERNAL (RFC 4422 appendix A). */
#ifndef EXTERNAL_H
#define EXTERNAL_H

#include "record.h"

/* From the facts of this connection's TLS (facts.h), which stand in the environment, and from
 * nothing else; which of them is the name says TLS_CLIENT_USER.  False: nobody is named. */
bool external_user(char user[LOGIN_USER_MAX + 1]) __attribute__((warn_unused_result));
/* May a client whose certificate says `user` ask to be `wanted` (its authorization identity,
 * "" if it asks for nothing)? */
bool external_allows(const char *user, const char *wanted);

#endif
