/* Arenas and the buffer. */
#include "test.h"

#include <sys/wait.h>

#include "arena.h"
#include "buf.h"
#include "num.h"

static void test_alloc(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	enum { N = 500 };
	unsigned char *p[N];

	for (size_t i = 0; i < N; i++) {
		p[i] = arena_alloc(&a, i * 7);
		assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
		memset(p[i], (int)i, i * 7);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i * 7; k++)
			assert_int_equal(p[i][k], (unsigned char)i);
	arena_free(&a);
	assert_int_equal(a.total, 0);
	assert_null(a.chunk);
}

static void test_calloc_clears(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	for (int round = 0; round < 3; round++) {
		unsigned char *p = arena_array(&a, unsigned char, 3000);
		for (size_t i = 0; i < 3000; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 3000);
		arena_reset(&a);
	}
	arena_free(&a);
}

static void test_little_memory(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;

	arena_alloc(&a, 100);
	assert_in_range(a.total, 100, 4096);
	for (int i = 0; i < 1000; i++)
		arena_alloc(&a, i % 2 ? 5000 : 1000);
	arena_alloc(&a, 10 << 20);
	arena_reset(&a);
	assert_in_range(a.total, 0, 20000);
	arena_free(&a);
}

/* More arenas than have a chunk ready, in and out of use in any order: none gets what is
 * another's. */
static void test_many(void **state)
{
	enum { ARENAS = 8, ROUNDS = 500 };
	struct arena a[ARENAS] = { 0 };
	unsigned char *p[ARENAS] = { NULL };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int n = i * 7 % ARENAS, other = i * 5 % ARENAS;

		if (p[n])
			assert_int_equal(p[n][99], n);
		if (i % 3 == 0)
			arena_reset(&a[n]);
		else
			arena_free(&a[n]);
		p[n] = memset(arena_alloc(&a[n], 100), n, 100);
		if (p[other])
			assert_int_equal(p[other][0], other);
	}
	for (int i = 0; i < ARENAS; i++)
		arena_free(&a[i]);
	for (int i = 0; i < ARENAS; i++)
		assert_int_equal(a[i].total, 0);
}

static void test_copies(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;

	assert_string_equal(arena_str(&a, BYTES("abc")), "abc");
	assert_string_equal(arena_str(&a, (struct bytes){ NULL, 0 }), "");
	assert_bytes(arena_bytes(&a, BYTES("a\0b")), "a\0b");
	assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	arena_free(&a);
}

/* In a child: the exit status of what can't be had. */
static int status_of(void (*f)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		fclose(stderr);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void count_overflows(void)
{
	struct arena a = ARENA_INIT;
	volatile size_t n = SIZE_MAX / 4;
	arena_calloc(&a, n, 8);
}

static void size_overflows(void)
{
	struct arena a = ARENA_INIT;
	volatile size_t n = SIZE_MAX - 3;
	arena_alloc(&a, n);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	assert_int_equal(status_of(count_overflows), 111);
	assert_int_equal(status_of(size_overflows), 111);
}

static void test_buf_adds(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;

	assert_bytes(buf_view(&b), "");
	assert_string_equal(buf_cstr(&b), "");
	buf_str(&b, "ab");
	buf_char(&b, '\0');
	buf_u64(&b, UINT64_MAX);
	buf_bytes(&b, BYTES("x"));
	buf_printf(&b, "<%s>", "yz");
	assert_bytes(buf_view(&b), "ab\00018446744073709551615x<yz>");
	assert_int_equal(buf_cstr(&b)[b.n], '\0');
	buf_reset(&b);
	for (int i = 0; i < 10000; i++)
		buf_char(&b, (char)i);
	assert_int_equal(b.n, 10000);
	assert_int_equal(b.p[9999], (char)9999);
	buf_trim(&b, 100);
	assert_int_equal(b.cap, 0);
	buf_str(&b, "again");
	size_t cap = b.cap;
	buf_trim(&b, 1000);
	assert_int_equal(b.cap, cap);
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

static void test_buf_limit(void **state)
{
	(void)state;
	static const struct {
		const char *add, *is;
		bool full;
	} rows[] = {
		{ "", "", false },
		{ "1234567", "1234567", false },
		{ "12345678", "12345678", false },
		{ "123456789", "12345678", true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = BUF_MAX(8), c = BUF_MAX(8), d = BUF_MAX(8);
		buf_str(&b, rows[i].add);
		buf_printf(&c, "%s", rows[i].add);
		for (const char *s = rows[i].add; *s; s++)
			buf_char(&d, *s);
		assert_string_equal(buf_cstr(&b), rows[i].is);
		assert_string_equal(buf_cstr(&c), rows[i].is);
		assert_string_equal(buf_cstr(&d), rows[i].is);
		assert_int_equal(b.full, rows[i].full);
		assert_int_equal(c.full, rows[i].full);
		assert_int_equal(d.full, rows[i].full);
		buf_reset(&b);
		assert_false(b.full);
		assert_int_equal(b.max, 8);
		buf_free(&b);
		buf_free(&c);
		buf_free(&d);
	}
}

static void test_buf_reserve(void **state)
{
	(void)state;
	struct buf b = BUF_MAX(10);

	char *p = buf_reserve(&b, 10);
	assert_non_null(p);
	memcpy(p, "0123456789", 10);
	b.n += 10;
	assert_null(buf_reserve(&b, 1));
	assert_true(b.full);
	assert_string_equal(buf_cstr(&b), "0123456789");
	assert_non_null(buf_reserve(&b, 0));
	buf_free(&b);
	assert_int_equal(b.max, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),         cmocka_unit_test(test_calloc_clears),
		cmocka_unit_test(test_little_memory), cmocka_unit_test(test_copies),
		cmocka_unit_test(test_many),          cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_buf_adds),      cmocka_unit_test(test_buf_limit),
		cmocka_unit_test(test_buf_reserve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
