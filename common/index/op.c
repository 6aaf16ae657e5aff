/*
 * op.c: operations to bytes and back.  The getter refuses short data, unknown
 * kinds and values that no record can have: a frame with a good checksum may
 * still come from a stranger.
 */
#include "op.h"

#include "num.h"

void op_put(struct buf *out, const struct op *op)
{
	char p[8 + 48] = { (char)op->kind, (char)op->mask };
	size_t n = 8;

	put_le16(p + 2, (uint16_t)op->name.n);
	put_le32(p + 4, op->uid);
	if (op->kind == OP_ADD || op->kind == OP_CHANGE) {
		put_le16(p + 8, op->r.flags);
		p[10] = (char)op->r.driver;
		put_le64(p + 16, op->r.keywords);
		n = 24;
	}
	if (op->kind == OP_ADD) {
		put_le64(p + 24, (uint64_t)op->r.internal_date);
		put_le64(p + 32, op->r.save_date);
		put_le64(p + 40, op->r.vsize);
		put_le64(p + 48, op->r.cache_at);
		n = 56;
	}
	buf_add(out, p, n);
	buf_bytes(out, op->name);
}

static bool take(struct bytes *rest, size_t n, const char **p)
{
	if (rest->n < n)
		return false;
	*p = rest->p;
	*rest = bytes_from(*rest, n);
	return true;
}

static bool take_record(struct bytes *rest, struct op *op)
{
	const char *p;
	if (!take(rest, 16, &p))
		return false;
	op->r.flags = get_le16(p);
	op->r.driver = (uint8_t)p[2];
	op->r.keywords = get_le64(p + 8);
	if (op->r.flags & ~FLAG_ALL || op->uid == 0)
		return false;
	if (op->kind == OP_CHANGE)
		return true;
	if (!take(rest, 32, &p))
		return false;
	op->r.uid = op->uid;
	op->r.internal_date = (int64_t)get_le64(p);
	op->r.save_date = (uint32_t)get_le64(p + 8);
	op->r.vsize = get_le64(p + 16);
	op->r.cache_at = get_le64(p + 24);
	return true;
}

static bool lengths_ok(const struct op *op)
{
	switch (op->kind) {
	case OP_ADD:
	case OP_CHANGE:
		return op->name.n <= INDEX_NAME_MAX && bytes_chr(op->name, '\0') == BYTES_NONE;
	case OP_KEYWORD:
		return op->mask < INDEX_KEYWORDS && op->name.n <= INDEX_KEYWORD_MAX;
	case OP_UIDNEXT:
	case OP_RECENT:
		return op->name.n == 0;
	case OP_DRIVER:
		return op->name.n == INDEX_DRIVER_WORDS * 8;
	default:
		return false;
	}
}

bool op_take(struct bytes *rest, struct op *op)
{
	const char *p;
	if (!take(rest, 8, &p))
		return false;
	*op = (struct op){ .kind = (uint8_t)p[0], .mask = (uint8_t)p[1], .uid = get_le32(p + 4) };
	op->name.n = get_le16(p + 2);
	if ((op->kind == OP_ADD || op->kind == OP_CHANGE) && !take_record(rest, op))
		return false;
	return take(rest, op->name.n, &op->name.p) && lengths_ok(op);
}
