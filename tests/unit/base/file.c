/* Files, locks and maps. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utime.h>

#include "clock.h"
#include "file.h"
#include "filemap.h"

static int dir;

static int setup(void **state)
{
	(void)state;
	dir = dir_open(AT_FDCWD, test_dir());
	return dir < 0;
}

static void put(const char *name, const char *text)
{
	int fd = file_open(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void assert_file(const char *name, const char *text)
{
	struct buf b = BUF_INIT;
	assert_int_equal(file_read(dir, name, 1000, &b), 1);
	assert_string_equal(buf_cstr(&b), text);
	buf_free(&b);
}

static size_t entries(void)
{
	size_t n = 0;
	char command[300], line[256];
	snprintf(command, sizeof command, "ls -A %s", test_dir());
	FILE *f = popen(command, "r");
	while (fgets(line, sizeof line, f))
		n++;
	pclose(f);
	return n;
}

static void test_read(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;

	put("five", "12345");
	buf_str(&b, "kept");
	assert_int_equal(file_read(dir, "five", 5, &b), 1);
	assert_string_equal(buf_cstr(&b), "kept12345");
	b.n = 4;
	assert_int_equal(file_read(dir, "five", 4, &b), -1);
	assert_int_equal(errno, EFBIG);
	assert_string_equal(buf_cstr(&b), "kept");
	assert_int_equal(file_read(dir, "absent", 5, &b), 0);
	assert_int_equal(file_read(AT_FDCWD, test_dir(), 5, &b), -1);
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/stat", 5, &b), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/stat", 10000, &b), 1);
	assert_true(b.n > 20);
	/* A FIFO that somebody left there doesn't hold us up. */
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(file_read(dir, "fifo", 5, &b), -1);
	buf_free(&b);
	struct buf capped = BUF_MAX(3);
	assert_int_equal(file_read(dir, "five", 100, &capped), -1);
	assert_int_equal(capped.n, 0);
	buf_free(&capped);
}

static void test_pread_pwrite(void **state)
{
	(void)state;
	char p[8];
	put("p", "0123456789");
	int fd = file_open(dir, "p", O_RDWR, 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(file_pread_all(fd, p, 8, 5), 5);
	assert_memory_equal(p, "56789", 5);
	assert_int_equal(file_pread_all(fd, p, 8, 50), 0);
	assert_int_equal(file_pwrite_all(fd, "xy", 2, 9), 0);
	assert_file("p", "012345678xy");
	assert_int_equal(file_pread_all(-1, p, 8, 0), -1);
	assert_int_equal(file_pwrite_all(-1, p, 8, 0), -1);
	assert_int_equal(file_write_all(-1, p, 8), -1);
	close(fd);
	fd = open("/dev/full", O_WRONLY);
	assert_int_equal(file_write_all(fd, "x", 1), -1);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void test_replace(void **state)
{
	(void)state;
	put("r", "old");
	size_t before = entries();
	assert_int_equal(file_replace(dir, "r", BYTES("new"), 0600), 0);
	assert_file("r", "new");
	assert_int_equal(file_replace(dir, "r2", BYTES(""), 0600), 0);
	assert_file("r2", "");
	assert_int_equal(entries(), before + 1);
	/* A directory can't be replaced: nothing is left behind. */
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(file_replace(dir, "d", BYTES("new"), 0600), -1);
	assert_int_equal(entries(), before + 2);
}

static void test_stage(void **state)
{
	(void)state;
	struct bytes content[2] = { BYTES("head\n"), BYTES("rest\n") };
	struct file_stage s;
	size_t before = entries();

	put("s", "old");
	assert_int_equal(file_stage(dir, "s", content, 0600, &s), 0);
	assert_file("s", "old");
	assert_file(s.temp, "head\nrest\n");
	file_unstage(dir, &s);
	assert_int_equal(entries(), before + 1);
	assert_int_equal(file_stage(dir, "s", content, 0600, &s), 0);
	assert_int_equal(file_commit(dir, s.fd, s.temp, "s"), 0);
	assert_file("s", "head\nrest\n");
	assert_int_equal(entries(), before + 1);
}

static void test_commit(void **state)
{
	(void)state;
	char temp[FILE_TEMP_NAME], other[FILE_TEMP_NAME];
	int a = file_temp(dir, "t", 0600, temp), b = file_temp(dir, "t", 0600, other);

	assert_true(a >= 0 && b >= 0);
	assert_string_not_equal(temp, other);
	assert_int_equal(strncmp(temp, "t.", 2), 0);
	assert_int_equal(file_write_all(a, "text", 4), 0);
	assert_int_equal(file_commit(dir, a, temp, "t"), 0);
	assert_file("t", "text");
	assert_int_equal(file_commit(dir, b, other, "no/where"), -1);
	assert_int_equal(faccessat(dir, other, F_OK, 0), -1);
	static const char long_name[] =
		"a-name-that-is-longer-than-the-part-of-it-which-a-temp-may-carry-"
		"along-with-time-and-pid";
	assert_int_equal(file_replace(dir, long_name, BYTES("x"), 0600), 0);
	assert_file(long_name, "x");
}

static void test_rename_new(void **state)
{
	(void)state;
	put("from", "1");
	put("to", "2");
	assert_int_equal(file_rename_new(dir, "from", dir, "to"), -1);
	assert_int_equal(errno, EEXIST);
	assert_file("to", "2");
	assert_file("from", "1");
	assert_int_equal(file_rename_new(dir, "from", dir, "to2"), 0);
	assert_file("to2", "1");
	assert_int_equal(faccessat(dir, "from", F_OK, 0), -1);
	assert_int_equal(file_rename_new(dir, "from", dir, "to3"), -1);
	assert_int_equal(errno, ENOENT);
}

static void test_flock(void **state)
{
	(void)state;
	int a = file_open(dir, "lock", O_RDWR | O_CREAT, 0600),
	    b = file_open(dir, "lock", O_RDWR, 0);

	assert_int_equal(file_lock(a, LOCK_SH, 0), 1);
	assert_int_equal(file_lock(b, LOCK_SH, 0), 1);
	assert_int_equal(file_lock(b, LOCK_EX, 0), 0);
	int64_t start = clock_ms();
	assert_int_equal(file_lock(b, LOCK_EX, 60), 0);
	assert_in_range(clock_ms() - start, 59, 5000);
	file_unlock(a);
	assert_int_equal(file_lock(b, LOCK_EX, 0), 1);
	assert_int_equal(file_lock(-1, LOCK_EX, 100), -1);
	assert_int_equal(errno, EBADF);
	close(a);
	close(b);
}

/* Runs f in a child; its exit status. */
static pid_t start(int (*f)(void))
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(f());
	return pid;
}

static int finish(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Adds one to the file's number, many times, under the lock of the row. */
static bool by_dotlock;
static int count_up(void)
{
	int fd = file_open(dir, "count", O_RDWR, 0);
	for (int i = 0; i < 200; i++) {
		int got = by_dotlock ? dotlock_take(dir, "count.lock", 20000, 120)
				     : file_lock(fd, LOCK_EX, 20000);
		unsigned char n[4];
		if (got != 1 || file_pread_all(fd, n, 4, 0) != 4)
			return 1;
		uint32_t v;
		memcpy(&v, n, 4);
		v++;
		if (file_pwrite_all(fd, &v, 4, 0) < 0)
			return 2;
		if (by_dotlock)
			dotlock_release(dir, "count.lock");
		else
			file_unlock(fd);
	}
	return 0;
}

static void test_exclusion(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		uint32_t v = 0;
		pid_t pids[4];
		int fd = file_open(dir, "count", O_RDWR | O_CREAT | O_TRUNC, 0600);
		by_dotlock = way;
		assert_int_equal(file_pwrite_all(fd, &v, 4, 0), 0);
		for (size_t i = 0; i < COUNT(pids); i++)
			pids[i] = start(count_up);
		for (size_t i = 0; i < COUNT(pids); i++)
			assert_int_equal(finish(pids[i]), 0);
		assert_int_equal(file_pread_all(fd, &v, 4, 0), 4);
		assert_int_equal(v, 800);
		close(fd);
	}
}

static void test_dotlock(void **state)
{
	(void)state;
	char host[200], want[256];

	gethostname(host, sizeof host);
	snprintf(want, sizeof want, "%d:%s", (int)getpid(), host);
	assert_int_equal(dotlock_take(dir, "x.lock", 0, 100), 1);
	assert_file("x.lock", want);
	assert_int_equal(dotlock_take(dir, "x.lock", 0, 100), 0);
	int64_t begin = clock_ms();
	assert_int_equal(dotlock_take(dir, "x.lock", 60, 100), 0);
	assert_in_range(clock_ms() - begin, 59, 5000);
	dotlock_release(dir, "x.lock");
	assert_int_equal(faccessat(dir, "x.lock", F_OK, 0), -1);
	assert_int_equal(dotlock_take(dir, "no/x.lock", 100, 100), -1);
	assert_int_equal(errno, ENOENT);
}

static int do_nothing(void)
{
	return 0;
}

/* As nobody: a process that we may not signal is there all the same. */
static int take_from_init(void)
{
	return setuid(65534) < 0 ? 77 : dotlock_take(dir, "i.lock", 0, 100);
}

static void test_dotlock_of_another_user(void **state)
{
	(void)state;
	char host[200], text[256];
	if (getuid() != 0)
		skip();
	gethostname(host, sizeof host);
	snprintf(text, sizeof text, "1:%s", host);
	put("i.lock", text);
	assert_int_equal(fchmod(dir, 0777), 0);
	assert_int_equal(fchmodat(dir, "i.lock", 0644, 0), 0);
	assert_int_equal(finish(start(take_from_init)), 0);
	assert_int_equal(fchmod(dir, 0700), 0);
	assert_file("i.lock", text);
}

static void test_dotlock_stale(void **state)
{
	(void)state;
	char host[200], text[256];
	pid_t gone = start(do_nothing);

	assert_int_equal(finish(gone), 0);
	gethostname(host, sizeof host);
	/* text, age, is it taken over? */
	const struct {
		long pid;
		const char *host;
		int stale_s;
		int got;
	} rows[] = {
		{ (long)gone, host, 100, 1 },        { (long)getppid(), host, 100, 0 },
		{ (long)gone, "elsewhere", 100, 0 }, { (long)gone, "elsewhere", -1, 1 },
		{ (long)getppid(), host, -1, 1 },    { 0, host, 100, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof text, "%ld:%s\n", rows[i].pid, rows[i].host);
		put("s.lock", text);
		assert_int_equal(dotlock_take(dir, "s.lock", 0, rows[i].stale_s), rows[i].got);
		unlinkat(dir, "s.lock", 0);
	}
	put("s.lock", "");
	assert_int_equal(dotlock_take(dir, "s.lock", 0, 100), 0);
	put("s.lock", "garbage");
	assert_int_equal(dotlock_take(dir, "s.lock", 0, 100), 0);
	/* Somebody else's is not ours to release. */
	dotlock_release(dir, "s.lock");
	assert_file("s.lock", "garbage");
	unlinkat(dir, "s.lock", 0);
}

static void test_ids(void **state)
{
	(void)state;
	assert_int_equal(strlen(file_boot_id()), 36);
	assert_string_equal(file_boot_id(), file_boot_id());
	size_t n = strlen(file_machine_id());
	assert_true(n == 0 || n == 32);
	assert_true(file_is_local(dir));
	int proc = dir_open(AT_FDCWD, "/proc");
	assert_false(file_is_local(proc));
	close(proc);
	assert_false(file_is_local(-1));
}

static void test_map(void **state)
{
	(void)state;
	struct filemap m;
	put("map", "0123456789");
	int fd = file_open(dir, "map", O_RDWR, 0);

	assert_int_equal(filemap_open(&m, fd, 10, true), 0);
	assert_memory_equal(m.p, "0123456789", 10);
	m.p[0] = 'x';
	assert_file("map", "x123456789");
	filemap_close(&m);
	assert_null(m.p);
	filemap_close(&m);
	assert_int_equal(filemap_open(&m, fd, 0, true), -1);
	assert_null(m.p);
	assert_int_equal(filemap_open(&m, fd, SIZE_MAX, true), -1);
	assert_int_equal(filemap_open(&m, -1, 5000, true), 0);
	assert_int_equal(m.p[4999], 0);
	m.p[4999] = 1;
	filemap_close(&m);
	close(fd);
}

/* The file is cut under two maps; only the map that was touched is marked. */
static void test_map_cut(void **state)
{
	(void)state;
	struct filemap a, b, other;
	enum { PAGES = 4, SIZE = PAGES * 4096 };
	put("cut", "");
	int fd = file_open(dir, "cut", O_RDWR, 0);

	assert_int_equal(ftruncate(fd, SIZE), 0);
	assert_int_equal(filemap_open(&a, fd, SIZE, true), 0);
	assert_int_equal(filemap_open(&b, fd, SIZE, false), 0);
	assert_int_equal(filemap_open(&other, -1, SIZE, true), 0);
	memset(a.p, 'x', SIZE);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(a.p[4095], 'x');
	assert_false(filemap_faulted(&a));
	for (int i = 4096; i < SIZE; i++)
		assert_int_equal(a.p[i], 0);
	assert_true(filemap_faulted(&a));
	assert_false(filemap_faulted(&b));
	assert_false(filemap_faulted(&other));
	a.p[SIZE - 1] = 'y';
	assert_int_equal(b.p[SIZE - 1], 0);
	assert_true(filemap_faulted(&b));
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 4096);
	filemap_close(&a);
	filemap_close(&b);
	filemap_close(&other);
	close(fd);
}

static int touch_foreign_map(void)
{
	put("foreign", "");
	int fd = file_open(dir, "foreign", O_RDWR, 0);
	struct filemap ours;
	if (filemap_open(&ours, -1, 4096, true) < 0)
		return 1;
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	return p[0];
}

static int get_signal(void)
{
	struct filemap ours;
	if (filemap_open(&ours, -1, 4096, true) < 0)
		return 1;
	raise(SIGBUS);
	return 0;
}

static void test_real_sigbus(void **state)
{
	(void)state;
	assert_int_equal(finish(start(touch_foreign_map)), -SIGBUS);
	assert_int_equal(finish(start(get_signal)), -SIGBUS);
}

static void test_clock(void **state)
{
	(void)state;
	int64_t a = clock_ms(), wall = clock_wall_ns();
	clock_sleep_ms(20);
	assert_in_range(clock_ms() - a, 19, 5000);
	assert_in_range(clock_wall_ns() - wall, 10000000, 5000000000);
	assert_in_range(clock_wall() - wall / 1000000000, 0, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_pread_pwrite),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_stage),
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_rename_new),
		cmocka_unit_test(test_flock),
		cmocka_unit_test(test_exclusion),
		cmocka_unit_test(test_dotlock),
		cmocka_unit_test(test_dotlock_stale),
		cmocka_unit_test(test_dotlock_of_another_user),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_map_cut),
		cmocka_unit_test(test_real_sigbus),
		cmocka_unit_test(test_clock),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
