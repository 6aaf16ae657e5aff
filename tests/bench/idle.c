/*
 * idle.c: many sessions of one mailbox, all in IDLE, and how long news takes to all of them.
 *
 *	idle PORT USER PASSWORD COUNT
 * says {"ready": COUNT}, then obeys lines on stdin:
 *	rename FROM TO	what a foreign delivery agent does last
 *	append FILE	as one more session
 * with the times, from just before that, of the first, the median and the last session told;
 * those still silent after WAIT_MS are counted.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "load.h"

#define WAIT_MS 5000

struct crowd {
	struct client *client;
	unsigned n;
	int epoll;
	uint64_t *told; /* microseconds, 0: not yet */
};

static void enter(struct crowd *w, unsigned i, unsigned port, char **argv)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
	struct client *c = &w->client[i];
	struct reply r;

	load_login(c, port, argv[1], argv[2]);
	client_must(c, "SELECT INBOX", &r);
	client_send(c, "i IDLE\r\n", 8);
	do
		client_one_line(c, &r);
	while (!r.continued);
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
		client_die("epoll_ctl");
}

/* All that waits; true: an EXISTS was in it. */
static bool take(struct client *c)
{
	struct reply r;

	client_begin(&r);
	while (client_pending(c, 0))
		client_one_line(c, &r);
	return r.exists > 0;
}

static unsigned listen_until(struct crowd *w, unsigned told, uint64_t began, uint64_t end)
{
	struct epoll_event e[64];

	while (told < w->n && client_now_us() < end) {
		int n = epoll_wait(w->epoll, e, 64, (int)((end - client_now_us()) / 1000) + 1);

		for (int k = 0; k < n; k++) {
			unsigned i = e[k].data.u32;

			if (!take(&w->client[i]) || w->told[i])
				continue;
			w->told[i] = client_now_us() - began;
			told++;
		}
	}
	return told;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

static void report(struct crowd *w, unsigned told)
{
	unsigned first = w->n - told; /* the silent ones sort first */

	qsort(w->told, w->n, sizeof *w->told, by_size);
	printf("{\"told\": %u, \"first_us\": %llu, \"median_us\": %llu, \"last_us\": %llu}\n", told,
	       told ? (unsigned long long)w->told[first] : 0ULL,
	       told ? (unsigned long long)w->told[first + told / 2] : 0ULL,
	       told ? (unsigned long long)w->told[w->n - 1] : 0ULL);
	fflush(stdout);
}

static void obey(struct crowd *w, const char *line, struct client *other)
{
	char verb[8], from[2000], to[2000];
	int n = sscanf(line, "%7s %1999s %1999s", verb, from, to);
	uint64_t began = client_now_us();

	memset(w->told, 0, w->n * sizeof *w->told);
	errno = EINVAL;
	if (n == 2 && strcmp(verb, "append") == 0)
		load_append_file(other, from);
	else if (n != 3 || strcmp(verb, "rename") != 0 || rename(from, to) < 0)
		client_die(line);
	report(w, listen_until(w, 0, began, began + WAIT_MS * 1000));
}

int load_idle(char **argv)
{
	static struct client other;
	unsigned port = load_number(argv[0]);
	struct crowd w = { .n = load_number(argv[3]), .epoll = epoll_create1(EPOLL_CLOEXEC) };
	char line[4096];

	w.client = calloc(w.n, sizeof *w.client);
	w.told = calloc(w.n, sizeof *w.told);
	if (w.epoll < 0 || !w.client || !w.told)
		client_die("memory");
	for (unsigned i = 0; i < w.n; i++)
		enter(&w, i, port, argv);
	printf("{\"ready\": %u}\n", w.n);
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		if (strncmp(line, "append", 6) == 0 && !other.tag)
			load_login(&other, port, argv[1], argv[2]);
		obey(&w, line, &other);
	}
	for (unsigned i = 0; i < w.n; i++)
		close(w.client[i].fd);
	free(w.client);
	free(w.told);
	return 0;
}
