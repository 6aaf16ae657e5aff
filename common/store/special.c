/*
 * special.c: which folders are Drafts, Sent, Trash, Junk, Archive (RFC 6154).
 *
 * By setting (SPECIAL_SENT="Sent Items"), else by the names that mail programs
 * give them.  One folder per use: the first name of the list that exists.
 */
#include "conf.h"
#include "store_private.h"

#define NAMES_MAX 5

static const struct use {
	unsigned attr;
	const char *setting;
	const char *names[NAMES_MAX];
} uses[] = {
	{ FOLDER_DRAFTS, "SPECIAL_DRAFTS", { "Drafts", "Draft" } },
	{ FOLDER_SENT, "SPECIAL_SENT", { "Sent", "Sent Messages", "Sent Items", "Sent Mail" } },
	{ FOLDER_TRASH, "SPECIAL_TRASH", { "Trash", "Deleted Messages", "Deleted Items" } },
	{ FOLDER_JUNK, "SPECIAL_JUNK", { "Junk", "Spam", "Junk E-mail", "Junk Email" } },
	{ FOLDER_ARCHIVE, "SPECIAL_ARCHIVE", { "Archive", "Archives" } },
};

static bool mark(struct store *s, struct folder *list, size_t n, const char *name, unsigned attr)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes f = list[i].name;
		if (list[i].attrs & (FOLDER_NONEXISTENT | FOLDER_NOSELECT))
			continue;
		if (bytes_starts(f, s->prefix))
			f = bytes_from(f, s->prefix.n);
		if (bytes_is(f, name)) {
			list[i].attrs |= attr;
			return true;
		}
	}
	return false;
}

void special_use_mark(struct store *s, struct folder *list, size_t n)
{
	for (size_t u = 0; u < sizeof(uses) / sizeof(*uses); u++) {
		const char *set = conf_get(uses[u].setting);
		if (set) {
			mark(s, list, n, set, uses[u].attr);
			continue;
		}
		for (size_t k = 0; k < NAMES_MAX && uses[u].names[k]; k++)
			if (mark(s, list, n, uses[u].names[k], uses[u].attr))
				break;
	}
}
