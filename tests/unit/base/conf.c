/* Settings: the environment, then the file with systemd's rules. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "buf.h"
#include "conf.h"
#include "file.h"

static const char *in_dir(const char *name)
{
	static char path[300];
	snprintf(path, sizeof path, "%s/%s", test_dir(), name);
	return path;
}

static void write_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
}

static void load(const char *text, size_t n)
{
	write_file(in_dir("conf"), text, n);
	assert_int_equal(conf_load(in_dir("conf")), 0);
}

/* Runs f with fd 2 in a file; what it logged, until the next call. */
static const char *logged(void (*f)(void))
{
	static struct buf text;
	int saved = dup(2), to = open(in_dir("log"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	dup2(to, 2);
	f();
	dup2(saved, 2);
	close(saved);
	close(to);
	buf_reset(&text);
	assert_int_equal(file_read(AT_FDCWD, in_dir("log"), 100000, &text), 1);
	return buf_cstr(&text);
}

static void test_syntax(void **state)
{
	(void)state;
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "K=v", "v" },
		{ "K=v\n", "v" },
		{ "K=", "" },
		{ " \tK = v w \t\n", "v w" },
		{ "# K=no\n; K=no\n\n\nK=v\n", "v" },
		{ "K=a#b ;c\n", "a#b ;c" },
		{ "K=1\nK=2\n", "2" },
		{ "K='a \"b\" \\n'\n", "a \"b\" \\n" },
		{ "K=\"a 'b' \\\" \\\\ \\$ \\` \\n\"\n", "a 'b' \" \\ $ ` \\n" },
		{ "K='two\nlines'\n", "two\nlines" },
		{ "K=\"two\\\nlines\"\n", "twolines" },
		{ "K=two\\\nlines\n", "twolines" },
		{ "K=a\\ \n", "a " },
		{ "K=a\\bc\n", "abc" },
		{ "K='a'\"b\"c\n", "abc" },
		{ "K='a' 'b'\n", "ab" },
		{ "K=a'b'\n", "a'b'" },
		{ "K=maildir:~/Maildir:INBOX=/x=y\n", "maildir:~/Maildir:INBOX=/x=y" },
		{ "K=v\r\n", "v" },
		{ "K=\\", "\\" },
		{ "K=\xc3\xa4\n", "\xc3\xa4" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		load("K=unset\n", 8);
		load(rows[i].text, strlen(rows[i].text));
		assert_string_equal(conf_get("K"), rows[i].value);
	}
}

static const char *bad_text;
static size_t bad_n;
static void load_bad(void)
{
	load(bad_text, bad_n);
}

static void test_bad_lines(void **state)
{
	(void)state;
	static const struct {
		struct bytes text;
		const char *says;
	} rows[] = {
		{ { "OK=1\nnonsense\nK=v\n", 18 }, "line 2:" },
		{ { "=x\nK=v\n", 7 }, "line 1:" },
		{ { "1A=x\nK=v\n", 9 }, "line 1:" },
		{ { "A-B=x\nK=v\n", 10 }, "line 1:" },
		{ { "export A=x\nK=v\n", 15 }, "line 1:" },
		{ { "A='1\n2'\n\nB\nK=v\n", 16 }, "line 4:" },
		{ { "K=v\nA=\"x\n", 9 }, "line 2:" },
		{ { "K=v\nA='x\n", 9 }, "line 2:" },
		{ { "K=v\nA=x\0y\n", 10 }, "line 2:" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		load("K=unset\nA=unset\n", 16);
		bad_text = rows[i].text.p;
		bad_n = rows[i].text.n;
		const char *log = logged(load_bad);
		if (!strstr(log, rows[i].says))
			fail_msg("row %zu: %s", i, log);
		assert_string_equal(conf_get("K"), "v");
	}
}

static void test_environment_first(void **state)
{
	(void)state;
	load("FROM_FILE=file\nBOTH=file\nEMPTY=file\n", 36);
	setenv("BOTH", "env", 1);
	setenv("EMPTY", "", 1);
	assert_string_equal(conf_get("FROM_FILE"), "file");
	assert_string_equal(conf_get("BOTH"), "env");
	assert_string_equal(conf_get("EMPTY"), "");
	assert_null(conf_get("NOWHERE"));
	assert_string_equal(conf_str("NOWHERE", "x"), "x");
	assert_string_equal(conf_str("BOTH", "x"), "env");
}

static void test_facts_not_from_file(void **state)
{
	(void)state;
	static const char *const facts[] = {
		"AUTHORIZED", "AUTHMECH", "AUTHSTEP", "MASTER_USER", "CREDENTIALS_LOOKUP",
		"LOGINFD",    "IMAPTAG",  "HOME",     "USER",        "SHELL"
	};
	for (size_t i = 0; i < COUNT(facts); i++) {
		char text[64];
		load(text, (size_t)snprintf(text, sizeof text, "%s=file\n", facts[i]));
		unsetenv(facts[i]);
		assert_null(conf_get(facts[i]));
		setenv(facts[i], "chain", 1);
		assert_string_equal(conf_get(facts[i]), "chain");
	}
}

static uint64_t number;
static void ask_number(void)
{
	number = conf_u64("N", 42, 5, 10);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t value;
	} rows[] = {
		{ "5", 5 }, { "10", 10 }, { "4", 42 },  { "11", 42 },
		{ "", 42 }, { "x", 42 },  { "7x", 42 }, { "-7", 42 },
	};
	unsetenv("N");
	ask_number();
	assert_int_equal(number, 42);
	int told = 0;
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("N", rows[i].text, 1);
		told += strstr(logged(ask_number), "N=") != NULL;
		assert_int_equal(number, rows[i].value);
	}
	assert_int_equal(told, 1);
}

static bool truth;
static void ask_bool(void)
{
	truth = conf_bool("T", true);
}

static void test_bools(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool value;
	} rows[] = {
		{ "yes", true },    { "TRUE", true }, { "1", true }, { "no", false },
		{ "False", false }, { "0", false },   { "2", true }, { "", true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("T", rows[i].text, 1);
		logged(ask_bool);
		assert_int_equal(truth, rows[i].value);
	}
	unsetenv("T");
	assert_false(conf_bool("T", false));
	assert_true(conf_bool("T", true));
}

static void test_files(void **state)
{
	(void)state;
	assert_int_equal(conf_load(in_dir("absent")), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(conf_load(test_dir()), -1);
	assert_int_equal(errno, EINVAL);
}

/* In a fresh process, since the file is read once. */
static int status_with(const char *path, const char *key, const char *want)
{
	char self[256];
	int status;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	assert_true(n > 0);
	self[n] = '\0';
	pid_t pid = fork();
	if (pid == 0) {
		setenv("ROOST_CONF", path, 1);
		fclose(stderr);
		execl(self, self, key, want, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_lazily(void **state)
{
	(void)state;
	write_file(in_dir("lazy"), "KEY=lazy\n", 9);
	assert_int_equal(status_with(in_dir("lazy"), "KEY", "lazy"), 0);
	assert_int_equal(status_with(in_dir("lazy"), "KEY", "other"), 9);
	assert_int_equal(status_with(in_dir("absent"), "KEY", ""), 0);
	assert_int_equal(status_with("/dev/null", "KEY", ""), 0);
	/* There but unreadable: a default would be the wrong mailbox. */
	assert_int_equal(status_with(test_dir(), "KEY", ""), 111);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return strcmp(conf_str(argv[1], ""), argv[2]) == 0 ? 0 : 9;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_environment_first),
		cmocka_unit_test(test_facts_not_from_file),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_lazily),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
