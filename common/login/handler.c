/* handler.c: see handler.h. */
#include "handler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptors.h"
#include "file.h"
#include "num.h"

static int login = -1;

/* A pipe would send the signal for what the other end reads, too. */
static int own(int fd)
{
	int type, flags = fcntl(fd, F_GETFL);
	socklen_t size = sizeof type;

	if (flags < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return errno == ENOTSOCK ? 0 : -1;
	if (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETSIG, SIGTERM) < 0 ||
	    fcntl(fd, F_SETFL, flags | O_ASYNC) < 0)
		return -1;
	return 0;
}

/* Gone before we asked for the signal. */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

/* A login program that proved the user itself asks its authenticator with AUTHORIZED=1; who
 * leaves that as it is took the empty password for a right one. */
static bool vouching_understood(void)
{
	const char *value = getenv("AUTHORIZED");
	bool understood = !value || strcmp(value, "1") != 0;

	unsetenv("AUTHORIZED");
	unsetenv("AUTHMECH");
	return understood;
}

int handler_begin(void)
{
	const char *value = getenv("LOGINFD");
	int keep[2] = { -1, HANDLER_SLOT_FD };
	uint32_t fd;

	if (!value) {
		descriptors_close(keep, 0);
		return 0;
	}
	if (!num_parse_u32(bytes_of(value), &fd) || fd < 3 || fd >= 1024) {
		errno = EINVAL;
		return -1;
	}
	if (!vouching_understood()) {
		errno = EACCES;
		return -1;
	}
	keep[0] = (int)fd;
	descriptors_close(keep, 2);
	unsetenv("LOGINFD");
	if (own((int)fd) < 0)
		return -1;
	if (hung_up((int)fd)) {
		errno = EPIPE;
		return -1;
	}
	login = (int)fd;
	return 1;
}

int handler_ready(void)
{
	return login < 0 ? 0 : file_write_all(login, "R", 1);
}

void handler_done(uint64_t in, uint64_t out)
{
	char words[2 * NUM_DIGITS + 16];
	int n = snprintf(words, sizeof words, "in=%llu out=%llu\n", (unsigned long long)in,
			 (unsigned long long)out);

	/* Who isn't there any more doesn't want to know. */
	if (login >= 0 && file_write_all(login, words, (size_t)n) < 0)
		return;
}
