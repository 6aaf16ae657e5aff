/*
 * main.c: roost-index(8): shows, verifies and rebuilds the index of a mailbox.
 *
 * An administrator's tool over the functions for tools of index and store; it runs as
 * the mail's owner and in the cage of a handler, because what it reads may be hostile.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cage.h"
#include "check.h"
#include "conf.h"
#include "log.h"
#include "owner.h"
#include "print.h"
#include "show.h"

#define FINDINGS_MAX 20 /* lines of a kind per folder, without -v */

enum { EXIT_FINE = 0, EXIT_DIFFERS = 1, EXIT_USAGE = 2, EXIT_TROUBLE = 111 };

enum command { SHOW, VERIFY, REBUILD };
static const char *const commands[] = { "show", "verify", "rebuild" };

static enum command command;
static bool every, contents, records, verbose; /* -a -c -r -v */
static struct buf out;

static void usage(void) __attribute__((noreturn));
static void usage(void)
{
	static const char text[] = "usage: roost-index show [-ar] MAILDIR-OR-USER [FOLDER...]\n"
				   "       roost-index verify [-acv] MAILDIR-OR-USER [FOLDER...]\n"
				   "       roost-index rebuild [-ac] MAILDIR-OR-USER [FOLDER...]\n";

	(void)!write(2, text, sizeof text - 1);
	exit(EXIT_USAGE);
}

/* The rest of the command line: whose mail, then folders. */
static char **options(int argc, char **argv)
{
	static const char *const known[] = { "ar", "acv", "ac" };
	int c;

	for (command = SHOW; argc > 1 && command <= REBUILD; command++)
		if (strcmp(argv[1], commands[command]) == 0)
			break;
	if (argc < 3 || command > REBUILD)
		usage();
	opterr = 0; /* usage says it all */
	while ((c = getopt(argc - 1, argv + 1, known[command])) != -1) {
		every = every || c == 'a';
		contents = contents || c == 'c';
		records = records || c == 'r';
		verbose = verbose || c == 'v';
		if (c == '?')
			usage();
	}
	argv += 1 + optind;
	if (!*argv || !**argv || (every && argv[1]))
		usage();
	return argv;
}

static void bar(void *ctx, uint64_t done, uint64_t all)
{
	progress(*(const struct bytes *)ctx, done, all);
}

/* --- verify --- */

struct verifying {
	struct bytes folder; /* first: the bar's */
	struct check check;
	struct buf found;
};

static void finding(void *ctx, enum check_kind kind, const char *text)
{
	static const char *const kinds[] = { "damage", "differs", "pending", "note" };
	struct verifying *v = ctx;

	if (!verbose && v->check.found[kind] > FINDINGS_MAX)
		return;
	buf_printf(&v->found, "  %s: ", kinds[kind]);
	print_safe(&v->found, bytes_of(text));
	buf_char(&v->found, '\n');
}

static void verdict(const struct check *c)
{
	uint64_t bad = c->found[CHECK_DAMAGE] + c->found[CHECK_DIFFERS];

	if (bad)
		buf_printf(&out, "BAD, %llu damaged, %llu different",
			   (unsigned long long)c->found[CHECK_DAMAGE],
			   (unsigned long long)c->found[CHECK_DIFFERS]);
	else
		buf_str(&out, c->none ? "ok, no index yet" : "ok");
	if (c->found[CHECK_PENDING])
		buf_printf(&out, ", %llu for the next session to take up",
			   (unsigned long long)c->found[CHECK_PENDING]);
	if (!c->none)
		buf_printf(&out, ", %llu messages", (unsigned long long)c->messages);
	buf_char(&out, '\n');
}

static void left_out(const struct check *c)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < CHECK_KINDS; k++)
		if (c->found[k] > FINDINGS_MAX)
			n += c->found[k] - FINDINGS_MAX;
	if (n && !verbose)
		buf_printf(&out, "  and %llu more: -v\n", (unsigned long long)n);
}

static int verify(struct store *s, struct bytes name, struct error *e)
{
	struct verifying v = { .folder = name };
	int r;

	v.check.contents = contents;
	v.check.tell = finding;
	v.check.progress = bar;
	v.check.ctx = &v;
	r = mailbox_check(s, name, &v.check, e);
	if (r == 0) {
		print_safe(&out, name);
		buf_str(&out, ": ");
		verdict(&v.check);
		buf_bytes(&out, buf_view(&v.found));
		left_out(&v.check);
		print_out(&out);
	}
	buf_free(&v.found);
	if (r < 0)
		return EXIT_TROUBLE;
	return v.check.found[CHECK_DAMAGE] || v.check.found[CHECK_DIFFERS] ? EXIT_DIFFERS
									   : EXIT_FINE;
}

/* --- rebuild --- */

static int rebuild(struct store *s, struct bytes name, struct error *e)
{
	struct rebuild r = { .contents = contents, .progress = bar, .ctx = &name };

	if (mailbox_rebuild(s, name, &r, e) < 0)
		return EXIT_TROUBLE;
	print_safe(&out, name);
	buf_printf(&out, ": rebuilt, %llu messages, uidvalidity %u", (unsigned long long)r.messages,
		   r.uidvalidity);
	if (r.before && r.before != r.uidvalidity)
		buf_printf(&out, " (new: it was %u, and the UIDs are lost)", r.before);
	buf_char(&out, '\n');
	print_out(&out);
	return EXIT_FINE;
}

/* --- folders --- */

static int one(struct store *s, struct bytes name)
{
	struct error e = { 0 };
	int r;

	if (command == SHOW)
		r = show_folder(s, name, records, &e) < 0 ? EXIT_TROUBLE : EXIT_FINE;
	else
		r = command == VERIFY ? verify(s, name, &e) : rebuild(s, name, &e);
	if (r == EXIT_TROUBLE) {
		struct arena a = ARENA_INIT;
		print_trouble(arena_str(&a, name), e.log);
		arena_free(&a);
	}
	progress_end();
	return r;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int all(struct store *s)
{
	struct arena a = ARENA_INIT;
	struct folder *list;
	struct error e;
	size_t n;
	int r = EXIT_FINE;

	if (store_list(s, &a, false, &list, &n, &e) < 0) {
		print_trouble("folders", e.log);
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; i < n; i++)
		if (!(list[i].attrs & (FOLDER_NOSELECT | FOLDER_NONEXISTENT)))
			r = worse(r, one(s, list[i].name));
	arena_free(&a);
	return r;
}

int main(int argc, char **argv)
{
	char **args = options(argc, argv);
	struct store_user u;
	struct store *s;
	struct error e;
	const char *path;
	int r = EXIT_FINE;

	print_open();
	log_stderr("roost-index");
	if (conf_ready(&path) < 0) {
		print_trouble(path, "can't be read");
		return EXIT_TROUBLE;
	}
	u = owner_become(args[0], argv);
	if (store_open_there(&s, &u, &e) < 0 || cage_enter(s, &e) < 0) {
		print_trouble(args[0], e.log);
		return EXIT_TROUBLE;
	}
	if (!args[1])
		r = all(s);
	for (char **folder = args + 1; *folder; folder++)
		r = worse(r, one(s, bytes_of(*folder)));
	store_close(s);
	return r;
}
