/* Facts of a TLS server: whole or not, what of them becomes a variable, and what doesn't. */
#include "test.h"

#include "facts.h"

#define TEXT(literal) ((struct bytes){ (literal), sizeof(literal) - 1 })

static void test_status(void **state)
{
	static char huge[FACTS_MAX + 1];

	(void)state;
	assert_int_equal(facts_status(TEXT("")), FACTS_MORE);
	assert_int_equal(facts_status(TEXT("SSL_A=b")), FACTS_MORE);
	assert_int_equal(facts_status(TEXT("SSL_A=b\0")), FACTS_MORE);
	assert_int_equal(facts_status(TEXT("SSL_A=b\0SSL_C=")), FACTS_MORE);
	assert_int_equal(facts_status(TEXT("SSL_A=b\0\0")), FACTS_WHOLE);
	assert_int_equal(facts_status(TEXT("\0")), FACTS_WHOLE);
	assert_int_equal(facts_status(TEXT("SSL_A=b\0\0x")), FACTS_BAD);
	assert_int_equal(facts_status(TEXT("\0\0")), FACTS_BAD);
	assert_int_equal(facts_status(TEXT("SSL_A\0")), FACTS_BAD);
	memset(huge, 'x', sizeof huge);
	assert_int_equal(facts_status((struct bytes){ huge, FACTS_MAX - 1 }), FACTS_MORE);
	assert_int_equal(facts_status((struct bytes){ huge, FACTS_MAX }), FACTS_BAD);
	assert_int_equal(facts_status((struct bytes){ huge, FACTS_MAX + 1 }), FACTS_BAD);
	memcpy(huge, "SSL_A=", 6);
	huge[FACTS_MAX - 2] = huge[FACTS_MAX - 1] = '\0';
	assert_int_equal(facts_status((struct bytes){ huge, FACTS_MAX }), FACTS_WHOLE);
}

static const char *value(const char *name)
{
	const char *v = getenv(name);

	return v ? v : "(none)";
}

static void test_export(void **state)
{
	(void)state;
	setenv("SSL_OLD", "from before", 1);
	setenv("SSL_A", "from before", 1);
	setenv("SSLCTLFD", "10", 1);
	setenv("PLAIN", "stays", 1);
	facts_export(
		TEXT("SSL_A=1\0SSL_A=2\0SSL_EMPTY=\0SSL_UTF8=\xc3\xa4=b\0PATH=/evil\0LD_PRELOAD=x\0"
		     "SSL_LF=a\nb\0SSL_DEL=a\x7f\0SSL-X=1\0SSL_\x01=1\0=x\0SSL=1\0\0"));
	assert_string_equal(value("SSL_A"), "1");
	assert_string_equal(value("SSL_EMPTY"), "");
	assert_string_equal(value("SSL_UTF8"), "\xc3\xa4=b");
	assert_string_equal(value("SSL_OLD"), "(none)");
	assert_string_equal(value("SSL_LF"), "(none)");
	assert_string_equal(value("SSL_DEL"), "(none)");
	assert_string_equal(value("SSL-X"), "(none)");
	assert_string_equal(value("SSL"), "(none)");
	assert_string_equal(value("LD_PRELOAD"), "(none)");
	assert_string_equal(value("SSLCTLFD"), "10");
	assert_string_equal(value("PLAIN"), "stays");
	assert_true(strcmp(value("PATH"), "/evil") != 0);
	facts_clear();
	assert_string_equal(value("SSL_A"), "(none)");
	assert_string_equal(value("PLAIN"), "stays");
}

/* A name or value at its limit and one beyond. */
static void test_limits(void **state)
{
	struct buf m = BUF_INIT;
	char name[FACTS_NAME_MAX + 2], text[FACTS_VALUE_MAX + 1];

	(void)state;
	memset(name, 'N', sizeof name);
	memcpy(name, "SSL_", 4);
	memset(text, 'v', sizeof text);
	name[FACTS_NAME_MAX + 1] = '\0';
	facts_put(&m, name, TEXT("x"));
	assert_int_equal(m.n, 0);
	name[FACTS_NAME_MAX] = '\0';
	facts_put(&m, name, (struct bytes){ text, FACTS_VALUE_MAX + 1 });
	assert_int_equal(m.n, 0);
	facts_put(&m, "OTHER", TEXT("x"));
	facts_put(&m, "SSL_NUL", TEXT("alice\0.example.org"));
	assert_int_equal(m.n, 0);
	facts_put(&m, name, (struct bytes){ text, FACTS_VALUE_MAX });
	facts_end(&m);
	assert_int_equal(facts_status(buf_view(&m)), FACTS_WHOLE);
	facts_export(buf_view(&m));
	assert_int_equal(strlen(value(name)), FACTS_VALUE_MAX);
	buf_free(&m);
}

/* No more variables than that, however many a message has. */
static void test_many(void **state)
{
	struct buf m = BUF_INIT;
	char name[32];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i <= FACTS_VARIABLES; i++) {
		snprintf(name, sizeof name, "SSL_N%u", i);
		facts_put(&m, name, TEXT("1"));
	}
	facts_end(&m);
	facts_export(buf_view(&m));
	for (unsigned i = 0; i <= FACTS_VARIABLES; i++) {
		snprintf(name, sizeof name, "SSL_N%u", i);
		n += getenv(name) != NULL;
	}
	assert_int_equal(n, FACTS_VARIABLES);
	buf_free(&m);
}

static void test_read(void **state)
{
	static const char text[] = "SSL_A=b\0\0";
	static struct facts f;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	for (size_t i = 0; i < sizeof text - 1; i++) {
		assert_int_equal(write(p[1], text + i, 1), 1);
		assert_int_equal(facts_read(&f, p[0]),
				 i + 1 == sizeof text - 1 ? FACTS_WHOLE : FACTS_MORE);
	}
	f.n = 0;
	assert_int_equal(write(p[1], "SSL_A=b", 7), 7);
	close(p[1]);
	assert_int_equal(facts_read(&f, p[0]), FACTS_MORE);
	assert_int_equal(facts_read(&f, p[0]), FACTS_BAD);
	close(p[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status), cmocka_unit_test(test_export),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_many),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
