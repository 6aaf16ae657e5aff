/*
 * loginfd.c: lines on the socketpair to the gate: `user=` before root is given
 * up, `code=` where a refusal has a reason that the user may know.
 */
#include "loginfd.h"

#include <stdlib.h>

#include "buf.h"
#include "file.h"
#include "num.h"

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
	struct buf line = BUF_INIT;
	bool ok;

	if (fd < 0)
		return fd == -1;
	buf_printf(&line, "%s=%s\n", key, value);
	ok = file_write_all(fd, line.p, line.n) == 0;
	buf_free(&line);
	return ok;
}
