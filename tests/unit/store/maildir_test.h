/*
 * maildir_test.h: a store with an INBOX in a scratch directory, files put into it
 * as strangers do, and what a session sees as one string.
 */
#ifndef MAILDIR_TEST_H
#define MAILDIR_TEST_H

#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "file.h"
#include "maildir_append.h"
#include "message.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct store *store;
static struct mailbox *mb;
static struct error err;
static struct arena arena;
static char home[400], inbox[500];
static struct buf text;

static inline char *path_of(const char *name)
{
	static char path[4][PATH_MAX];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], PATH_MAX, "%s/%s", inbox, name);
	return path[i];
}

static inline void open_store(void)
{
	struct store_user u = { .user = "u", .home = home };

	assert_int_equal(store_open(&store, &u, &err), 0);
}

static inline int setup(void **state)
{
	static int n;

	(void)state;
	snprintf(home, sizeof(home), "%s/%d", test_dir(), ++n);
	snprintf(inbox, sizeof(inbox), "%s/Maildir", home);
	assert_int_equal(mkdir(home, 0700), 0);
	open_store();
	mb = NULL;
	return 0;
}

static inline void close_inbox(void)
{
	mailbox_close(mb);
	mb = NULL;
}

static inline int teardown(void **state)
{
	(void)state;
	close_inbox();
	store_close(store);
	arena_free(&arena);
	buf_free(&text);
	return 0;
}

static inline void open_box(const char *name, unsigned how)
{
	if (mailbox_open(store, bytes_of(name), how, &mb, &err) < 0)
		fail_msg("open %s: %s", name, err.log);
}

static inline void open_inbox(unsigned how)
{
	open_box("INBOX", how);
}

static inline void put(const char *name, const char *content)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static inline void move(const char *from, const char *to)
{
	assert_int_equal(rename(path_of(from), path_of(to)), 0);
}

static inline void del(const char *name)
{
	assert_int_equal(unlink(path_of(name)), 0);
}

static inline bool on_disk(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

static inline void drop_index(void)
{
	unlink(path_of("roost.index"));
	unlink(path_of("roost.journal"));
	unlink(path_of("roost.cache"));
}

static inline const char *slurp(const char *name)
{
	buf_reset(&text);
	assert_true(file_read(AT_FDCWD, path_of(name), 1 << 20, &text) >= 0);
	return buf_cstr(&text);
}

#define assert_file(name, content) assert_string_equal(slurp(name), content)

static inline void sync_now(void)
{
	if (mailbox_sync(mb, MAILBOX_SYNC_FULL, &err) < 0)
		fail_msg("sync: %s", err.log);
}

static inline uint32_t validity(void)
{
	struct index_header h;

	assert_true(index_head(mailbox_index(mb), &h));
	return h.uidvalidity;
}

static inline uint64_t highest(void)
{
	struct index_header h;

	assert_true(index_head(mailbox_index(mb), &h));
	return h.highest_modseq;
}

static inline void letters_of(const struct index_record *r)
{
	static const struct {
		char c;
		uint16_t f;
	} all[] = { { 'D', FLAG_DRAFT },
		    { 'F', FLAG_FLAGGED },
		    { 'R', FLAG_ANSWERED },
		    { 'S', FLAG_SEEN },
		    { 'T', FLAG_DELETED } };

	for (size_t i = 0; i < COUNT(all); i++)
		if (r->flags & all[i].f)
			buf_char(&text, all[i].c);
	for (int i = 0; i < INDEX_KEYWORDS; i++)
		if (r->keywords >> i & 1) {
			if (i < 26)
				buf_char(&text, (char)('a' + i));
			else
				buf_printf(&text, "+%d", i);
		}
}

/* "uid name flags|..." of the view, brought up to date; the name up to ".h" or ":". */
static inline const char *show(bool names)
{
	struct view *v = mailbox_view(mb);
	struct index_record r;
	char name[INDEX_NAME_MAX + 1];

	assert_true(view_sync(v, true, &(struct view_events){ 0 }) >= 0);
	buf_reset(&text);
	for (uint32_t seq = 1; seq <= view_count(v); seq++) {
		assert_true(view_read(v, seq, &r));
		buf_printf(&text, "%u ", r.uid);
		if (names) {
			size_t n = view_name(v, &r, name);
			struct bytes b = { name, n };
			size_t end = bytes_find(b, BYTES(".h"));
			if (end == BYTES_NONE)
				end = bytes_chr(b, ':');
			buf_bytes(&text, bytes_sub(b, 0, end));
			buf_char(&text, ' ');
		}
		letters_of(&r);
		buf_char(&text, '|');
	}
	return buf_cstr(&text);
}

static inline const char *content(void)
{
	return show(true);
}

static inline const char *flags_only(void)
{
	return show(false);
}

static inline void flags(uint32_t uid, enum flag_mode mode, uint16_t f, const char *keyword)
{
	struct bytes k = keyword ? bytes_of(keyword) : BYTES("");
	struct flag_list fl = { .flags = f, .keywords = &k, .nkeywords = keyword ? 1 : 0 };
	struct change_result r;

	if (mailbox_store_flags(mb, &arena, &uid, 1, mode, &fl, UINT64_MAX, &r, &err) < 0)
		fail_msg("store: %s", err.log);
}

static inline uint32_t append_to(struct mailbox *to, const char *raw, uint16_t f,
				 const char *keyword, int64_t date)
{
	struct bytes k = keyword ? bytes_of(keyword) : BYTES("");
	struct flag_list fl = { .flags = f, .keywords = &k, .nkeywords = keyword ? 1 : 0 };
	struct append *ap;
	struct append_result r;

	if (append_begin(to, &ap, &err) < 0 || append_start(ap, &fl, date, &err) < 0 ||
	    append_write(ap, bytes_of(raw), &err) < 0 || append_end(ap, &err) < 0 ||
	    append_commit(ap, &r, &err) < 0)
		fail_msg("append: %s", err.log);
	uint32_t uid = r.uids[0];
	append_free(ap);
	return uid;
}

static inline uint32_t append(const char *raw, uint16_t f, const char *keyword, int64_t date)
{
	return append_to(mb, raw, f, keyword, date);
}

static inline const char *body(uint32_t seq)
{
	struct mail m;

	if (mailbox_mail(mb, seq, false, &m, &err) != 1)
		fail_msg("mail: %s", err.log);
	buf_reset(&text);
	buf_bytes(&text, m.raw);
	mail_close(mb, &m);
	return buf_cstr(&text);
}

#endif
