/* roost.conf: any bytes are read without harm, and the key asked for is found
 * only with a value that has no NUL. */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf.h"
#include "file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	static char path[32];

	if (fd < 0) {
		struct buf b = BUF_INIT;
		fd = memfd_create("conf", 0);
		if (!getenv("FUZZ_LOG")) /* each bad line is a log line */
			dup2(open("/dev/null", O_WRONLY), 2);
		buf_printf(&b, "/proc/self/fd/%d", fd);
		memcpy(path, buf_cstr(&b), b.n + 1);
		buf_free(&b);
	}
	assert(ftruncate(fd, 0) == 0);
	assert(file_pwrite_all(fd, data, n, 0) == 0);
	assert(conf_load(path) == 0);
	const char *value = conf_get("K");
	assert(!value || strlen(value) <= n);
	conf_u64("N", 1, 0, 10);
	conf_forget();
	return 0;
}
