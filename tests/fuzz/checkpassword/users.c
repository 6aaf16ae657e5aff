/* Lines of the users file, and records of the database, of any bytes. */
#include <assert.h>
#include <stdlib.h>

#include "account.h"
#include "conf.h"
#include "passwdfile.h"
#include "scheme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void as_record(struct bytes in)
{
	struct buf b = BUF_INIT;
	struct account a;
	struct user u;

	if (!user_decode(in, &u))
		return;
	user_encode(&u, &b);
	assert(bytes_eq(in, buf_view(&b)));
	buf_free(&b);
	if (account_make(&a, "a", &u) && account_allowed(&a))
		assert(a.uid >= 1000 && a.gid != 0 && a.groups[0] == a.gid);
}

static void as_line(struct bytes in)
{
	struct buf b = BUF_INIT;
	struct passwdfile u;
	struct user back;
	struct bytes hash;
	const char *why;
	int got = passwdfile_line(in, &u, &why);

	assert(got >= 0 || why);
	if (got <= 0)
		return;
	assert(scheme_split(u.user.field[USER_PASS], &hash) != SCHEME_UNKNOWN);
	user_encode(&u.user, &b);
	assert(user_decode(buf_view(&b), &back));
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n ? n : 1); /* nothing is read behind it */

	assert(copy);
	if (n)
		memcpy(copy, data, n);
	conf_forget();
	as_record((struct bytes){ copy, n });
	as_line((struct bytes){ copy, n });
	free(copy);
	return 0;
}
