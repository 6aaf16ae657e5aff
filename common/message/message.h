/*
 * message.h: one pass over the bytes of a message yields its part tree.
 *
 * RFC 5322, RFC 2045, RFC 2046.  The message is in memory as a whole (read or
 * mapped); nothing is copied, every view points into it and lives as long as
 * the bytes do; nodes live in the arena given.
 *
 * Messages are stored with LF or CRLF or a mixture.  Every count named
 * "octets" is what the client sees: as if each line ended in CRLF.  Offsets
 * named "_at" are into the stored bytes.  NUL and 8-bit bytes are bytes.
 *
 * Nothing is ever refused: beyond a limit a message is still served, only
 * its structure is cut (what lies deeper is one leaf), and `cut` is set.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "arena.h"
#include "buf.h"

/* Limits; each protects memory and time against a hostile message. */
#define MESSAGE_DEPTH_MAX 100         /* nested multiparts and message/rfc822 */
#define MESSAGE_PARTS_MAX 10000       /* parts in all */
#define MESSAGE_FIELDS_MAX 100000     /* header fields in all */
#define MESSAGE_PARAMS_MAX 100000     /* Content-Type parameters in all */
#define MESSAGE_HEADER_MAX (8u << 20) /* bytes of one header looked at for fields */
#define MESSAGE_BOUNDARY_MAX 200      /* RFC 2046 says 70; real mail passes it */

struct field {
	struct bytes name;  /* without white space before the colon; n == 0: a line that is no
			     * field (no colon, mbox's "From ") */
	struct bytes value; /* behind the colon, folded as stored, without the last newline */
	struct bytes line;  /* all of it, newlines included */
};

/* A parameter of Content-Type or Content-Disposition, RFC 2231 continuations
 * joined.  `extended`: value is still charset'lang'%-encoded as a whole, and
 * the name is shown with its '*'. */
struct param {
	struct bytes name;
	struct bytes value; /* unquoted */
	bool extended;
	struct param *next;
};

enum part_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

struct part {
	struct part *parent, *child, *next;
	enum part_kind kind;
	uint32_t number; /* 1, 2... below a multipart; 1 below a message */
	uint32_t depth;

	size_t head_at, body_at, end_at; /* header, body, first byte behind */
	uint64_t head_octets;            /* the header with its empty line */
	uint64_t body_octets;
	uint64_t body_lines; /* newlines in the body, RFC 3501 "size in text lines" */

	struct field *fields;
	size_t nfields;

	struct bytes type, subtype; /* "text","plain" by default; "message","rfc822"
					 * below multipart/digest; as written otherwise */
	struct param *params;
	struct bytes encoding; /* Content-Transfer-Encoding's token; n == 0: none */
};

struct message {
	struct bytes raw;
	struct part *root;
	uint64_t octets; /* RFC822.SIZE */
	uint64_t lines;
	bool bare_lf; /* some line ends without a CR: octets > raw.n */
	bool cut;     /* a limit was met */
};

/* Never fails. */
void message_parse(struct arena *a, struct bytes raw, struct message *m);
/* Header fields only, up to the empty line: for FETCH of a header without
 * touching the body.  root has fields and head_* set, and body_at and end_at
 * where the header ends; all else is zero. */
void message_parse_header(struct arena *a, struct bytes raw, struct message *m);
/* How long the header with its empty line is; 0: there is no empty line in these bytes, and what
 * follows them may belong to the header. */
size_t message_header_length(struct bytes raw);

/* The first field of that name (ASCII case ignored), or NULL. */
const struct field *part_field(const struct part *p, const char *name);
const struct field *part_field_next(const struct part *p, const struct field *after);

/* Its type is message/rfc822 or message/global (RFC 9051 §7.5.2).  It is still a
 * PART_LEAF when it is encoded, or lies beyond a limit. */
bool part_is_message(const struct part *p);

/* The part an IMAP section number names (RFC 3501 §6.4.5): numbers [3,1] for
 * "3.1"; n == 0 is the root.  A message/rfc822 part's numbers go on inside
 * it; the only part of a non-multipart message is 1.  NULL: no such part. */
const struct part *message_section(const struct message *m, const uint32_t *numbers, size_t n);

/* The stored bytes of a header (with empty line), a body, or both. */
static inline struct bytes part_header(const struct message *m, const struct part *p)
{
	return bytes_sub(m->raw, p->head_at, p->body_at - p->head_at);
}
static inline struct bytes part_body(const struct message *m, const struct part *p)
{
	return bytes_sub(m->raw, p->body_at, p->end_at - p->body_at);
}

/* A field's value with folding undone (CRLF and LF removed, RFC 5322 §2.2.3),
 * surrounding white space trimmed.  No decoding. */
struct bytes field_unfold(struct arena *a, const struct field *f);

/* --- octets as a client counts them (crlf.c) --- */

/* Length of b with every line ending as CRLF. */
uint64_t crlf_octets(struct bytes b);
/* Finds where the client's octet `skip` of b lies.  Returns the stored offset;
 * *split is true when that octet is the LF of a newline stored without CR
 * (the CR, which isn't stored, was octet skip - 1). */
size_t crlf_offset(struct bytes b, uint64_t skip, bool *split);

/* --- wire forms --- */

/* "(date subject from sender reply-to to cc bcc in-reply-to message-id)",
 * RFC 3501 §7.4.2 ENVELOPE; no literals but for strings that can't be quoted
 * (8-bit, NUL, CR, LF): those are sent as literals {n}.  NUL inside is
 * dropped. */
void envelope_write(struct buf *out, struct arena *scratch, const struct message *m,
		    const struct part *p);
/* "(...)" as BODYSTRUCTURE (extended) or BODY, RFC 3501 §7.4.2. */
void bodystructure_write(struct buf *out, struct arena *scratch, const struct message *m,
			 bool extended);
/* Appends BODY, made of the BODYSTRUCTURE of the same message (body.c). */
void body_write(struct buf *out, struct bytes structure);
/* One nstring: NIL (p == NULL), quoted, or literal as needed. */
void imap_string_write(struct buf *out, struct bytes s);

#endif
