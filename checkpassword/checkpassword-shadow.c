/*
 * checkpassword-shadow.c: the system's users by their hash, without PAM.
 *
 * Started by checkpassword with the parts of nss.h on descriptor 0; the user's
 * record goes to descriptor 1, the exit code is an enum answer.  Expiry as shadow(5) has it: the account's day, and a
 * password that is to be changed.
 */
#include <errno.h>
#include <shadow.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "log.h"
#include "nss.h"

#define SHADOW_BUFFER 8192

static bool expired(const struct spwd *sp)
{
	long today = (long)(time(NULL) / 86400);

	return (sp->sp_expire > 0 && today >= sp->sp_expire) || sp->sp_lstchg == 0 ||
	       (sp->sp_max >= 0 && sp->sp_lstchg > 0 && today - sp->sp_lstchg > sp->sp_max);
}

/* Without a password where somebody else has proved who it is. */
static enum answer judge(const struct spwd *sp, const char *pass)
{
	const char *hash = sp->sp_pwdp;
	enum answer a;

	if (!pass)
		return expired(sp) ? ANSWER_EXPIRED : ANSWER_OK;
	if (!hash[0] || hash[0] == '*' || hash[0] == '!')
		return ANSWER_WRONG;
	a = hash_check(hash, pass);
	if (a == ANSWER_TROUBLE)
		log_error("crypt", "a hash that crypt(3) does not know");
	return a == ANSWER_OK && expired(sp) ? ANSWER_EXPIRED : a;
}

static enum answer ask_shadow(const char *name, const char *pass)
{
	static char memory[SHADOW_BUFFER];
	struct spwd sp, *found = NULL;
	int error = getspnam_r(name, &sp, memory, sizeof(memory), &found);
	enum answer a;

	if (!found) {
		errno = error ? error : ENOENT;
		log_error("shadow", "no shadow entry for a user that exists: %m");
		return ANSWER_TROUBLE;
	}
	a = judge(&sp, pass);
	explicit_bzero(memory, sizeof(memory));
	return a;
}

static enum answer check(const struct bytes *part, const struct passwd *known)
{
	const char *pass = bytes_is(part[NSS_MODE], "vouched") ? NULL : part[NSS_PASS].p;

	return known ? ask_shadow(known->pw_name, pass) : ANSWER_WRONG;
}

int main(void)
{
	static const struct nss_helper helper = { "checkpassword-shadow", NSS_PARTS, 2, check };

	_exit(nss_helper(&helper));
}
