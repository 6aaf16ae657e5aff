/*
 * maildir_scan.c: the files that are in `cur` and `new` at about one time.
 *
 * A scan is not a snapshot (index-design §2): while strangers rename, readdir
 * passes over files and returns others twice.  Only a `quiet` scan, during
 * which the directory times did not change and lay further back than the clock's
 * granularity, proves that what it didn't find isn't there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "dirscan.h"
#include "file.h"
#include "log.h"
#include "maildir_private.h"
#include "num.h"

#define SCAN_NAMES_MAX (UINT32_MAX - 4096u)
/* Directories, by their size, whose names get room at once. */
#define SCAN_LARGE_MIN (4 << 20)
#define SCAN_LARGE_MAX (256 << 20) /* one that lost its files stays as large as it was */
#define SCAN_NAME_LIKELY 64        /* bytes of it for a name, at least */

struct bytes scan_name(const struct scan *s, const struct scan_entry *e)
{
	return (struct bytes){ s->names.p + e->at, e->length };
}

struct bytes scan_stem(const struct scan *s, const struct scan_entry *e)
{
	return (struct bytes){ s->names.p + e->at, e->stem };
}

void scan_free(struct scan *s)
{
	buf_free(&s->names);
	free(s->entries);
	free(s->table);
	*s = SCAN_INIT;
}

static uint32_t hash_stem(struct bytes stem)
{
	uint64_t h = num_hash(stem.p, stem.n);

	return (uint32_t)(h ^ h >> 32);
}

/* Names come in no order: tables larger than the caches of the processor are asked for what will
 * be needed a little before. */
#define AHEAD 8

static PAGES_AHEAD void expect_slot(const struct scan *s, uint32_t hash)
{
	__builtin_prefetch(&s->table[hash & s->mask]);
}

static int add_entry(struct scan *s, struct bytes name, enum dirscan_type type, unsigned where)
{
	struct bytes stem = maildir_stem(name);

	if (name.n > MAILDIR_NAME_MAX || s->names.n > SCAN_NAMES_MAX || s->n >= UINT32_MAX / 4) {
		errno = EFBIG;
		return -1;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->entries = mem_realloc(s->entries, s->cap * sizeof(*s->entries));
	}
	s->entries[s->n++] = (struct scan_entry){
		.at = (uint32_t)s->names.n, /* with its NUL */
		.hash = hash_stem(stem),
		.length = (uint8_t)name.n,
		.stem = (uint8_t)stem.n,
		.where = (uint8_t)where,
		.bits = type == DIRSCAN_FILE ? 0 : SCAN_UNSURE,
	};
	buf_add(&s->names, name.p, name.n + 1);
	return 0;
}

/* The size of a large directory tells about how much its names will take. */
static void expect_names(struct scan *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < SCAN_LARGE_MIN)
		return;
	size_t names = (size_t)(st.st_size < SCAN_LARGE_MAX ? st.st_size : SCAN_LARGE_MAX);
	char *to = buf_reserve(&s->names, names);
	pages_large(to, names);
	if (s->cap < names / SCAN_NAME_LIKELY) {
		s->cap = names / SCAN_NAME_LIKELY;
		s->entries = mem_realloc(s->entries, s->cap * sizeof(*s->entries));
		pages_large(s->entries + s->n, (s->cap - s->n) * sizeof(*s->entries));
	}
}

static int read_dir(struct scan *s, int fd, unsigned where)
{
	struct dirscan d;
	struct bytes name;
	enum dirscan_type type;
	int r = dirscan_open(&d, fd);

	expect_names(s, fd);
	while (r == 0 && (r = dirscan_next(&d, &name, &type)) > 0) {
		if (name.p[0] == '.' || type == DIRSCAN_DIR || type == DIRSCAN_OTHER)
			r = 0;
		else
			r = add_entry(s, name, type, where);
	}
	dirscan_close(&d);
	return r;
}

/* The slot of the table that has this stem, or the free one for it. */
static uint32_t *slot_of(const struct scan *s, struct bytes stem, uint32_t hash)
{
	for (size_t i = hash & s->mask;; i = (i + 1) & s->mask) {
		uint32_t at = s->table[i];
		const struct scan_entry *e = &s->entries[at - 1];
		if (at == 0 || (e->hash == hash && bytes_eq(scan_stem(s, e), stem)))
			return &s->table[i];
	}
}

struct scan_entry *scan_find(const struct scan *s, struct bytes stem)
{
	uint32_t at = s->n ? *slot_of(s, stem, hash_stem(stem)) : 0;

	return at ? &s->entries[at - 1] : NULL;
}

/* What the tables say is asked for some steps before it is needed. */
void scan_find_many(const struct scan *s, const struct bytes *stems, size_t n,
		    struct scan_entry **found)
{
	uint32_t hash[SCAN_MANY];

	for (size_t i = 0; i < n; i++) {
		hash[i] = hash_stem(stems[i]);
		expect_slot(s, hash[i]);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t at = s->table[hash[i] & s->mask];
		if (at)
			__builtin_prefetch(&s->entries[at - 1]);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t at = s->table[hash[i] & s->mask];
		if (at)
			scan_expect_name(s, &s->entries[at - 1]);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t at = *slot_of(s, stems[i], hash[i]);
		found[i] = at ? &s->entries[at - 1] : NULL;
	}
}

struct scan_entry *scan_next(const struct scan *s, const struct scan_entry *e)
{
	return e->next ? &s->entries[e->next - 1] : NULL;
}

static void make_table(struct scan *s)
{
	size_t cap = 64;

	while (cap < s->n * 2)
		cap *= 2;
	free(s->table);
	s->table = mem_alloc(cap * sizeof(*s->table));
	memset(s->table, 0, cap * sizeof(*s->table));
	s->mask = cap - 1;
	s->twice = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct scan_entry *e = &s->entries[i];
		if (i + AHEAD < s->n)
			expect_slot(s, e[AHEAD].hash);
		e->next = 0;
		if (e->bits & SCAN_DROPPED)
			continue;
		uint32_t *slot = slot_of(s, scan_stem(s, e), e->hash);
		if (*slot) {
			struct scan_entry *first = &s->entries[*slot - 1];
			e->next = first->next;
			first->next = (uint32_t)i + 1;
			s->twice++;
		} else {
			*slot = (uint32_t)i + 1;
		}
	}
}

static bool stood_still(struct mailbox *mb, const struct scan *s)
{
	struct maildir *m = maildir_of(mb);
	struct maildir_state now = { 0 };

	return maildir_look(mb, &now, NULL) == 0 && stamp_eq(now.cur, s->cur) &&
	       stamp_eq(now.new, s->new) && !maildir_doubtful(m, s->cur, s->began) &&
	       !maildir_doubtful(m, s->new, s->began);
}

int scan_run(struct mailbox *mb, struct scan *s, bool new_only, struct error *e)
{
	struct maildir *m = maildir_of(mb);
	struct maildir_state now = { 0 };

	scan_free(s);
	if (maildir_look(mb, &now, e) < 0)
		return -1;
	s->cur = now.cur;
	s->new = now.new;
	s->began = now.cur_taken;
	s->new_only = new_only;
	if (read_dir(s, m->new, MAILDIR_NEW) < 0 || (!new_only && read_dir(s, m->cur, 0) < 0)) {
		error_errno(e, "Mailbox could not be read", "readdir %s", m->path);
		return -1;
	}
	s->quiet = stood_still(mb, s);
	make_table(s);
	return 0;
}

void scan_wait(struct mailbox *mb)
{
	struct maildir *m = maildir_of(mb);

	if (m->local)
		clock_files_wait(clock_wall_ns() + maildir_granularity(m));
}

/* --- names seen twice, names that can't be kept --- */

bool scan_stat(struct mailbox *mb, const struct scan *s, const struct scan_entry *e,
	       struct stat *st)
{
	return fstatat(maildir_dir(maildir_of(mb), e->where), scan_name(s, e).p, st, 0) == 0;
}

static bool may_rename(struct mailbox *mb, const struct scan *s)
{
	return maildir_of(mb)->writable && !(mb->flags & MAILBOX_READONLY) &&
	       s->renamed < MAILDIR_BATCH;
}

/* The file gets a new base name, the info part stays: *e says so.  Left out of this
 * scan when that isn't possible. */
static void rename_entry(struct mailbox *mb, struct scan *s, struct scan_entry *e)
{
	struct maildir *m = maildir_of(mb);
	char to[MAILDIR_NAME_MAX + 1];
	struct bytes name = scan_name(s, e), info = bytes_from(name, e->stem);
	size_t n = maildir_name_unique(to);
	int dir = maildir_dir(m, e->where);

	e->bits |= SCAN_DROPPED;
	if (!may_rename(mb, s) || n + info.n > MAILDIR_NAME_MAX) {
		s->left_out = true;
		return;
	}
	memcpy(to + n, info.p, info.n);
	to[n + info.n] = '\0';
	s->renamed++;
	if (file_rename_new(dir, name.p, dir, to) < 0) {
		s->left_out = errno != ENOENT;
		return;
	}
	log_info("maildir", "%s: base name of %s is taken or can't be kept, now %s", m->path,
		 name.p, to);
	e->at = (uint32_t)s->names.n;
	e->length = (uint8_t)(n + info.n);
	e->stem = (uint8_t)n;
	e->hash = hash_stem((struct bytes){ to, n });
	e->bits = 0;
	buf_add(&s->names, to, n + info.n + 1);
}

/* Is `a` to keep the name?  The one the index knows, else the one in cur, else the older. */
static bool keeps(const struct scan_entry *a, const struct stat *sa, const struct scan_entry *b,
		  const struct stat *sb)
{
	if ((a->bits ^ b->bits) & SCAN_KNOWN)
		return a->bits & SCAN_KNOWN;
	if (a->where != b->where)
		return !a->where;
	return clock_ns_of(sa->st_ctim) <= clock_ns_of(sb->st_ctim);
}

/* Two entries of one stem; the one that stays is returned. */
static struct scan_entry *settle_pair(struct mailbox *mb, struct scan *s, struct scan_entry *a,
				      struct scan_entry *b)
{
	struct stat sa, sb;

	if (!scan_stat(mb, s, b, &sb)) {
		b->bits |= SCAN_DROPPED; /* it was renamed during the scan */
		return a;
	}
	if (!scan_stat(mb, s, a, &sa) ||
	    (a->where == b->where && bytes_eq(scan_name(s, a), scan_name(s, b)))) {
		a->bits |= SCAN_DROPPED;
		return b;
	}
	struct scan_entry *stays = keeps(a, &sa, b, &sb) ? a : b, *goes = stays == a ? b : a;
	/* Two names of one file: somebody is between link and unlink. */
	if (sa.st_ino == sb.st_ino && sa.st_dev == sb.st_dev)
		goes->bits |= SCAN_DROPPED;
	else
		rename_entry(mb, s, goes);
	return stays;
}

/* The names of one stem, of which the first is given. */
static void settle_group(struct mailbox *mb, struct scan *s, struct scan_entry *first)
{
	struct scan_entry *stays = first, *next;

	for (struct scan_entry *e = scan_next(s, first); e; e = next) {
		next = scan_next(s, e); /* before *e may become another */
		stays = settle_pair(mb, s, stays, e);
	}
}

/* A base name so long that flags and keywords may not fit behind it is kept where
 * there is no other way. */
static bool stem_stays(struct mailbox *mb, const struct scan *s, const struct scan_entry *e)
{
	struct bytes stem = scan_stem(s, e);

	return maildir_stem_ok(stem) && (stem.n <= MAILDIR_STEM_MAX || !may_rename(mb, s));
}

void scan_resolve(struct mailbox *mb, struct scan *s)
{
	size_t n = s->n;
	bool again = s->twice > 0;

	for (size_t i = 0; s->twice && i < n; i++) {
		struct scan_entry *e = &s->entries[i];
		if (e->next && !(e->bits & SCAN_DROPPED) && scan_find(s, scan_stem(s, e)) == e)
			settle_group(mb, s, e);
	}
	for (size_t i = 0; i < n; i++) {
		struct scan_entry *e = &s->entries[i];
		if ((e->bits & SCAN_DROPPED) || stem_stays(mb, s, e))
			continue;
		rename_entry(mb, s, e);
		again = true;
	}
	if (again)
		make_table(s);
}
