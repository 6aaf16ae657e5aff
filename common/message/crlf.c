/*
 * crlf.c: newlines as they are stored and as a client sees them.
 *
 * A message may be stored with LF, CRLF or both; every client sees CRLF
 * (RFC 5322 §2.3).  A CR that stands alone is an ordinary byte.  Bytes are
 * looked at in blocks of 64, as bit masks, so that counting the newlines of a
 * body and finding the lines that may be boundaries is one walk at the speed
 * of memory.
 */
#include "crlf.h"

#include "message.h"

#define BLOCK 64

#ifdef __SSE2__
static inline uint64_t eq16(const char *p, __m128i want)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, want));
}

/* Bit i is set when p[i] == c. */
static inline uint64_t block_eq(const char *p, char c)
{
	const __m128i want = _mm_set1_epi8(c);
	return eq16(p, want) | eq16(p + 16, want) << 16 | eq16(p + 32, want) << 32 |
	       eq16(p + 48, want) << 48;
}
#else
static inline uint64_t block_eq(const char *p, char c)
{
	uint64_t mask = 0;
	for (unsigned i = 0; i < BLOCK; i++)
		mask |= (uint64_t)(p[i] == c) << i;
	return mask;
}
#endif

static inline unsigned ones(uint64_t x)
{
	x -= (x >> 1) & 0x5555555555555555u;
	x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (unsigned)((x * 0x0101010101010101u) >> 56);
}

/* The next 64 bytes; what is missing at the end is zero. */
static inline const char *block_at(const char *p, size_t n, char room[BLOCK])
{
	if (n >= BLOCK)
		return p;
	memset(room, 0, BLOCK);
	memcpy(room, p, n);
	return room;
}

static inline size_t count(const char *p, size_t n, struct crlf_count *c, bool stop_at_dashes)
{
	uint64_t lf_before = 0, cr_before = 0;
	char room[BLOCK];

	for (size_t i = 0; i < n; i += BLOCK) {
		const char *b = block_at(p + i, n - i, room);
		uint64_t lf = block_eq(b, '\n');
		uint64_t bare = lf & ~(block_eq(b, '\r') << 1 | cr_before);
		if (stop_at_dashes) {
			uint64_t dash = block_eq(b, '-');
			uint64_t line = (lf << 1 | lf_before) & dash & (dash >> 1 | 1ull << 63);
			for (; line; line &= line - 1) {
				unsigned k = (unsigned)__builtin_ctzll(line);
				if (n - i - k < 2 || p[i + k + 1] != '-')
					continue;
				uint64_t below = (1ull << k) - 1;
				c->lf += ones(lf & below);
				c->bare += ones(bare & below);
				return i + k;
			}
		}
		c->lf += ones(lf);
		c->bare += ones(bare);
		lf_before = lf >> 63;
		cr_before = b[BLOCK - 1] == '\r';
	}
	return n;
}

void crlf_count(const char *p, size_t n, struct crlf_count *c)
{
	count(p, n, c, false);
}

size_t crlf_count_dashes(const char *p, size_t n, struct crlf_count *c)
{
	return count(p, n, c, true);
}

uint64_t crlf_octets(struct bytes b)
{
	struct crlf_count c = { 0 };
	crlf_count(b.p, b.n, &c);
	return b.n + c.bare;
}

/* Octets that a client sees of p[at..end); whether p[at - 1] is a CR counts. */
static uint64_t octets_between(struct bytes b, size_t at, size_t end)
{
	struct crlf_count c = { 0 };
	crlf_count(b.p + at, end - at, &c);
	bool cut = at > 0 && at < end && b.p[at] == '\n' && b.p[at - 1] == '\r';
	return end - at + c.bare - cut;
}

size_t crlf_offset(struct bytes b, uint64_t skip, bool *split)
{
	enum { STRIDE = 4096 };
	size_t at = 0;

	*split = false;
	for (size_t n; at < b.n; at += n, skip -= octets_between(b, at - n, at)) {
		n = b.n - at < STRIDE ? b.n - at : STRIDE;
		if (octets_between(b, at, at + n) > skip)
			break;
	}
	for (; at < b.n && skip > 0; at++, skip--) {
		bool bare = b.p[at] == '\n' && (at == 0 || b.p[at - 1] != '\r');
		if (!bare)
			continue;
		if (skip == 1) {
			*split = true;
			return at;
		}
		skip--;
	}
	return at;
}
