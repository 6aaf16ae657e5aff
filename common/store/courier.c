/*
 * courier.c: UIDs and keywords of a Maildir that Courier served until now.
 *
 * courierimapuiddb is a uidlist of version 1.  courierimapkeywords/ has the keywords
 * of all messages in ":list", and changes since then in files of one message each:
 * "<stem>" the newest, ".<time / 300 + 1>.<stem>" those that have aged.  They count only as
 * long as there is no dovecot-uidlist: who wrote that was here after Courier.
 */
#include "courier.h"

#include <stdlib.h>
#include <unistd.h>

#include "dirscan.h"
#include "file.h"
#include "maildir_private.h"
#include "num.h"

#define COURIER_DIR "courierimapkeywords"
#define COURIER_LIST ":list"
#define COURIER_LIST_MAX (256u << 20)
#define COURIER_UPDATE_MAX (64u << 10)

bool courier_uids(struct mailbox *mb, struct uidlist *l)
{
	struct maildir *m = maildir_of(mb);

	if (file_read(m->root, "courierimapuiddb", UIDLIST_MAX, &l->text) <= 0)
		return false;
	uidlist_parse(l);
	if (!l->usable) {
		uidlist_free(l);
		return false;
	}
	return true;
}

void courier_free(struct courier *c)
{
	hashmap_free(&c->bits);
	arena_free(&c->arena);
	*c = COURIER_INIT;
}

uint64_t courier_bits(const struct courier *c, struct bytes stem)
{
	const uint64_t *at = c->bits.n ? hashmap_get(&c->bits, stem) : NULL;

	return at ? *at : 0;
}

static void set_bits(struct courier *c, struct bytes stem, uint64_t bits)
{
	bool found;
	uint64_t *at;

	if (stem.n == 0)
		return;
	if (c->bits.n && (at = hashmap_get(&c->bits, stem)) != NULL) {
		*at = bits;
		return;
	}
	at = hashmap_put(&c->bits, arena_bytes(&c->arena, stem), &found);
	*at = bits;
}

/* The number of a name, made if new; -1: no room or no name. */
static int name_number(struct courier *c, struct bytes name)
{
	if (!keyword_name_ok(name))
		return -1;
	for (unsigned i = 0; i < c->n; i++)
		if (bytes_ieq(c->names[i], name))
			return (int)i;
	if (c->n == COURIER_KEYWORDS)
		return -1;
	c->names[c->n] = arena_bytes(&c->arena, name);
	return (int)c->n++;
}

/* "stem:number number ..."; numbers[] maps those of the file to ours. */
static void parse_message(struct courier *c, struct bytes line, const int *numbers, size_t n)
{
	size_t colon = bytes_rchr(line, ':');
	struct bytes rest, word;
	uint64_t bits = 0, v;

	if (colon == BYTES_NONE)
		return;
	rest = bytes_from(line, colon + 1);
	while (bytes_split(&rest, ' ', &word))
		if (num_parse(word, UINT32_MAX, &v) && v < n && numbers[v] >= 0)
			bits |= 1ull << numbers[v];
	set_bits(c, bytes_sub(line, 0, colon), bits);
}

void courier_parse_list(struct courier *c, struct bytes text)
{
	int numbers[COURIER_KEYWORDS];
	struct bytes line;
	size_t n = 0;

	while (bytes_split(&text, '\n', &line) && line.n)
		if (n < COURIER_KEYWORDS)
			numbers[n++] = name_number(c, line);
	while (bytes_split(&text, '\n', &line))
		parse_message(c, line, numbers, n);
}

void courier_parse_update(struct courier *c, struct bytes stem, struct bytes text)
{
	struct bytes line;
	uint64_t bits = 0;

	while (bytes_split(&text, '\n', &line)) {
		int i = name_number(c, line);
		if (i >= 0)
			bits |= 1ull << i;
	}
	set_bits(c, stem, bits);
}

bool courier_update_name(struct bytes name, struct bytes *stem, uint64_t *age)
{
	struct bytes rest = name;

	*age = UINT64_MAX;
	*stem = name;
	if (name.n == 0 || name.p[0] == ':')
		return false;
	if (name.p[0] != '.')
		return true;
	rest = bytes_from(rest, 1);
	if (!num_take(&rest, UINT64_MAX - 1, age) || rest.n < 2 || rest.p[0] != '.')
		return false;
	*stem = bytes_from(rest, 1);
	return true;
}

struct update {
	struct bytes name;
	uint64_t age;
};

static int by_age(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	return x->age < y->age ? -1 : x->age > y->age;
}

static void read_updates(struct courier *c, int dirfd)
{
	struct buf all = BUF_INIT, text = BUF_INIT;
	struct dirscan d;
	struct bytes name, stem;
	enum dirscan_type type;
	struct update u;

	if (dirscan_open(&d, dirfd) < 0)
		return;
	while (dirscan_next(&d, &name, &type) > 0)
		if (courier_update_name(name, &stem, &u.age)) {
			u.name = bytes_of(arena_str(&c->arena, name));
			buf_add(&all, &u, sizeof(u));
		}
	dirscan_close(&d);
	struct update *list = (struct update *)(void *)all.p;
	size_t n = all.n / sizeof(*list);
	if (n)
		qsort(list, n, sizeof(*list), by_age);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&text);
		if (file_read(dirfd, list[i].name.p, COURIER_UPDATE_MAX, &text) > 0 &&
		    courier_update_name(list[i].name, &stem, &u.age))
			courier_parse_update(c, maildir_stem(stem), buf_view(&text));
	}
	buf_free(&all);
	buf_free(&text);
}

bool courier_keywords(struct mailbox *mb, struct courier *c)
{
	struct buf text = BUF_INIT;
	int dirfd = dir_open(maildir_of(mb)->root, COURIER_DIR);

	if (dirfd < 0)
		return false;
	if (file_read(dirfd, COURIER_LIST, COURIER_LIST_MAX, &text) > 0)
		courier_parse_list(c, buf_view(&text));
	buf_free(&text);
	read_updates(c, dirfd);
	close(dirfd);
	return c->bits.n > 0;
}
