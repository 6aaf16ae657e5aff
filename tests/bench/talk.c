/*
 * talk.c: one session whose commands come from stdin, a line each, and whose figures go to
 * stdout; and appends, which need a continuation.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "client.h"
#include "file.h"
#include "load.h"

#define APPEND_FILES 100 /* different messages, used in turn */

void load_login(struct client *c, unsigned port, const char *user, const char *password)
{
	char login[512];
	struct reply r;

	snprintf(login, sizeof login, "LOGIN %s %s", user, password);
	client_open(c, port);
	client_must(c, login, &r);
}

static void print(const struct reply *r, uint64_t cpu)
{
	printf("{\"us\": %llu, \"bytes\": %llu, \"literals\": %llu, \"fetches\": %llu, "
	       "\"expunges\": %llu, \"hits\": %llu, \"hash\": %llu, \"exists\": %llu, "
	       "\"client_cpu_us\": %llu}\n",
	       (unsigned long long)r->us, (unsigned long long)r->bytes,
	       (unsigned long long)r->literals, (unsigned long long)r->fetches,
	       (unsigned long long)r->expunges, (unsigned long long)r->hits,
	       (unsigned long long)r->hits_hash, (unsigned long long)r->exists,
	       (unsigned long long)cpu);
	fflush(stdout);
}

/* talk PORT USER PASSWORD: until stdin ends. */
int load_talk(char **argv)
{
	static struct client c;
	static char line[4096];
	struct reply r;

	load_login(&c, load_number(argv[0]), argv[1], argv[2]);
	while (fgets(line, sizeof line, stdin)) {
		uint64_t cpu = load_cpu_us(RUSAGE_SELF);

		line[strcspn(line, "\n")] = '\0';
		client_must(&c, line, &r);
		print(&r, load_cpu_us(RUSAGE_SELF) - cpu);
	}
	client_must(&c, "LOGOUT", &r);
	client_close(&c);
	return 0;
}

/* A message as it goes over the wire, lines ending in CRLF. */
static void read_message(struct buf *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char last = 0, piece[65536];
	ssize_t n;

	if (fd < 0)
		client_die(path);
	while ((n = read(fd, piece, sizeof piece)) > 0)
		for (ssize_t i = 0; i < n; last = piece[i++]) {
			if (piece[i] == '\n' && last != '\r')
				buf_char(b, '\r');
			buf_char(b, piece[i]);
		}
	if (n < 0)
		client_die(path);
	close(fd);
}

static void read_messages(struct buf *messages, const char *list)
{
	char path[4096];
	FILE *f = fopen(list, "r");
	unsigned n = 0;

	while (f && n < APPEND_FILES && fgets(path, sizeof path, f)) {
		path[strcspn(path, "\n")] = '\0';
		read_message(&messages[n++], path);
	}
	errno = errno ? errno : ENODATA;
	if (n < APPEND_FILES)
		client_die(list);
	fclose(f);
}

struct appends {
	struct client *c;
	const struct buf *messages;
	const char *mailbox;
	struct reply r;
	uint64_t bytes;
};

/* The message waits for the server's "+", as RFC 3501 §6.3.11 has it. */
static void append_one(struct appends *a, unsigned i)
{
	const struct buf *m = &a->messages[i % APPEND_FILES];
	char command[512];
	int n = snprintf(command, sizeof command, "a%u APPEND %s {%zu}\r\n", i, a->mailbox, m->n);

	client_send(a->c, command, (size_t)n);
	client_one_line(a->c, &a->r);
	client_send(a->c, m->p, m->n);
	client_send(a->c, "\r\n", 2);
	client_until_tagged(a->c, &a->r);
	a->bytes += m->n;
}

static void expect_ok(const struct appends *a)
{
	errno = 0;
	if (strncmp(a->r.status, "OK", 2) != 0)
		client_die(a->r.status);
}

/* `count` messages without waiting: each an APPEND of its own, or all in one (RFC 3502). */
static void append_many(struct appends *a, unsigned from, unsigned count, bool multi)
{
	struct buf out = BUF_INIT;

	for (unsigned i = from; i < from + count; i++) {
		const struct buf *m = &a->messages[i % APPEND_FILES];

		if (i == from || !multi)
			buf_printf(&out, "a%u APPEND %s", i, a->mailbox);
		buf_printf(&out, " {%zu+}\r\n", m->n);
		buf_add(&out, m->p, m->n);
		if (!multi || i + 1 == from + count)
			buf_str(&out, "\r\n");
		a->bytes += m->n;
	}
	client_send(a->c, out.p, out.n);
	for (unsigned i = 0; i < (multi ? 1 : count); i++) {
		client_until_tagged(a->c, &a->r);
		expect_ok(a);
	}
	buf_free(&out);
}

void load_append_file(struct client *c, const char *path)
{
	struct buf message = BUF_INIT;
	struct appends a = { .c = c, .messages = &message, .mailbox = "INBOX" };

	read_message(&message, path);
	append_one(&a, 0);
	expect_ok(&a);
	buf_free(&message);
}

/* append PORT USER PASSWORD MAILBOX LIST COUNT BATCH MULTI: the first 100 files that LIST names,
 * again and again, BATCH at once; MULTI 2: as MULTIAPPEND, 1: one by one in a pipeline. */
int load_append(char **argv)
{
	static struct client c;
	static struct buf messages[APPEND_FILES];
	struct appends a = { .c = &c, .messages = messages, .mailbox = argv[3] };
	unsigned count = load_number(argv[5]), batch = load_number(argv[6]);
	bool multi = load_number(argv[7]) == 2;
	uint64_t cpu, began;

	errno = 0;
	read_messages(messages, argv[4]);
	load_login(&c, load_number(argv[0]), argv[1], argv[2]);
	cpu = load_cpu_us(RUSAGE_SELF);
	began = client_now_us();
	for (unsigned i = 0; i < count; i += batch) {
		if (batch == 1)
			append_one(&a, i);
		else
			append_many(&a, i, batch < count - i ? batch : count - i, multi);
		expect_ok(&a);
	}
	a.r = (struct reply){ .us = client_now_us() - began, .bytes = a.bytes };
	print(&a.r, load_cpu_us(RUSAGE_SELF) - cpu);
	client_must(&c, "LOGOUT", &a.r);
	client_close(&c);
	return 0;
}
