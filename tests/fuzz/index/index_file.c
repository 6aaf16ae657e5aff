/* The index file: a good one with pieces of the input put over it (place, how
 * many bytes, bytes), or the input itself when it begins like an index. */
#include "fuzz_index.h"

#include "num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void patch(int fd, struct bytes in)
{
	while (in.n >= 4) {
		uint64_t at = get_le16(in.p) | (uint64_t)(in.p[2] & 1) << 16;
		struct bytes piece = bytes_sub(in, 4, (uint8_t)in.p[3]);
		fuzz_put(fd, piece.p, piece.n, at);
		in = bytes_from(in, 4 + piece.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	bool whole = n >= 8 && get_le64(data) == INDEX_MAGIC;

	fuzz_init();
	fuzz_clean();
	int fd = fuzz_file(INDEX_FILE, whole ? in : buf_view(&good_index));
	close(fuzz_file(INDEX_JOURNAL_FILE, buf_view(&good_journal)));
	if (!whole)
		patch(fd, in);
	fuzz_identify(fd);
	close(fd);
	fuzz_use();
	return 0;
}
