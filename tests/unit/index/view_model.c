/*
 * view_model.c: thousands of random steps by several sessions against arrays.
 *
 * The truth is an array of messages; each session is also an array: what a client
 * knows that believes nothing but the events.  After a sync that may tell
 * everything both must be equal; after one that may not, equal but for what is
 * gone.  In between the index is compacted, deleted, damaged and built again.
 */
#include "index_test.h"

#include <poll.h>

#include "arena.h"
#include "view_private.h"

#define MESSAGES_MAX 60000
#define SESSIONS 4

struct msg {
	uint32_t uid;
	uint16_t flags;
	bool alive;
};

static struct msg *truth;
static uint32_t ntruth, alive;
static uint64_t epoch;
static struct index_place place;

struct session {
	struct index *ix;
	struct view *view;
	struct msg *known; /* as the client counts: known[seq - 1] */
	uint32_t n;
	bool waiting; /* it may know of messages that are gone */
	bool unknown; /* damage came in between */
	uint64_t told;
};

static struct session sessions[SESSIONS];
static bool damaged; /* at some time */
static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

static struct msg *find(uint32_t uid)
{
	uint32_t low = 0, high = ntruth;
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (truth[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	assert_true(low < ntruth && truth[low].uid == uid);
	return &truth[low];
}

/* --- the client --- */

static void on_expunged(void *ctx, uint32_t seq, uint32_t uid)
{
	struct session *s = ctx;

	assert_true(seq >= 1 && seq <= s->n);
	assert_int_equal(s->known[seq - 1].uid, uid);
	assert_false(find(uid)->alive);
	memmove(&s->known[seq - 1], &s->known[seq], (s->n - seq) * sizeof *s->known);
	s->n--;
}

static void on_exists(void *ctx, uint32_t count)
{
	struct session *s = ctx;
	struct index_record r;

	assert_true(count > s->n);
	assert_int_equal(count, view_count(s->view));
	for (; s->n < count; s->n++) {
		if (!view_read(s->view, s->n + 1, &r)) {
			assert_true(damaged);
			s->unknown = true; /* the client would be told BYE */
			return;
		}
		assert_true(s->n == 0 || r.uid > s->known[s->n - 1].uid);
		s->known[s->n] = (struct msg){ r.uid, r.flags, true };
	}
}

static void on_flags(void *ctx, uint32_t seq, const struct index_record *r)
{
	struct session *s = ctx;

	assert_true(seq >= 1 && seq <= s->n);
	assert_int_equal(s->known[seq - 1].uid, r->uid);
	s->known[seq - 1].flags = r->flags;
}

/* --- the store --- */

static void rebuild(struct index *ix)
{
	struct index_build b = { .uidvalidity = 77, .epoch = ++epoch };
	char name[64];

	b.uidnext = ntruth ? truth[ntruth - 1].uid + 1 : 1;
	assert_int_equal(index_build_begin(ix, &b, &err), 0);
	for (uint32_t i = 0; i < ntruth; i++) {
		struct index_record r = { .uid = truth[i].uid, .flags = truth[i].flags };
		if (truth[i].alive)
			index_build_add(ix, &r, name_of(r.uid, name));
	}
	assert_int_equal(index_build_commit(ix, &err), 0);
}

static void repair(struct index *ix)
{
	index_refresh(ix);
	if (index_usable(ix))
		return;
	lock(ix);
	if (!index_usable(ix))
		rebuild(ix);
	index_unlock(ix);
}

static void close_session(struct session *s)
{
	view_close(s->view);
	s->view = NULL;
}

static void open_session(struct session *s)
{
	struct index_record r;

	repair(s->ix);
	s->view = view_open(s->ix);
	if (!s->view && damaged) { /* and the first to touch it */
		repair(s->ix);
		s->view = view_open(s->ix);
	}
	assert_non_null(s->view);
	s->n = view_count(s->view);
	s->waiting = s->unknown = false;
	assert_int_equal(s->n, alive);
	for (uint32_t i = 0; i < s->n; i++) {
		assert_true(view_read(s->view, i + 1, &r));
		s->known[i] = (struct msg){ r.uid, r.flags, true };
		assert_true(find(r.uid)->alive);
		assert_int_equal(find(r.uid)->flags, r.flags);
	}
	s->told = view_modseq(s->view);
}

/* In memory since something failed: what others change comes through the store
 * only, which we are not. */
static void leave_private(struct session *s)
{
	if (!index_is_private(s->ix))
		return;
	bool had = s->view;
	struct index_place p = s->ix->place;
	close_session(s);
	index_close(s->ix);
	s->ix = index_open(&p);
	if (had)
		open_session(s);
}

static void begin(struct index *ix)
{
	repair(ix);
	lock(ix);
	if (!index_usable(ix))
		rebuild(ix);
	index_begin(ix);
}

/* False: damaged meanwhile; the store has the change, the next repair brings it. */
static bool end(struct index *ix)
{
	bool ok = index_commit(ix, &err) == 0;

	assert_true(ok || damaged);
	index_unlock(ix);
	return ok;
}

static void do_add(struct session *s)
{
	uint32_t n = rnd(8) ? 1 + rnd(4) : 1 + rnd(700);
	char name[64];

	if (ntruth + n > MESSAGES_MAX)
		return;
	begin(s->ix);
	for (; n; n--) {
		uint32_t uid = (ntruth ? truth[ntruth - 1].uid : 0) + 1 + rnd(3) * rnd(3);
		struct index_record r = { .uid = uid, .flags = (uint16_t)rnd(FLAG_ALL + 1) };
		truth[ntruth++] = (struct msg){ uid, r.flags, true };
		alive++;
		index_add(s->ix, &r, name_of(uid, name));
	}
	end(s->ix);
}

static struct msg *pick(void)
{
	return ntruth ? &truth[rnd(4) ? ntruth - 1 - rnd(ntruth < 600 ? ntruth : 600) : rnd(ntruth)]
		      : NULL;
}

static void do_flags(struct session *s)
{
	uint32_t n = rnd(5) ? 1 + rnd(3) : rnd(300);

	begin(s->ix);
	for (struct msg *m; n && (m = pick()); n--) {
		uint16_t flags = (uint16_t)rnd(FLAG_ALL + 1);
		index_set_flags(s->ix, m->uid, flags, 0);
		if (m->alive)
			m->flags = flags;
	}
	end(s->ix);
}

/* Changed and told by the session itself: not told again. */
static void do_own(struct session *s)
{
	struct msg *m = pick();

	if (!m || !m->alive || !s->view)
		return;
	begin(s->ix);
	uint64_t before = head(s->ix).highest_modseq, modseq = index_modseq(s->ix);
	m->flags ^= FLAG_DELETED;
	index_set_flags(s->ix, m->uid, m->flags, 0);
	if (!end(s->ix))
		return;
	uint32_t seq = view_seq(s->view, m->uid);
	view_own(s->view, before, modseq);
	if (seq) {
		assert_int_equal(s->known[seq - 1].uid, m->uid);
		s->known[seq - 1].flags = m->flags;
	}
}

static void do_expunge(struct session *s)
{
	uint32_t n = rnd(6) ? 1 + rnd(3) : rnd(400);

	begin(s->ix);
	for (struct msg *m; n && (m = pick()); n--) {
		index_expunge(s->ix, m->uid);
		alive -= m->alive;
		m->alive = false;
	}
	end(s->ix);
	for (int i = 0; i < SESSIONS; i++)
		sessions[i].waiting = true;
}

static void do_compact(struct session *s)
{
	repair(s->ix);
	lock(s->ix);
	if (index_usable(s->ix)) {
		uint64_t high = map_highest_modseq(s->ix->map);
		if (rnd(2))
			grow_old(s->ix->map, high - rnd(20));
		assert_true(index_compact(s->ix, true, &err) == 1 || damaged);
	}
	index_unlock(s->ix);
}

static void do_delete(void)
{
	unlinkat(place.dirfd, INDEX_FILE, 0);
	if (rnd(2))
		unlinkat(place.dirfd, INDEX_JOURNAL_FILE, 0);
}

static void do_damage(void)
{
	struct stat st;
	int fd = openat(place.dirfd, INDEX_FILE, O_RDWR);

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		return;
	if (rnd(2))
		assert_int_equal(ftruncate(fd, rnd(2) ? 0 : (off_t)rnd((uint32_t)st.st_size)), 0);
	else
		assert_int_equal(file_pwrite_all(fd, "damage damage damage", 20, 0), 0);
	damaged = true;
	close(fd);
}

/* --- comparing --- */

static void compare(struct session *s, bool all)
{
	uint32_t at = 0;

	assert_int_equal(view_count(s->view), s->n);
	for (uint32_t i = 0; i < ntruth; i++) {
		bool known = at < s->n && s->known[at].uid == truth[i].uid;
		if (truth[i].alive) {
			assert_true(known);
			assert_int_equal(s->known[at].flags, truth[i].flags);
		}
		assert_false(all && known && !truth[i].alive);
		at += known;
	}
	assert_int_equal(at, s->n);
	assert_true(view_modseq(s->view) <= head(s->ix).highest_modseq);
	if (all)
		assert_int_equal(view_modseq(s->view), head(s->ix).highest_modseq);
	assert_int_equal(view_has_expunges(s->view), !all && alive != s->n);
}

static bool matches(const struct index_record *r, enum view_skip what, uint64_t modseq)
{
	switch (what) {
	case VIEW_DELETED:
		return r->flags & FLAG_DELETED;
	case VIEW_UNSEEN:
		return !(r->flags & FLAG_SEEN);
	case VIEW_FLAGGED:
		return r->flags & FLAG_FLAGGED;
	case VIEW_MODSEQ:
		return r->modseq > modseq;
	}
	return false;
}

/* False: refused, because of damage that sync had no reason to touch. */
static bool readable(struct session *s, uint32_t seq, struct index_record *r)
{
	if (view_read(s->view, seq, r) && view_uid(s->view, seq) && view_seq(s->view, r->uid))
		return true;
	assert_true(damaged && !map_ok(s->view->map));
	return false;
}

/* Nothing that matches is skipped. */
static void compare_skip(struct session *s)
{
	enum view_skip what = (enum view_skip)rnd(4);
	uint64_t modseq = view_modseq(s->view) - rnd(30);
	struct index_record r;

	for (uint32_t seq = 1; seq <= s->n;) {
		uint32_t next = view_skip(s->view, seq, what, modseq);
		assert_true(next >= seq && next <= s->n + 1);
		for (; seq < next; seq++) {
			if (!readable(s, seq, &r))
				return;
			assert_false(matches(&r, what, modseq));
		}
		seq = next + 1 + rnd(300);
	}
}

static void compare_places(struct session *s)
{
	char name[INDEX_NAME_MAX + 1], want[64];
	struct index_record r;

	for (int i = 0; i < 50 && s->n; i++) {
		uint32_t seq = 1 + rnd(s->n), uid = s->known[seq - 1].uid;
		for (uint32_t to = seq + rnd(3); seq <= to && seq <= s->n; seq++) {
			uid = s->known[seq - 1].uid;
			if (!readable(s, seq, &r))
				return;
			assert_int_equal(view_uid(s->view, seq), uid);
			assert_int_equal(view_seq(s->view, uid), seq);
			assert_int_equal(r.uid, uid);
			assert_int_equal(r.state == INDEX_DEAD, !find(uid)->alive);
			if (find(uid)->alive)
				assert_int_equal(r.flags, find(uid)->flags);
			size_t n = view_name(s->view, &r, name);
			if (n == 0 && damaged && !map_ok(s->view->map))
				return;
			assert_int_equal(n, name_of(uid, want).n);
			assert_string_equal(name, want);
		}
		seq--;
		assert_int_equal(view_seq_from(s->view, uid + 1), seq + 1);
		if (seq < s->n && s->known[seq].uid > uid + 1)
			assert_int_equal(view_seq(s->view, uid + 1), 0);
	}
}

/* -1 is allowed only where damage hides which of the known are gone. */
static bool sync_session(struct session *s, bool expunges)
{
	struct view_events ev = { on_expunged, on_exists, on_flags, s };

	repair(s->ix);
	int r = view_sync(s->view, expunges, &ev);
	if (r < 0) { /* damage that it was the first to touch */
		assert_true(damaged);
		repair(s->ix);
		r = view_sync(s->view, expunges, &ev);
	}
	if (r < 0 || s->unknown) {
		assert_true(damaged && (s->waiting || s->unknown));
		close_session(s);
		return false;
	}
	assert_true(view_modseq(s->view) >= s->told);
	s->told = view_modseq(s->view);
	if (expunges)
		s->waiting = false;
	compare(s, expunges);
	compare_places(s);
	compare_skip(s);
	return true;
}

static void step(void)
{
	struct session *s = &sessions[rnd(SESSIONS)];
	uint32_t dice = rnd(1000);

	leave_private(s);
	if (dice < 200)
		do_add(s);
	else if (dice < 400)
		do_flags(s);
	else if (dice < 480)
		do_own(s);
	else if (dice < 600)
		do_expunge(s);
	else if (dice < 615)
		do_compact(s);
	else if (dice < 620)
		do_delete();
	else if (dice < 624)
		do_damage();
	else if (!s->view || dice < 640) {
		close_session(s);
		open_session(s);
	} else {
		sync_session(s, rnd(3) == 0);
	}
}

static void run(uint64_t from, int steps)
{
	seed = from;
	damaged = false;
	ntruth = alive = 0;
	epoch = 1;
	place = new_place();
	for (int i = 0; i < SESSIONS; i++) {
		struct index_place p = same_place(&place);
		sessions[i] = (struct session){ .ix = index_open(&p) };
		sessions[i].known = mem_alloc(MESSAGES_MAX * sizeof(struct msg));
		open_session(&sessions[i]);
	}
	for (int i = 0; i < steps; i++)
		step();
	for (int i = 0; i < SESSIONS; i++) {
		leave_private(&sessions[i]);
		if (sessions[i].view)
			sync_session(&sessions[i], true);
		close_session(&sessions[i]);
		close(sessions[i].ix->place.lockfd);
		index_close(sessions[i].ix);
		free(sessions[i].known);
	}
	close(place.dirfd);
	close(place.lockfd);
}

static void test_random(void **state)
{
	(void)state;
	const char *from = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t first = from ? strtoull(from, NULL, 10) : 1;

	truth = mem_alloc(MESSAGES_MAX * sizeof *truth);
	for (uint64_t i = 0; i < (rounds ? strtoull(rounds, NULL, 10) : 3); i++) {
		run(first + i, 1000);
		if (rounds)
			print_message("seed %llu: %u messages\n", (unsigned long long)(first + i),
				      ntruth);
	}
	free(truth);
}

/* --- writers in other processes --- */

#define WRITERS 2
#define READERS 2
#define CHANGES 1200

/* Keywords say again what the flags are: a torn record would show. */
static uint64_t keywords_of(uint16_t flags)
{
	return flags * 0x0101010101010101ull;
}

static void write_one(struct index *ix)
{
	struct index_header h = head(ix);
	uint32_t uid = 1 + rnd(h.uidnext), kind = rnd(100);
	uint16_t flags = (uint16_t)rnd(FLAG_ALL + 1);
	char name[64];

	index_begin(ix);
	if (kind < 60)
		for (uint32_t n = rnd(40); n; n--)
			index_set_flags(ix, uid + n, flags, keywords_of(flags));
	else if (kind < 80)
		for (uint32_t n = 1 + rnd(5); n; n--)
			index_expunge(ix, uid + n);
	else
		for (uint32_t n = 0; n < 1 + rnd(8); n++) {
			struct index_record r = { .uid = h.uidnext + n, .flags = flags };
			r.keywords = keywords_of(flags);
			index_add(ix, &r, name_of(r.uid, name));
		}
	commit(ix);
}

static int ready[2]; /* a byte of each reader that has looked */
static int over[2];  /* its end is there when all writers have ended */

static void write_many(void *arg)
{
	struct index_place p = same_place(&place);
	struct index *ix = index_open(&p);

	seed = *(const uint64_t *)arg;
	for (int i = 0; i < CHANGES; i++) {
		if (i % 20 == 0)
			usleep(1000); /* so that the readers see some of it, however busy the machine */
		lock(ix);
		write_one(ix);
		if (rnd(100) == 0) {
			grow_old(ix->map, map_highest_modseq(ix->map));
			assert_int_equal(index_compact(ix, true, &err), 1);
		}
		index_unlock(ix);
	}
	index_close(ix);
}

struct reader {
	struct view *view;
	uint32_t uids[MESSAGES_MAX], n;
	uint64_t changes;
};

static void reader_expunged(void *ctx, uint32_t seq, uint32_t uid)
{
	struct reader *r = ctx;

	assert_true(seq >= 1 && seq <= r->n && r->uids[seq - 1] == uid);
	memmove(&r->uids[seq - 1], &r->uids[seq], (r->n-- - seq) * sizeof *r->uids);
}

static void reader_exists(void *ctx, uint32_t count)
{
	struct reader *r = ctx;

	for (assert_true(count > r->n); r->n < count; r->n++)
		r->uids[r->n] = view_uid(r->view, r->n + 1);
}

static void reader_flags(void *ctx, uint32_t seq, const struct index_record *rec)
{
	struct reader *r = ctx;

	assert_int_equal(r->uids[seq - 1], rec->uid);
	assert_int_equal(rec->keywords, keywords_of(rec->flags));
	r->changes++;
}

static void read_all(struct reader *r)
{
	struct index_record rec;

	for (uint32_t seq = 1; seq <= r->n; seq++) {
		assert_true(view_read(r->view, seq, &rec));
		assert_int_equal(rec.uid, r->uids[seq - 1]);
		assert_int_equal(rec.keywords, keywords_of(rec.flags));
	}
}

static bool writers_ended(void)
{
	struct pollfd p = { .fd = over[0] };

	return poll(&p, 1, 0) > 0;
}

/* Until nothing comes any more. */
static void read_many(void *arg)
{
	static struct reader r;
	struct view_events ev = { reader_expunged, reader_exists, reader_flags, &r };
	struct index_place p = same_place(&place);
	struct index *ix = index_open(&p);
	bool ended = false;

	close(over[1]);
	seed = *(const uint64_t *)arg;
	r.view = view_open(ix);
	for (r.n = 0; r.n < view_count(r.view); r.n++)
		r.uids[r.n] = view_uid(r.view, r.n + 1);
	assert_int_equal(write(ready[1], "", 1), 1);
	for (int told = 0; !ended || told;) {
		bool expunges = rnd(2);
		ended = writers_ended();
		told = view_sync(r.view, expunges, &ev);
		assert_true(told >= 0);
		assert_int_equal(view_count(r.view), r.n);
		if (rnd(10) == 0)
			read_all(&r);
		usleep(told ? 0 : 1000);
	}
	assert_true(r.changes > 100);
	assert_true(view_sync(r.view, true, &ev) >= 0);
	assert_int_equal(r.n, head(ix).alive);
	read_all(&r);
	view_close(r.view);
	index_close(ix);
}

static void test_processes(void **state)
{
	(void)state;
	uint64_t seeds[WRITERS + READERS];
	int status;

	place = new_place();
	struct index_place p = same_place(&place);
	struct index *ix = index_open(&p);
	build(ix, 1, 0);
	add(ix, 1, 1);
	lock(ix);
	index_begin(ix);
	index_set_flags(ix, 1, 0, 0);
	commit(ix);
	index_unlock(ix);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(over), 0);
	for (int i = 0; i < READERS + WRITERS; i++) {
		seeds[i] = (uint64_t)i;
		if (i == READERS)
			for (int n = 0; n < READERS; n++)
				assert_int_equal(read(ready[0], &(char){ 0 }, 1), 1);
		if (fork() == 0) {
			(i < READERS ? read_many : write_many)(&seeds[i]);
			_exit(0);
		}
	}
	close(over[1]);
	for (int i = 0; i < WRITERS + READERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	close(over[0]);
	close(ready[0]);
	close(ready[1]);
	check(ix);
	index_close(ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_processes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
