/*
 * tickets.c: see tickets.h.
 *
 * The file holds two keys: the newer seals, both open.  Who finds the newer one too old
 * makes a file with a fresh key and that one, under a lock on the directory; who comes
 * second reads what the first made.  A file that is damaged, foreign or readable by
 * others is replaced: that costs clients one full handshake.  A key that is in a file's
 * future (the clock was set back) counts as too old as well.
 *
 * Not known here: secrets that several machines share.
 */
#include "tickets.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "rundir.h"

#define TICKETS_DIR "tls"
#define TICKETS_FILE "tickets"
#define TICKETS_MAGIC "roostk1\n"
#define LOCK_MS 2000 /* somebody replaces the file: that takes a millisecond */
#define KEYS 2

struct key {
	int64_t since; /* seconds since the epoch; 0: none */
	unsigned char name[16], aes[32], mac[32];
};

/* As it is on disk, little-endian. */
struct content {
	char magic[8];
	struct key keys[KEYS]; /* newest first */
	uint32_t crc;          /* of all before */
	uint32_t zero;
};

_Static_assert(sizeof(struct content) == 8 + KEYS * 88 + 8, "the file has no holes");

int64_t (*tickets_clock)(void) = clock_wall;
static struct content now;

static bool whole(const struct content *c)
{
	return memcmp(c->magic, TICKETS_MAGIC, sizeof c->magic) == 0 &&
	       c->crc == crc32c(0, c, offsetof(struct content, crc)) && c->keys[0].since > 0;
}

static bool fresh(const struct key *k)
{
	int64_t age = tickets_clock() - k->since;

	return k->since > 0 && age >= 0 && age < TICKETS_NEW_S;
}

/* Tickets that it sealed may still be used. */
static bool alive(const struct key *k)
{
	int64_t age = tickets_clock() - k->since;

	return k->since > 0 && age >= 0 && age < TICKETS_NEW_S + TICKETS_LIFE_S;
}

/* A key in front; what was in front is the second. */
static void renew(struct content *c)
{
	memcpy(c->magic, TICKETS_MAGIC, sizeof c->magic);
	c->keys[1] = c->keys[0];
	c->keys[0].since = tickets_clock();
	num_random(c->keys[0].name, sizeof c->keys[0].name);
	num_random(c->keys[0].aes, sizeof c->keys[0].aes);
	num_random(c->keys[0].mac, sizeof c->keys[0].mac);
	c->crc = crc32c(0, c, offsetof(struct content, crc));
}

/* RUN_DIR/tls; made, if root may make it. */
static int directory(void)
{
	struct stat st;
	int run = run_dir(NULL), dir;

	if (run < 0)
		return -1;
	if (mkdirat(run, TICKETS_DIR, 0700) < 0 && errno != EEXIST)
		log_debug("tls", "%s: %s", TICKETS_DIR, strerror(errno));
	close(run);
	dir = run_dir(TICKETS_DIR);
	if (dir < 0 || (fstat(dir, &st) == 0 && !(st.st_mode & 077)))
		return dir;
	log_warn("tls", "%s in RUN_DIR can be entered by others: no tickets there", TICKETS_DIR);
	close(dir);
	return -1;
}

/* False: none, or none that we trust. */
static bool read_keys(int dir, struct content *c)
{
	int fd = file_open(dir, TICKETS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct stat st;
	bool ok;

	if (fd < 0)
		return false;
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	     !(st.st_mode & 077) && file_pread_all(fd, c, sizeof *c, 0) == sizeof *c && whole(c);
	close(fd);
	if (!ok)
		explicit_bzero(c, sizeof *c);
	return ok;
}

/* Under the lock: somebody else may have been here before us. */
static bool replace_keys(int dir, struct content *c)
{
	struct bytes content = { (const char *)c, sizeof *c };

	if (file_lock(dir, LOCK_EX, LOCK_MS) != 1)
		return false;
	if (!read_keys(dir, c))
		log_info("tls", "new ticket keys: no session from before is resumed");
	if (!fresh(&c->keys[0])) {
		renew(c);
		if (file_replace(dir, TICKETS_FILE, content, 0600) < 0) {
			log_warn("tls", "ticket keys: %s", strerror(errno));
			explicit_bzero(c, sizeof *c);
		}
	}
	file_unlock(dir);
	return fresh(&c->keys[0]);
}

static bool from_file(void)
{
	int dir = directory();
	bool ok;

	if (dir < 0)
		return false;
	ok = (read_keys(dir, &now) && fresh(&now.keys[0])) || replace_keys(dir, &now);
	close(dir);
	return ok;
}

bool tickets_ready(bool keep)
{
	if (fresh(&now.keys[0]))
		return true;
	if (from_file())
		return true;
	if (keep)
		renew(&now);
	return keep;
}

static int start(const struct key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
		 int sealing)
{
	OSSL_PARAM digest[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_init(mac, k->mac, sizeof k->mac, digest) == 1 &&
	       EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), k->aes, iv, sealing, NULL) == 1;
}

/* 1: go on; 2: go on and give a new ticket, because the key is old or a ticket is
 * for one use only (RFC 8446 §C.4); 0: no such key; -1: failure. */
int tickets_seal(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
		 EVP_MAC_CTX *mac, int sealing)
{
	const struct key *k = &now.keys[0];

	if (sealing) {
		if (k->since == 0)
			return 0;
		memcpy(name, k->name, sizeof k->name);
		num_random(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
		return start(k, iv, cipher, mac, 1) ? 1 : -1;
	}
	while (k < now.keys + KEYS && !(alive(k) && memcmp(name, k->name, sizeof k->name) == 0))
		k++;
	if (k == now.keys + KEYS)
		return 0;
	if (!start(k, iv, cipher, mac, 0))
		return -1;
	return k == now.keys && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

void tickets_forget(void)
{
	explicit_bzero(&now, sizeof now);
}
