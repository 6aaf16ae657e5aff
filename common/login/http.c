/* http.c: see http.h. */
#include "http.h"

/* "HTTP/1.1" and nothing else. */
static bool is_version(struct bytes word)
{
	return word.n == 8 && bytes_starts(word, BYTES("HTTP/")) && ascii_isdigit(word.p[5]) &&
	       word.p[6] == '.' && ascii_isdigit(word.p[7]);
}

/* Letters of one case: all methods that exist, and those to come. */
static bool is_method(struct bytes word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] < 'A' || word.p[i] > 'Z')
			return false;
	return word.n > 0;
}

bool http_is_request(struct bytes line)
{
	size_t first = bytes_chr(line, ' '), last = bytes_rchr(line, ' ');
	struct bytes target;

	if (first == BYTES_NONE || first == last || !is_method(bytes_sub(line, 0, first)) ||
	    !is_version(bytes_from(line, last + 1)))
		return false;
	target = bytes_sub(line, first + 1, last - first - 1);
	if (bytes_chr(target, ' ') != BYTES_NONE) /* A LOGIN x/y HTTP/1.1 */
		return false;
	return bytes_is(target, "*") || bytes_chr(target, '/') != BYTES_NONE ||
	       bytes_chr(target, ':') != BYTES_NONE;
}
