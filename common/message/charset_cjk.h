/*
 * charset_cjk.h: the charsets of China, Japan and Korea.
 */
#ifndef CHARSET_CJK_H
#define CHARSET_CJK_H

#include "bytes.h"

/* Takes one character that begins with a byte above 0x7f off in.  Returns how
 * many bytes it has, the character in *c, 0 if it is ill-formed; 0 if in
 * ends inside it. */
typedef size_t cjk_decoder(struct bytes in, uint32_t *c);
/* SHIFT_JIS, EUC-JP, EUC-KR, GB18030, BIG5; NULL: another. */
cjk_decoder *cjk_find(struct bytes name);

enum cjk_set { CJK_ASCII, CJK_ROMAN, CJK_KANA, CJK_JIS, CJK_KSC, CJK_GB, CJK_BIG5, CJK_OTHER };

/* ISO-2022-JP, -KR, -CN (RFC 1468, 1557, 1922), and HZ (RFC 1843). */
struct cjk_shift {
	bool hz;
	enum cjk_set set; /* what bytes mean now */
	enum cjk_set g1;  /* and behind SO */
};
#define CJK_NOTHING UINT32_MAX /* *c: an escape, no character */
size_t cjk_shift(struct cjk_shift *s, struct bytes in, uint32_t *c);

#endif
