/*
 * crash.c: kill -9 of a writer at each named step of each kind of change.
 *
 * Whatever the step, the next holder of the lock finds the mailbox as it was
 * before the change or as it is after it, the latter from the moment the frame is in
 * the journal; readers that had it open see one of the two as well.
 */
#include "index_test.h"

#include <sys/mman.h>

#include "num.h"

#define MESSAGES 600

static struct reached {
	int at;      /* die at the n-th point, 0: never */
	int seen;    /* points passed */
	bool stores; /* each store into the map is one, too */
	bool journalled;
	char name[32];
} * reached; /* shared with the child */

void index_crash_point(const char *name)
{
	if (!reached || reached->at == 0 || (strcmp(name, "store") == 0 && !reached->stores))
		return;
	if (strcmp(name, "journalled") == 0)
		reached->journalled = true;
	if (++reached->seen < reached->at)
		return;
	snprintf(reached->name, sizeof reached->name, "%s", name);
	raise(SIGKILL);
}

/* --- what a mailbox looks like --- */

static void add_word(uint32_t *sum, uint64_t v)
{
	*sum = crc32c(*sum, &v, sizeof v);
}

static uint32_t digest(struct index *ix)
{
	struct index_header h = head(ix);
	struct index_record r;
	char text[INDEX_NAME_MAX + 1];
	uint32_t sum = 0;

	for (uint64_t slot = 0; slot < h.count; slot++) {
		assert_true(index_read(ix, slot, &r));
		sum = crc32c(sum, text, index_name(ix, &r, text));
		r.name = 0;
		sum = crc32c(sum, &r, sizeof r);
	}
	for (unsigned n = 0; n < INDEX_KEYWORDS; n++)
		sum = crc32c(sum, text, index_keyword(ix, n, text));
	add_word(&sum, h.count);
	add_word(&sum, h.alive);
	add_word(&sum, h.unseen);
	add_word(&sum, h.deleted);
	add_word(&sum, h.vsize);
	add_word(&sum, h.uidnext);
	add_word(&sum, h.first_recent);
	add_word(&sum, h.highest_modseq);
	add_word(&sum, h.history_from);
	return crc32c(sum, h.driver, sizeof h.driver);
}

/* --- the changes --- */

static void change_flags(struct index *ix)
{
	lock(ix);
	index_begin(ix);
	for (uint32_t uid = 1; uid <= MESSAGES; uid += 3)
		index_set_flags(ix, uid, FLAG_DELETED | FLAG_ANSWERED, uid);
	commit(ix);
	index_unlock(ix);
}

static void change_add(struct index *ix)
{
	add(ix, MESSAGES + 1, 300);
}

static void change_expunge(struct index *ix)
{
	expunge(ix, 100, 400);
}

static void change_all(struct index *ix)
{
	uint64_t words[INDEX_DRIVER_WORDS] = { 7, 8, 9 };
	struct index_record r = record_of(MESSAGES + 10);

	lock(ix);
	index_begin(ix);
	for (uint32_t uid = 5; uid <= MESSAGES; uid += 7) {
		index_set_flags(ix, uid, FLAG_DRAFT, 2);
		index_set_place(ix, uid, 3, BYTES("a new name"));
		index_set_place(ix, uid + 1, 2, BYTES("another"));
		index_expunge(ix, uid + 2);
	}
	index_add(ix, &r, BYTES("new"));
	index_set_keyword(ix, 2, BYTES("Work"));
	index_set_first_recent(ix, MESSAGES);
	index_set_driver(ix, words);
	commit(ix);
	index_unlock(ix);
}

/* Some of everything, with few stores. */
static void change_some(struct index *ix)
{
	uint64_t words[INDEX_DRIVER_WORDS] = { 1 };
	struct index_record r = record_of(MESSAGES + 10);

	lock(ix);
	index_begin(ix);
	index_set_flags(ix, 1, FLAG_DELETED, 5);
	index_set_flags(ix, 2, FLAG_DRAFT, 2);
	index_set_place(ix, 2, 3, BYTES("a new name"));
	index_set_place(ix, 3, 2, BYTES("another"));
	index_expunge(ix, 4);
	index_set_flags(ix, 5, FLAG_SEEN, 1);
	index_expunge(ix, 5);
	index_add(ix, &r, BYTES("new"));
	index_set_keyword(ix, 2, BYTES("Work"));
	index_set_first_recent(ix, MESSAGES);
	index_set_driver(ix, words);
	commit(ix);
	index_unlock(ix);
}

static void change_place(struct index *ix)
{
	lock(ix);
	index_begin(ix);
	for (uint32_t uid = 1; uid <= MESSAGES; uid += 50)
		index_set_place(ix, uid, 1, BYTES("moved"));
	commit(ix);
	index_unlock(ix);
}

static void change_overflow(struct index *ix)
{
	add(ix, MESSAGES + 1, 1500);
}

static void change_compact(struct index *ix)
{
	lock(ix);
	assert_int_equal(index_compact(ix, true, &err), 1);
	index_unlock(ix);
}

static void change_learn(struct index *ix)
{
	lock(ix);
	index_learn_size(ix, 10, 123456);
	index_unlock(ix);
}

static void change_nothing(struct index *ix)
{
	(void)ix; /* the close is what is looked at */
}

static const struct change {
	const char *name;
	void (*run)(struct index *ix);
	bool in_one_step; /* from the moment the frame is in the journal */
	bool clean;       /* starts with a clean file; syncs are slow, so not all do */
} changes[] = {
	{ "flags", change_flags, true, true },      { "add", change_add, true, false },
	{ "expunge", change_expunge, true, false }, { "all", change_all, true, false },
	{ "place", change_place, true, false },     { "overflow", change_overflow, true, false },
	{ "compact", change_compact, false, true }, { "learn", change_learn, false, false },
	{ "close", change_nothing, false, true },
};

/* A mailbox that has a history: old tombstones and others. */
static struct index_place prepared(bool clean)
{
	struct index_place p = new_place();
	p.hasty = !clean;
	struct index *ix = built(&p, MESSAGES);

	expunge(ix, 20, 30);
	lock(ix);
	map_store(ix->map, HEAD_AT(mark_before), map_highest_modseq(ix->map));
	map_store(ix->map, HEAD_AT(mark_modseq), map_highest_modseq(ix->map));
	map_seal_head(ix->map);
	index_unlock(ix);
	expunge(ix, 40, 50);
	set_flags(ix, 60, FLAG_FLAGGED);
	index_close(ix);
	return p;
}

struct job {
	const struct change *c;
	struct index_place p;
};

static void run_and_close(void *arg)
{
	struct job *j = arg;
	struct index_place q = same_place(&j->p);
	struct index *ix = index_open(&q);
	j->c->run(ix);
	index_close(ix);
}

/* The digests before and after an undisturbed change. */
static void expected(const struct change *c, uint32_t *before, uint32_t *after)
{
	struct index_place p = prepared(c->clean);
	struct index *ix = index_open(&p);
	*before = digest(ix);
	c->run(ix);
	*after = digest(ix);
	check(ix);
	index_close(ix);
}

static void one_of(const struct change *c, const char *who, uint32_t is, uint32_t a, uint32_t b)
{
	if (is != a && is != b)
		fail_msg("%s, killed at %s: %s sees neither state", c->name, reached->name, who);
}

static void look_after(const struct change *c, struct index_place *p, struct index *reader,
		       uint32_t before, uint32_t after)
{
	one_of(c, "a reader", digest(reader), before, after);
	struct index_place q = same_place(p);
	struct index *ix = index_open(&q);

	assert_true(index_usable(ix));
	lock(ix);
	uint32_t is = digest(ix);
	one_of(c, "the next", is, before, after);
	if (c->in_one_step && reached->journalled && is != after)
		fail_msg("%s, killed at %s: lost although journalled", c->name, reached->name);
	if (index_check(ix, &err) < 0)
		fail_msg("%s, killed at %s: %s", c->name, reached->name, err.log);
	index_unlock(ix);
	lock(ix); /* replayed already: nothing changes */
	assert_int_equal(digest(ix), is);
	index_unlock(ix);
	index_refresh(reader);
	assert_int_equal(digest(reader), is);
	set_flags(reader, 3, FLAG_DRAFT);
	assert_int_equal(get(ix, 3).flags, FLAG_DRAFT);
	check(reader);
	index_close(ix);
	/* Closed by who came after, it is clean and right. */
	assert_int_equal(peek(p, HEAD_AT(clean)), 0);
	uint32_t last = digest(reader);
	index_close(reader);
	assert_int_equal(peek(p, HEAD_AT(clean)), c->clean);
	ix = index_open(p);
	assert_int_equal(digest(ix), last);
	check(ix);
	index_close(ix);
}

static int kill_at(const struct change *c, int point, bool stores, uint32_t before, uint32_t after)
{
	struct job j = { c, prepared(c->clean) };
	*reached = (struct reached){ .at = point, .stores = stores };
	struct index_place q = same_place(&j.p);
	struct index *reader = index_open(&q);

	int status = in_child(run_and_close, &j);
	reached->at = 0;
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		index_close(reader);
		return 0;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	look_after(c, &j.p, reader, before, after);
	return 1;
}

static void test_kills(void **state)
{
	(void)state;
	int n = 0;
	for (size_t i = 0; i < COUNT(changes); i++) {
		uint32_t before, after;
		expected(&changes[i], &before, &after);
		int point = 1;
		while (kill_at(&changes[i], point, false, before, after))
			point++;
		n += point - 1;
	}
	if (n < 60)
		fail_msg("only %d crash points reached: compiled without INDEX_FAULTS?", n);
}

/* Between any two stores. */
static void test_kill_at_stores(void **state)
{
	(void)state;
	static const struct change some[] = {
		{ "some", change_some, true, false },
		{ "learn", change_learn, false, false },
	};
	for (size_t i = 0; i < COUNT(some); i++) {
		uint32_t before, after;
		expected(&some[i], &before, &after);
		for (int point = 1; kill_at(&some[i], point, true, before, after);)
			point++;
		assert_true(reached->seen > (i ? 4 : 100));
	}
}

/* A rebuild killed anywhere leaves the old index, stale perhaps, or the new. */
static void rebuild(void *arg)
{
	struct index_place q = same_place(arg);
	struct index *ix = index_open(&q);
	build(ix, 1, MESSAGES);
	index_close(ix);
}

static void test_kill_rebuild(void **state)
{
	(void)state;
	for (int point = 1;; point++) {
		struct index_place p = prepared(false);
		*reached = (struct reached){ .at = point };
		int status = in_child(rebuild, &p);
		reached->at = 0;
		if (WIFEXITED(status))
			break;
		struct index *ix = index_open(&p);
		if (index_usable(ix))
			check(ix);
		build(ix, 1, MESSAGES);
		check(ix);
		index_close(ix);
	}
}

/* A writer died within a change and the journal is gone with it: nobody can
 * say what is half done, so the index is built again. */
static void test_torn_without_journal(void **state)
{
	(void)state;
	for (int point = 1;; point++) {
		struct job j = { &changes[3], prepared(false) };
		*reached = (struct reached){ .at = point };
		int status = in_child(run_and_close, &j);
		reached->at = 0;
		if (WIFEXITED(status))
			break;
		bool torn = peek(&j.p, HEAD_AT(change)) & 1 &&
			    peek(&j.p, HEAD_AT(applied)) != peek(&j.p, HEAD_AT(applying));
		unlinkat(j.p.dirfd, INDEX_JOURNAL_FILE, 0);
		struct index *ix = index_open(&j.p);
		lock(ix);
		assert_int_equal(index_usable(ix), !torn);
		index_unlock(ix);
		if (!torn)
			check(ix);
		index_close(ix);
	}
}

/* A session that may not write finds it odd: it is told so, at once enough. */
static void test_torn_readonly(void **state)
{
	(void)state;
	struct job j = { &changes[0], prepared(false) };
	struct index_place q = j.p;
	struct index_header h;

	for (int point = 1; !(peek(&j.p, HEAD_AT(change)) & 1); point++) {
		*reached = (struct reached){ .at = point };
		in_child(run_and_close, &j);
	}
	reached->at = 0;
	q.readonly = true;
	struct index *ix = index_open(&q);
	assert_false(index_head(ix, &h));
	assert_int_equal(index_lock(ix, 0, &err), -1);
	index_close(ix);
	assert_int_equal(peek(&j.p, HEAD_AT(change)) & 1, 1);
}

int main(void)
{
	reached = mmap(NULL, sizeof *reached, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),         cmocka_unit_test(test_kill_at_stores),
		cmocka_unit_test(test_kill_rebuild),  cmocka_unit_test(test_torn_without_journal),
		cmocka_unit_test(test_torn_readonly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
