/* nss.h: the system's users, for the programs that are linked with glibc. */
#ifndef NSS_H
#define NSS_H

#include <pwd.h>

#include "account.h"
#include "buf.h"
#include "helper.h"

/* What every helper that asks NSS is asked; each adds its own parts behind these.  Mode:
 * `login`, `vouched` (a login without a password) or `lookup`; first and mail: numbers, a struct account_rule. */
enum { NSS_MODE, NSS_NAME, NSS_PASS, NSS_FIRST, NSS_MAIL, NSS_PARTS };
#define NSS_PARTS_MAX 8

/* *known is NULL for a name that nobody has, else valid until the next call.  False: a
 * source failed, it is in the log. */
bool nss_find(const char *name, const struct passwd **known) __attribute__((warn_unused_result));
bool nss_find_uid(uid_t uid, const struct passwd **known) __attribute__((warn_unused_result));
/* Adds the gids of the user's groups, a space behind each but the last.  False: it is in
 * the log. */
bool nss_groups(const char *name, gid_t gid, struct buf *out) __attribute__((warn_unused_result));
/* Adds the user's record, without a password.  False: too large, or no groups. */
bool nss_record(const struct passwd *pw, struct buf *out) __attribute__((warn_unused_result));

struct nss_helper {
	const char *program; /* in the log */
	size_t parts;
	int hashes; /* what a refusal costs, hash_spend(); one is to measure */
	/* What is the password of a login worth, or, vouched, may the user log in?  known is NULL where there is no such user. */
	enum answer (*check)(const struct bytes *part, const struct passwd *known);
};

/* main() of a helper: reads the parts, finds the user, asks check() in a login, writes the
 * record to descriptor 1; the exit code. */
int nss_helper(const struct nss_helper *h);
/* A login's answer, after which known (NULL: nobody) may be let in: OK, EXPIRED, FORBIDDEN; or
 * a refusal that has cost as much as any, since hash_spent() was `since`. */
enum answer nss_judge(enum answer a, const struct passwd *known, const struct account_rule *r,
		      int64_t since, int hashes, const char *pass)
	__attribute__((warn_unused_result));

#endif
