/* The reader and the writer: limits, timeouts, errors that stick. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clock.h"
#include "reader.h"

/* ours and the peer's end, over a socket or a pipe each way. */
struct ends {
	int in, out;           /* the program under test reads and writes here */
	int peer_in, peer_out; /* the peer reads and writes here */
};

static struct ends open_ends(bool sockets)
{
	int a[2], b[2];
	if (sockets) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
		return (struct ends){ a[0], a[0], a[1], a[1] };
	}
	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	return (struct ends){ a[0], b[1], b[0], a[1] };
}

static void close_ends(struct ends *e)
{
	close(e->in);
	close(e->peer_out);
	if (e->out != e->in) {
		close(e->out);
		close(e->peer_in);
	}
}

static void feed(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* A reader of 64 bytes that has all of text, then the end. */
static struct reader reader_of(const char *text)
{
	static char mem[64];
	struct reader r;
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	feed(fd[1], text);
	close(fd[1]);
	reader_init(&r, fd[0], mem, sizeof mem, 1000, NULL);
	return r;
}

static void test_lines(void **state)
{
	(void)state;
	struct reader r = reader_of("one\r\ntwo\n\n\r\na\rb\r\r\nlast");
	static const char *const want[] = { "one", "two", "", "", "a\rb\r" };
	struct bytes line;

	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(reader_line(&r, 60, &line), READER_OK);
		assert_true(bytes_is(line, want[i]));
	}
	assert_int_equal(reader_line(&r, 60, &line), READER_EOF);
	assert_bytes(line, "last");
	assert_int_equal(r.total, 22);
	close(r.fd);
}

#define X10 "0123456789"

static void test_line_limit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t max;
		enum reader_status status;
		size_t n;
	} rows[] = {
		{ X10 "\nnext\n", 10, READER_OK, 10 },
		{ X10 "\r\nnext\n", 10, READER_OK, 10 },
		{ X10 "\nnext\n", 9, READER_TOO_LONG, 9 },
		{ X10 "\r\nnext\n", 9, READER_TOO_LONG, 9 },
		{ X10 "\r\r\nnext\n", 10, READER_TOO_LONG, 10 },
		{ X10 "\rx\nnext\n", 10, READER_TOO_LONG, 10 },
		{ X10 X10 X10 X10 X10 X10 "12\r\nnext\n", 62, READER_OK, 62 },
		{ X10 X10 X10 X10 X10 X10 "12\r\nnext\n", 1000, READER_OK, 62 },
		{ X10 X10 X10 X10 X10 X10 "123\r\nnext\n", 62, READER_TOO_LONG, 62 },
		{ X10 X10 X10 X10 X10 X10 "123\nnext\n", 1000, READER_TOO_LONG, 62 },
		{ X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 "\nnext\n", 62,
		  READER_TOO_LONG, 62 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reader r = reader_of(rows[i].text);
		struct bytes line;
		assert_int_equal(reader_line(&r, rows[i].max, &line), rows[i].status);
		assert_true(bytes_eq(line, (struct bytes){ rows[i].text, rows[i].n }));
		if (rows[i].status == READER_TOO_LONG)
			assert_int_equal(reader_skip_line(&r), READER_OK);
		assert_int_equal(reader_line(&r, rows[i].max, &line), READER_OK);
		assert_bytes(line, "next");
		close(r.fd);
	}
}

/* The same text in pieces of every size gives the same lines. */
static void test_line_pieces(void **state)
{
	(void)state;
	static const char text[] = "first line\r\nsecond\nand a third one\r\n";
	for (size_t size = 1; size < sizeof text; size++) {
		int fd[2];
		char mem[64];
		struct reader r;
		struct bytes line;
		static const char *const want[] = { "first line", "second", "and a third one" };
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
		for (size_t at = 0; at < sizeof text - 1; at += size) {
			size_t n = sizeof text - 1 - at < size ? sizeof text - 1 - at : size;
			assert_int_equal(write(fd[1], text + at, n), n);
		}
		reader_init(&r, fd[0], mem, sizeof mem, 1000, NULL);
		for (size_t i = 0; i < COUNT(want); i++) {
			assert_int_equal(reader_line(&r, 20, &line), READER_OK);
			assert_true(bytes_is(line, want[i]));
		}
		close(fd[0]);
		close(fd[1]);
	}
}

/* Many lines through a buffer that holds hardly one. */
static void test_line_moves(void **state)
{
	(void)state;
	char text[4000], mem[24], want[24];
	struct reader r;
	struct bytes line;
	int fd[2];
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		n += (size_t)sprintf(text + n, "%0*d\r\n", 1 + i % 22, i % 7);
	assert_int_equal(pipe(fd), 0);
	feed(fd[1], text);
	reader_init(&r, fd[0], mem, sizeof mem, 1000, NULL);
	for (int i = 0; i < 200; i++) {
		sprintf(want, "%0*d", 1 + i % 22, i % 7);
		assert_int_equal(reader_line(&r, 22, &line), READER_OK);
		assert_true(bytes_is(line, want));
	}
	close(fd[0]);
	close(fd[1]);
}

static void test_literal(void **state)
{
	(void)state;
	char text[400], copy[400];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 26);
	memcpy(text, "{300}\n", 6);
	text[399] = '\0';
	struct reader r = reader_of(text);
	struct bytes line, piece;
	size_t at = 6;

	assert_int_equal(reader_line(&r, 20, &line), READER_OK);
	for (; at < 106; at += piece.n) {
		assert_int_equal(reader_some(&r, 106 - at, &piece), READER_OK);
		assert_in_range(piece.n, 1, 64);
		assert_memory_equal(piece.p, text + at, piece.n);
	}
	assert_int_equal(reader_exact(&r, copy, 200), READER_OK);
	assert_memory_equal(copy, text + at, 200);
	assert_int_equal(reader_skip(&r, 90), READER_OK);
	assert_int_equal(reader_exact(&r, copy, 3), READER_OK);
	assert_memory_equal(copy, text + 396, 3);
	assert_int_equal(reader_skip(&r, 1), READER_EOF);
	assert_int_equal(reader_some(&r, 1, &piece), READER_EOF);
	assert_int_equal(reader_exact(&r, copy, 1), READER_EOF);
	assert_int_equal(reader_skip_line(&r), READER_EOF);
	assert_int_equal(r.total, 399);
	close(r.fd);
}

static void test_read_timeout(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		struct ends e = open_ends(kind & 1);
		char mem[64];
		struct reader r;
		struct bytes line;
		if (kind & 2)
			fcntl(e.in, F_SETFL, O_NONBLOCK);
		reader_init(&r, e.in, mem, sizeof mem, 30, NULL);
		feed(e.peer_out, "half");
		int64_t start = clock_ms();
		assert_int_equal(reader_line(&r, 60, &line), READER_TIMEOUT);
		assert_in_range(clock_ms() - start, 29, 5000);
		feed(e.peer_out, " line\n");
		assert_int_equal(reader_line(&r, 60, &line), READER_OK);
		assert_bytes(line, "half line");
		close_ends(&e);
	}
	char mem[64];
	struct reader r;
	struct bytes line;
	reader_init(&r, 9999, mem, sizeof mem, 30, NULL);
	assert_int_equal(reader_line(&r, 60, &line), READER_ERROR);
	assert_int_equal(errno, EBADF);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void test_read_interrupted(void **state)
{
	(void)state;
	struct ends e = open_ends(true);
	char mem[64];
	struct reader r;
	struct bytes line;

	signal(SIGUSR1, on_signal);
	reader_init(&r, e.in, mem, sizeof mem, 5000, NULL);
	pid_t pid = fork();
	if (pid == 0) {
		clock_sleep_ms(30);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	feed(e.peer_out, "ab");
	assert_int_equal(reader_line(&r, 60, &line), READER_ERROR);
	assert_int_equal(errno, EINTR);
	feed(e.peer_out, "c\n");
	assert_int_equal(reader_line(&r, 60, &line), READER_OK);
	assert_bytes(line, "abc");
	waitpid(pid, NULL, 0);
	close_ends(&e);
}

static void test_wait(void **state)
{
	(void)state;
	struct ends e = open_ends(true), bell = open_ends(false);
	char mem[64];
	struct reader r;
	struct bytes line;

	reader_init(&r, e.in, mem, sizeof mem, 1000, NULL);
	assert_int_equal(reader_wait(&r, -1, 0), 0);
	assert_int_equal(reader_wait(&r, bell.in, 10), 0);
	feed(bell.peer_out, "x");
	assert_int_equal(reader_wait(&r, bell.in, 1000), 2);
	feed(e.peer_out, "a\nb\n");
	assert_int_equal(reader_wait(&r, bell.in, 1000), 3);
	assert_int_equal(reader_wait(&r, -1, 1000), 1);
	assert_int_equal(reader_line(&r, 60, &line), READER_OK);
	assert_true(reader_pending(&r));
	assert_int_equal(reader_wait(&r, -1, 0), 1);
	assert_int_equal(reader_line(&r, 60, &line), READER_OK);
	assert_false(reader_pending(&r));
	close_ends(&e);
	close_ends(&bell);
}

static void test_tied(void **state)
{
	(void)state;
	struct ends e = open_ends(true);
	char in[64], out[512], got[64];
	struct reader r;
	struct writer w;
	struct bytes line;

	writer_init(&w, e.out, out, sizeof out, 1000);
	reader_init(&r, e.in, in, sizeof in, 20, &w);
	feed(e.peer_out, "1\n2\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(reader_line(&r, 60, &line), READER_OK);
		writer_bytes(&w, line);
		/* Answers to pipelined commands wait for each other. */
		assert_int_equal(recv(e.peer_in, got, sizeof got, MSG_DONTWAIT), -1);
	}
	assert_int_equal(reader_line(&r, 60, &line), READER_TIMEOUT);
	assert_int_equal(recv(e.peer_in, got, sizeof got, MSG_DONTWAIT), 2);
	assert_memory_equal(got, "12", 2);
	writer_str(&w, "3");
	assert_int_equal(reader_wait(&r, -1, 0), 0);
	assert_int_equal(recv(e.peer_in, got, sizeof got, MSG_DONTWAIT), 1);
	close_ends(&e);
}

/* All that was written to the other end, read by a child into a file. */
struct sink {
	pid_t pid;
	int result;
};

static struct sink sink_start(struct ends *e)
{
	char path[300];
	struct sink s;
	snprintf(path, sizeof path, "%s/sink", test_dir());
	s.result = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	s.pid = fork();
	if (s.pid == 0) {
		static char p[1 << 16];
		ssize_t n;
		close(e->out);
		close(e->in);
		if (e->peer_out != e->peer_in)
			close(e->peer_out);
		while ((n = read(e->peer_in, p, sizeof p)) > 0)
			if (write(s.result, p, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	return s;
}

static char *sink_finish(struct sink *s, struct ends *e, size_t *n)
{
	int status;
	close_ends(e);
	waitpid(s->pid, &status, 0);
	assert_int_equal(status, 0);
	*n = (size_t)lseek(s->result, 0, SEEK_END);
	char *p = malloc(*n + 1);
	assert_int_equal(pread(s->result, p, *n, 0), *n);
	p[*n] = '\0';
	close(s->result);
	return p;
}

static void test_write_all_ways(void **state)
{
	(void)state;
	for (int sockets = 0; sockets < 2; sockets++) {
		struct ends e = open_ends(sockets);
		struct sink s = sink_start(&e);
		char mem[512], *want = malloc(4 << 20), *large = malloc(1 << 20);
		struct writer w;
		size_t n = 0, got_n;

		memset(large, 'L', 1 << 20);
		writer_init(&w, e.out, mem, sizeof mem, 5000);
		for (size_t size = 0; size < 1400; size += 13) {
			writer_printf(&w, "%zu:", size);
			writer_put(&w, large, size);
			writer_char(&w, ';');
			writer_u64(&w, size);
			writer_str(&w, "");
			char *room = writer_room(&w, 100);
			memset(room, 'r', 100);
			writer_wrote(&w, 100);
			n += (size_t)sprintf(want + n, "%zu:", size);
			memset(want + n, 'L', size);
			n += size;
			n += (size_t)sprintf(want + n, ";%zu", size);
			memset(want + n, 'r', 100);
			n += 100;
		}
		writer_put(&w, large, 1 << 20);
		memset(want + n, 'L', 1 << 20);
		n += 1 << 20;
		writer_printf(&w, "%2000d", 7);
		n += (size_t)sprintf(want + n, "%2000d", 7);
		assert_int_equal(writer_flush(&w), 0);
		assert_int_equal(w.total, n);
		char *got = sink_finish(&s, &e, &got_n);
		assert_int_equal(got_n, n);
		assert_memory_equal(got, want, n);
		free(got);
		free(want);
		free(large);
	}
}

static void test_crlf(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "a", "a" },
		{ "a\nb\n", "a\r\nb\r\n" },
		{ "a\r\nb\r\n", "a\r\nb\r\n" },
		{ "\n", "\r\n" },
		{ "\n\n", "\r\n\r\n" },
		{ "\r\n\n", "\r\n\r\n" },
		{ "a\rb\r\r\nc", "a\rb\r\r\nc" },
		{ "a\r", "a\r" },
		{ "mixed\r\nlines\nof\r\n\nboth", "mixed\r\nlines\r\nof\r\n\r\nboth" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* In two pieces, cut at every place. */
		size_t len = strlen(rows[i].in);
		for (size_t cut = 0; cut <= len; cut++) {
			struct ends e = open_ends(false);
			char mem[512], got[64], last = 0;
			struct writer w;
			struct bytes b = bytes_of(rows[i].in);
			writer_init(&w, e.out, mem, sizeof mem, 1000);
			writer_crlf(&w, bytes_sub(b, 0, cut), &last);
			writer_crlf(&w, bytes_from(b, cut), &last);
			assert_int_equal(last, len ? rows[i].in[len - 1] : 0);
			writer_char(&w, '.');
			assert_int_equal(writer_flush(&w), 0);
			ssize_t n = read(e.peer_in, got, sizeof got);
			assert_true(bytes_eq((struct bytes){ got, (size_t)n - 1 },
					     bytes_of(rows[i].out)));
			close_ends(&e);
		}
	}
}

/* A peer that takes nothing: the timeout holds for blocking descriptors too. */
static void test_write_timeout(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		struct ends e = open_ends(kind & 1);
		char mem[512], *large = calloc(1, 4 << 20);
		struct writer w;
		if (kind & 2)
			fcntl(e.out, F_SETFL, O_NONBLOCK);
		writer_init(&w, e.out, mem, sizeof mem, 30);
		int64_t start = clock_ms();
		writer_put(&w, large, 4 << 20);
		assert_in_range(clock_ms() - start, 29, 5000);
		writer_str(&w, "dropped");
		assert_int_equal(writer_flush(&w), -1);
		assert_int_equal(errno, ETIMEDOUT);
		start = clock_ms();
		writer_put(&w, large, 4 << 20);
		memset(writer_room(&w, 512), 0, 512);
		writer_wrote(&w, 512);
		memset(writer_room(&w, 512), 0, 512);
		writer_wrote(&w, 512);
		assert_int_equal(writer_flush(&w), -1);
		assert_in_range(clock_ms() - start, 0, 25);
		free(large);
		close_ends(&e);
	}
}

static void test_write_to_nobody(void **state)
{
	(void)state;
	for (int sockets = 0; sockets < 2; sockets++) {
		struct ends e = open_ends(sockets);
		char mem[512];
		struct writer w;
		signal(SIGPIPE, sockets ? SIG_DFL : SIG_IGN);
		writer_init(&w, e.out, mem, sizeof mem, 1000);
		close(e.peer_in);
		e.peer_in = sockets ? -1 : dup(0);
		writer_str(&w, "x");
		assert_int_equal(writer_flush(&w), -1);
		assert_int_equal(errno, EPIPE);
		assert_int_equal(w.error, EPIPE);
		e.peer_out = sockets ? dup(0) : e.peer_out;
		close_ends(&e);
	}
	signal(SIGPIPE, SIG_DFL);
}

static void test_no_delay(void **state)
{
	int on = 0, tcp = socket(AF_INET, SOCK_STREAM, 0), pair[2];
	socklen_t size = sizeof on;

	(void)state;
	if (tcp < 0)
		skip(); /* a place without any network */
	assert_int_equal(getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
	assert_int_equal(on, 0);
	writer_no_delay(tcp);
	assert_int_equal(getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
	assert_int_not_equal(on, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	writer_no_delay(pair[0]);
	writer_no_delay(-1);
	close(tcp);
	close(pair[0]);
	close(pair[1]);
}

/* A connection over loopback: ours, the peer's; false where there is no network. */
static bool tcp_pair(int *ours, int *peer)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t size = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof a) < 0)
		return false;
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
	*peer = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*peer, (struct sockaddr *)&a, sizeof a), 0);
	*ours = accept(listener, NULL, NULL);
	assert_true(*ours >= 0);
	close(listener);
	return true;
}

static unsigned unacknowledged(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof info;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	return info.tcpi_unacked;
}

/* A socket that answers delays its ACKs: the literal's would wait for our next answer. */
static void test_ack(void **state)
{
	char mem[64], answer[2];
	int ours = -1, peer = -1;
	struct reader r;

	(void)state;
	if (!tcp_pair(&ours, &peer))
		skip();
	reader_init(&r, ours, mem, sizeof mem, 1000, NULL);
	for (int i = 0; i < 5; i++) {
		struct bytes line;

		feed(peer, "command\n");
		assert_int_equal(reader_line(&r, 20, &line), READER_OK);
		feed(ours, "+\n");
		assert_int_equal(read(peer, answer, 2), 2);
		feed(peer, "literal");
		assert_int_equal(reader_skip(&r, 7), READER_OK);
		reader_ack(&r);
		assert_int_equal(unacknowledged(peer), 0);
	}
	close(ours);
	close(peer);
	r = reader_of("x");
	reader_ack(&r);
	close(r.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_line_pieces),
		cmocka_unit_test(test_line_moves),
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_read_timeout),
		cmocka_unit_test(test_read_interrupted),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_tied),
		cmocka_unit_test(test_write_all_ways),
		cmocka_unit_test(test_crlf),
		cmocka_unit_test(test_write_timeout),
		cmocka_unit_test(test_write_to_nobody),
		cmocka_unit_test(test_no_delay),
		cmocka_unit_test(test_ack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
