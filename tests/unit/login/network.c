/* network.c: addresses, lists of networks, keys. */
#include "network.h"

#include "conf.h"
#include "test.h"

static struct address at(const char *text)
{
	struct address a;

	if (!address_parse(&a, text))
		fail_msg("no address: %s", text);
	return a;
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"1.2.3.4/8",
		":::",
		"[::1]",
		"%eth0",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	struct address a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (address_parse(&a, bad[i]))
			fail_msg("an address: %s", bad[i]);
	a = at("192.0.2.1");
	b = at("::ffff:192.0.2.1");
	assert_memory_equal(&a, &b, sizeof a);
	assert_true(address_is_v4(&a));
	a = at("fe80::1%eth0");
	b = at("fe80::1");
	assert_memory_equal(&a, &b, sizeof a);
	assert_false(address_is_v4(&a));
	a = at("::192.0.2.1");
	assert_false(address_is_v4(&a));
}

static void test_keys(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} t[] = { { "192.0.2.1", "::ffff:192.0.2.1", true },
		  { "192.0.2.1", "192.0.2.2", false },
		  { "2001:db8::1", "2001:db8::ffff:0:0:1", true },
		  { "2001:db8::1", "2001:db8:0:1::1", false },
		  { "::1", "127.0.0.1", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct address a = at(t[i].a), b = at(t[i].b);
		a = address_key(&a);
		b = address_key(&b);
		if ((memcmp(&a, &b, sizeof a) == 0) != t[i].same)
			fail_msg("%s, %s", t[i].a, t[i].b);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *list, *address;
		bool listed;
	} t[] = { { NETWORK_LOOPBACK, "127.0.0.1", true },
		  { NETWORK_LOOPBACK, "127.255.255.255", true },
		  { NETWORK_LOOPBACK, "128.0.0.0", false },
		  { NETWORK_LOOPBACK, "126.255.255.255", false },
		  { NETWORK_LOOPBACK, "::ffff:127.0.0.1", true },
		  { NETWORK_LOOPBACK, "::1", true },
		  { NETWORK_LOOPBACK, "::2", false },
		  { "10.1.2.0/23", "10.1.3.255", true },
		  { "10.1.2.0/23", "10.1.4.0", false },
		  { "10.1.2.3/31", "10.1.2.2", true },
		  { "10.1.2.3/32", "10.1.2.3", true },
		  { "10.1.2.3", "10.1.2.2", false },
		  { "0.0.0.0/0", "203.0.113.9", true },
		  { "0.0.0.0/0", "2001:db8::1", false },
		  { "::/0", "2001:db8::1", true },
		  { "::/0", "203.0.113.9", false },
		  { "::ffff:10.0.0.0/104", "10.9.9.9", true },
		  { "::ffff:10.0.0.0/104", "11.9.9.9", false },
		  { "2001:db8:8000::/33", "2001:db8:ffff::1", true },
		  { "2001:db8:8000::/33", "2001:db8:7fff::1", false },
		  { "", "127.0.0.1", false },
		  { " \t, ", "127.0.0.1", false },
		  { "  1.2.3.4,\t5.6.7.8 ", "5.6.7.8", true },
		  { "nonsense 5.6.7.8", "5.6.7.8", true },
		  { "5.6.7.8/33 ::1/129 5.6.7.8/ 5.6.7.8/-1 5.6.7.8/x /8 ::/", "5.6.7.8", false },
		  { "fe80::%eth0/64", "fe80::1", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct address a = at(t[i].address);
		if (network_listed(t[i].list, &a) != t[i].listed)
			fail_msg("%s in %s", t[i].address, t[i].list);
	}
}

static void test_setting(void **state)
{
	struct address a = at("192.0.2.1"), lo = at("::1");

	(void)state;
	conf_forget();
	unsetenv("NETWORK_TEST");
	assert_true(network_setting("NETWORK_TEST", NETWORK_LOOPBACK, &lo));
	assert_false(network_setting("NETWORK_TEST", NETWORK_LOOPBACK, &a));
	setenv("NETWORK_TEST", "192.0.2.0/24 bad/word", 1);
	assert_true(network_setting("NETWORK_TEST", NETWORK_LOOPBACK, &a));
	assert_false(network_setting("NETWORK_TEST", NETWORK_LOOPBACK, &lo));
	setenv("NETWORK_TEST", "", 1);
	assert_false(network_setting("NETWORK_TEST", NETWORK_LOOPBACK, &lo));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
