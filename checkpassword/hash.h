/* hash.h: crypt(3), for the programs that are linked with libcrypt. */
#ifndef HASH_H
#define HASH_H

#include "helper.h"

/* Is this the password of the hash: OK, WRONG, or TROUBLE for a hash that crypt(3) does
 * not know. */
enum answer hash_check(const char *hash, const char *pass);

/* Microseconds of CPU that this process has used, and those it has waited for. */
int64_t hash_spent(void);
/* A refusal: spends time until, since hash_spent() was `since`, this process has used as much
 * as `times` hashes of the kind that Debian makes take, one of which is computed here to
 * know.  Whatever was compared before, or not, a refusal costs that; unless it has cost
 * more already. */
void hash_spend(int64_t since, int times, const char *pass);

#endif
