/* Who is there: what the wrapper says, what the socket says, and which of them counts. */
#include "peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "conf.h"
#include "test.h"

static const char *const variables[] = { "TCPREMOTEIP",  "TCPREMOTEPORT", "TCPLOCALIP",
					 "TCPLOCALPORT", "REMOTE_ADDR",   "REMOTE_PORT",
					 "PROTO",        "TCPREMOTEHOST" };

static void forget(void)
{
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
}

static void check_variable(const char *key, const char *want)
{
	const char *got = getenv(key);

	if (strcmp(got ? got : "", want) != 0)
		fail_msg("%s: %s, not %s", key, got ? got : "(none)", want);
}

/* Both ends of a TCP connection over this loopback address; false: there is none here. */
static bool connected(int family, const char *ip, int fd[2])
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 }, client;
	struct sockaddr_in *in = (struct sockaddr_in *)&a;
	socklen_t n = family == AF_INET ? sizeof *in : sizeof a;
	int listener = socket(family, SOCK_STREAM, 0);

	if (family == AF_INET) {
		in->sin_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, ip, &in->sin_addr), 1);
	} else {
		assert_int_equal(inet_pton(AF_INET6, ip, &a.sin6_addr), 1);
	}
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, n) < 0) {
		close(listener);
		return false;
	}
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	fd[0] = socket(family, SOCK_STREAM, 0);
	client = a;
	client.sin6_port = 0; /* at the same place in both */
	assert_int_equal(bind(fd[0], (struct sockaddr *)&client, n), 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&a, n), 0);
	fd[1] = accept(listener, NULL, NULL);
	close(listener);
	return true;
}

static unsigned local_port(int fd)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin6_port); /* at the same place in both */
}

/* The socket alone: all four facts come from it. */
static void check_socket(int family, const char *ip, const char *shown)
{
	struct peer p;
	char port[8];
	int fd[2];

	if (!connected(family, ip, fd))
		return; /* a machine without IPv6 */
	forget();
	peer_find(&p, fd[1]);
	assert_true(p.local && p.remote.known && p.here.known && !p.tls);
	assert_string_equal(p.ip, shown);
	check_variable("TCPREMOTEIP", shown);
	check_variable("TCPLOCALIP", shown);
	check_variable("PROTO", "TCP");
	snprintf(port, sizeof port, "%u", local_port(fd[0]));
	check_variable("TCPREMOTEPORT", port);
	snprintf(port, sizeof port, "%u", local_port(fd[1]));
	check_variable("TCPLOCALPORT", port);
	close(fd[0]);
	close(fd[1]);
}

static void test_socket(void **state)
{
	(void)state;
	check_socket(AF_INET, "127.0.0.5", "127.0.0.5");
	check_socket(AF_INET6, "::1", "::1");
	check_socket(AF_INET6, "::ffff:127.0.0.6", "127.0.0.6");
}

/* What the wrapper said, for a UNIX socket or for TCP from 127.0.0.1. */
static void test_told(void **state)
{
	static const struct {
		const char *key, *value;
		bool tcp;
		const char *ip;
		bool local;
	} rows[] = {
		{ "TCPREMOTEIP", "127.0.0.1", true, "127.0.0.1", true },
		{ "TCPREMOTEIP", "127.255.0.3", false, "127.255.0.3", true },
		{ "TCPREMOTEIP", "::ffff:127.9.9.9", false, "127.9.9.9", true },
		{ "TCPREMOTEIP", "::1", true, "::1", true },
		{ "TCPREMOTEIP", "128.0.0.1", false, "128.0.0.1", false },
		{ "TCPREMOTEIP", "::ffff:10.0.0.1", true, "10.0.0.1", false },
		{ "TCPREMOTEIP", "2001:DB8:0::0:1", true, "2001:db8::1", false },
		{ "TCPREMOTEIP", "fe80::1%eth0", false, "fe80::1", false },
		{ "TCPREMOTEIP", "127.1", false, "", false },
		{ "TCPREMOTEIP", "localhost", true, "127.0.0.1", false },
		{ "TCPREMOTEIP", "127.0.0.1x", false, "", false },
		{ "TCPREMOTEIP", "", true, "127.0.0.1", true },
		{ "REMOTE_ADDR", "192.0.2.7", true, "192.0.2.7", false },
		{ "REMOTE_ADDR", "::1", false, "::1", true },
		{ "REMOTE_HOST", "192.0.2.7", true, "192.0.2.7", false },
		{ "REMOTE_HOST", "localhost", true, "127.0.0.1", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p;
		int fd[2];

		assert_true(rows[i].tcp ? connected(AF_INET, "127.0.0.1", fd)
					: socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
		forget();
		setenv(rows[i].key, rows[i].value, 1);
		peer_find(&p, fd[1]);
		if (strcmp(p.ip, rows[i].ip) != 0 || p.local != rows[i].local)
			fail_msg("%s=%s: %s, local %d", rows[i].key, rows[i].value, p.ip, p.local);
		check_variable("TCPREMOTEIP", rows[i].ip);
		close(fd[0]);
		close(fd[1]);
	}
}

/* A port belongs to the address it is told with. */
static void test_ports(void **state)
{
	static const struct {
		const char *ip, *port, *want; /* NULL: the socket's */
	} rows[] = {
		{ "127.0.0.1", "", NULL },    { "127.0.0.1", "77", "77" },
		{ "192.0.2.1", "77", "77" },  { "192.0.2.1", "", "" },
		{ "192.0.2.1", "65536", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p;
		char port[8];
		int fd[2];

		assert_true(connected(AF_INET, "127.0.0.1", fd));
		forget();
		setenv("TCPREMOTEIP", rows[i].ip, 1);
		setenv("REMOTE_PORT", rows[i].port, 1);
		peer_find(&p, fd[1]);
		snprintf(port, sizeof port, "%u", local_port(fd[0]));
		check_variable("TCPREMOTEPORT", rows[i].want ? rows[i].want : port);
		close(fd[0]);
		close(fd[1]);
	}
}

static struct end end_at(const char *ip, uint16_t port)
{
	struct end e = { .known = true, .port = port };

	assert_true(address_parse(&e.address, ip));
	return e;
}

static void test_relayed(void **state)
{
	struct end far = end_at("2001:db8::7", 5000), near = end_at("::1", 5001);
	struct end here = end_at("192.0.2.1", 143);
	struct peer p;
	int fd[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(connected(AF_INET, "127.0.0.1", fd));
		forget();
		setenv("TCPREMOTEHOST", "balancer", 1);
		setenv("REMOTE_ADDR", "127.0.0.1", 1);
		peer_find(&p, fd[1]);
		assert_true(p.local);
		peer_relayed(&p, i ? &far : &near, &here, i);
		assert_int_equal(p.local, !i);
		assert_int_equal(p.tls, i);
		assert_string_equal(p.ip, i ? "2001:db8::7" : "::1");
		check_variable("TCPREMOTEIP", p.ip);
		check_variable("TCPREMOTEPORT", i ? "5000" : "5001");
		check_variable("TCPLOCALIP", "192.0.2.1");
		check_variable("TCPLOCALPORT", "143");
		check_variable("TCPREMOTEHOST", "");
		check_variable("REMOTE_ADDR", "");
		close(fd[0]);
		close(fd[1]);
	}
}

/* Every address that is known must be in the list. */
static void test_listed(void **state)
{
	static const struct {
		const char *told;
		bool tcp;
		const char *list;
		bool listed;
	} rows[] = {
		{ "", true, "127.0.0.0/8", true },
		{ "", true, "10.0.0.0/8", false },
		{ "10.1.1.1", true, "10.0.0.0/8", false },
		{ "10.1.1.1", true, "10.0.0.0/8 127.0.0.1", true },
		{ "10.1.1.1", false, "10.0.0.0/8", true },
		{ "10.1.1.1", false, "127.0.0.0/8", false },
		{ "", false, "10.0.0.0/8", true },
		{ "nonsense", false, "0.0.0.0/0 ::/0", false },
		{ "2001:db8::1", false, "2001:db8::/32", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p;
		int fd[2];

		assert_true(rows[i].tcp ? connected(AF_INET, "127.0.0.1", fd)
					: socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
		forget();
		setenv("TCPREMOTEIP", rows[i].told, 1);
		setenv("PEER_TEST", rows[i].list, 1);
		peer_find(&p, fd[1]);
		if (peer_listed(&p, "PEER_TEST", "") != rows[i].listed)
			fail_msg("%s in %s", rows[i].told, rows[i].list);
		close(fd[0]);
		close(fd[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket), cmocka_unit_test(test_told),
		cmocka_unit_test(test_ports),  cmocka_unit_test(test_relayed),
		cmocka_unit_test(test_listed),
	};

	conf_forget();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
