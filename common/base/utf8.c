/*
 * utf8.c: UTF-8 (RFC 3629) and the modified UTF-7 of mailbox names
 * (RFC 3501 §5.1.3).
 *
 * Strict both ways: no overlong form, no surrogate, nothing above U+10FFFF; a
 * name in modified UTF-7 that is not what we would write for it is refused,
 * because two spellings of one folder would be two folders.
 */
#include "utf8.h"

#include "codec.h"

static bool continuation(struct bytes b, size_t i)
{
	return i < b.n && ((unsigned char)b.p[i] & 0xc0) == 0x80;
}

int32_t utf8_take(struct bytes *b)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)b->p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = n > 1 ? lead & (0x7fu >> n) : lead;

	if (lead > 0xf4)
		n = 0;
	for (size_t i = 1; i < n; i++) {
		if (!continuation(*b, i)) {
			n = 0;
			break;
		}
		c = c << 6 | ((unsigned char)b->p[i] & 0x3f);
	}
	if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		*b = bytes_from(*b, 1);
		return -1;
	}
	*b = bytes_from(*b, n);
	return (int32_t)c;
}

void utf8_put(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xe0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_char(out, (char)(0xf0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

bool utf8_valid(struct bytes b)
{
	while (b.n) {
		if ((unsigned char)b.p[0] < 0x80)
			b = bytes_from(b, 1);
		else if (utf8_take(&b) < 0)
			return false;
	}
	return true;
}

static bool printable(int32_t c)
{
	return c >= 0x20 && c < 0x7f;
}

static void utf16_put(struct buf *out, uint32_t c)
{
	if (c >= 0x10000) {
		c -= 0x10000;
		utf16_put(out, 0xd800 | c >> 10);
		c = 0xdc00 | (c & 0x3ff);
	}
	buf_char(out, (char)(c >> 8));
	buf_char(out, (char)c);
}

/* One run of UTF-16 to UTF-8: whole pairs, and nothing that could have been
 * written plainly. */
static bool utf16_to_utf8(struct buf *out, struct bytes in)
{
	uint32_t high = 0;

	if (in.n == 0 || in.n % 2)
		return false;
	for (size_t i = 0; i < in.n; i += 2) {
		uint32_t c = (uint32_t)(unsigned char)in.p[i] << 8 | (unsigned char)in.p[i + 1];
		bool low = c >= 0xdc00 && c < 0xe000;
		if (low != (high != 0) || printable((int32_t)c))
			return false;
		if (low)
			utf8_put(out, 0x10000 + ((high & 0x3ff) << 10 | (c & 0x3ff)));
		else if (c < 0xd800 || c >= 0xe000)
			utf8_put(out, c);
		high = c >= 0xd800 && c < 0xdc00 ? c : 0;
	}
	return high == 0;
}

/* What stands between '&' and '-'. */
static bool run_to_utf8(struct buf *out, struct bytes run)
{
	struct buf utf16 = BUF_INIT;
	bool ok = base64_decode_utf7(&utf16, run) && utf16_to_utf8(out, buf_view(&utf16));
	buf_free(&utf16);
	return ok;
}

bool utf7_to_utf8(struct buf *out, struct bytes in)
{
	size_t start = out->n;
	bool after_run = false; /* two runs in a row are one run written badly */

	while (in.n) {
		char c = in.p[0];
		size_t end = c == '&' ? bytes_chr(in, '-') : 0;
		bool run = c == '&' && end > 1;
		if (!printable((unsigned char)c) || end == BYTES_NONE || (run && after_run))
			goto bad;
		if (!run)
			buf_char(out, c);
		else if (!run_to_utf8(out, bytes_sub(in, 1, end - 1)))
			goto bad;
		in = bytes_from(in, end + 1);
		after_run = run;
	}
	return true;
bad:
	out->n = start;
	return false;
}

/* Takes what is not printable ASCII off *in and writes it as one run. */
static bool run_from_utf8(struct buf *out, struct bytes *in)
{
	struct buf utf16 = BUF_INIT;
	bool ok = true;

	while (ok && in->n && !printable((unsigned char)in->p[0])) {
		int32_t c = utf8_take(in);
		ok = c >= 0;
		if (ok)
			utf16_put(&utf16, (uint32_t)c);
	}
	if (ok) {
		buf_char(out, '&');
		base64_encode_utf7(out, buf_view(&utf16));
		buf_char(out, '-');
	}
	buf_free(&utf16);
	return ok;
}

bool utf7_from_utf8(struct buf *out, struct bytes in)
{
	size_t start = out->n;

	while (in.n) {
		if (!printable((unsigned char)in.p[0])) {
			if (!run_from_utf8(out, &in)) {
				out->n = start;
				return false;
			}
			continue;
		}
		buf_char(out, in.p[0]);
		if (in.p[0] == '&')
			buf_char(out, '-');
		in = bytes_from(in, 1);
	}
	return true;
}
