/*
 * transfer.c: content transfer encodings, RFC 2045 §6.7 and §6.8.
 *
 * Forgiving: what isn't base64 is skipped, padding may stand anywhere, an '='
 * that begins nothing stays as it is.  A body may come in pieces cut anywhere:
 * the result is that of the whole.  Encoded-words have a Q of their own, in
 * encword.c.  x-uuencode and other private encodings are left as they are.
 */
#include "ascii.h"
#include "text.h"

enum transfer transfer_of(struct bytes token)
{
	token = bytes_trim(token);
	if (bytes_iis(token, "base64"))
		return TRANSFER_BASE64;
	if (bytes_iis(token, "quoted-printable"))
		return TRANSFER_QP;
	if (token.n == 0 || bytes_iis(token, "7bit") || bytes_iis(token, "8bit") ||
	    bytes_iis(token, "binary"))
		return TRANSFER_NONE;
	return TRANSFER_UNKNOWN;
}

/* --- base64 --- */

#define VALID 0x40
#define V(value) (VALID | (value))

static const uint8_t base64_value[256] = {
	/* 0: foreign */
	['A'] = V(0),  ['B'] = V(1),  ['C'] = V(2),  ['D'] = V(3),  ['E'] = V(4),  ['F'] = V(5),
	['G'] = V(6),  ['H'] = V(7),  ['I'] = V(8),  ['J'] = V(9),  ['K'] = V(10), ['L'] = V(11),
	['M'] = V(12), ['N'] = V(13), ['O'] = V(14), ['P'] = V(15), ['Q'] = V(16), ['R'] = V(17),
	['S'] = V(18), ['T'] = V(19), ['U'] = V(20), ['V'] = V(21), ['W'] = V(22), ['X'] = V(23),
	['Y'] = V(24), ['Z'] = V(25), ['a'] = V(26), ['b'] = V(27), ['c'] = V(28), ['d'] = V(29),
	['e'] = V(30), ['f'] = V(31), ['g'] = V(32), ['h'] = V(33), ['i'] = V(34), ['j'] = V(35),
	['k'] = V(36), ['l'] = V(37), ['m'] = V(38), ['n'] = V(39), ['o'] = V(40), ['p'] = V(41),
	['q'] = V(42), ['r'] = V(43), ['s'] = V(44), ['t'] = V(45), ['u'] = V(46), ['v'] = V(47),
	['w'] = V(48), ['x'] = V(49), ['y'] = V(50), ['z'] = V(51), ['0'] = V(52), ['1'] = V(53),
	['2'] = V(54), ['3'] = V(55), ['4'] = V(56), ['5'] = V(57), ['6'] = V(58), ['7'] = V(59),
	['8'] = V(60), ['9'] = V(61), ['+'] = V(62), ['/'] = V(63),
};

static uint32_t sextet(char c)
{
	return base64_value[(unsigned char)c];
}

/* Whole groups of four, up to the first that has something foreign. */
static size_t base64_groups(struct bytes in, char **to)
{
	size_t i = 0;
	char *o = *to;

	for (; in.n - i >= 4; i += 4) {
		uint32_t a = sextet(in.p[i]), b = sextet(in.p[i + 1]);
		uint32_t c = sextet(in.p[i + 2]), d = sextet(in.p[i + 3]);
		if (!(a & b & c & d))
			break;
		uint32_t v = (a << 18 ^ b << 12 ^ c << 6 ^ d) ^ (VALID << 12 | VALID << 6 | VALID);
		o[0] = (char)(v >> 16);
		o[1] = (char)(v >> 8);
		o[2] = (char)v;
		o += 3;
	}
	*to = o;
	return i;
}

static char *base64_byte(struct transfer_state *s, char c, char *to)
{
	uint32_t v = sextet(c);

	if (c == '=')
		s->nbits = 0;
	if (!v)
		return to;
	s->bits = s->bits << 6 | (v & ~(uint32_t)VALID);
	s->nbits += 6;
	if (s->nbits >= 8) {
		s->nbits -= 8;
		*to++ = (char)(s->bits >> s->nbits);
	}
	return to;
}

static void base64(struct transfer_state *s, struct bytes in, struct buf *out)
{
	char *to = buf_reserve(out, in.n / 4 * 3 + 3);
	if (!to)
		return;
	while (in.n) {
		if (s->nbits == 0)
			in = bytes_from(in, base64_groups(in, &to));
		if (in.n) {
			to = base64_byte(s, in.p[0], to);
			in = bytes_from(in, 1);
		}
	}
	out->n = (size_t)(to - out->p);
}

/* --- quoted-printable ---
 *
 * `held` has what means something else depending on what follows: "=", "=A",
 * "=" and white space, or white space, each perhaps with a CR; a piece may end
 * there.  White space at the end of a line is dropped (§6.7 rule 3) unless it
 * is longer than `held`: `bits` is 1 in such a run. */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static int hex(char c)
{
	unsigned digit = (unsigned)(c - '0'), letter = (unsigned)((c | 0x20) - 'a');
	return digit < 10 ? (int)digit : letter < 6 ? (int)letter + 10 : -1;
}

static void qp_release(struct transfer_state *s, struct buf *out)
{
	buf_add(out, s->held, s->nheld);
	s->nheld = 0;
}

static void qp_start(struct transfer_state *s, char c, struct buf *out)
{
	bool in_run = s->bits && blank(c);

	s->bits = in_run;
	if (c == '=' || (blank(c) && !in_run))
		s->held[s->nheld++] = c;
	else
		buf_char(out, c);
}

/* The byte behind "=X": true if that is all. */
static bool qp_escape(struct transfer_state *s, char c, struct buf *out)
{
	if (hex(c) < 0)
		return false;
	buf_char(out, (char)(hex(s->held[1]) << 4 | hex(c)));
	s->nheld = 0;
	return true;
}

static void qp_newline(struct transfer_state *s, struct buf *out)
{
	bool soft = s->held[0] == '=', cr = s->held[s->nheld - 1] == '\r';

	s->nheld = 0;
	if (!soft && cr)
		buf_char(out, '\r');
	if (!soft)
		buf_char(out, '\n');
}

/* True if c goes on what is held or ends it. */
static bool qp_held(struct transfer_state *s, char c, struct buf *out)
{
	bool escape = s->held[0] == '=';

	if (escape && s->nheld == 2 && hex(s->held[1]) >= 0)
		return qp_escape(s, c, out);
	if (c == '\n') {
		qp_newline(s, out);
		return true;
	}
	bool first_digit = escape && s->nheld == 1 && hex(c) >= 0;
	bool more = s->held[s->nheld - 1] != '\r' && (blank(c) || c == '\r');
	if (!first_digit && !more)
		return false;
	if (s->nheld == sizeof s->held) {
		s->bits = 1;
		return false;
	}
	s->held[s->nheld++] = c;
	return true;
}

static void qp_byte(struct transfer_state *s, char c, struct buf *out)
{
	if (s->nheld) {
		if (qp_held(s, c, out))
			return;
		qp_release(s, out);
	}
	qp_start(s, c, out);
}

#define STRIDE 16 /* so many bytes more than it should may be written by qp_copy */

/* Copies bytes up to the first '=' or LF; returns how many. */
static size_t qp_copy(struct bytes in, char *to)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i eq = _mm_set1_epi8('='), lf = _mm_set1_epi8('\n');
	for (; in.n - i >= STRIDE; i += STRIDE) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(in.p + i));
		_mm_storeu_si128((__m128i *)(void *)(to + i), x);
		int mask = _mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(x, eq), _mm_cmpeq_epi8(x, lf)));
		if (mask)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
#endif
	for (; i < in.n && in.p[i] != '=' && in.p[i] != '\n'; i++)
		to[i] = in.p[i];
	return i;
}

/* Where the white space at the end of line begins, a CR counted with it. */
static size_t qp_run(struct bytes line)
{
	size_t n = line.n;
	if (n && line.p[n - 1] == '\r')
		n--;
	size_t text = n;
	while (text && blank(line.p[text - 1]))
		text--;
	return text == n ? line.n : text;
}

/* Lines up to the next thing that must go through qp_byte; nothing is held.
 * Returns what it took. */
static size_t qp_lines(struct bytes in, char **to)
{
	size_t at = 0;

	while (at < in.n) {
		struct bytes rest = bytes_from(in, at);
		size_t n = qp_copy(rest, *to);
		if (n == rest.n || rest.p[n] == '\n') {
			size_t text = qp_run(bytes_sub(rest, 0, n));
			*to += text;
			at += text;
			if (text < n || n == rest.n)
				break;
			*(*to)++ = '\n';
			at++;
			continue;
		}
		*to += n;
		at += n;
		if (rest.n - n < 3)
			break;
		int hi = hex(rest.p[n + 1]), lo = hex(rest.p[n + 2]);
		if (hi >= 0 && lo >= 0)
			*(*to)++ = (char)(hi << 4 | lo);
		else if (rest.p[n + 1] != '\r' || rest.p[n + 2] != '\n')
			break;
		at += 3;
	}
	return at;
}

static size_t qp_fast(struct bytes in, struct buf *out)
{
	char *to = buf_reserve(out, in.n + STRIDE);

	if (!to)
		return 0;
	size_t n = qp_lines(in, &to);
	out->n = (size_t)(to - out->p);
	return n;
}

static void qp(struct transfer_state *s, struct bytes in, struct buf *out)
{
	while (in.n) {
		if (s->nheld == 0 && !s->bits)
			in = bytes_from(in, qp_fast(in, out));
		if (in.n) {
			qp_byte(s, in.p[0], out);
			in = bytes_from(in, 1);
		}
	}
}

/* A text that ends in "=" ends in a soft line break; one that ends in white
 * space ends a line. */
static void qp_end(struct transfer_state *s, struct buf *out)
{
	bool digit = s->nheld == 2 && s->held[0] == '=' && hex(s->held[1]) >= 0;
	bool cr = s->nheld && s->held[0] != '=' && s->held[s->nheld - 1] == '\r';
	if (digit || cr)
		qp_release(s, out);
}

void transfer_decode(struct transfer_state *s, struct bytes in, bool last, struct buf *out)
{
	if (s->kind == TRANSFER_BASE64)
		base64(s, in, out);
	else if (s->kind == TRANSFER_QP)
		qp(s, in, out);
	else
		buf_bytes(out, in);
	if (last) {
		if (s->kind == TRANSFER_QP)
			qp_end(s, out);
		*s = (struct transfer_state){ .kind = s->kind };
	}
}
