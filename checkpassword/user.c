/*
 * user.c: a user's record, written by roost-users and the helpers, read by
 * checkpassword.  The reader refuses what is short, too long or of another
 * format; what the fields mean is for account.c.
 */
#include "user.h"

void user_encode(const struct user *u, struct buf *out)
{
	buf_add(out, USER_FORMAT, sizeof(USER_FORMAT));
	for (int i = 0; i < USER_FIELDS; i++) {
		buf_bytes(out, u->field[i]);
		buf_char(out, '\0');
	}
}

bool user_decode(struct bytes record, struct user *u)
{
	struct bytes piece;

	if (record.n == 0 || record.n > USER_MAX || record.p[record.n - 1] != '\0')
		return false;
	record.n--;
	if (!bytes_split(&record, '\0', &piece) || !bytes_is(piece, USER_FORMAT))
		return false;
	for (int i = 0; i < USER_FIELDS; i++)
		if (!bytes_split(&record, '\0', &u->field[i]))
			return false;
	return !record.p;
}
