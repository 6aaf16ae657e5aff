/*
 * loginfd.c: lines on the socketpair to the gate: `user=` before root is given
 * up, `code=` where a refusal has a reason that the user may know.
 */
#include "loginfd.h"

#include <stdio.h>
#include <stdlib.h>

#include "file.h"
#include "num.h"
#include "username.h"

#define LOGINFD_LINE (USERNAME_MAX + 32) /* "user=NAME", or a word of ours */

int loginfd_number(void)
{
	const char *value = getenv("LOGINFD");
	uint32_t fd;

	if (!value)
		return -1;
	return num_parse_u32(bytes_of(value), &fd) && fd > 3 && fd < 1024 ? (int)fd : -2;
}

bool loginfd_tell(const char *key, const char *value)
{
	int fd = loginfd_number();
	char line[LOGINFD_LINE];
	int n;

	if (fd < 0)
		return fd == -1;
	n = snprintf(line, sizeof line, "%s=%s\n", key, value);
	return n > 0 && (size_t)n < sizeof line && file_write_all(fd, line, (size_t)n) == 0;
}
