/*
 * nss.c: uid, gid, groups, home and shell of the system's users, and what
 * the helpers that know their passwords have in common.
 *
 * In programs of their own, because NSS modules are glibc's: what
 * /etc/nsswitch.conf names works.  A module that fails is trouble, not an unknown user.
 */
#include "nss.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "log.h"
#include "num.h"

#define NSS_BUFFER 65536

static char memory[NSS_BUFFER];
static struct passwd pw;

static bool found(int error, const struct passwd *p, const struct passwd **known)
{
	*known = p;
	errno = error;
	if (error)
		log_error("nss", "%m");
	return error == 0;
}

bool nss_find(const char *name, const struct passwd **known)
{
	struct passwd *p = NULL;
	int error = getpwnam_r(name, &pw, memory, sizeof(memory), &p);

	return found(error, p, known);
}

bool nss_find_uid(uid_t uid, const struct passwd **known)
{
	struct passwd *p = NULL;
	int error = getpwuid_r(uid, &pw, memory, sizeof(memory), &p);

	return found(error, p, known);
}

bool nss_groups(const char *name, gid_t gid, struct buf *out)
{
	gid_t list[ACCOUNT_GROUPS];
	int n = ACCOUNT_GROUPS;

	if (getgrouplist(name, gid, list, &n) < 0) {
		log_error("groups", "more than %d groups", ACCOUNT_GROUPS);
		return false;
	}
	for (int i = 0; i < n; i++)
		buf_printf(out, "%s%u", i ? " " : "", list[i]);
	return true;
}

bool nss_record(const struct passwd *p, struct buf *out)
{
	struct buf uid = BUF_INIT, gid = BUF_INIT, groups = BUF_INIT;
	struct user u = { 0 };

	buf_u64(&uid, p->pw_uid);
	buf_u64(&gid, p->pw_gid);
	if (!nss_groups(p->pw_name, p->pw_gid, &groups))
		return false;
	u.field[USER_UID] = buf_view(&uid);
	u.field[USER_GID] = buf_view(&gid);
	u.field[USER_HOME] = bytes_of(p->pw_dir);
	u.field[USER_SHELL] = bytes_of(p->pw_shell);
	u.field[USER_GROUPS] = buf_view(&groups);
	user_encode(&u, out);
	buf_free(&uid);
	buf_free(&gid);
	buf_free(&groups);
	return out->n <= USER_MAX;
}

static bool write_record(const struct passwd *p)
{
	struct buf out = BUF_INIT;
	bool ok = nss_record(p, &out) && file_write_all(1, out.p, out.n) == 0;

	buf_free(&out);
	return ok;
}

enum answer nss_judge(enum answer a, const struct passwd *known, const struct account_rule *r,
		      int64_t since, int hashes, const char *pass)
{
	if (a == ANSWER_TROUBLE)
		return a;
	if (a != ANSWER_WRONG && known && !account_rule_allows(r, known->pw_uid, known->pw_gid)) {
		log_warn("refused", "uid %u gid %u", known->pw_uid, known->pw_gid);
		a = ANSWER_WRONG;
	}
	if (a == ANSWER_WRONG || !known)
		hash_spend(since, hashes, pass);
	return known ? a : ANSWER_UNKNOWN;
}

static enum answer judge_login(const struct nss_helper *h, const struct bytes *part,
			       const struct passwd *known)
{
	int64_t since = hash_spent();
	struct account_rule rule;

	if (!num_parse(part[NSS_FIRST], ACCOUNT_ID_MAX, &rule.first) ||
	    !num_parse(part[NSS_MAIL], ACCOUNT_ID_MAX, &rule.mail))
		return ANSWER_TROUBLE;
	if (part[NSS_PASS].n == 0 && !bytes_is(part[NSS_MODE], "vouched"))
		return ANSWER_WRONG;
	return nss_judge(h->check(part, known), known, &rule, since, h->hashes, part[NSS_PASS].p);
}

static enum answer decide(const struct nss_helper *h, const struct bytes *part)
{
	const struct passwd *known;
	enum answer a;

	log_context("user", part[NSS_NAME]);
	if (!nss_find(part[NSS_NAME].p, &known))
		return ANSWER_TROUBLE;
	if (bytes_is(part[NSS_MODE], "lookup"))
		a = known ? ANSWER_OK : ANSWER_UNKNOWN;
	else
		a = judge_login(h, part, known);
	if (a == ANSWER_WRONG || a == ANSWER_UNKNOWN || a == ANSWER_TROUBLE)
		return a;
	return write_record(known) ? a : ANSWER_TROUBLE;
}

int nss_helper(const struct nss_helper *h)
{
	static char request[HELPER_REQUEST_MAX];
	struct bytes part[NSS_PARTS_MAX];
	enum answer a = ANSWER_TROUBLE;

	log_open(h->program);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (helper_request(request, sizeof(request), part, h->parts))
		a = decide(h, part);
	explicit_bzero(request, sizeof(request));
	return a;
}
