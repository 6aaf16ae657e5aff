/*
 * maildir_name.c: file names of a Maildir: flags, keywords, sizes.
 *
 * Flags are read up to a second comma; what follows it, and letters that
 * aren't ours (P "passed" among them), survive every change of ours.  An info
 * part that doesn't begin with "2," says nothing and is dropped by the first change,
 * as Dovecot does it.
 */
#include "maildir_name.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"

static const struct {
	char letter;
	uint16_t flag;
} flag_letters[] = {
	/* in order of the letters */
	{ 'D', FLAG_DRAFT }, { 'F', FLAG_FLAGGED }, { 'R', FLAG_ANSWERED },
	{ 'S', FLAG_SEEN },  { 'T', FLAG_DELETED },
};
#define FLAG_LETTERS (sizeof(flag_letters) / sizeof(flag_letters[0]))

static uint16_t flag_of(char c)
{
	for (size_t i = 0; i < FLAG_LETTERS; i++)
		if (flag_letters[i].letter == c)
			return flag_letters[i].flag;
	return 0;
}

static bool is_keyword(char c)
{
	return c >= 'a' && c <= 'z';
}

struct bytes maildir_stem(struct bytes name)
{
	size_t colon = bytes_chr(name, ':');

	return colon == BYTES_NONE ? name : bytes_sub(name, 0, colon);
}

/* What follows ":2,", or an empty view. */
static struct bytes info_of(struct bytes name, struct bytes stem)
{
	struct bytes info = bytes_from(name, stem.n);

	return bytes_starts(info, BYTES(":2,")) ? bytes_from(info, 3) : bytes_sub(info, 0, 0);
}

static size_t letters_write(uint16_t flags, uint64_t keywords, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < FLAG_LETTERS; i++)
		if (flags & flag_letters[i].flag)
			out[n++] = flag_letters[i].letter;
	for (uint64_t left = keywords & MAILDIR_LETTERS_MASK; left; left &= left - 1)
		out[n++] = (char)('a' + __builtin_ctzll(left));
	return n;
}

void maildir_name_parse(struct bytes name, unsigned in_new, struct maildir_name *out)
{
	*out = (struct maildir_name){ .stem = maildir_stem(name) };
	struct bytes info = info_of(name, out->stem);
	bool ours = info.p == name.p + out->stem.n + 3; /* and as letters_write has them */
	char last = '\0';

	for (size_t i = 0; i < info.n; last = info.p[i++]) {
		char c = info.p[i];
		uint16_t flag = flag_of(c);
		ours = ours && c > last && (flag || is_keyword(c));
		if (c == ',')
			break;
		out->flags |= flag;
		if (is_keyword(c))
			out->keywords |= 1ull << (c - 'a');
	}
	out->odd = in_new ? name.n != out->stem.n : !ours;
}

size_t maildir_name_write(struct bytes stored, unsigned driver, uint16_t flags, uint64_t keywords,
			  char out[MAILDIR_NAME_MAX + 1])
{
	char letters[3 + FLAG_LETTERS + MAILDIR_LETTERS] = ":2,";
	size_t n = 0;

	if (!(driver & (MAILDIR_ODD | MAILDIR_NEW)))
		n = 3 + letters_write(flags, keywords, letters + 3);
	if (stored.n == 0 || stored.n + n > MAILDIR_NAME_MAX)
		return 0;
	memcpy(out, stored.p, stored.n);
	memcpy(out + stored.n, letters, n);
	out[stored.n + n] = '\0';
	return stored.n + n;
}

size_t maildir_name_change(struct bytes name, uint16_t flags, uint64_t keywords,
			   char out[MAILDIR_NAME_MAX + 1])
{
	char ours[FLAG_LETTERS + MAILDIR_LETTERS];
	size_t have = letters_write(flags, keywords, ours), used = 0;
	struct bytes stem = maildir_stem(name), info = info_of(name, stem);
	struct buf b = BUF_MAX(MAILDIR_NAME_MAX);
	size_t i = 0, n;

	buf_bytes(&b, stem);
	buf_str(&b, ":2,");
	for (; i < info.n && info.p[i] != ','; i++) {
		char c = info.p[i];
		if (flag_of(c) || is_keyword(c))
			continue;
		while (used < have && ours[used] < c)
			buf_char(&b, ours[used++]);
		buf_char(&b, c);
	}
	buf_add(&b, ours + used, have - used);
	buf_bytes(&b, bytes_from(info, i));
	n = b.full ? 0 : b.n;
	memcpy(out, b.p, n);
	out[n] = '\0';
	buf_free(&b);
	return n;
}

bool maildir_name_size(struct bytes stem, char which, uint64_t *size)
{
	struct bytes rest = stem, piece;

	if (!bytes_split(&rest, ',', &piece))
		return false;
	while (bytes_split(&rest, ',', &piece))
		if (piece.n > 2 && piece.p[0] == which && piece.p[1] == '=')
			return num_parse(bytes_from(piece, 2), INDEX_SIZE_MAX, size);
	return false;
}

bool maildir_stem_ok(struct bytes stem)
{
	return stem.n > 0 && !bytes_any_control(stem);
}

/* The number at the front; 0 if there is none. */
static uint64_t take_number(struct bytes *b)
{
	uint64_t v = 0;

	return num_take(b, UINT64_MAX, &v) ? v : 0;
}

struct maildir_order maildir_order(struct bytes stem)
{
	struct maildir_order o = { .stem = stem };
	struct bytes rest = stem;

	o.seconds = take_number(&rest);
	if (bytes_starts(rest, BYTES(".M"))) {
		rest = bytes_from(rest, 2);
		o.micros = take_number(&rest);
	}
	return o;
}

int maildir_order_cmp(const struct maildir_order *a, const struct maildir_order *b)
{
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	if (a->micros != b->micros)
		return a->micros < b->micros ? -1 : 1;
	return bytes_cmp(a->stem, b->stem);
}

/* The host's name with what may not stand in a file name as "\ooo". */
static const char *host(void)
{
	static char escaped[128];
	char name[65] = "";
	size_t n = 0;

	if (escaped[0])
		return escaped;
	if (gethostname(name, sizeof(name) - 1) < 0 || !name[0])
		strcpy(name, "localhost");
	for (const char *p = name; *p && n < sizeof(escaped) - 5; p++) {
		if (ascii_isalnum(*p) || *p == '.' || *p == '-' || *p == '_')
			escaped[n++] = *p;
		else
			n += (size_t)snprintf(escaped + n, 5, "\\%03o", (unsigned char)*p);
	}
	escaped[n] = '\0';
	return escaped;
}

size_t maildir_name_unique(char out[MAILDIR_NAME_MAX + 1])
{
	static unsigned count;
	int64_t now = clock_wall_ns();

	return (size_t)snprintf(out, MAILDIR_NAME_MAX + 1, "%lld.M%lldP%ldQ%u.%s",
				(long long)(now / 1000000000), (long long)(now % 1000000000 / 1000),
				(long)getpid(), ++count, host());
}
