/* The journal: by the first byte, the input is the file, or what follows the
 * header, or the operations of a frame with a good checksum, or damage done to a
 * good one (damage.h); the index says that nothing of it was applied, or that a
 * writer died in the middle. */
#include "fuzz_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void put_frame(struct bytes ops)
{
	struct journal j = JOURNAL_INIT;
	struct buf b = BUF_INIT;
	uint64_t id = get_le64(good_index.p + HEAD_AT(id));
	uint64_t generation = get_le64(good_index.p + HEAD_AT(generation));

	assert(journal_attach(&j, place.dirfd, id, generation) == 1);
	journal_frame_begin(&b);
	buf_bytes(&b, ops);
	if (journal_frame_seal(&j, &b, FUZZ_BASE + 2))
		assert(journal_append(&j, buf_view(&b)) == 0);
	journal_close(&j);
	buf_free(&b);
}

static void damaged(struct bytes in)
{
	struct buf image = BUF_INIT;

	buf_bytes(&image, buf_view(&good_journal));
	for (int i = 0; in.n && i < 16; i++)
		damage_journal(&image, FUZZ_BASE + 2, &in);
	close(fuzz_file(INDEX_JOURNAL_FILE, buf_view(&image)));
	buf_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	uint8_t how = n ? data[0] : 0;
	uint64_t change = get_le64(good_index.p ? good_index.p + HEAD_AT(change) : (char[8]){ 0 });

	in = bytes_from(in, 1);
	fuzz_init();
	fuzz_clean();
	int fd = fuzz_file(INDEX_FILE, buf_view(&good_index));
	fuzz_identify(fd);
	change |= how & 1;
	fuzz_put(fd, &change, sizeof change, HEAD_AT(change));
	if (how & 16) { /* it may be applied again, from its first frame */
		struct journal_header h;
		memcpy(&h, good_journal.p, sizeof h);
		fuzz_put(fd, &h.base, sizeof h.base, HEAD_AT(applied));
		fuzz_put(fd, &h.base, sizeof h.base, HEAD_AT(applying));
	}
	close(fd);
	if (how & 8) {
		damaged(in);
	} else if (how & 2) {
		close(fuzz_file(INDEX_JOURNAL_FILE, buf_view(&good_journal)));
		put_frame(in);
	} else {
		fd = fuzz_file(INDEX_JOURNAL_FILE, how & 4 ? in : buf_view(&good_journal));
		fuzz_put(fd, in.p, in.n, how & 4 ? 0 : sizeof(struct journal_header));
		close(fd);
	}
	struct index *ix = index_open(&place);
	assert(index_lock(ix, 1000, NULL) == 0);
	struct error e = { 0 };
	if (index_usable(ix) && index_check(ix, &e) < 0) {
		fprintf(stderr, "%s\n", e.log);
		abort();
	}
	index_unlock(ix);
	index_close(ix);
	fuzz_use(true);
	return 0;
}
