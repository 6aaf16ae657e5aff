/* In place of the fuzzer: runs a target once on each of the files named. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
/* Where no sanitizer brings it. */
void __sanitizer_set_report_fd(void *fd) __attribute__((weak));
void __sanitizer_set_report_fd(void *fd)
{
	(void)fd;
}

#define INPUT_MAX (1u << 20)

static void run(const char *path)
{
	struct buf b = BUF_INIT;

	printf("%s\n", path); /* the last one, should it break off */
	fflush(stdout);
	if (file_read(AT_FDCWD, path, INPUT_MAX, &b) != 1) {
		perror(path);
		exit(1);
	}
	LLVMFuzzerTestOneInput((const uint8_t *)buf_view(&b).p, b.n);
	buf_free(&b);
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	return 0;
}
