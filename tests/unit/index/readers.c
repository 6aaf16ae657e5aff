/*
 * readers.c: processes that read without a lock while others write, compact
 * and grow: never a torn record, never a sum that doesn't fit.
 *
 * The writers keep rules that a reader can check on each copy: the keyword
 * word of a record is a function of its modseq and uid; all messages are
 * unseen or none is; the header's counters belong together.
 */
#include "index_test.h"

#include "clock.h"

#define MESSAGES 700
#define SECONDS 2
#define KILLS 30

static uint64_t mark(uint32_t uid, uint64_t modseq)
{
	return uid * 0x9e3779b97f4a7c15ull ^ modseq;
}

static bool end_time(int64_t *until)
{
	if (*until == 0)
		*until = clock_ms() + SECONDS * 1000;
	return clock_ms() < *until;
}

#define CHECK(condition)                                                   \
	do {                                                               \
		if (!(condition)) {                                        \
			fprintf(stderr, "%d: %s\n", __LINE__, #condition); \
			_exit(1);                                          \
		}                                                          \
	} while (0)

/* All flags turn in one transaction; some messages come and go. */
static void turn(struct index *ix, uint32_t i)
{
	struct index_header h;
	CHECK(index_lock(ix, 20000, &err) == 0 && index_head(ix, &h));
	index_begin(ix);
	uint16_t flags = i % 2 ? FLAG_SEEN : FLAG_DELETED;
	uint64_t modseq = index_modseq(ix);
	for (uint64_t slot = 0; slot < h.count; slot++) {
		struct index_record r;
		CHECK(index_read(ix, slot, &r));
		if (r.state & INDEX_DEAD)
			continue;
		index_set_flags(ix, r.uid, flags, mark(r.uid, modseq));
		if (h.alive > MESSAGES && slot % 3 == i % 3)
			index_expunge(ix, r.uid);
	}
	for (uint32_t n = 0; n < 40; n++) {
		char name[64];
		struct index_record r = record_of(h.uidnext + n);
		r.flags = flags;
		r.keywords = mark(r.uid, modseq);
		r.vsize = 1;
		index_add(ix, &r, name_of(r.uid, name));
	}
	CHECK(index_commit(ix, &err) == 0);
	if (i % 50 == 49)
		CHECK(index_compact(ix, true, &err) == 1);
	index_unlock(ix);
}

static void write_for_a_while(void *arg)
{
	struct index_place q = same_place(arg);
	struct index *ix = index_open(&q);
	int64_t until = 0;
	for (uint32_t i = 0; end_time(&until); i++)
		turn(ix, i);
	index_close(ix);
}

static void check_head(const struct index_header *h)
{
	CHECK(h->unseen == 0 || h->unseen == h->alive);
	CHECK(h->deleted == h->unseen);
	CHECK(h->alive <= h->count && h->vsize == h->alive);
}

static void check_records(struct index_map *m, const struct index_header *h, uint64_t *reads)
{
	struct index_record r;
	uint32_t last = 0;

	for (uint64_t slot = 0; slot < h->count; slot++) {
		CHECK(map_read(m, slot, &r));
		CHECK(r.uid > last && r.modseq > BASE);
		CHECK(r.keywords == mark(r.uid, r.modseq) || r.state & INDEX_DEAD);
		CHECK(r.flags == FLAG_SEEN || r.flags == FLAG_DELETED);
		last = r.uid;
		if (slot % 37 == 0) {
			char want[64], have[INDEX_NAME_MAX + 1];
			CHECK(map_name(m, r.name, have) == name_of(r.uid, want).n);
			CHECK(strcmp(have, want) == 0);
		}
		++*reads;
	}
	for (uint64_t b = 0; b * INDEX_BLOCK < h->count; b++) {
		struct index_block sum;
		CHECK(map_block(m, b, &sum));
		CHECK(sum.unseen == 0 || sum.unseen == sum.alive);
		CHECK(sum.deleted == sum.unseen && sum.vsize == sum.alive);
	}
}

static void read_for_a_while(void *arg)
{
	struct index_place q = same_place(arg);
	struct index *ix = index_open(&q);
	struct index_header h;
	int64_t until = 0;
	uint64_t reads = 0, last = 0;

	while (end_time(&until)) {
		struct index_map *m = index_map_hold(ix);
		CHECK(m && map_head(m, &h));
		CHECK(h.highest_modseq >= last);
		last = h.highest_modseq;
		check_head(&h);
		check_records(m, &h, &reads);
		index_map_release(m);
		index_refresh(ix);
	}
	CHECK(reads > 1000);
	index_close(ix);
}

/* --- a change in the middle of a copy --- */

static struct index *changer;
static int changes;

void index_crash_point(const char *name)
{
	if (strcmp(name, "copied") != 0 || changes == 0)
		return;
	changes--;
	struct index *ix = changer;
	changer = NULL; /* what it reads itself isn't disturbed */
	if (ix)
		set_flags(ix, 5, (uint16_t)(changes % FLAG_ALL));
	changer = ix;
}

/* What was copied while a change came in between is copied again; and a
 * reader that never gets a quiet moment takes the lock. */
static void test_recheck(void **state)
{
	(void)state;
	struct index_place p = new_place(), q = same_place(&p);
	p.hasty = q.hasty = true;
	struct index *reader = built(&p, 10);
	changer = index_open(&q);

	for (int n = 1; n < 1000; n += n) {
		changes = n;
		struct index_record r = get(reader, 5);
		changes = 0;
		assert_int_equal(r.modseq, head(changer).highest_modseq);
		changes = n;
		struct index_header h = head(reader);
		changes = 0;
		assert_int_equal(h.highest_modseq, get(changer, 5).modseq);
	}
	check(reader);
	index_close(reader);
	index_close(changer);
	changer = NULL;
}

static pid_t spawn(void (*f)(void *), void *arg)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		f(arg);
		_exit(0);
	}
	return pid;
}

static void wait_for(pid_t pid, int want)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, want);
}

static struct index_place prepared(void)
{
	struct index_place p = new_place();
	p.hasty = true;
	struct index *ix = index_open(&p);
	struct index_build b = { .uidvalidity = 1, .uidnext = 1, .epoch = EPOCH };
	lock(ix);
	assert_int_equal(index_build_begin(ix, &b, &err), 0);
	assert_int_equal(index_build_commit(ix, &err), 0);
	index_unlock(ix);
	for (uint32_t i = 0; i < 20; i++)
		turn(ix, i);
	index_close(ix);
	return p;
}

static void test_hammer(void **state)
{
	(void)state;
	struct index_place p = prepared();
	pid_t pids[4] = {
		spawn(write_for_a_while, &p),
		spawn(write_for_a_while, &p),
		spawn(read_for_a_while, &p),
		spawn(read_for_a_while, &p),
	};
	for (size_t i = 0; i < COUNT(pids); i++)
		wait_for(pids[i], 0);
	struct index *ix = index_open(&p);
	check(ix);
	index_close(ix);
}

static void write_for_ever(void *arg)
{
	struct index_place q = same_place(arg);
	struct index *ix = index_open(&q);
	for (uint32_t i = 0;; i++)
		turn(ix, i);
}

/* Writers are killed at any instruction while a reader goes on reading. */
static void test_kill_anywhere(void **state)
{
	(void)state;
	struct index_place p = prepared();
	pid_t reader = spawn(read_for_a_while, &p);

	for (int i = 0; i < KILLS; i++) {
		pid_t writer = spawn(write_for_ever, &p);
		struct timespec t = { 0, 1000000 * (i % 13 + 2) + 1000 * (i * 37 % 1000) };
		nanosleep(&t, NULL);
		kill(writer, SIGKILL);
		wait_for(writer, SIGKILL);
		struct index_place q = same_place(&p);
		struct index *ix = index_open(&q);
		struct index_header h = head(ix);
		check_head(&h);
		check(ix);
		index_close(ix);
		close(q.lockfd);
	}
	wait_for(reader, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recheck),
		cmocka_unit_test(test_hammer),
		cmocka_unit_test(test_kill_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
