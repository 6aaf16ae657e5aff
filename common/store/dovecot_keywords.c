/*
 * dovecot_keywords.c: names of the letters a to z (index-design §12).
 *
 * dovecot-keywords has lines "0 name"; number n is the letter 'a' + n and bit n of
 * the index.  It is written before a file name uses a new letter, under the lock of
 * the uidlist: temp, fsync, rename; its mtime moves by a whole second at least, for
 * Dovecot looks at seconds.  A letter keeps its name for ever.  Bits 26 and above have no
 * letter: their names stand in the header of the uidlist (uidlist.h).
 *
 * A letter without a name, in a file name that somebody else made, is called
 * "unknown-<n>" as Dovecot calls it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "log.h"
#include "maildir_private.h"
#include "num.h"

#define KEYWORDS_FILE "dovecot-keywords"
#define KEYWORDS_MAX (1u << 20) /* bytes: 26 lines of at most 127 */

/* Separators of our own files are none of an atom's characters either. */
bool keyword_name_ok(struct bytes name)
{
	if (name.n == 0 || name.n > INDEX_KEYWORD_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || (unsigned char)name.p[i] >= 0x7f ||
		    strchr("%(){*\"\\]", name.p[i]))
			return false;
	return true;
}

int keyword_names_find(const struct keyword_names *k, struct bytes name)
{
	for (int i = 0; i < INDEX_KEYWORDS; i++)
		if (k->name[i][0] && bytes_iis(name, k->name[i]))
			return i;
	return -1;
}

static void put_name(struct keyword_names *k, unsigned n, struct bytes name)
{
	memcpy(k->name[n], name.p, name.n);
	k->name[n][name.n] = '\0';
}

int keyword_names_put(struct keyword_names *k, struct bytes name)
{
	int bit = keyword_names_find(k, name);

	for (int i = 0; bit < 0 && i < INDEX_KEYWORDS; i++)
		if (!k->name[i][0]) {
			put_name(k, (unsigned)i, name);
			bit = i;
		}
	return bit;
}

void keywords_parse(struct bytes text, struct keyword_names *k)
{
	bool torn = text.n && text.p[text.n - 1] != '\n';
	struct bytes line;
	uint64_t n;

	while (bytes_split(&text, '\n', &line)) {
		if (!num_take(&line, MAILDIR_LETTERS - 1, &n) || line.n < 2 || line.p[0] != ' ')
			continue;
		line = bytes_from(line, 1);
		if (!keyword_name_ok(line) || k->name[n][0] || keyword_names_find(k, line) >= 0)
			continue;
		put_name(k, (unsigned)n, line);
		if (torn && text.n == 0)
			k->torn = (unsigned)n + 1;
	}
}

void keywords_format(const struct keyword_names *k, struct buf *out)
{
	for (unsigned i = 0; i < MAILDIR_LETTERS; i++)
		if (k->name[i][0])
			buf_printf(out, "%u %s\n", i, k->name[i]);
}

int keywords_read(struct mailbox *mb, struct keyword_names *k, struct stamp *at, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct buf text = BUF_INIT;
	uint64_t size;

	*at = maildir_stamp(m->control, KEYWORDS_FILE, &size);
	int r = file_read(m->control, KEYWORDS_FILE, KEYWORDS_MAX, &text);
	if (r > 0)
		keywords_parse(buf_view(&text), k);
	else if (r < 0)
		error_errno(e, "Keywords could not be read", "%s/%s", m->path, KEYWORDS_FILE);
	buf_free(&text);
	return r;
}

struct stamp keywords_stamp(struct mailbox *mb)
{
	uint64_t size;

	return maildir_stamp(maildir_of(mb)->control, KEYWORDS_FILE, &size);
}

/* So that who compares seconds sees that it changed.  Without that it is right all the same. */
static void move_mtime(struct maildir *m, int64_t before)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = before + 1 } };
	int fd = file_open(m->control, KEYWORDS_FILE, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_mtim.tv_sec <= before && futimens(fd, t) < 0)
		log_debug("keywords", "%s: its time stays: %s", m->path, strerror(errno));
	close(fd);
}

int keywords_write(struct mailbox *mb, const struct keyword_names *k, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct buf text = BUF_INIT;
	struct stamp before = keywords_stamp(mb);

	keywords_format(k, &text);
	FAULT("keywords-write");
	int r = file_replace(m->control, KEYWORDS_FILE, buf_view(&text), m->mode);
	if (r < 0)
		error_errno(e, "Keyword could not be stored", "%s/%s", m->path, KEYWORDS_FILE);
	else if (before.inode)
		move_mtime(m, before.mtime / 1000000000);
	buf_free(&text);
	FAULT("keywords-written");
	return r;
}

void keywords_of_index(struct mailbox *mb, struct keyword_names *k)
{
	for (unsigned i = 0; i < INDEX_KEYWORDS; i++) {
		/* cppcheck-suppress uninitvar ; it is written here */
		size_t n = index_keyword(mb->index, i, k->name[i]);
		k->name[i][n < INDEX_KEYWORD_SIZE ? n : 0] = '\0';
	}
}

void keywords_take_high(struct keyword_names *k, const struct uidlist *l)
{
	for (unsigned i = 0; i < UIDLIST_HIGH; i++)
		if (keyword_name_ok(l->high[i]) && keyword_names_find(k, l->high[i]) < 0)
			put_name(k, UIDLIST_HIGH_FIRST + i, l->high[i]);
}

bool keywords_known(struct mailbox *mb, const struct bytes *names, size_t n, uint64_t *bits)
{
	struct keyword_names k;

	*bits = 0;
	if (n == 0)
		return true;
	keywords_of_index(mb, &k);
	for (size_t i = 0; i < n; i++) {
		int bit = keyword_names_find(&k, names[i]);
		if (bit < 0)
			return false;
		*bits |= 1ull << bit;
	}
	return true;
}

/* A bit for a new name: the first letter that has none in the file nor in the
 * index; then those without a letter. */
static int free_bit(const struct keyword_names *ours, const struct keyword_names *theirs)
{
	for (int i = 0; i < INDEX_KEYWORDS; i++)
		if (!ours->name[i][0] && !theirs->name[i][0])
			return i;
	return -1;
}

struct making {
	struct keyword_names ours, theirs; /* in the index; in the file */
	bool write;
};

static int make_one(struct mailbox *mb, struct making *k, struct bytes name, uint64_t *bits,
		    struct error *e)
{
	int bit = keyword_names_find(&k->theirs, name);

	if (bit < 0)
		bit = keyword_names_find(&k->ours, name);
	if (bit < 0) {
		if (!keyword_name_ok(name))
			return error_set(e, ERROR_INVALID, "Not a valid keyword",
					 "keyword refused");
		bit = free_bit(&k->ours, &k->theirs);
		if (bit < 0)
			return error_set(e, ERROR_LIMIT, "Too many keywords in this mailbox",
					 "%s: keyword limit", maildir_of(mb)->path);
	}
	if (bit < MAILDIR_LETTERS && !k->theirs.name[bit][0]) {
		put_name(&k->theirs, (unsigned)bit, name);
		k->write = true;
	}
	if (!bytes_iis(name, k->ours.name[bit])) {
		put_name(&k->ours, (unsigned)bit, name);
		index_set_keyword(mb->index, (unsigned)bit, name);
	}
	*bits |= 1ull << bit;
	return 0;
}

void keywords_drop_torn(struct keyword_names *file, const struct keyword_names *ours)
{
	if (file->torn && ours->name[file->torn - 1][0])
		file->name[file->torn - 1][0] = '\0';
}

bool keywords_merge(struct keyword_names *file, const struct keyword_names *ours)
{
	bool lost = false;

	keywords_drop_torn(file, ours);
	for (int i = 0; i < MAILDIR_LETTERS; i++)
		if (ours->name[i][0] && !file->name[i][0] &&
		    keyword_names_find(file, bytes_of(ours->name[i])) < 0) {
			memcpy(file->name[i], ours->name[i], INDEX_KEYWORD_SIZE);
			lost = true;
		}
	return lost;
}

int keywords_make(struct mailbox *mb, const struct bytes *names, size_t n, uint64_t *bits,
		  struct error *e)
{
	struct making k = { 0 };
	struct stamp at;

	*bits = 0;
	keywords_of_index(mb, &k.ours);
	if (keywords_read(mb, &k.theirs, &at, e) < 0)
		return -1;
	keywords_merge(&k.theirs, &k.ours);
	for (size_t i = 0; i < n; i++)
		if (make_one(mb, &k, names[i], bits, e) < 0)
			return -1;
	return k.write ? keywords_write(mb, &k.theirs, e) : 0;
}
