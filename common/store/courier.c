/*
 * courier.c: UIDs and keywords of a Maildir that Courier served until now.
 *
 * courierimapuiddb is a uidlist of version 1.  It counts only as long as there is no
 * dovecot-uidlist: who wrote that was here after Courier.
 */
#include "courier.h"

#include "file.h"
#include "maildir_private.h"

bool courier_uids(struct mailbox *mb, struct uidlist *l)
{
	struct maildir *m = maildir_of(mb);

	if (file_read(m->root, "courierimapuiddb", UIDLIST_MAX, &l->text) <= 0)
		return false;
	uidlist_parse(l);
	if (!l->usable)
		uidlist_free(l);
	return l->usable;
}
