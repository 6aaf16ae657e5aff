/* Transfer encodings: in pieces or whole, the result is the same; what is
 * encoded is decoded to itself.  The first byte chooses the encoding, the second the
 * pieces. */
#include <assert.h>

#include "codec.h"
#include "pieces.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_pieces(enum transfer kind, struct pieces pieces)
{
	struct transfer_state whole = { .kind = kind }, cut = { .kind = kind };
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct bytes in = pieces.rest, piece;

	transfer_decode(&whole, in, true, &a);
	assert(a.n <= in.n);
	while (pieces_next(&pieces, &piece))
		transfer_decode(&cut, piece, false, &b);
	transfer_decode(&cut, BYTES(""), true, &b);
	assert(bytes_eq(buf_view(&a), buf_view(&b)));
	buf_free(&a);
	buf_free(&b);
}

static void check_encoded(struct bytes in)
{
	struct transfer_state base64 = { .kind = TRANSFER_BASE64 }, qp = { .kind = TRANSFER_QP };
	struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;

	base64_encode(&a, in);
	transfer_decode(&base64, buf_view(&a), true, &out);
	assert(bytes_eq(buf_view(&out), in));
	for (size_t i = 0; i < in.n; i++)
		buf_printf(&b, i % 20 == 19 ? "=%02X=\r\n" : "=%02x", (unsigned char)in.p[i]);
	buf_reset(&out);
	transfer_decode(&qp, buf_view(&b), true, &out);
	assert(bytes_eq(buf_view(&out), in));
	buf_free(&a);
	buf_free(&b);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	struct bytes in = { (const char *)data + 2, n - 2 };
	check_pieces((enum transfer)(data[0] % 4), (struct pieces){ in, data[1] });
	check_encoded(in);
	return 0;
}
