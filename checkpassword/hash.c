/*
 * hash.c: passwords against hashes of crypt(3), and what a refusal costs.
 *
 * The time of an answer must not tell who is a user here.  What a wrong password costs
 * depends on the user's hash and on whoever compares it: pam_unix of Debian 12 computes a
 * hash twice, and none at all for a name that it doesn't know or for a locked user.  So a
 * refusal is topped up to a fixed cost, in small pieces.
 */
#include "hash.h"

#include <crypt.h>
#include <sys/resource.h>

#include "scheme.h"

#define NOBODY "$y$j9T$...............$" /* Debian's kind; only its cost matters */
#define PIECE "$y$j75$...............$"  /* a tenth of it */

static struct crypt_data data;

enum answer hash_check(const char *hash, const char *pass)
{
	const char *made = crypt_rn(pass, hash, &data, sizeof(data));
	enum answer a = ANSWER_TROUBLE;

	if (made && made[0] != '*')
		a = scheme_same(bytes_of(made), bytes_of(hash)) ? ANSWER_OK : ANSWER_WRONG;
	explicit_bzero(&data, sizeof(data));
	return a;
}

static int64_t microseconds(int who)
{
	struct rusage r;

	if (getrusage(who, &r) < 0)
		return 0;
	return (int64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 + r.ru_utime.tv_usec +
	       r.ru_stime.tv_usec;
}

int64_t hash_spent(void)
{
	return microseconds(RUSAGE_SELF) + microseconds(RUSAGE_CHILDREN);
}

void hash_spend(int64_t since, int times, const char *pass)
{
	int64_t before = hash_spent(), one;

	hash_check(NOBODY, pass); /* whatever comes of it */
	one = hash_spent() - before;
	while (hash_spent() - since < times * one)
		hash_check(PIECE, pass);
}
