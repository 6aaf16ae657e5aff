/*
 * checkpassword-shadow.c: the system's users by their hash, without PAM.
 *
 * Started by checkpassword: `login` or `lookup`, name, password, each with a
 * NUL, on descriptor 0; the user's record goes to descriptor 1, the exit code
 * is an enum answer.  Expiry as shadow(5) has it: the account's day, and a
 * password that is to be changed.  A name that nobody has costs the hash of
 * an impossible password, of the kind that Debian makes.
 */
#include <crypt.h>
#include <errno.h>
#include <shadow.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "helper.h"
#include "log.h"
#include "nss.h"
#include "scheme.h"

#define SHADOW_BUFFER 8192
#define NOBODY "$y$j9T$...............$" /* only its cost matters */

enum part { MODE, NAME, PASS, PARTS };

static char request[HELPER_REQUEST_MAX];
static struct bytes part[PARTS];
static struct crypt_data data;

static bool expired(const struct spwd *sp)
{
	long today = (long)(time(NULL) / 86400);

	return (sp->sp_expire > 0 && today >= sp->sp_expire) || sp->sp_lstchg == 0 ||
	       (sp->sp_max >= 0 && sp->sp_lstchg > 0 && today - sp->sp_lstchg > sp->sp_max);
}

static enum answer check(const char *hash)
{
	bool usable = hash && hash[0] && hash[0] != '*' && hash[0] != '!';
	const char *made = crypt_rn(part[PASS].p, usable ? hash : NOBODY, &data, sizeof(data));

	if (!usable)
		return ANSWER_WRONG;
	if (!made || made[0] == '*') {
		log_error("crypt", "a hash that crypt(3) does not know");
		return ANSWER_TROUBLE;
	}
	return scheme_same(bytes_of(made), bytes_of(hash)) ? ANSWER_OK : ANSWER_WRONG;
}

static enum answer check_shadow(const struct passwd *known)
{
	static char memory[SHADOW_BUFFER];
	struct spwd sp, *found = NULL;
	int error = known ? getspnam_r(known->pw_name, &sp, memory, sizeof(memory), &found) : 0;
	enum answer a;

	if (known && !found) {
		errno = error ? error : ENOENT;
		log_error("shadow", "no shadow entry for a user that exists: %m");
		return ANSWER_TROUBLE;
	}
	a = check(found ? sp.sp_pwdp : NULL);
	if (a == ANSWER_OK && expired(&sp))
		a = ANSWER_EXPIRED;
	explicit_bzero(memory, sizeof(memory));
	return a;
}

static enum answer decide(void)
{
	const struct passwd *known;
	bool lookup = bytes_is(part[MODE], "lookup");
	enum answer a;

	if (!nss_find(part[NAME].p, &known))
		return ANSWER_TROUBLE;
	if (!lookup && part[PASS].n == 0)
		return ANSWER_WRONG;
	a = lookup ? ANSWER_OK : check_shadow(known);
	if (!known)
		return ANSWER_UNKNOWN;
	if (a != ANSWER_WRONG && a != ANSWER_TROUBLE && !nss_write(known))
		return ANSWER_TROUBLE;
	return a;
}

int main(void)
{
	enum answer a = ANSWER_TROUBLE;

	log_open("checkpassword-shadow");
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (helper_request(request, sizeof(request), part, PARTS))
		a = decide();
	explicit_bzero(request, sizeof(request));
	explicit_bzero(&data, sizeof(data));
	_exit(a);
}
