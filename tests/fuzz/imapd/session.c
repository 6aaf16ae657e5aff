/* A whole session in a fresh Maildir with three messages; the input is what the client
 * sends.  Its first byte chooses whether INBOX is selected before. */
#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char dir[64];
static int null, log_fd;

#define MIME                                                                             \
	"Subject: =?utf-8?q?zw=C3=B6lf?=\nContent-Type: multipart/mixed; boundary=x\n\n" \
	"--x\n\npart one\n--x\nContent-Type: message/rfc822\n\nSubject: in\n\nbody\n--x--\n"

static const char *const messages[] = {
	"From: a@b\r\nSubject: one\r\n\r\nText\r\n",
	MIME,
	"no header at all",
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	(void)argc;
	(void)argv;
	snprintf(dir, sizeof(dir), "%s/roost-fuzz.XXXXXX", base);
	assert(mkdtemp(dir));
	atexit(remove_dir);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_fd = fcntl(2, F_DUPFD_CLOEXEC, 100);
	__sanitizer_set_report_fd((void *)(intptr_t)log_fd);
	return 0;
}

static void fill(const char *path)
{
	static const char *const subs[] = { "", "/cur", "/new", "/tmp" };
	char name[128];

	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, subs[i]);
		assert(mkdir(name, 0700) == 0);
	}
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s/%s/%zu.m.h%s", path, i ? "cur" : "new", i,
			 i == 2 ? ":2,ST"
			 : i    ? ":2,"
				: "");
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

		assert(fd >= 0 && file_write_all(fd, messages[i], strlen(messages[i])) == 0);
		close(fd);
	}
}

static int input(const uint8_t *data, size_t n)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	assert(fd >= 0);
	if (data[0] & 1)
		assert(dprintf(fd, "s SELECT INBOX\r\n") > 0);
	assert(file_write_all(fd, data + 1, n - 1) == 0);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void run(int fd, const char *path)
{
	static char in[IMAP_LINE_MAX + 4096], out[4096];
	static const volatile int stop;
	struct store_user u = { "user", dir, path };
	struct session s = { .message_max = 1000, .user = "user", .stop = &stop };
	struct error e;

	assert(store_open(&s.store, &u, &e) == 0);
	writer_init(&s.out, null, out, sizeof(out), 1000);
	reader_init(&s.in, fd, in, sizeof(in), 1000, &s.out);
	session_run(&s, (struct bytes){ NULL, 0 });
	store_close(s.store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[80];
	int fd;

	if (!n)
		return 0;
	snprintf(path, sizeof(path), "%s/m", dir);
	fill(path);
	fd = input(data, n);
	dup2(null, 2);
	run(fd, path);
	dup2(log_fd, 2);
	close(fd);
	assert(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
	return 0;
}
