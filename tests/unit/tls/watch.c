/* Files that change: content, time, the file behind a symbolic link, one that comes or goes. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "watch.h"

static char path[512], link_path[520];

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_changes(void **state)
{
	struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	struct buf content = BUF_INIT;
	struct watch w = { 0 };

	(void)state;
	snprintf(path, sizeof path, "%s/file", test_dir());
	snprintf(link_path, sizeof link_path, "%s.link", path);
	assert_int_equal(symlink("file", link_path), 0);
	watch_add(&w, link_path);
	assert_false(watch_changed(&w));
	put(path, "one");
	assert_true(watch_changed(&w));
	watch_renew(&w);
	assert_false(watch_changed(&w));
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_true(watch_changed(&w));
	watch_renew(&w);
	unlink(link_path);
	assert_true(watch_changed(&w));
	watch_renew(&w);
	assert_true(watch_read(&w, path, &content));
	assert_bytes(buf_view(&content), "one");
	assert_false(watch_changed(&w));
	unlink(path);
	assert_true(watch_changed(&w));
	assert_false(watch_read(&w, path, &content));
	watch_free(&w);
	assert_false(watch_changed(&w));
	buf_free(&content);
}

/* At the limit of a file, and one beyond. */
static void test_size(void **state)
{
	struct buf content = BUF_INIT;
	struct watch w = { 0 };

	(void)state;
	put(path, "");
	assert_int_equal(truncate(path, WATCH_FILE_MAX), 0);
	assert_true(watch_read(&w, path, &content));
	assert_int_equal(content.n, WATCH_FILE_MAX);
	assert_int_equal(truncate(path, WATCH_FILE_MAX + 1), 0);
	assert_false(watch_read(&w, path, &content));
	watch_free(&w);
	buf_free(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
