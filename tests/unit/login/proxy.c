/* Headers of the PROXY protocol, the text's own examples first, as bytes and over sockets. */
#include "proxy.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "conf.h"
#include "num.h"
#include "signals.h"
#include "test.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\0\2\1\xc0\0\2\2\x12\x34\0\x8f" /* 192.0.2.1:4660 to 192.0.2.2:143 */
#define SSL "\x20\0\5\1\0\0\0\0"

static void check_end(const struct address *a, uint16_t port, const char *ip, uint16_t want)
{
	char text[ADDRESS_TEXT];

	address_text(a, text);
	assert_string_equal(text, ip);
	assert_int_equal(port, want);
}

static void test_v1(void **state)
{
	static const struct {
		const char *line, *source, *target;
		uint16_t source_port, target_port;
	} rows[] = {
		{ "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255",
		  "255.255.255.255", 65535, 65535 },
		{ "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, 65535 },
		{ "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443", "192.168.0.1", "192.168.0.11",
		  56324, 443 },
		{ "PROXY TCP6 2001:db8::1 ::1 0 1", "2001:db8::1", "::1", 0, 1 },
		{ "PROXY TCP6 ::ffff:192.0.2.1 ::1 7 8", "192.0.2.1", "::1", 7, 8 },
	};
	struct proxy p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(proxy_v1(&p, bytes_of(rows[i].line)));
		assert_true(p.relayed && !p.tls);
		check_end(&p.source, p.source_port, rows[i].source, rows[i].source_port);
		check_end(&p.target, p.target_port, rows[i].target, rows[i].target_port);
	}
	assert_true(proxy_v1(&p, BYTES("PROXY UNKNOWN")) && !p.relayed);
	assert_true(proxy_v1(&p, BYTES("PROXY UNKNOWN ffff:f...f:ffff x 65535 \1")) && !p.relayed);
}

static void test_v1_bad(void **state)
{
	static const struct bytes rows[] = {
		BYTES(""),
		BYTES("PROXY"),
		BYTES("PROXY "),
		BYTES("PROXY UNKNOWNX"),
		BYTES("proxy TCP4 1.2.3.4 1.2.3.4 1 2"),
		BYTES("PROXY TCP5 1.2.3.4 1.2.3.4 1 2"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 "),
		BYTES("PROXY TCP4  1.2.3.4 1.2.3.4 1 2"),
		BYTES("PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2"),
		BYTES("PROXY TCP4 1.2.3 1.2.3.4 1 2"),
		BYTES("PROXY TCP4 1.2.3.256 1.2.3.4 1 2"),
		BYTES("PROXY TCP4 ::1 1.2.3.4 1 2"),
		BYTES("PROXY TCP6 1.2.3.4 ::1 1 2"),
		BYTES("PROXY TCP6 fe80::1%2 ::1 1 2"),
		BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2"),
		BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r"),
		BYTES("PROXY TCP4 0.0.0.0 1.2.3.4 1 2"),
		BYTES("PROXY TCP6 :: ::1 1 2"),
	};
	struct proxy p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (proxy_v1(&p, rows[i]))
			fail_msg("taken: %.*s", (int)rows[i].n, rows[i].p);
}

/* A header of version 2: command and family, and what follows; its length is right. */
static size_t put_v2(char *out, int command, int family, struct bytes rest)
{
	memcpy(out, SIGNATURE, 12);
	out[12] = (char)command;
	out[13] = (char)family;
	out[14] = (char)(rest.n >> 8);
	out[15] = (char)rest.n;
	memcpy(out + 16, rest.p, rest.n);
	return 16 + rest.n;
}

static bool v2(struct proxy *p, int command, int family, struct bytes rest)
{
	char header[PROXY_V2_MAX];

	return proxy_v2(p, (struct bytes){ header, put_v2(header, command, family, rest) });
}

static void test_v2(void **state)
{
	static const char v6[] = "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
				 "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\2\x12\x34\0\x8f";
	struct proxy p;

	(void)state;
	assert_true(v2(&p, 0x21, 0x11, BYTES(V4)) && p.relayed && !p.tls);
	check_end(&p.source, p.source_port, "192.0.2.1", 0x1234);
	check_end(&p.target, p.target_port, "192.0.2.2", 143);
	assert_true(v2(&p, 0x21, 0x21, BYTES(v6)) && p.relayed);
	check_end(&p.source, p.source_port, "2001:db8::1", 0x1234);
	check_end(&p.target, p.target_port, "192.0.2.2", 143);
	/* TLVs: NOOP, one that nobody knows, TLS by the client, TLS not by it */
	assert_true(v2(&p, 0x21, 0x11, BYTES(V4 "\4\0\0\xee\0\3abc")) && !p.tls);
	assert_true(v2(&p, 0x21, 0x11, BYTES(V4 "\4\0\2xx" SSL)) && p.tls);
	assert_true(v2(&p, 0x21, 0x11, BYTES(V4 "\x20\0\x0c\7\0\0\0\1\x21\0\4TLSv")) && p.tls);
	assert_true(v2(&p, 0x21, 0x11, BYTES(V4 "\x20\0\5\6\0\0\0\0")) && !p.tls);
	/* nobody is named, and then TLS means nothing either */
	assert_true(v2(&p, 0x20, 0x11, BYTES(V4 SSL)) && !p.relayed && !p.tls);
	assert_true(v2(&p, 0x20, 0, BYTES("")) && !p.relayed);
	assert_true(v2(&p, 0x20, 0x99, BYTES("what LOCAL carries")) && !p.relayed);
	assert_true(v2(&p, 0x21, 0, BYTES("")) && !p.relayed);
	assert_true(v2(&p, 0x21, 0x31, BYTES(V4 V4 SSL)) && !p.relayed && !p.tls);
}

static void test_v2_bad(void **state)
{
	static const struct {
		int command, family;
		struct bytes rest;
	} rows[] = {
		{ 0x22, 0x11, BYTES(V4) },
		{ 0x11, 0x11, BYTES(V4) },
		{ 0x31, 0x11, BYTES(V4) },
		{ 0x21, 0x12, BYTES(V4) },
		{ 0x21, 0x10, BYTES(V4) },
		{ 0x21, 0x41, BYTES(V4) },
		{ 0x21, 0x21, BYTES(V4) },
		{ 0x21, 0x11, BYTES("\xc0\0\2\1\xc0\0\2\2\x12\x34\0") },
		{ 0x21, 0x11, BYTES("\0\0\0\0\xc0\0\2\2\x12\x34\0\x8f") },
		{ 0x21, 0x11, BYTES(V4 "\4") },
		{ 0x21, 0x11, BYTES(V4 "\4\0") },
		{ 0x21, 0x11, BYTES(V4 "\4\0\1") },
		{ 0x21, 0x11, BYTES(V4 "\4\xff\xff") },
		{ 0x21, 0x11, BYTES(V4 "\x20\0\4\1\0\0\0") },
		{ 0x21, 0x11, BYTES(V4 "\3\0\3\0\0\0") },
		{ 0x21, 0x11, BYTES(V4 "\3\0\4\0\0\0\0") },
	};
	char header[64];
	struct proxy p;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (v2(&p, rows[i].command, rows[i].family, rows[i].rest))
			fail_msg("row %zu was taken", i);
	n = put_v2(header, 0x21, 0x11, BYTES(V4));
	assert_false(proxy_v2(&p, (struct bytes){ header, n - 1 }));
	assert_false(proxy_v2(&p, (struct bytes){ header, n + 1 }));
	assert_false(proxy_v2(&p, (struct bytes){ header, 15 }));
	for (size_t i = 0; i < 12; i++) {
		header[i] ^= 1;
		assert_int_equal(proxy_v2_length(header), 0);
		header[i] ^= 1;
	}
}

static void test_v2_limit(void **state)
{
	static char rest[PROXY_V2_MAX] = V4 "\4";
	size_t most = PROXY_V2_MAX - PROXY_V2_HEAD, tlv = most - 12 - 3;
	char head[16];
	struct proxy p;

	(void)state;
	rest[13] = (char)(tlv >> 8);
	rest[14] = (char)tlv;
	assert_true(v2(&p, 0x21, 0x11, (struct bytes){ rest, most }));
	put_v2(head, 0x21, 0x11, BYTES(""));
	head[14] = (char)((most + 1) >> 8);
	head[15] = (char)(most + 1);
	assert_int_equal(proxy_v2_length(head), 0);
}

static void test_checksum(void **state)
{
	char header[64];
	size_t n = put_v2(header, 0x21, 0x11, BYTES(V4 "\3\0\4\0\0\0\0" SSL));
	uint32_t crc = crc32c(0, header, n);
	struct proxy p;

	(void)state;
	for (int i = 0; i < 4; i++)
		header[16 + 12 + 3 + i] = (char)(crc >> (24 - 8 * i));
	assert_true(proxy_v2(&p, (struct bytes){ header, n }) && p.tls);
	for (size_t i = 16; i < n; i++) {
		if (i == 28)
			i += 3; /* says that there is a checksum */
		header[i] ^= 4;
		assert_false(proxy_v2(&p, (struct bytes){ header, n }));
		header[i] ^= 4;
	}
}

/* What a relayed connection's gate sees of these bytes on fd 0, and what is left there. */
static enum proxy_end accepted(struct bytes header, bool end, struct peer *peer, char rest[8])
{
	struct jail j;
	enum proxy_end result;
	int fd[2], saved = dup(0);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(write(fd[0], header.p, header.n), header.n);
	if (end)
		shutdown(fd[0], SHUT_WR);
	assert_int_equal(dup2(fd[1], 0), 0);
	close(fd[1]);
	jail_find(&j);
	peer_find(peer, 0);
	result = proxy_accept(peer, &j);
	memset(rest, 0, 8);
	(void)!recv(0, rest, 7, MSG_DONTWAIT);
	dup2(saved, 0);
	close(saved);
	close(fd[0]);
	return result;
}

static void check_accept(struct bytes header, bool end, enum proxy_end want, const char *ip,
			 const char *left)
{
	struct peer peer;
	char rest[8];
	enum proxy_end got;

	unsetenv("TCPREMOTEIP");
	got = accepted(header, end, &peer, rest);
	if (got != want || (want == PROXY_DONE && strcmp(peer.ip, ip) != 0) ||
	    strcmp(rest, left) != 0)
		fail_msg("%.*s: %d, %s, \"%s\"", (int)header.n, header.p, got, peer.ip, rest);
}

/* Not a byte too many, in either form; a bad header is not read to the end. */
static void test_accept(void **state)
{
	(void)state;
	check_accept(BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\na NOOP"), false, PROXY_DONE,
		     "192.0.2.1", "a NOOP");
	check_accept(BYTES("PROXY UNKNOWN\r\nx"), false, PROXY_DONE, "", "x");
	check_accept(BYTES(SIGNATURE "\x21\x11\0\x0c" V4 "a NOOP"), false, PROXY_DONE, "192.0.2.1",
		     "a NOOP");
	check_accept(BYTES(SIGNATURE "\x20\0\0\0a"), false, PROXY_DONE, "", "a");
	check_accept(BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nx"), false, PROXY_BAD, "", "x");
	check_accept(BYTES("a LOGIN x y\r\n"), false, PROXY_BAD, "", " LOGIN ");
	check_accept(BYTES("PROXY TCP4 192."), true, PROXY_EOF, "", "");
	check_accept(BYTES(SIGNATURE "\x21\x11\0\x0c"
				     "x"),
		     true, PROXY_EOF, "", "");
	check_accept(BYTES(""), true, PROXY_EOF, "", "");
	check_accept(BYTES("\r\n\r\n\0\r\nQUIT!\x21\x11\0\0z"), false, PROXY_BAD, "", "z");
}

static void test_accept_limit(void **state)
{
	static char line[PROXY_V1_MAX + 2];
	struct bytes all = { line, PROXY_V1_MAX };

	(void)state;
	memset(line, 'x', sizeof line);
	memcpy(line, "PROXY UNKNOWN ", 14);
	memcpy(line + PROXY_V1_MAX - 2, "\r\n", 2);
	check_accept(all, false, PROXY_DONE, "", "");
	memset(line + PROXY_V1_MAX - 2, 'x', 2);
	memcpy(line + PROXY_V1_MAX - 1, "\r\n", 2);
	all.n++;
	check_accept(all, false, PROXY_BAD, "", "\n");
}

/* Who may not send a header is not listened to. */
static void test_stranger(void **state)
{
	struct peer peer;
	char rest[8];

	(void)state;
	setenv("TCPREMOTEIP", "192.0.2.9", 1);
	assert_int_equal(accepted(BYTES("PROXY "), true, &peer, rest), PROXY_STRANGER);
	assert_string_equal(rest, "PROXY ");
	setenv("PROXY_TRUSTED", "192.0.2.0/24", 1);
	assert_int_equal(accepted(BYTES("PROXY UNKNOWN\r\nx"), true, &peer, rest), PROXY_DONE);
	assert_string_equal(rest, "x");
	unsetenv("PROXY_TRUSTED");
}

static void test_late(void **state)
{
	(void)state;
	check_accept(BYTES("PROXY TCP4"), false, PROXY_LATE, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),       cmocka_unit_test(test_v1_bad),
		cmocka_unit_test(test_v2),       cmocka_unit_test(test_v2_bad),
		cmocka_unit_test(test_v2_limit), cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_accept),   cmocka_unit_test(test_accept_limit),
		cmocka_unit_test(test_stranger), cmocka_unit_test(test_late),
	};

	conf_forget();
	setenv("LOGIN_USER", "60101", 1);
	setenv("WAIT_USER", "60103", 1);
	signals_catch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
