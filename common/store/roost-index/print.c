/*
 * print.c: lines for a person, and a bar that is gone before the next of them (print.h).
 *
 * What isn't UTF-8 or is a control character is escaped, the C1 set of ISO 6429 as well: a
 * file name must not steer a terminal.
 */
#include "print.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "utf8.h"

#define PROGRESS_MIN 1000 /* messages; less is done before a bar could be read */
#define PROGRESS_MS 100   /* between two pictures */
#define PROGRESS_WIDTH 40
#define PROGRESS_NAME 24 /* bytes of the folder's name */
#define EXIT_TEMPORARY 111

static bool looked_at, shown;
static int64_t last;

void print_open(void)
{
	looked_at = isatty(2);
}

/* Not a control character of ASCII or of ISO 6429 (C1), nor what escapes begin with. */
static bool printable(int32_t c)
{
	return c >= 0x20 && c != '\\' && (c < 0x7f || c >= 0xa0);
}

void print_safe(struct buf *out, struct bytes text)
{
	while (text.n) {
		struct bytes was = text;
		int32_t c = utf8_take(&text);
		size_t n = was.n - text.n;
		for (size_t i = 0; i < n && !printable(c); i++)
			buf_printf(out, "\\x%02x", (unsigned char)was.p[i]);
		if (printable(c))
			buf_bytes(out, bytes_sub(was, 0, n));
	}
}

void print_out(struct buf *out)
{
	progress_end();
	if (file_write_all(1, out->p, out->n) < 0)
		_exit(EXIT_TEMPORARY);
	buf_reset(out);
}

static void to_stderr(struct buf *out)
{
	if (file_write_all(2, out->p, out->n) < 0)
		looked_at = false; /* there is nobody to tell */
	buf_free(out);
}

void print_trouble(const char *what, const char *text)
{
	struct buf out = BUF_INIT;

	progress_end();
	buf_str(&out, "roost-index: ");
	print_safe(&out, bytes_of(what));
	buf_str(&out, ": ");
	print_safe(&out, bytes_of(text));
	buf_char(&out, '\n');
	to_stderr(&out);
}

void progress(struct bytes what, uint64_t done, uint64_t all)
{
	struct buf out = BUF_INIT;
	int64_t now;

	if (!looked_at || all < PROGRESS_MIN || done > all)
		return;
	now = clock_ms();
	if (shown && now - last < PROGRESS_MS && done < all)
		return;
	uint64_t full = done * PROGRESS_WIDTH / all;
	last = now;
	shown = true;
	buf_str(&out, "\r[");
	for (uint64_t i = 0; i < PROGRESS_WIDTH; i++)
		buf_char(&out, i < full ? '#' : '.');
	buf_printf(&out, "] %3u %% ", (unsigned)(done * 100 / all));
	print_safe(&out, bytes_sub(what, 0, PROGRESS_NAME));
	buf_str(&out, "\033[K");
	to_stderr(&out);
}

void progress_end(void)
{
	static const char clear[] = "\r\033[K";

	if (shown && file_write_all(2, clear, sizeof(clear) - 1) < 0)
		looked_at = false;
	shown = false;
}
