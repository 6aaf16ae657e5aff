/*
 * main.c: tls-server(8): its command line, and which of its forms is meant.
 */
#include <stdlib.h>
#include <unistd.h>

#include "conf.h"
#include "facts.h"
#include "jail.h"
#include "listener.h"
#include "log.h"
#include "signals.h"

#define EXIT_MISUSE 2

static int usage(void)
{
	log_error("usage",
		  "tls-server [-pu] [-a PROTOCOL] [-l ADDRESS:PORT] PROGRAM [ARGUMENT...]");
	return EXIT_MISUSE;
}

/* imap-login speaks imap; who is called otherwise is told by -a, or is anybody's. */
static const char *protocol_of(const char *program)
{
	static char name[CONTEXT_PROTOCOL_MAX + 1];
	const char *slash = strrchr(program, '/');
	struct bytes base = bytes_of(slash ? slash + 1 : program), login = BYTES("-login");

	if (base.n <= login.n || base.n - login.n > CONTEXT_PROTOCOL_MAX ||
	    !bytes_eq(bytes_from(base, base.n - login.n), login))
		return "";
	memcpy(name, base.p, base.n - login.n);
	return name;
}

/* What a chain takes for facts comes from us. */
static void clean_environment(void)
{
	facts_clear();
	unsetenv("UCSPITLS");
}

static int one(struct server *s)
{
	if (!s->chain)
		return serve_control(s);
	unsetenv("SSLCTLFD");
	unsetenv("SSLREADFD");
	unsetenv("SSLWRITEFD");
	return serve(s);
}

int main(int argc, char **argv)
{
	struct server s = { 0 };
	struct listener l = { 0 };
	const char *protocol = NULL;
	int option;

	log_open("tls-server");
	jail_private();
	clean_environment();
	opterr = 0;
	while ((option = getopt(argc, argv, "+a:l:pu")) != -1) {
		if (option == 'a')
			protocol = optarg;
		else if (option == 'l')
			listener_add(&l, optarg);
		else if (option == 'p')
			s.proxied = true;
		else if (option == 'u')
			s.delayed = true;
		else
			return usage();
	}
	if (argv[optind])
		s.chain = argv + optind;
	s.protocol = protocol ? protocol : s.chain ? protocol_of(s.chain[0]) : "";
	listener_inherit(&l);
	if (!s.chain && (l.n || s.delayed || s.proxied || !getenv("SSLCTLFD")))
		return usage();
	signals_catch();
	confine_find(&s.wall);
	s.handshake_ms = (int)conf_u64("TLS_HANDSHAKE_TIMEOUT", SERVE_HANDSHAKE_S, 1, 3600) * 1000;
	return l.n ? listener_run(&l, &s) : one(&s);
}
