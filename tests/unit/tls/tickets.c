/* Keys of tickets over time and between processes: what sealed a ticket opens it as long as it
 * may be used, and not longer. */
#include "test.h"

#include <openssl/evp.h>
#include <sys/stat.h>

#include "tickets.h"

static int64_t now = 1000000000;

static int64_t at(void)
{
	return now;
}

struct ticket {
	unsigned char name[16], iv[16];
};

/* As OpenSSL calls it: 0 no such key, otherwise a key was there. */
static int seal(struct ticket *t, int sealing)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl = SSL_new(ctx);
	int result = tickets_seal(ssl, t->name, t->iv, cipher, mac, sealing);

	SSL_free(ssl);
	SSL_CTX_free(ctx);
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(hmac);
	EVP_CIPHER_CTX_free(cipher);
	return result;
}

/* Another process: it has only the file. */
static void another(void)
{
	tickets_forget();
	assert_true(tickets_ready(false));
}

static int set_up(void **state)
{
	(void)state;
	tickets_clock = at;
	setenv("ROOST_CONF", "/dev/null", 1);
	setenv("RUN_DIR", test_dir(), 1);
	return 0;
}

static void test_life(void **state)
{
	struct ticket first, second;

	(void)state;
	another();
	assert_int_equal(seal(&first, 1), 1);
	another();
	assert_true(seal(&first, 0) > 0);
	now += TICKETS_NEW_S - 1;
	another();
	assert_int_equal(seal(&second, 1), 1);
	assert_memory_equal(first.name, second.name, sizeof first.name);
	now += 1;
	another();
	assert_int_equal(seal(&second, 1), 1);
	assert_memory_not_equal(first.name, second.name, sizeof first.name);
	assert_int_equal(seal(&first, 0), 2);
	now += TICKETS_LIFE_S - 1;
	another();
	assert_int_equal(seal(&first, 0), 2);
	now += 1;
	another();
	assert_int_equal(seal(&first, 0), 0);
	assert_true(seal(&second, 0) > 0);
	now += TICKETS_LIFE_S;
	assert_int_equal(seal(&second, 0), 0);
}

/* The clock is set back: keys from its future are no good. */
static void test_clock(void **state)
{
	struct ticket t;

	(void)state;
	another();
	assert_int_equal(seal(&t, 1), 1);
	now -= 100000;
	another();
	assert_int_equal(seal(&t, 0), 0);
	assert_int_equal(seal(&t, 1), 1);
	another();
	assert_true(seal(&t, 0) > 0);
}

static void test_memory(void **state)
{
	struct ticket t;

	(void)state;
	setenv("RUN_DIR", "/nonexistent", 1);
	tickets_forget();
	assert_false(tickets_ready(false));
	assert_int_equal(seal(&t, 1), 0);
	assert_true(tickets_ready(true));
	assert_int_equal(seal(&t, 1), 1);
	now += TICKETS_NEW_S;
	assert_true(tickets_ready(true));
	assert_int_equal(seal(&t, 0), 2);
	setenv("RUN_DIR", test_dir(), 1);
	tickets_forget();
}

static void put(const char *path, size_t n, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	while (n--)
		assert_int_equal(fputc('x', f), 'x');
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Whatever stands in the place of the file, keys are had, and the file is ours alone. */
static void test_foreign(void **state)
{
	char file[512];
	struct stat st;
	struct ticket t;

	(void)state;
	snprintf(file, sizeof file, "%s/tls/tickets", test_dir());
	for (int way = 0; way < 6; way++) {
		unlink(file);
		if (way == 1)
			put(file, 0, 0600);
		else if (way == 2)
			put(file, 192, 0600);
		else if (way == 3)
			put(file, 100000, 0666);
		else if (way == 4)
			assert_int_equal(mkfifo(file, 0600), 0);
		else if (way == 5)
			assert_int_equal(symlink("/etc/passwd", file), 0);
		another();
		assert_int_equal(seal(&t, 1), 1);
		another();
		assert_true(seal(&t, 0) > 0);
		assert_int_equal(lstat(file, &st), 0);
		assert_true(S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0600);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
