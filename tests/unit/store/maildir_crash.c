/*
 * Killed at any step (index-design §1): no message is lost or doubled in its
 * mailbox, no UID changes its message or comes back, flags are those before
 * or after, and what the index says next is what a rebuild says.
 */
#include "maildir_test.h"

#include <sys/wait.h>

#define KILLED 77
#define POINTS_MAX 400

void store_fault(const char *point);
void index_crash_point(const char *point);

/* Who is killed loses nothing that was written; tests/fault/durable.test looks at what has to
 * survive more.  A busy disk would take minutes for all of these. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

static int countdown = -1; /* steps until we die; -1: never */

static void step(void)
{
	if (countdown > 0 && --countdown == 0)
		_exit(KILLED);
}

void store_fault(const char *point)
{
	(void)point;
	step();
}

/* Not each word that it stores: tests/unit/index kills there. */
void index_crash_point(const char *point)
{
	if (strcmp(point, "store") != 0)
		step();
}

/* --- what is in a mailbox: one entry per message --- */

struct entry {
	uint32_t uid;
	char body[32], flags[64];
};

struct contents {
	struct entry e[64];
	size_t n;
	uint32_t validity, uidnext;
};

static void look(const char *box, struct contents *c)
{
	struct index_record r;
	struct index_header h;

	open_box(box, MAILBOX_READONLY);
	*c = (struct contents){ 0 };
	assert_true(index_head(mailbox_index(mb), &h));
	c->validity = h.uidvalidity;
	c->uidnext = h.uidnext;
	for (uint32_t seq = 1; seq <= view_count(mailbox_view(mb)); seq++) {
		struct entry *e = &c->e[c->n++];
		assert_true(c->n <= COUNT(c->e));
		assert_true(view_read(mailbox_view(mb), seq, &r));
		e->uid = r.uid;
		snprintf(e->body, sizeof(e->body), "%s", body(seq));
		buf_reset(&text);
		letters_of(&r);
		snprintf(e->flags, sizeof(e->flags), "%s", buf_cstr(&text));
	}
	close_inbox();
}

static const struct entry *find(const struct contents *c, const char *body_text)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->e[i].body, body_text) == 0)
			return &c->e[i];
	return NULL;
}

static bool same(const struct contents *a, const struct contents *b)
{
	bool eq = a->n == b->n && a->validity == b->validity;

	for (size_t i = 0; eq && i < a->n; i++)
		eq = a->e[i].uid == b->e[i].uid && strcmp(a->e[i].body, b->e[i].body) == 0 &&
		     strcmp(a->e[i].flags, b->e[i].flags) == 0;
	return eq;
}

/* --- what is done --- */

struct scenario {
	const char *name;
	void (*prepare)(void);
	void (*act)(void);
	bool other; /* "Other" takes part */
	void (*lose)(void);
	bool new_uids; /* first contact: nothing was told before */
};

static void three(void)
{
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h:2,T", "b");
	put("cur/30.c.h:2,PT", "c");
	put("new/40.d.h", "d");
	open_inbox(0);
	close_inbox();
}

static void two_boxes(void)
{
	three();
	assert_int_equal(store_create(store, BYTES("Other"), &err), 0);
	open_box("Other", 0);
	append("o", 0, NULL, INDEX_DATE_UNKNOWN);
	close_inbox();
}

static void act_append(void)
{
	open_inbox(MAILBOX_NOVIEW);
	append("x", FLAG_SEEN, "todo", INDEX_DATE_UNKNOWN);
	close_inbox();
}

static void act_append_many(void)
{
	struct append *ap;
	struct append_result r;
	static const char *const bodies[] = { "x", "y", "z" };

	open_inbox(0);
	assert_int_equal(append_begin(mb, &ap, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(append_start(ap, NULL, INDEX_DATE_UNKNOWN, &err), 0);
		assert_int_equal(append_write(ap, bytes_of(bodies[i]), &err), 0);
		assert_int_equal(append_end(ap, &err), 0);
	}
	assert_int_equal(append_commit(ap, &r, &err), 0);
	append_free(ap);
	close_inbox();
}

static void act_flags(void)
{
	struct bytes k = BYTES("todo");
	struct flag_list fl = { .flags = FLAG_FLAGGED, .keywords = &k, .nkeywords = 1 };
	struct change_result r;
	uint32_t uids[] = { 1, 2, 3, 4 };

	open_inbox(0);
	assert_int_equal(
		mailbox_store_flags(mb, &arena, uids, 4, FLAGS_ADD, &fl, UINT64_MAX, &r, &err), 0);
	close_inbox();
}

static void act_expunge(void)
{
	struct change_result r;

	open_inbox(0);
	assert_int_equal(mailbox_expunge(mb, NULL, 0, false, &r, &err), 0);
	close_inbox();
}

static void copy_or_move(bool move)
{
	struct mailbox *to;
	struct copy_result r;
	uint32_t uids[] = { 1, 3 };

	open_inbox(0);
	assert_int_equal(mailbox_open(store, BYTES("Other"), MAILBOX_NOVIEW, &to, &err), 0);
	assert_int_equal(mailbox_copy(mb, to, &arena, uids, 2, move, &r, &err), 0);
	mailbox_close(to);
	close_inbox();
}

static void act_copy(void)
{
	copy_or_move(false);
}

static void act_move(void)
{
	copy_or_move(true);
}

static void act_foreign(void)
{
	move("cur/10.a.h:2,S", "cur/10.a.h:2,FS");
	del("cur/20.b.h:2,T");
	put("new/50.x.h", "x");
	open_inbox(0);
	close_inbox();
}

static void fresh(void)
{
	put("cur/10.a.h:2,S", "a");
	put("cur/20.b.h:2,Tab", "b");
	put("new/40.d.h", "d");
}

static void lose_list(void)
{
	del("dovecot-uidlist");
}

static void act_open(void)
{
	open_inbox(0);
	close_inbox();
}

static void high_keywords(void)
{
	three();
	open_inbox(0);
	for (int i = 0; i < 30; i++) {
		char name[16];
		snprintf(name, sizeof(name), "k%d", i);
		flags(1, FLAGS_ADD, 0, name);
	}
	close_inbox();
}

static void act_high(void)
{
	open_inbox(0);
	flags(3, FLAGS_ADD, 0, "k29");
	flags(1, FLAGS_REMOVE, 0, "k28");
	close_inbox();
}

static const struct scenario scenarios[] = {
	{ "append", three, act_append, false, NULL, false },
	{ "append many", three, act_append_many, false, NULL, false },
	{ "flags", three, act_flags, false, NULL, false },
	{ "expunge", three, act_expunge, false, NULL, false },
	{ "copy", two_boxes, act_copy, true, NULL, false },
	{ "move", two_boxes, act_move, true, NULL, false },
	{ "foreign", three, act_foreign, false, NULL, false },
	{ "first contact", fresh, act_open, false, NULL, true },
	{ "lost index", three, act_open, false, drop_index, false },
	{ "lost uidlist", three, act_open, false, lose_list, false },
	{ "keywords without letters", high_keywords, act_high, false, NULL, false },
};

/* --- what must be true --- */

static void check_box(const struct scenario *s, int k, const struct contents *before,
		      const struct contents *after, const struct contents *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct entry *e = &now->e[i], *was = find(before, e->body),
				   *is = find(after, e->body);
		if (!was && !is)
			fail_msg("%s/%d: uid %u has bytes \"%s\"", s->name, k, e->uid, e->body);
		if (was && !s->new_uids && e->uid != was->uid)
			fail_msg("%s/%d: \"%s\" had uid %u, now %u", s->name, k, e->body, was->uid,
				 e->uid);
		if (!(was && strcmp(was->flags, e->flags) == 0) &&
		    !(is && strcmp(is->flags, e->flags) == 0))
			fail_msg("%s/%d: \"%s\" has flags \"%s\"", s->name, k, e->body, e->flags);
		for (size_t j = 0; j < i; j++)
			if (strcmp(now->e[j].body, e->body) == 0)
				fail_msg("%s/%d: \"%s\" is there twice", s->name, k, e->body);
	}
	for (size_t i = 0; i < before->n; i++)
		if (find(after, before->e[i].body) && !find(now, before->e[i].body))
			fail_msg("%s/%d: \"%s\" is lost", s->name, k, before->e[i].body);
	if (!s->new_uids && now->validity != before->validity)
		fail_msg("%s/%d: UIDVALIDITY changed", s->name, k);
	if (!s->new_uids && now->uidnext < before->uidnext)
		fail_msg("%s/%d: UIDNEXT fell", s->name, k);
}

static void check_rebuild(const struct scenario *s, int k, const char *box,
			  const struct contents *now)
{
	struct contents again;

	if (strcmp(box, "INBOX") == 0)
		drop_index();
	else
		unlink(path_of(".Other/roost.index"));
	look(box, &again);
	if (!same(now, &again))
		fail_msg("%s/%d: %s rebuilt differs", s->name, k, box);
}

/* All in a directory of its own.  k == 0: not killed.  True if it was. */
static bool run(const struct scenario *s, int k, const struct contents after[2],
		struct contents out[2])
{
	struct contents before[2] = { 0 };
	int status;
	pid_t child;

	setup(NULL);
	s->prepare();
	if (!s->new_uids)
		look("INBOX", &before[0]);
	if (s->other)
		look("Other", &before[1]);
	if (s->lose)
		s->lose();
	store_close(store);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		open_store();
		countdown = k ? k : -1;
		s->act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != KILLED))
		fail_msg("%s/%d: status %x", s->name, k, status);
	open_store();
	look("INBOX", &out[0]);
	if (s->other)
		look("Other", &out[1]);
	if (k) {
		check_box(s, k, before[0].n ? &before[0] : &after[0], &after[0], &out[0]);
		if (s->other)
			check_box(s, k, &before[1], &after[1], &out[1]);
		for (size_t i = 0; s->other && i < before[0].n; i++)
			if (!find(&out[0], before[0].e[i].body) &&
			    !find(&out[1], before[0].e[i].body))
				fail_msg("%s/%d: \"%s\" is in neither", s->name, k,
					 before[0].e[i].body);
		check_rebuild(s, k, "INBOX", &out[0]);
		if (s->other)
			check_rebuild(s, k, "Other", &out[1]);
	}
	teardown(NULL);
	return WEXITSTATUS(status) == KILLED;
}

static void run_all(void **state)
{
	const struct scenario *s = *state;
	struct contents after[2], out[2];
	int k = 1;

	run(s, 0, NULL, after);
	while (k < POINTS_MAX && run(s, k, after, out))
		k++;
	if (k < 4)
		fail_msg("%s: only %d points: compiled without INDEX_FAULTS?", s->name, k - 1);
	print_message("%s: killed at %d points\n", s->name, k - 1);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(scenarios)];

	for (size_t i = 0; i < COUNT(scenarios); i++) {
		const void *s = &scenarios[i];
		tests[i] = (struct CMUnitTest){ .name = scenarios[i].name, .test_func = run_all };
		memcpy(&tests[i].initial_state, &s, sizeof(s));
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
