/*
 * num.c: decimal and hexadecimal text, a hash, random bytes.
 *
 * Numbers from the wire are whole, unsigned and range-checked: "12x", "-1"
 * and what passes the maximum are refused, never cut.
 */
#include "num.h"

#include <errno.h>
#include <sys/random.h>

#include "log.h"

#define DIGITS_FIT 19 /* so many are no more than UINT64_MAX */

bool num_take(struct bytes *b, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < b->n && ascii_isdigit(b->p[i]); i++) {
		uint64_t digit = (uint64_t)(b->p[i] - '0');
		if (i >= DIGITS_FIT && v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (i == 0 || v > max)
		return false;
	*b = bytes_from(*b, i);
	*value = v;
	return true;
}

bool num_parse(struct bytes b, uint64_t max, uint64_t *value)
{
	uint64_t v;
	if (!num_take(&b, max, &v) || b.n)
		return false;
	*value = v;
	return true;
}

bool num_parse_u32(struct bytes b, uint32_t *value)
{
	uint64_t v;
	if (!num_parse(b, UINT32_MAX, &v))
		return false;
	*value = (uint32_t)v;
	return true;
}

static int hex_digit(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool num_parse_hex(struct bytes b, uint64_t *value)
{
	uint64_t v = 0;

	if (b.n == 0 || b.n > 16)
		return false;
	for (size_t i = 0; i < b.n; i++) {
		int digit = hex_digit(b.p[i]);
		if (digit < 0)
			return false;
		v = v << 4 | (uint64_t)digit;
	}
	*value = v;
	return true;
}

/* 00 to 99: a division for two digits. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";

size_t num_format(char *p, uint64_t v)
{
	char digits[NUM_DIGITS];
	size_t i = NUM_DIGITS;

	for (; v >= 100; v /= 100)
		memcpy(digits + (i -= 2), pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(digits + (i -= 2), pairs + v * 2, 2);
	else
		digits[--i] = (char)('0' + v);
	memcpy(p, digits + i, NUM_DIGITS - i);
	return NUM_DIGITS - i;
}

/* Both halves of a 128-bit product folded into one number. */
static uint64_t mix(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), high = (a >> 32) * (b >> 32);
	uint64_t m = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
	uint64_t k = (a & UINT32_MAX) * (b >> 32) + (m & UINT32_MAX);
	return ((k << 32) | (low & UINT32_MAX)) ^ (high + (m >> 32) + (k >> 32));
#endif
}

uint64_t num_hash_seeded(uint64_t seed, const void *data, size_t n)
{
	/* Odd, about half their bits set: digits of pi and e. */
	const uint64_t k1 = 0x243f6a8885a308d3 + seed, k2 = 0xb7e151628aed2a6b ^ seed;
	const char *p = data;
	uint64_t h = k2 ^ n;

	for (; n > 16; n -= 16, p += 16)
		h = mix(get_le64(p) ^ k1, get_le64(p + 8) ^ h);
	char tail[16] = { 0 };
	if (n)
		memcpy(tail, p, n);
	h = mix(get_le64(tail) ^ k1, get_le64(tail + 8) ^ h);
	return mix(h ^ k2, k1);
}

uint64_t num_hash(const void *p, size_t n)
{
	return num_hash_seeded(0, p, n);
}

void num_random(void *p, size_t n)
{
	for (char *to = p; n;) {
		ssize_t got = getrandom(to, n, 0);
		if (got < 0 && errno != EINTR)
			log_die("random", "getrandom: %s", strerror(errno));
		if (got > 0) {
			to += got;
			n -= (size_t)got;
		}
	}
}
