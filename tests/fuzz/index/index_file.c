/* The index file: the input itself when it begins like an index, else a good one with
 * the damage that the input says (damage.h), and some to its journal. */
#include "fuzz_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define DAMAGES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct buf image = BUF_INIT, journal = BUF_INIT;
	bool lies = false;

	fuzz_init();
	fuzz_clean();
	buf_bytes(&journal, buf_view(&good_journal));
	if (n >= 8 && get_le64(data) == INDEX_MAGIC) {
		buf_bytes(&image, in);
		lies = true;
	} else {
		buf_bytes(&image, buf_view(&good_index));
		for (int i = 0; in.n && i < DAMAGES; i++)
			if (take(&in, 1) % 4)
				lies |= damage_index(&image, &in);
			else
				lies |= damage_journal(&journal, FUZZ_BASE + 2, &in);
	}
	int fd = fuzz_file(INDEX_FILE, buf_view(&image));
	close(fuzz_file(INDEX_JOURNAL_FILE, buf_view(&journal)));
	fuzz_identify(fd);
	close(fd);
	fuzz_use(lies);
	buf_free(&image);
	buf_free(&journal);
	return 0;
}
