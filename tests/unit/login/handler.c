/* A handler on the other end of LOGINFD, in a child of its own. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handler.h"

enum { ENDED_WELL = 30, STOPPED, REFUSED, GONE, LEFT_ALONE };

static void on_term(int sig)
{
	(void)sig;
	_exit(STOPPED);
}

/* Ready, its last word, then until SIGTERM. */
static int handle(const char *loginfd)
{
	signal(SIGTERM, on_term);
	signal(SIGPIPE, SIG_IGN);
	alarm(20); /* the test is over long before */
	setenv("LOGINFD", loginfd, 1);
	switch (handler_begin()) {
	case 0:
		return LEFT_ALONE;
	case -1:
		return errno == EPIPE ? GONE : errno == EINVAL ? REFUSED : errno;
	default:
		break;
	}
	if (getenv("LOGINFD") || handler_ready() < 0)
		return 1;
	handler_done(12, UINT64_MAX);
	for (;;)
		pause();
}

/* A child whose LOGINFD is fd. */
static pid_t start(int fd)
{
	pid_t pid = fork();
	char number[16];

	if (pid == 0) {
		dup2(fd, 4);
		snprintf(number, sizeof number, "%d", 4);
		_exit(handle(number));
	}
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void expect(int fd, const char *message)
{
	char got[64];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
	ssize_t n = recv(fd, got, sizeof got, 0);
	assert_int_equal(n, strlen(message));
	assert_memory_equal(got, message, (size_t)n);
}

/* Both ends of LOGINFD; ours is out of the way of a child's. */
static void make_pair(int pair[2])
{
	int made[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made), 0);
	for (int i = 0; i < 2; i++) {
		pair[i] = fcntl(made[i], F_DUPFD_CLOEXEC, 20);
		close(made[i]);
	}
}

static void test_stopped(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		int pair[2];

		make_pair(pair);
		pid_t pid = start(pair[1]);
		close(pair[1]);
		expect(pair[0], "R");
		expect(pair[0], "in=12 out=18446744073709551615\n");
		usleep(20000); /* that its words were read is no reason to end */
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		if (how < 2)
			shutdown(pair[0], how ? SHUT_RDWR : SHUT_WR);
		else
			close(pair[0]);
		assert_int_equal(end_of(pid), STOPPED);
		if (how < 2)
			close(pair[0]);
	}
}

static void test_gone_before(void **state)
{
	int pair[2];

	(void)state;
	make_pair(pair);
	close(pair[0]);
	assert_int_equal(end_of(start(pair[1])), GONE);
	close(pair[1]);
}

/* Killed at any moment of the start: nobody waits for ever, nothing else happens. */
static void test_goes_meanwhile(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		int pair[2];

		make_pair(pair);
		pid_t pid = start(pair[1]);
		close(pair[1]);
		usleep((useconds_t)(i * 5));
		close(pair[0]);
		int how = end_of(pid);
		assert_true(how == STOPPED || how == GONE || how == 1);
	}
}

static void test_nonsense(void **state)
{
	static const char *const words[] = { "", "x", "2", "1024", "-1", "4 ", "99999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(handle(words[i]));
		assert_int_equal(end_of(pid), REFUSED);
	}
}

static int without(void)
{
	unsetenv("LOGINFD");
	dup2(0, 7);
	if (handler_begin() != 0 || handler_ready() != 0 || fcntl(7, F_GETFD) >= 0)
		return 1;
	handler_done(1, 2);
	return ENDED_WELL;
}

static void test_without(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(without());
	assert_int_equal(end_of(pid), ENDED_WELL);
}

/* A login program that listens on a pipe reads, and that is no signal. */
static void test_pipe(void **state)
{
	int pair[2];
	char got[2] = "";

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid_t pid = start(pair[1]);
	close(pair[1]);
	assert_int_equal(read(pair[0], got, 1), 1);
	assert_string_equal(got, "R");
	usleep(20000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGTERM);
	assert_int_equal(end_of(pid), STOPPED);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped),        cmocka_unit_test(test_gone_before),
		cmocka_unit_test(test_goes_meanwhile), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_without),        cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
