/*
 * crc32c.c: CRC-32C (Castagnoli, reflected 0x1EDC6F41), eight bytes a step.
 *
 * The tables are constants, so that no process computes or owns them.  A CRC
 * is linear: each entry is the sum of those of its bits, so eight numbers
 * give a table of 256.  SSE4.2 has an instruction that is faster still, but
 * asking for it (CPUID) traps in a virtual machine and costs as much as some
 * 16 KiB of table look-ups: only a process that has worked through more asks.
 */
#include "num.h"

/* clang-format off */
#define BIT(i, b, v) ((i) >> (b) & 1 ? (v) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                 \
	(BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^      \
	 BIT(i, 5, f) ^ BIT(i, 6, g) ^ BIT(i, 7, h))
#define ENTRIES4(i, ...)                                                                 \
	ENTRY(i, __VA_ARGS__), ENTRY(i + 1, __VA_ARGS__), ENTRY(i + 2, __VA_ARGS__),     \
		ENTRY(i + 3, __VA_ARGS__)
#define ENTRIES16(i, ...)                                                                \
	ENTRIES4(i, __VA_ARGS__), ENTRIES4(i + 4, __VA_ARGS__), ENTRIES4(i + 8, __VA_ARGS__), \
		ENTRIES4(i + 12, __VA_ARGS__)
#define ENTRIES64(i, ...)                                                                \
	ENTRIES16(i, __VA_ARGS__), ENTRIES16(i + 16, __VA_ARGS__),                       \
		ENTRIES16(i + 32, __VA_ARGS__), ENTRIES16(i + 48, __VA_ARGS__)
#define TABLE(...)                                                                       \
	{                                                                                \
		ENTRIES64(0, __VA_ARGS__), ENTRIES64(64, __VA_ARGS__),                   \
			ENTRIES64(128, __VA_ARGS__), ENTRIES64(192, __VA_ARGS__)         \
	}

/* table[k][i]: byte i followed by k zero bytes; the numbers are those of the
 * bytes 1, 2, 4 ... 128. */
static const uint32_t table[8][256] = {
	TABLE(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
	      0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	TABLE(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
	      0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	TABLE(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
	      0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	TABLE(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
	      0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	TABLE(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
	      0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	TABLE(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
	      0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	TABLE(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
	      0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	TABLE(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
	      0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};
/* clang-format on */

static uint32_t crc_table(uint32_t crc, const unsigned char *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t a = get_le32(p) ^ crc, b = get_le32(p + 4);
		crc = table[7][a & 255] ^ table[6][a >> 8 & 255] ^ table[5][a >> 16 & 255] ^
		      table[4][a >> 24] ^ table[3][b & 255] ^ table[2][b >> 8 & 255] ^
		      table[1][b >> 16 & 255] ^ table[0][b >> 24];
	}
	for (; n; n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return crc;
}

#ifdef __x86_64__
#include <cpuid.h>
#include <nmmintrin.h>

#define CRC_ASK (16 * 1024) /* bytes before CPUID is worth its price */

__attribute__((target("sse4.2"))) static uint32_t crc_instruction(uint32_t crc,
								  const unsigned char *p, size_t n)
{
	uint64_t wide = crc;
	for (; n >= 32; n -= 32, p += 32) {
		wide = _mm_crc32_u64(wide, get_le64(p));
		wide = _mm_crc32_u64(wide, get_le64(p + 8));
		wide = _mm_crc32_u64(wide, get_le64(p + 16));
		wide = _mm_crc32_u64(wide, get_le64(p + 24));
	}
	for (; n >= 8; n -= 8, p += 8)
		wide = _mm_crc32_u64(wide, get_le64(p));
	crc = (uint32_t)wide;
	if (n & 4) {
		crc = _mm_crc32_u32(crc, get_le32(p));
		p += 4;
	}
	for (n &= 3; n; n--)
		crc = _mm_crc32_u8(crc, *p++);
	return crc;
}

static bool cpu_has_crc(void)
{
	unsigned a, b, c, d;
	__cpuid(1, a, b, c, d);
	(void)a, (void)b, (void)d;
	return c & bit_SSE4_2;
}

static enum { UNKNOWN, NO, YES } instruction;

/* As long as it isn't known to be there. */
static uint32_t crc_ask(uint32_t crc, const unsigned char *p, size_t n)
{
	static size_t done;

	if (instruction == UNKNOWN) {
		done = n < CRC_ASK - done ? done + n : CRC_ASK;
		if (done == CRC_ASK)
			instruction = cpu_has_crc() ? YES : NO;
	}
	return crc_table(crc, p, n);
}

static inline uint32_t crc_any(uint32_t crc, const unsigned char *p, size_t n)
{
	return instruction == YES ? crc_instruction(crc, p, n) : crc_ask(crc, p, n);
}
#else
#define crc_any crc_table
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
	return ~crc_any(~crc, p, n);
}
