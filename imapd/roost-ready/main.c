/*
 * main.c: makes any program a handler of the chain, roost-ready(8).
 *
 * PROG takes the connection over without knowing LOGINFD: R is written for it, and the
 * descriptor stays open in it, so that SIGTERM reaches it when the login program says so
 * or has gone (handler.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handler.h"
#include "log.h"

int main(int argc, char **argv)
{
	const char *tag = getenv("IMAPTAG");

	log_open("roost-ready");
	if (argc < 2)
		log_die("usage", "roost-ready PROGRAM [ARGUMENT...]");
	/* Where Courier's imapd looks for it. */
	if (tag && setenv("IMAPLOGINTAG", tag, 1) < 0)
		log_die("start", "environment: %s", strerror(errno));
	if (strchr(argv[1], '/') && access(argv[1], X_OK) < 0)
		log_die("exec", "%s: %s", argv[1], strerror(errno));
	if (handler_begin() < 0 || handler_ready() < 0)
		log_die("loginfd", "LOGINFD: %s", strerror(errno));
	execvp(argv[1], argv + 1);
	log_die("exec", "%s: %s", argv[1], strerror(errno));
}
