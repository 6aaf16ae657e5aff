/*
 * uidlist.c: parses and writes the text of dovecot-uidlist, versions 1 and 3.
 *
 * Anything may stand in the file.  What can be believed is used: a line whose uid
 * doesn't rise or which has no name is passed over and its file gets a new UID,
 * above all that the file names; so no UID ever changes its message.
 * uidlist_file.c does reading, locking and writing of the file itself.
 */
#include "uidlist.h"

#include <stdlib.h>

#include "arena.h"
#include "num.h"
#include "pages.h"

#define LIST_LARGE_MIN (4 << 20) /* texts, by their size, whose lines get room at once: */
#define LINE_LIKELY 48           /* bytes that one has, at least */

static bool is_key(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Takes the next word off *rest; false at the end. */
static bool take_word(struct bytes *rest, struct bytes *word)
{
	while (rest->n && rest->p[0] == ' ')
		*rest = bytes_from(*rest, 1);
	if (rest->n == 0)
		return false;
	size_t n = bytes_chr(*rest, ' ');
	*word = bytes_sub(*rest, 0, n);
	*rest = bytes_from(*rest, n == BYTES_NONE ? rest->n : n);
	return true;
}

/* Without its newline; *cr is set if that was CRLF. */
static struct bytes take_line(struct bytes *rest, bool *cr)
{
	size_t n = bytes_chr(*rest, '\n');
	struct bytes line = bytes_sub(*rest, 0, n);

	*rest = bytes_from(*rest, n == BYTES_NONE ? rest->n : n + 1);
	if (line.n && line.p[line.n - 1] == '\r') {
		line.n--;
		*cr = true;
	}
	return line;
}

static void expect_lines(struct uidlist *l, size_t text)
{
	if (l->cap || text < LIST_LARGE_MIN)
		return;
	l->cap = text / LINE_LIKELY;
	l->lines = mem_alloc(l->cap * sizeof(*l->lines));
	pages_large(l->lines, l->cap * sizeof(*l->lines));
}

static struct uidlist_line *new_line(struct uidlist *l)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->lines = mem_realloc(l->lines, l->cap * sizeof(*l->lines));
	}
	return &l->lines[l->n++];
}

/* Words up to ":stem"; false: there is none. */
static bool parse_fields(struct bytes rest, struct uidlist_line *line)
{
	struct bytes word;
	const char *from = NULL, *to = NULL;
	uint64_t bits;

	while (rest.n && rest.p[0] == ' ')
		rest = bytes_from(rest, 1);
	while (rest.n && rest.p[0] != ':') {
		if (!take_word(&rest, &word) || !is_key(word.p[0]) || bytes_any_control(word))
			return false;
		if (!from)
			from = word.p;
		to = word.p + word.n;
		if (word.p[0] == 'K' && num_parse_hex(bytes_from(word, 1), &bits))
			line->keywords = bits << UIDLIST_HIGH_FIRST;
		while (rest.n && rest.p[0] == ' ')
			rest = bytes_from(rest, 1);
	}
	if (from)
		line->fields = (struct bytes){ from, (size_t)(to - from) };
	line->stem = bytes_from(rest, 1);
	return rest.n > 1;
}

static bool parse_line(struct bytes text, unsigned version, uint32_t after,
		       struct uidlist_line *line)
{
	uint64_t uid;

	*line = (struct uidlist_line){ .fields = BYTES("") };
	if (!num_take(&text, UIDLIST_UID_MAX, &uid) || uid <= after || text.n < 2 ||
	    text.p[0] != ' ')
		return false;
	line->uid = (uint32_t)uid;
	if (version == 1)
		line->stem = bytes_from(text, 1);
	else if (!parse_fields(text, line))
		return false;
	/* Old versions kept the flags, too.  A path is an attempt to lead us out. */
	size_t colon = bytes_chr(line->stem, ':');
	line->stem = bytes_sub(line->stem, 0, colon);
	return line->stem.n > 0 && line->stem.n <= INDEX_NAME_MAX &&
	       !bytes_any_control(line->stem) && bytes_chr(line->stem, '/') == BYTES_NONE;
}

static void parse_lines(struct uidlist *l, struct bytes rest, unsigned version, uint32_t after)
{
	struct uidlist_line line;
	bool cr = false;

	expect_lines(l, rest.n);
	while (rest.n) {
		struct bytes text = take_line(&rest, &cr);
		if (parse_line(text, version, after, &line)) {
			*new_line(l) = line;
			after = line.uid;
		} else {
			l->complete = false;
		}
	}
	l->as_written = l->complete && !cr;
	if (after >= l->uidnext)
		l->uidnext = after + 1;
}

static void parse_high(struct uidlist *l, struct bytes names)
{
	struct bytes name;

	for (unsigned i = 0; i < UIDLIST_HIGH && bytes_split(&names, '%', &name); i++)
		l->high[i] = bytes_sub(name, 0, INDEX_KEYWORD_MAX);
}

/* 0, or -1 if a field that must be a number isn't. */
static int header_field(struct uidlist *l, struct bytes word)
{
	struct bytes value = bytes_from(word, 1);

	if (bytes_any_control(word))
		return 0;
	switch (word.p[0]) {
	case 'V':
		return num_parse_u32(value, &l->uidvalidity) ? 0 : -1;
	case 'N':
		return num_parse_u32(value, &l->uidnext) ? 0 : -1;
	case 'E':
		if (!num_parse(value, INT64_MAX >> INDEX_EPOCH_SHIFT, &l->epoch))
			l->epoch = 0;
		return 0;
	case 'G':
		l->guid = bytes_sub(value, 0, 64);
		return 0;
	case 'K':
		parse_high(l, value);
		return 0;
	default:
		/* Words stand one after the other: what follows the first of the others
		 * is copied by uidlist_write_header, without ours. */
		if (l->others.n == 0)
			l->others = word;
		l->others.n = (size_t)(word.p + word.n - l->others.p);
		return 0;
	}
}

static bool header_v3(struct uidlist *l, struct bytes line)
{
	struct bytes word;

	while (take_word(&line, &word))
		if (header_field(l, word) < 0)
			return false;
	return l->uidvalidity != 0 && l->uidnext != 0;
}

static bool header_v1(struct uidlist *l, struct bytes line)
{
	struct bytes validity, next, more;

	return take_word(&line, &validity) && take_word(&line, &next) && !take_word(&line, &more) &&
	       num_parse_u32(validity, &l->uidvalidity) && num_parse_u32(next, &l->uidnext) &&
	       l->uidvalidity != 0 && l->uidnext != 0;
}

void uidlist_parse(struct uidlist *l)
{
	bool cr = false;
	struct bytes rest = buf_view(&l->text), line = take_line(&rest, &cr);
	unsigned version = 0;

	if (bytes_starts(line, BYTES("3 ")) && header_v3(l, bytes_from(line, 2)))
		version = 3;
	else if (bytes_starts(line, BYTES("1 ")) && header_v1(l, bytes_from(line, 2)))
		version = 1;
	l->complete = l->text.n && l->text.p[l->text.n - 1] == '\n';
	if (version)
		parse_lines(l, rest, version, 0);
	l->usable = version && l->uidnext < UIDLIST_UID_MAX;
	l->complete = l->complete && l->usable && version == 3;
	l->as_written = l->as_written && l->complete && !cr;
}

void uidlist_parse_tail(struct uidlist *l, uint32_t after)
{
	l->complete = true;
	parse_lines(l, buf_view(&l->text), 3, after);
	l->usable = l->complete;
}

void uidlist_free(struct uidlist *l)
{
	buf_free(&l->text);
	free(l->lines);
	hashmap_free(&l->by_stem);
	*l = UIDLIST_INIT;
}

const struct uidlist_line *uidlist_by_stem(struct uidlist *l, struct bytes stem)
{
	if (l->n == 0)
		return NULL;
	if (!l->by_stem.n) {
		hashmap_reserve(&l->by_stem, l->n);
		for (size_t i = 0; i < l->n; i++)
			*hashmap_put(&l->by_stem, l->lines[i].stem, NULL) = i;
	}
	const uint64_t *at = hashmap_get(&l->by_stem, stem);
	return at ? &l->lines[*at] : NULL;
}

const struct uidlist_line *uidlist_by_uid(const struct uidlist *l, uint32_t uid)
{
	size_t from = 0, to = l->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (l->lines[mid].uid < uid)
			from = mid + 1;
		else
			to = mid;
	}
	return from < l->n && l->lines[from].uid == uid ? &l->lines[from] : NULL;
}

struct bytes uidlist_field(const struct uidlist_line *line, char key)
{
	struct bytes rest = line->fields, word;

	while (take_word(&rest, &word))
		if (word.p[0] == key)
			return bytes_from(word, 1);
	return (struct bytes){ NULL, 0 };
}

void uidlist_write_line(struct buf *out, uint32_t uid, struct bytes fields, uint64_t keywords,
			struct bytes stem)
{
	struct bytes word;

	buf_u64(out, uid);
	while (take_word(&fields, &word)) {
		if (word.p[0] == 'K')
			continue;
		buf_char(out, ' ');
		buf_bytes(out, word);
	}
	if (keywords >> UIDLIST_HIGH_FIRST)
		buf_printf(out, " K%llx", (unsigned long long)(keywords >> UIDLIST_HIGH_FIRST));
	buf_str(out, " :");
	buf_bytes(out, stem);
	buf_char(out, '\n');
}

static void write_high(struct buf *out, const struct uidlist *l)
{
	unsigned n = 0;

	for (unsigned i = 0; i < UIDLIST_HIGH; i++)
		if (l->high[i].n)
			n = i + 1;
	for (unsigned i = 0; i < n; i++) {
		buf_str(out, i ? "%" : " K");
		buf_bytes(out, l->high[i]);
	}
}

void uidlist_write_header(struct buf *out, const struct uidlist *l)
{
	struct bytes rest = l->others, word;

	buf_printf(out, "3 V%u N%u", l->uidvalidity, l->uidnext);
	if (l->guid.n) {
		buf_str(out, " G");
		buf_bytes(out, l->guid);
	}
	if (l->epoch)
		buf_printf(out, " E%llu", (unsigned long long)l->epoch);
	write_high(out, l);
	while (take_word(&rest, &word)) {
		if (!is_key(word.p[0]) || strchr("VNGEK", word.p[0]) || bytes_any_control(word))
			continue;
		buf_char(out, ' ');
		buf_bytes(out, word);
	}
	buf_char(out, '\n');
}
