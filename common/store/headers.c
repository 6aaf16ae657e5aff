/*
 * headers.c: which header fields are kept ready, and in what form.
 *
 * The names are those that mutt, Thunderbird, Apple Mail, Outlook, K-9,
 * Evolution, Roundcube, SOGo, offlineimap and mbsync ask for in lists
 * of messages (RFC 3501 §6.4.5 HEADER.FIELDS), and those that SEARCH, SORT and THREAD
 * look into.  Trace fields and signatures, the bulk of a header, aren't kept.
 */
#include "headers.h"
#include "num.h"

/* A field's number is its place here: append only, or raise CACHE_FORM. */
/* clang-format off */
static const char *const kept[] = {
	"From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Subject", "Date", "Message-ID",
	"In-Reply-To", "References", "Newsgroups", "Content-Type", "Content-Transfer-Encoding",
	"Content-Disposition", "Content-Description", "Content-Class", "Content-Language",
	"MIME-Version", "List-Id", "List-Post", "List-Help", "List-Subscribe",
	"List-Unsubscribe", "List-Unsubscribe-Post", "List-Archive", "List-Owner",
	"X-Priority", "Priority", "Importance", "X-MSMail-Priority", "Sensitivity", "X-Label",
	"X-Keywords", "Keywords", "Comments", "Lines", "Mail-Followup-To", "Followup-To",
	"Mail-Reply-To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To",
	"X-Apparently-To", "Apparently-To", "Errors-To", "Return-Path", "X-Spam-Status",
	"X-Spam-Flag", "X-Spam-Level", "X-Spam-Score", "X-Bogosity", "X-Mailer", "User-Agent",
	"X-Newsreader", "Organization", "Auto-Submitted", "Precedence", "X-Precedence",
	"X-Auto-Response-Suppress", "X-Uniform-Type-Identifier",
	"X-Universally-Unique-Identifier", "X-Mail-Created-Date", "X-Apple-Mail-Remote-Attachments",
	"Disposition-Notification-To", "Return-Receipt-To", "X-Confirm-Reading-To",
	"X-Draft-Info", "X-Identity-Key", "X-Account-Key", "X-Mozilla-Draft-Info",
	"X-Mozilla-Status", "X-Mozilla-Keys", "X-Mozilla-News-Host", "X-Forwarded-Message-Id",
	"X-MS-Has-Attach", "X-MS-TNEF-Correlator", "Thread-Topic", "Thread-Index",
	"X-Evolution-Source", "X-Evolution", "X-Loop", "X-BeenThere", "X-Mailing-List",
	"X-ML-Name", "X-TUID", "X-OfflineIMAP", "Face", "X-Face", "Resent-From", "Resent-To", "Resent-Date", "Resent-Message-ID",
	"Original-Message-ID", "Expires", "Expiry-Date", "Supersedes", "Reply-By", "Received-SPF",
	"Autocrypt", "OpenPGP", "X-GM-THRID", "X-GM-MSGID", "X-GM-Labels", "BIMI-Indicator",
	"BIMI-Location", "X-BIMI-Indicator-Hash", "Authentication-Results",
};
/* clang-format on */
#define KEPT (sizeof(kept) / sizeof(kept[0]))
_Static_assert(KEPT <= HEADERS_KEPT_MAX, "numbers fit the set");

#define BUCKETS 512
static uint8_t bucket[BUCKETS]; /* number + 1; 0 ends a chain */
static uint8_t chain[KEPT];

/* Length, first and last letter tell most field names apart. */
static size_t bucket_of(struct bytes name)
{
	size_t first = (unsigned char)ascii_lower(name.p[0]);
	size_t last = (unsigned char)ascii_lower(name.p[name.n - 1]);
	size_t middle = (unsigned char)ascii_lower(name.p[name.n / 2]);

	return (name.n * 31 + first * 7 + last * 67 + middle * 13) % BUCKETS;
}

static void buckets_fill(void)
{
	for (size_t i = 0; i < KEPT; i++) {
		uint8_t *b = &bucket[bucket_of(bytes_of(kept[i]))];

		chain[i] = *b;
		*b = (uint8_t)(i + 1);
	}
}

int header_id(struct bytes name)
{
	static bool filled;

	if (name.n == 0)
		return -1;
	if (!filled)
		buckets_fill();
	filled = true;
	for (unsigned i = bucket[bucket_of(name)]; i; i = chain[i - 1])
		if (bytes_iis(name, kept[i - 1]))
			return (int)i - 1;
	return -1;
}

bool header_set_of(const struct bytes *names, size_t n, struct header_set *set)
{
	bool all = true;

	*set = (struct header_set){ { 0 } };
	for (size_t i = 0; i < n; i++) {
		int id = header_id(names[i]);

		if (id < 0)
			all = false;
		else
			set->bits[id / 64] |= 1ull << id % 64;
	}
	return all;
}

void header_crlf(struct buf *out, struct bytes stored)
{
	size_t start = 0, found;

	for (size_t at = 0; at < stored.n; at++) {
		found = bytes_chr(bytes_from(stored, at), '\n');
		if (found == BYTES_NONE)
			break;
		at += found;
		if (at > 0 && stored.p[at - 1] == '\r')
			continue;
		buf_add(out, stored.p + start, at - start);
		buf_add(out, "\r\n", 2);
		start = at + 1;
	}
	buf_add(out, stored.p + start, stored.n - start);
}

bool header_has_end(struct bytes header)
{
	if (header.n == 0 || header.p[header.n - 1] != '\n')
		return false;
	header.n--;
	if (header.n && header.p[header.n - 1] == '\r')
		header.n--;
	return header.n == 0 || header.p[header.n - 1] == '\n';
}

/* One line behind its number and length. */
static void line_write(struct buf *out, int id, struct bytes stored)
{
	size_t at = out->n;
	char head[4] = { (char)id };

	buf_add(out, head, sizeof(head));
	header_crlf(out, stored);
	size_t n = out->n - at - sizeof(head);
	if (n > HEADERS_LINE_MAX || out->full) {
		out->n = at;
		return;
	}
	for (unsigned i = 0; i < 3; i++)
		out->p[at + 1 + i] = (char)(n >> 8 * i);
}

void headers_write(struct buf *out, const struct message *m)
{
	size_t start = out->n;

	buf_char(out, header_has_end(part_header(m, m->root)) ? HEADERS_END : 0);
	for (size_t i = 0; i < m->root->nfields; i++) {
		const struct field *f = &m->root->fields[i];
		int id = header_id(f->name);

		if (id < 0)
			continue;
		line_write(out, id, f->line);
		if (bytes_chr(f->line, '\0') != BYTES_NONE)
			out->p[start] |= HEADERS_NUL;
	}
}

bool headers_begin(struct bytes item, struct bytes *rest, bool *end)
{
	if (item.n == 0)
		return false;
	*end = item.p[0] & HEADERS_END;
	*rest = bytes_from(item, 1);
	return true;
}

/* The head of a line and the line; false at the end and at what is none. */
static inline bool next_raw(struct bytes *rest, unsigned *id, struct bytes *line)
{
	if (rest->n < 4)
		return false;
	uint32_t head = get_le32(rest->p);
	size_t n = head >> 8;
	if (n > rest->n - 4)
		return false;
	*id = head & 0xff;
	*line = (struct bytes){ rest->p + 4, n };
	*rest = (struct bytes){ rest->p + 4 + n, rest->n - 4 - n };
	return true;
}

/* A field's value, from a line with its newline. */
static struct bytes line_value(struct bytes line)
{
	size_t colon = bytes_chr(line, ':');
	struct bytes value = bytes_from(line, colon == BYTES_NONE ? line.n : colon + 1);

	if (value.n && value.p[value.n - 1] == '\n')
		value.n--;
	if (value.n && value.p[value.n - 1] == '\r')
		value.n--;
	return value;
}

bool headers_next(struct bytes *rest, int id, struct header_line *l)
{
	unsigned found;

	while (next_raw(rest, &found, &l->line)) {
		if ((int)found != id)
			continue;
		l->value = line_value(l->line);
		return true;
	}
	return false;
}

/* The next kept line whose field is of the set. */
static bool next_picked(struct bytes *rest, const struct header_set *set, struct bytes *line)
{
	unsigned id;

	while (next_raw(rest, &id, line))
		if (header_set_has(set, id))
			return true;
	return false;
}

void headers_pick(struct bytes item, const struct header_set *set, struct buf *out)
{
	struct bytes rest, line;
	bool end;

	if (!headers_begin(item, &rest, &end))
		return;
	while (next_picked(&rest, set, &line))
		buf_bytes(out, line);
	if (end)
		buf_add(out, "\r\n", 2);
}

bool headers_picked_length(struct bytes item, const struct header_set *set, size_t *n)
{
	struct bytes rest, line;
	bool end;

	*n = 0;
	if (!headers_begin(item, &rest, &end))
		return true;
	if (item.p[0] & HEADERS_NUL)
		return false;
	while (next_picked(&rest, set, &line))
		*n += line.n;
	*n += end ? 2 : 0;
	return true;
}

void headers_pick_to(struct writer *w, struct bytes item, const struct header_set *set)
{
	struct bytes rest, line;
	bool end;

	if (!headers_begin(item, &rest, &end))
		return;
	while (next_picked(&rest, set, &line))
		writer_bytes(w, line);
	if (end)
		writer_put(w, "\r\n", 2);
}

void headers_envelope(struct bytes item, struct arena *scratch, struct buf *out)
{
	struct header_set all;
	struct buf header = BUF_INIT;
	struct message m;

	memset(&all, 0xff, sizeof(all));
	headers_pick(item, &all, &header);
	message_parse_header(scratch, buf_view(&header), &m);
	envelope_write(out, scratch, &m, m.root);
	buf_free(&header);
}
