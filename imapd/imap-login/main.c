/*
 * main.c: imap-login(8), the IMAP login of one connection on descriptors 0 and 1.
 *
 * What it does is in common/login (the gate, which decides) and in talk.c (the
 * parser, which talks).
 */
#include "talk.h"

int main(int argc, char **argv)
{
	static const struct protocol imap = {
		.program = "imap-login",
		.alpn = "imap",
		.tag_variable = "IMAPTAG",
		.talk = imap_talk,
	};

	return gate_main(&imap, argc, argv);
}
