/*
 * courier.h: what Courier left in a Maildir, read at first contact.
 */
#ifndef COURIER_H
#define COURIER_H

#include "mailbox_private.h"
#include "uidlist.h"

/* UIDVALIDITY and UIDs from courierimapuiddb; false: there is none to be believed. */
bool courier_uids(struct mailbox *mb, struct uidlist *l);

#endif
