/* nss.h: the system's users, for helpers. */
#ifndef NSS_H
#define NSS_H

#include <pwd.h>

#include "user.h"

/* *known is NULL for a name that nobody has.  False: a source failed, it is in the log. */
bool nss_find(const char *name, const struct passwd **known) __attribute__((warn_unused_result));
/* The user's record, without a password, to descriptor 1. */
bool nss_write(const struct passwd *pw) __attribute__((warn_unused_result));

#endif
