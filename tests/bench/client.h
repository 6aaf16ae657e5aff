/*
 * client.h: an IMAP client for measurements: it takes replies apart just far enough to know
 * where they end and what they counted, and keeps nothing.
 *
 * Any failure ends the program with a line on stderr: a measurement that failed is none.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_BUFFER 65536
#define CLIENT_TIMEOUT_MS 3600000 /* a search through a million messages takes its time */

/* What came back for one command. */
struct reply {
	char status[64];   /* "OK", "NO ..." of the tagged line */
	uint64_t us;       /* from the first byte sent to the last received */
	uint64_t bytes;    /* all of them */
	uint64_t literals; /* bytes in literals */
	uint64_t fetches, expunges, hits;
	uint64_t hits_hash; /* of SEARCH: of the numbers, in any order */
	uint64_t exists;    /* the last one said */
	bool continued;     /* the last line was a "+" */
};

struct client {
	int fd;
	unsigned tag;
	size_t pos, end;
	char p[CLIENT_BUFFER];
};

uint64_t client_now_us(void); /* CLOCK_MONOTONIC */
void client_die(const char *what) __attribute__((noreturn));

/* Connects to 127.0.0.1 and reads the greeting. */
void client_open(struct client *c, unsigned port);
/* Sends one command, without its tag and CRLF, and reads all of the answer. */
void client_command(struct client *c, const char *command, struct reply *r);
/* The same, and anything but OK is fatal. */
void client_must(struct client *c, const char *command, struct reply *r);
/* For commands in pieces and pipelines: starts a reply, sends, reads up to the next tagged
 * line or, for untagged ones and continuations, one line. */
void client_begin(struct reply *r);
void client_send(struct client *c, const char *p, size_t n);
void client_until_tagged(struct client *c, struct reply *r);
void client_one_line(struct client *c, struct reply *r);
/* Something to read is there or came within ms. */
bool client_pending(struct client *c, int ms);
/* Reads to the end of the connection and closes. */
void client_close(struct client *c);

#endif
