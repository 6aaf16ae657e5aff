/* Log lines nobody can forge, and the two texts of an error. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "error.h"
#include "log.h"

static void test_escape(void **state)
{
	(void)state;
	static const struct {
		struct bytes in;
		const char *out;
	} rows[] = {
		{ { "plain@example.org", 17 }, "plain@example.org" },
		{ { "", 0 }, "\"\"" },
		{ { "a b", 3 }, "\"a b\"" },
		{ { "a\"b", 3 }, "\"a\\\"b\"" },
		{ { "a\\b", 3 }, "\"a\\\\b\"" },
		{ { "x\nuser=root", 11 }, "\"x\\nuser=root\"" },
		{ { "\r\t\0\x1b", 4 }, "\"\\r\\t\\x00\\x1b\"" },
		{ { "\xc3\xa4\x7f", 3 }, "\"\\xc3\\xa4\\x7f\"" },
		{ { "a=b", 3 }, "\"a=b\"" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[64];
		size_t n = log_escape(out, sizeof out, rows[i].in);
		assert_string_equal(out, rows[i].out);
		assert_int_equal(n, strlen(out));
	}
}

static void test_escape_small(void **state)
{
	(void)state;
	for (size_t size = 1; size < 20; size++) {
		char *out = malloc(size), *quoted = malloc(size);
		size_t n = log_escape(out, size, BYTES("0123456789"));
		assert_int_equal(n, size - 1 < 10 ? size - 1 : 10);
		assert_int_equal(out[n], '\0');
		n = log_escape(quoted, size, BYTES("\n\n\n\n"));
		assert_int_equal(quoted[n], '\0');
		assert_true(n < size && n % 2 == 0 && n <= 10);
		if (n)
			assert_true(quoted[0] == '"' && quoted[n - 1] == '"');
		free(out);
		free(quoted);
	}
}

/* What f writes to fd 2, which is a pipe (or this socket) meanwhile. */
static const char *written(void (*f)(void), int type)
{
	static char text[8192];
	int saved = dup(2), fd[2];

	if (type)
		assert_int_equal(socketpair(AF_UNIX, type, 0, fd), 0);
	else
		assert_int_equal(pipe(fd), 0);
	dup2(fd[1], 2);
	close(fd[1]);
	f();
	dup2(saved, 2);
	close(saved);
	ssize_t n = read(fd[0], text, sizeof text - 1);
	close(fd[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void a_line(void)
{
	log_open("imapd");
	errno = EBADF;
	log_warn("append", "no %s", "space\nlevel=error");
	assert_int_equal(errno, EBADF);
}

static void test_line(void **state)
{
	(void)state;
	char want[256];

	log_context("user", BYTES("joe"));
	log_context("ip", BYTES("::1"));
	log_context("user", BYTES("joe\n doe"));
	snprintf(want, sizeof want,
		 "imapd[%d]: level=warn event=append user=\"joe\\n doe\" ip=::1 "
		 "msg=\"no space\\nlevel=error\"\n",
		 (int)getpid());
	assert_string_equal(written(a_line, 0), want);
	/* syslog: a priority (mail.warning) and no line end */
	assert_int_equal(strncmp(written(a_line, SOCK_DGRAM), "<20>imapd[", 10), 0);
	assert_null(strchr(written(a_line, SOCK_DGRAM), '\n'));
	assert_int_equal(strncmp(written(a_line, SOCK_STREAM), "imapd[", 6), 0);
}

static void some_fields(void)
{
	log_open("imap-login");
	log_fields(LOG_LEVEL_INFO, "logout", "ms=%d in=%d reason=%s", 12, 0, "silence");
	log_fields(LOG_LEVEL_INFO, "logout", "reason=%s", "a\" event=login");
	log_fields(LOG_LEVEL_INFO, "logout", "reason=%s", "a\nevent=login");
	log_fields(LOG_LEVEL_INFO, "logout", "%s", "");
	log_fields(LOG_LEVEL_DEBUG, "logout", "x=%d", 1);
}

static void test_fields(void **state)
{
	static const char *const ends[] = { " ms=12 in=0 reason=silence",
					    " msg=\"reason=a\\\" event=login\"",
					    " msg=\"reason=a\\nevent=login\"", " msg=\"\"", "" };
	struct bytes all = bytes_of(written(some_fields, 0)), line;

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct bytes end = bytes_of(ends[i]);
		assert_true(bytes_split(&all, '\n', &line));
		if (line.n < end.n || !bytes_eq(bytes_from(line, line.n - end.n), end))
			fail_msg("%.*s", (int)line.n, line.p);
	}
	assert_int_equal(line.n, 0);
}

static void a_long_line(void)
{
	char text[5000];
	log_open("imapd");
	memset(text, 1, sizeof text);
	text[sizeof text - 1] = '\0';
	log_error("long", "%s", text);
}

static void test_long_line(void **state)
{
	(void)state;
	const char *line = written(a_long_line, 0);
	size_t n = strlen(line);
	assert_in_range(n, 1500, 2048);
	assert_string_equal(line + n - 2, "\"\n");
}

static void a_debug_line(void)
{
	log_open("imapd");
	log_debug("detail", "x");
	log_info("end", "y");
}

static void test_debug_is_off(void **state)
{
	(void)state;
	const char *line = written(a_debug_line, 0);
	assert_null(strstr(line, "detail"));
	assert_non_null(strstr(line, "event=end"));
}

static void test_die(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		close(2);
		log_die("end", "x");
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 111);
}

/* fd 2 is the peer, or closed: nothing of ours may get there. */
static void test_peer_is_not_log(void **state)
{
	(void)state;
	enum { BOTH, ONLY_0, ONLY_1, CLOSED };
	for (int way = BOTH; way <= CLOSED; way++) {
		int fd[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		pid_t pid = fork();
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR);
			dup2(way == ONLY_1 ? null : fd[1], 0);
			dup2(way == ONLY_0 ? null : fd[1], 1);
			dup2(fd[1], 2);
			if (way == CLOSED)
				close(2);
			log_open("imapd");
			log_info("event", "text");
			_exit(fcntl(2, F_GETFD) == 0 ? 0 : 1);
		}
		char c;
		int status;
		close(fd[1]);
		assert_int_equal(read(fd[0], &c, 1), 0);
		close(fd[0]);
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
}

static void test_error_set(void **state)
{
	(void)state;
	struct error e = { 0 };
	assert_int_equal(error_set(&e, ERROR_LIMIT, "Too long", "%s: %d", "name", 7), -1);
	assert_int_equal(e.kind, ERROR_LIMIT);
	assert_string_equal(e.user, "Too long");
	assert_string_equal(e.log, "name: 7");
	assert_int_equal(error_set(NULL, ERROR_LIMIT, "x", "y"), -1);
}

static void test_error_errno(void **state)
{
	(void)state;
	static const struct {
		int number;
		enum error_kind kind;
	} rows[] = {
		{ ENOSPC, ERROR_NOSPACE }, { EDQUOT, ERROR_NOSPACE }, { EACCES, ERROR_NOPERM },
		{ EPERM, ERROR_NOPERM },   { EROFS, ERROR_NOPERM },   { ENOENT, ERROR_NONEXISTENT },
		{ EEXIST, ERROR_EXISTS },  { EIO, ERROR_TEMPORARY },  { ENOMEM, ERROR_TEMPORARY },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e;
		errno = rows[i].number;
		assert_int_equal(error_errno(&e, "Failed", "open %s", "x"), -1);
		assert_int_equal(errno, rows[i].number);
		assert_int_equal(e.kind, rows[i].kind);
		assert_int_equal(strncmp(e.log, "open x: ", 8), 0);
		assert_string_equal(e.log + 8, strerror(rows[i].number));
	}
}

static void test_error_long(void **state)
{
	(void)state;
	char text[2000];
	struct error e;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	errno = EIO;
	error_errno(&e, text, "%s", text);
	assert_int_equal(strlen(e.user), ERROR_TEXT - 1);
	assert_int_equal(strlen(e.log), ERROR_LOG - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),     cmocka_unit_test(test_escape_small),
		cmocka_unit_test(test_line),       cmocka_unit_test(test_fields),
		cmocka_unit_test(test_long_line),  cmocka_unit_test(test_debug_is_off),
		cmocka_unit_test(test_die),        cmocka_unit_test(test_peer_is_not_log),
		cmocka_unit_test(test_error_set),  cmocka_unit_test(test_error_errno),
		cmocka_unit_test(test_error_long),
	};
	unsetenv("DEBUG");
	setenv("ROOST_CONF", "/dev/null/none", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
