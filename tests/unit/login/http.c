/* What is HTTP and what may be a command all the same. */
#include "http.h"

#include "test.h"

static void test_requests(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1",     "POST /a?b HTTP/1.0",   "HEAD http://h HTTP/1.1",
		"OPTIONS * HTTP/1.1", "CONNECT h:1 HTTP/1.1", "PRI * HTTP/2.0",
	};
	static const char *const others[] = {
		"",
		"GET",
		"GET /",
		"GET / ",
		" / HTTP/1.1",
		"GET NOOP",
		"GET HTTP/1.1",
		"GET x HTTP/1.1",
		"get / HTTP/1.1",
		"a1 / HTTP/1.1",
		"GET / HTTP/11",
		"GET / HTTP/1.10",
		"GET / http/1.1",
		"GET / HTTP/1.1 ",
		"GET / HTTP/x.1",
		"A LOGIN x/y HTTP/1.1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		if (!http_is_request(bytes_of(requests[i])))
			fail_msg("not seen: %s", requests[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (http_is_request(bytes_of(others[i])))
			fail_msg("no request: %s", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_requests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
