/* The gate against parsers that were taken over: it counts, checks and kills by itself. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "gate.h"

/* What a parser saw, in memory it shares with the test. */
static struct seen {
	unsigned answers, final;
	uint8_t last;
	pid_t pid;
} * seen;

static enum talk_end send_garbage(const struct talk *t)
{
	char byte;

	seen->pid = getpid();
	if (send(t->gate, "C\1\0a\1\0b\1\0cx", 11, 0) > 0 && recv(t->gate, &byte, 1, 0) > 0)
		seen->answers++;
	pause(); /* and doesn't end */
	return TALK_EOF;
}

static enum talk_end send_huge(const struct talk *t)
{
	char huge[4096] = "C\1\0a\1\0b\1\0c";

	seen->pid = getpid();
	if (send(t->gate, huge, sizeof huge, 0) > 0 && recv(t->gate, huge, sizeof huge, 0) > 0)
		seen->answers++;
	return TALK_EOF;
}

/* Goes on after the gate said that it was the last. */
static enum talk_end insist(const struct talk *t)
{
	struct answer answer;
	struct record r;

	seen->pid = getpid();
	if (!record_fill(&r, BYTES("a"), BYTES("ann"), BYTES("pw")))
		return TALK_EOF;
	for (int i = 0; i < 20 && talk_ask(t, &r, &answer); i++) {
		seen->answers++;
		seen->final += answer.final;
		seen->last = answer.outcome;
	}
	return TALK_EOF;
}

/* Runs the gate with this parser and authenticator; the parser is gone afterwards. */
static void run(enum talk_end (*talk)(const struct talk *), const char *program, const char *ip)
{
	struct protocol protocol = { "gate-test", "imap", "IMAPTAG", talk };
	char name[] = "gate-test", path[32];
	char *argv[] = { name, path, NULL };
	int status;
	pid_t pid;

	snprintf(path, sizeof path, "%s", program);
	memset(seen, 0, sizeof *seen);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		setenv("ROOST_CONF", "/dev/null", 1);
		setenv("LOGIN_FAILURE_DELAY", "0", 1);
		setenv("LOGIN_USER", "60101", 1);
		setenv("WAIT_USER", "60103", 1);
		setenv("TCPREMOTEIP", ip, 1);
		_exit(gate_main(&protocol, 2, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(seen->pid > 0);
	assert_int_equal(kill(seen->pid, 0), -1);
}

static void test_garbage(void **state)
{
	(void)state;
	run(send_garbage, "/bin/false", "127.0.0.1");
	assert_int_equal(seen->answers, 0);
	run(send_huge, "/bin/false", "127.0.0.1");
	assert_int_equal(seen->answers, 0);
}

static void test_insists(void **state)
{
	(void)state;
	run(insist, "/bin/false", "127.0.0.1");
	assert_int_equal(seen->answers, LOGIN_FAILURES_MAX);
	assert_int_equal(seen->final, 1);
	assert_int_equal(seen->last, OUTCOME_FAILED);
	run(insist, "/nonexistent", "127.0.0.1");
	assert_int_equal(seen->answers, LOGIN_ATTEMPTS_MAX);
	assert_int_equal(seen->last, OUTCOME_UNAVAILABLE);
	run(insist, "/bin/true", "127.0.0.1");
	assert_int_equal(seen->answers, 0);
}

/* Whatever the parser thinks, a password from far away is not tried. */
static void test_plaintext(void **state)
{
	(void)state;
	run(insist, "/bin/false", "192.0.2.1");
	assert_int_equal(seen->answers, LOGIN_ATTEMPTS_MAX);
	assert_int_equal(seen->last, OUTCOME_PRIVACY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_insists),
		cmocka_unit_test(test_plaintext),
	};

	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
