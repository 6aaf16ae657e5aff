/* A session's view while somebody writes into the index file: pieces of the
 * input (place, how many bytes, bytes).  What it says is right or refused, and
 * once the index was built again it goes on with the same numbers or not at all.  Or,
 * by the first byte, damage of any kind between the looks (damage.h). */
#include "fuzz_index.h"
#include "view_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Of the messages of fuzz_index.h, 9 is expunged and 7 is seen. */
static uint32_t uid_of(uint32_t seq)
{
	return seq < 9 ? seq : seq + 1;
}

static void on_expunged(void *ctx, uint32_t seq, uint32_t uid)
{
	(void)ctx;
	(void)seq;
	(void)uid;
	abort();
}

static void on_exists(void *ctx, uint32_t count)
{
	(void)ctx;
	(void)count;
	abort();
}

static void on_flags(void *ctx, uint32_t seq, const struct index_record *r)
{
	(void)ctx;
	assert(r->uid == uid_of(seq) && r->flags == (r->uid == 7 ? FLAG_SEEN : 0));
}

static const struct view_events events = { on_expunged, on_exists, on_flags, NULL };

static void look(struct view *v, bool all)
{
	char name[INDEX_NAME_MAX + 1];
	struct index_record r;

	assert(view_count(v) == MESSAGES - 1);
	for (uint32_t seq = 1; seq < MESSAGES; seq++) {
		uint32_t uid = view_uid(v, seq), at = view_seq(v, uid_of(seq));
		assert(uid == uid_of(seq) || (!all && uid == 0));
		assert(at == seq || (!all && at == 0));
		bool ok = view_read(v, seq, &r);
		assert(ok || !all);
		if (!ok)
			continue;
		on_flags(NULL, seq, &r);
		assert(r.uid != 8 || view_name(v, &r, name) == 0 || !strcmp(name, "eight") ||
		       !strncmp(name, "17.M8P1", 7));
	}
	assert(view_seq(v, 9) == 0);
	for (uint32_t seq = 1; seq < MESSAGES; seq++)
		assert(view_skip(v, seq, VIEW_UNSEEN, 0) >= seq);
}

/* Blind pieces; a lie that is sealed well can't be told from the truth. */
static void patch(int fd, struct bytes in)
{
	while (in.n >= 4) {
		uint64_t at = get_le16(in.p) | (uint64_t)(in.p[2] & 1) << 16;
		struct bytes piece = bytes_sub(in, 4, (uint8_t)in.p[3]);
		if (piece.n)
			fuzz_put(fd, piece.p, piece.n, at);
		else if (ftruncate(fd, (off_t)at) < 0)
			abort();
		in = bytes_from(in, 4 + piece.n);
	}
}

/* Any damage, written over what a session looks at: that does no harm. */
static void lie(const uint8_t *data, size_t n)
{
	static const struct view_events none;
	struct bytes in = { (const char *)data, n };
	struct buf image = BUF_INIT;

	int fd = fuzz_file(INDEX_FILE, buf_view(&good_index));
	close(fuzz_file(INDEX_JOURNAL_FILE, buf_view(&good_journal)));
	fuzz_identify(fd);
	struct index *ix = index_open(&place);
	struct view *v = view_open(ix);
	assert(v && file_read(place.dirfd, INDEX_FILE, 1 << 20, &image) == 1);
	while (in.n) {
		damage_index(&image, &in);
		fuzz_put(fd, image.p, image.n, 0);
		assert(ftruncate(fd, (off_t)image.n) == 0);
		fuzz_look(v, true);
		if (view_sync(v, in.n & 1, &none) < 0)
			break;
	}
	close(fd);
	fuzz_with_lock(ix, false);
	if (view_sync(v, true, &none) >= 0)
		fuzz_look(v, true);
	fuzz_with_lock(ix, true);
	if (view_sync(v, true, &none) >= 0)
		fuzz_look(v, true);
	view_close(v);
	index_close(ix);
	buf_free(&image);
}

static void build_again(struct index *ix)
{
	struct index_build b = {
		.uidvalidity = 1,
		.uidnext = MESSAGES + 1,
		.epoch = FUZZ_EPOCH + 1,
	};

	assert(index_lock(ix, 1000, NULL) == 0);
	assert(index_build_begin(ix, &b, NULL) == 0);
	for (uint32_t seq = 1; seq < MESSAGES; seq++) {
		struct index_record r = { .uid = uid_of(seq) };
		r.flags = r.uid == 7 ? FLAG_SEEN : 0;
		index_build_add(ix, &r, BYTES("17.M8P1"));
	}
	assert(index_build_commit(ix, NULL) == 0);
	index_unlock(ix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_init();
	fuzz_clean();
	if (n && data[0] & 1) {
		lie(data + 1, n - 1);
		return 0;
	}
	data += n > 0;
	n -= n > 0;
	int fd = fuzz_file(INDEX_FILE, buf_view(&good_index));
	close(fuzz_file(INDEX_JOURNAL_FILE, buf_view(&good_journal)));
	fuzz_identify(fd);
	struct index *ix = index_open(&place);
	struct view *v = view_open(ix);
	assert(v);
	look(v, true);
	patch(fd, (struct bytes){ (const char *)data, n });
	close(fd);
	if (n % 2)
		look(v, false);
	int told = view_sync(v, n & 2, &events);
	look(v, false);
	build_again(ix);
	told = view_sync(v, true, &events);
	assert(told >= 0);
	look(v, true);
	view_close(v);
	index_close(ix);
	return 0;
}
