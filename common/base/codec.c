/*
 * codec.c: base64 and hex, RFC 4648 §4 and §8; strict.
 *
 * Modified UTF-7 (RFC 3501 §5.1.3) has ',' for '/' and no padding.  Bits that
 * a last digit has too many must be zero: each octet string has one form.
 */
#include "codec.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+";

static int value_of(char c, char last)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_isdigit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == last ? 63 : -1;
}

static void encode(struct buf *out, struct bytes in, char last, bool pad)
{
	for (size_t i = 0; i < in.n; i += 3) {
		size_t have = in.n - i < 3 ? in.n - i : 3;
		uint32_t bits = 0;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < have ? (unsigned char)in.p[i + k] : 0);
		for (size_t k = 0; k <= have; k++) {
			uint32_t v = bits >> (18 - 6 * k) & 63;
			buf_char(out, v == 63 ? last : digits[v]);
		}
		for (size_t k = have; pad && k < 3; k++)
			buf_char(out, '=');
	}
}

/* Without padding. */
static bool decode(struct buf *out, struct bytes in, char last)
{
	size_t start = out->n;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < in.n; i++) {
		int v = value_of(in.p[i], last);
		if (v < 0)
			goto bad;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_char(out, (char)(bits >> have));
			bits &= (1u << have) - 1;
		}
	}
	if (have < 6 && bits == 0)
		return true;
bad:
	out->n = start;
	return false;
}

void base64_encode(struct buf *out, struct bytes in)
{
	encode(out, in, '/', true);
}

bool base64_decode(struct buf *out, struct bytes in)
{
	if (in.n % 4)
		return false;
	for (int k = 0; k < 2 && in.n && in.p[in.n - 1] == '='; k++)
		in.n--;
	return decode(out, in, '/');
}

void base64_encode_utf7(struct buf *out, struct bytes in)
{
	encode(out, in, ',', false);
}

bool base64_decode_utf7(struct buf *out, struct bytes in)
{
	return decode(out, in, ',');
}

void hex_encode(struct buf *out, struct bytes in)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];
		buf_char(out, hex[c >> 4]);
		buf_char(out, hex[c & 15]);
	}
}
