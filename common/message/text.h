/*
 * text.h: from the bytes of a message to text a person would search in.
 *
 * RFC 2047 encoded-words, content transfer encodings, charsets (iconv) and a
 * case folding after i;unicode-casemap (RFC 5051).
 */
#ifndef TEXT_H
#define TEXT_H

#include "message.h"

/* --- content transfer encodings (transfer.c), RFC 2045 §6; forgiving --- */
enum transfer { TRANSFER_NONE, TRANSFER_BASE64, TRANSFER_QP, TRANSFER_UNKNOWN };
enum transfer transfer_of(struct bytes token); /* 7bit, 8bit, binary, "" -> NONE */

/* A decoder that is fed pieces; state carries what a piece boundary cuts. */
struct transfer_state {
	enum transfer kind;
	uint32_t bits;
	unsigned nbits;
	char held[80];
	size_t nheld;
};
void transfer_decode(struct transfer_state *s, struct bytes in, bool last, struct buf *out);

/* --- charsets (charset.c) --- */
struct charset;
/* NULL: unknown.  Owned by a small table in the process, never freed.
 * US-ASCII, UTF-8 and ISO-8859-1 cost no iconv.  One text at a time each. */
struct charset *charset_find(struct bytes name);
/* Appends UTF-8; ill-formed input gives U+FFFD and goes on.  Stateful: call
 * with last at the end of a text. */
void charset_to_utf8(struct charset *c, struct bytes in, bool last, struct buf *out);
/* A whole text at once.  False if some of it was ill-formed. */
bool charset_text(struct charset *c, struct bytes in, struct buf *out);
/* Forgets what came before: for who stops in the middle of a text. */
void charset_reset(struct charset *c);
/* For text whose charset is missing, unknown or US-ASCII: UTF-8, and what is
 * ill-formed in it as windows-1252. */
struct charset *charset_guess(void);
/* True if the text needs no conversion. */
bool charset_is_utf8(const struct charset *c, struct bytes in);

/* --- encoded-words (encword.c), RFC 2047 §5-6, RFC 2231 §5 --- */
/* A header field's value as UTF-8: unfolded, encoded-words decoded (white
 * space between two of them dropped; no CR, LF or NUL comes out of one), raw
 * 8-bit taken as charset_guess does. */
void header_decode(struct buf *out, struct bytes value);
/* The value without its newlines; a tab behind one becomes a space, and so does
 * one that folds nothing. */
void header_unfold(struct buf *out, struct bytes value);

/* --- folding for comparison (casemap.c), RFC 5051 --- */
/* Appends UTF-8 with titlecase and full compatibility decomposition applied
 * per character; ill-formed bytes pass through. */
void casemap(struct buf *out, struct bytes utf8);
/* The first character at or behind `from` that is not ASCII, but has ASCII in its
 * mapping (a letter with an accent, a ligature): its offset or BYTES_NONE. */
size_t casemap_hidden(struct bytes utf8, size_t from, size_t *length, struct bytes *mapping);

/* --- subject and threads (subject.c) --- */
/* Base subject of RFC 5256 §2.1 from a raw Subject value: UTF-8, not folded
 * for case.  *reply is true for a reply or forward (may be NULL). */
void subject_base(struct buf *out, struct arena *scratch, struct bytes value, bool *reply);
/* Message-IDs of a References, In-Reply-To or Message-ID value, normalised
 * (quoted local part undone), without <>; returns how many, at most max. */
size_t msgid_list(struct arena *a, struct bytes value, struct bytes *ids, size_t max);

/* --- searching (search_text.c), RFC 3501 §6.4.4: substring, case ignored --- */
struct needle;
/* The string in a charset: NULL if the charset is unknown or the string is ill-formed
 * in it.  An empty string matches everything. */
struct needle *needle_new(struct arena *a, struct bytes string, struct bytes charset);
/* In a header value after decoding. */
bool needle_in_header(const struct needle *k, struct bytes value);
/* In UTF-8 text. */
bool needle_in_text(const struct needle *k, struct bytes utf8);
/* In the text parts' decoded bodies, and, with headers, in all headers incl.
 * those of parts: BODY and TEXT.  Fast on the plain case: ASCII needles are looked for
 * in the raw bytes of 7bit/8bit parts without a copy. */
bool needle_in_message(const struct needle *k, struct arena *scratch, const struct message *m,
		       bool headers);

#endif
