/* Sessions over a Maildir whose files are damaged: index, journal, cache, uidlist,
 * keywords, subscriptions, of two folders.  The input is a list of steps: damage of any
 * kind (damage.h), done at once or in the middle of the next command, what a foreign
 * program does to the mail, a command.  Whatever was done:
 *  - nothing crashes or hangs;
 *  - a session that goes on, one that comes anew and one that finds no index at all say
 *    the same (UIDs, flags, dates, sizes, envelopes, structures), unless the damage was
 *    a lie with good checksums;
 *  - what the last one says is what the message files say, flags, sizes and subjects. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "damage.h"
#include "maildir_private.h"
#include "session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);
void index_crash_point(const char *name);
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __real_clock_gettime(clockid_t clock, struct timespec *t);

#define STEPS 16
#define INBOX_MESSAGES 12
#define SUB_MESSAGES 3
#define FILE_SIZE_MAX (1u << 20)
#define EPOCH_GUESS 1 /* of a new store */

/* Where memory came from is not worth a tenth of the time. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "malloc_context_size=3";
}

static void fail(const char *what) __attribute__((noreturn));
#define CHECK(ok, what) ((ok) ? (void)0 : fail(what))
/* FUZZ_SHOW=1: what happens, for whoever looks for the reason. */
#define SHOW(...) (shown ? (void)printf(__VA_ARGS__) : (void)0)

enum kind { INDEX, JOURNAL, CACHE, TEXT };

static const struct {
	const char *name;
	enum kind kind;
} damaged[] = {
	{ INDEX_FILE, INDEX },
	{ INDEX_JOURNAL_FILE, JOURNAL },
	{ INDEX_CACHE_FILE, CACHE },
	{ UIDLIST_FILE, TEXT },
	{ "dovecot-keywords", TEXT },
	{ "subscriptions", TEXT },
	{ ".Sub/" INDEX_FILE, INDEX },
	{ ".Sub/" INDEX_JOURNAL_FILE, JOURNAL },
	{ ".Sub/" INDEX_CACHE_FILE, CACHE },
	{ ".Sub/" UIDLIST_FILE, TEXT },
};
#define FILES (sizeof damaged / sizeof *damaged)

static const char *const folders[] = { ".", ".Sub" };

#define EVERYTHING                                                    \
	"(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE " \
	"BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])"

static const char *const commands[] = {
	"SELECT INBOX",
	"SELECT Sub",
	"EXAMINE INBOX",
	"NOOP",
	"CHECK",
	"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)",
	"FETCH 1:* (BODYSTRUCTURE BODY)",
	"FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE)])",
	"UID FETCH 1:* (FLAGS)",
	"UID FETCH 3,5,9 (BODY[] UID)",
	"FETCH *:2 (RFC822.HEADER BODY.PEEK[1])",
	"SEARCH UNSEEN NOT DELETED",
	"UID SEARCH SUBJECT m0 KEYWORD work",
	"UID SEARCH FROM b LARGER 50",
	"SEARCH TEXT part",
	"SEARCH SENTSINCE 1-Jan-2001 BEFORE 1-Jan-2030",
	"STORE 2 +FLAGS (\\Seen work)",
	"UID STORE 4:6 FLAGS (\\Deleted new)",
	"STORE 1:* -FLAGS.SILENT (\\Flagged)",
	"EXPUNGE",
	"UID EXPUNGE 5",
	"COPY 1:3 Sub",
	"UID MOVE 7 Sub",
	"COPY 2 INBOX",
	"APPEND INBOX (\\Seen third) {18+}\r\nSubject: m20\n\nbody",
	"APPEND Sub {14+}\r\nSubject: m21\n\n",
	"STATUS INBOX (MESSAGES UNSEEN UIDNEXT RECENT UIDVALIDITY)",
	"STATUS Sub (MESSAGES UNSEEN UIDNEXT RECENT UIDVALIDITY)",
	"LIST \"\" *",
	"LSUB \"\" *",
	"SUBSCRIBE Sub",
	"UNSUBSCRIBE Sub",
	"CLOSE",
	"UNSELECT",
	"IDLE\r\nDONE",
	"LOGOUT",
};

static char base[64], mail[80];
static int mail_fd, original_fd, input_fd, output_fd;
static bool renamed; /* a keyword may have another name, which is looked at when mail comes */
static bool lies;    /* what the files say may be false, with good checksums */
static unsigned delivered;
static bool shown;

/* --- time --- */

/* Nobody sleeps: the clocks jump on instead (the linker sends these calls here). */
static int64_t slept_ns;

int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	(void)rest;
	slept_ns += clock_ns_of(*t);
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = __real_clock_gettime(clock, t);
	int64_t ns = clock_ns_of(*t) + slept_ns;

	*t = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	return r;
}

/* --- the Maildir --- */

struct original { /* a file as it is at the beginning of each run */
	char *path;
	struct buf content;
	bool message; /* shown by a link: its dates stay */
};

static struct original originals[64];
static size_t noriginals;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_base(void)
{
	remove_tree(base);
}

static void fail(const char *what)
{
	printf("WRONG: %s\n", what);
	fflush(stdout);
	remove_base();
	abort();
}

static void make_dirs(void)
{
	static const char *const subs[] = { "", "/cur", "/new", "/tmp" };
	char path[128];

	CHECK(mkdir(mail, 0700) == 0, "mkdir");
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		for (size_t k = i == 0; k < sizeof subs / sizeof *subs; k++) {
			snprintf(path, sizeof path, "%s/%s%s", mail, folders[i], subs[k]);
			CHECK(mkdir(path, 0700) == 0, "mkdir");
		}
	mail_fd = dir_open(AT_FDCWD, mail);
}

static void put_file(const char *path, struct bytes content)
{
	int fd = file_open(mail_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && file_write_all(fd, content.p, content.n) == 0, "write");
	close(fd);
}

static void put_message(const char *folder, unsigned n)
{
	static const char *const infos[] = { ":2,", ":2,S", ":2,FS", ":2,a", ":2,RSab", ":2,ST" };
	char path[128];
	struct buf b = BUF_INIT;

	buf_printf(&b,
		   "From: Anna <a%u@b>\nSubject: m%02u\nDate: Mon, 7 Feb 2022 10:00:%02u +0100\n",
		   n, n, n);
	if (n % 4 == 1)
		buf_str(&b, "Content-Type: multipart/mixed; boundary=x\n\n--x\n\npart one\n--x\n"
			    "Content-Type: text/html\n\n<p>\n--x--\n");
	else
		buf_printf(&b, "\n%*s\r\n", (int)(n * 7), "body");
	snprintf(path, sizeof path, "%s/%s/17%02u.M%uP1.h%s%s", folder, n % 5 ? "cur" : "new", n, n,
		 n % 3 ? "" : ",S=1", n % 5 ? infos[n % 6] : "");
	put_file(path, buf_view(&b));
	buf_free(&b);
}

static void remember_dir(const char *dir, bool messages)
{
	int fd = openat(mail_fd, dir, O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(fd);
	char path[512];
	struct stat st;

	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (fstatat(mail_fd, path, &st, 0) < 0 || !S_ISREG(st.st_mode))
			continue;
		CHECK(noriginals < sizeof originals / sizeof *originals, "too many files");
		struct original *o = &originals[noriginals++];
		*o = (struct original){ strdup(path), BUF_INIT, messages };
		CHECK(file_read(mail_fd, path, FILE_SIZE_MAX, &o->content) == 1, "read");
	}
	closedir(d);
}

/* So that the index is believed: it is this file, and these are the times. */
static void identify(struct original *o, int fd, bool trusted)
{
	struct index_map m = damage_map(&o->content);
	struct maildir_state now;
	struct index_header h;
	struct stat st;
	char path[128];
	int dir = (int)(strlen(o->path) - strlen(INDEX_FILE));

	memcpy(&h, o->content.p, sizeof h);
	CHECK(fstat(fd, &st) == 0, "stat");
	h.device = st.st_dev;
	h.inode = st.st_ino;
	if (trusted) {
		maildir_state_get(&h, &now);
		snprintf(path, sizeof path, "%.*scur", dir, o->path);
		CHECK(fstatat(mail_fd, path, &st, 0) == 0, "stat");
		now.cur = stamp_of(&st);
		snprintf(path, sizeof path, "%.*snew", dir, o->path);
		CHECK(fstatat(mail_fd, path, &st, 0) == 0, "stat");
		now.new = stamp_of(&st);
		snprintf(path, sizeof path, "%.*s" UIDLIST_FILE, dir, o->path);
		now.list = maildir_stamp(mail_fd, path, &now.list_size);
		now.cur_taken = now.new_taken = clock_wall_ns() + 2 * MAILDIR_GRANULARITY_FAR_NS;
		now.own_since = lies ? now.own_since : 0;
		memcpy(h.driver, &now, sizeof now);
	}
	memcpy(o->content.p, &h, sizeof h);
	map_seal_head(&m);
	CHECK(file_pwrite_all(fd, o->content.p, o->content.n, 0) == 0, "write");
}

static bool is_index(const struct original *o)
{
	size_t n = strlen(o->path), k = strlen(INDEX_FILE);

	return n >= k && strcmp(o->path + n - k, INDEX_FILE) == 0;
}

static void restore(bool trusted)
{
	make_dirs();
	for (size_t i = 0; i < noriginals; i++) {
		struct original *o = &originals[i];
		if (o->message)
			CHECK(linkat(original_fd, o->path, mail_fd, o->path, 0) == 0, "link");
		else
			put_file(o->path, buf_view(&o->content));
	}
	for (size_t i = 0; i < noriginals; i++) {
		if (!is_index(&originals[i]))
			continue;
		int fd = file_open(mail_fd, originals[i].path, O_RDWR, 0);
		identify(&originals[i], fd, trusted);
		close(fd);
	}
}

/* --- a session --- */

struct running {
	struct session s;
	bool open;
	off_t sent;
};

static struct running running;

static void begin(struct running *r)
{
	static char in[IMAP_LINE_MAX + 4096], out[4096];
	static const volatile int stop;
	struct store_user u = { "user", base, mail };
	struct error e;

	*r = (struct running){ .open = true };
	r->s = (struct session){ .message_max = 1000, .user = "user", .stop = &stop };
	CHECK(ftruncate(input_fd, 0) == 0 && lseek(input_fd, 0, SEEK_SET) == 0, "seek");
	CHECK(ftruncate(output_fd, 0) == 0 && lseek(output_fd, 0, SEEK_SET) == 0, "seek");
	CHECK(store_open(&r->s.store, &u, &e) == 0, "store");
	writer_init(&r->s.out, output_fd, out, sizeof out, 1000);
	r->s.out.before = session_durable;
	r->s.out.before_ctx = &r->s;
	reader_init(&r->s.in, input_fd, in, sizeof in, 1000, &r->s.out);
	r->s.state = STATE_AUTHENTICATED;
	r->s.text.max = IMAP_COMMAND_MAX;
}

static void end(struct running *r)
{
	if (!r->open)
		return;
	writer_flush(&r->s.out);
	session_deselect(&r->s);
	store_close(r->s.store);
	buf_free(&r->s.text);
	arena_free(&r->s.cmd);
	r->open = false;
}

static void say(struct running *r, const char *command)
{
	char line[512];
	int n = snprintf(line, sizeof line, "a %s\r\n", command);

	SHOW("> %s", line);
	CHECK(file_pwrite_all(input_fd, line, (size_t)n, r->sent) == 0, "input");
	r->sent += n;
	command_run(&r->s);
	if (r->s.state == STATE_LOGOUT)
		end(r);
}

/* What was answered since the last time, appended. */
static void heard(struct running *r, struct buf *out)
{
	struct stat st;

	if (r->open)
		writer_flush(&r->s.out);
	CHECK(fstat(output_fd, &st) == 0, "stat");
	char *p = buf_reserve(out, (size_t)st.st_size + 1);
	CHECK(file_pread_all(output_fd, p, (size_t)st.st_size, 0) == st.st_size, "output");
	out->n += (size_t)st.st_size;
	CHECK(ftruncate(output_fd, 0) == 0 && lseek(output_fd, 0, SEEK_SET) == 0, "seek");
}

/* --- what it says --- */

#define FETCHED_MAX 200

struct said {               /* of one folder */
	struct buf fetched; /* FETCH responses, without \Recent; then UIDVALIDITY, UIDNEXT */
	char *facts[FETCHED_MAX];
	size_t n;
};

static void said_free(struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		free(said->facts[i]);
	buf_free(&said->fetched);
	*said = (struct said){ 0 };
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_fact(struct said *said, unsigned subject, const char *flags, uint64_t size)
{
	char text[64];

	snprintf(text, sizeof text, "m%02u %s %llu", subject, flags, (unsigned long long)size);
	CHECK(said->n < FETCHED_MAX, "too many messages");
	said->facts[said->n++] = strdup(text);
}

static bool digits(struct bytes b, uint64_t *v)
{
	return num_take(&b, UINT64_MAX, v);
}

static void fact_of_fetch(struct said *said, struct bytes one)
{
	static const char *const names[] = { "\\Draft", "\\Flagged", "\\Answered", "\\Seen",
					     "\\Deleted" };
	size_t at = bytes_find(one, BYTES("FLAGS ("));
	struct bytes list = bytes_from(one, at == BYTES_NONE ? one.n : at);
	uint64_t size = 0, subject = 0;
	char flags[6] = "";

	list = bytes_sub(list, 0, bytes_chr(list, ')'));
	for (size_t i = 0, n = 0; i < 5; i++)
		if (bytes_find(list, bytes_of(names[i])) != BYTES_NONE)
			flags[n++] = "DFRST"[i];
	at = bytes_find(one, BYTES("RFC822.SIZE "));
	CHECK(at != BYTES_NONE && digits(bytes_from(one, at + 12), &size), "no size");
	at = bytes_find(one, BYTES(" \"m"));
	CHECK(at != BYTES_NONE && digits(bytes_from(one, at + 3), &subject), "no subject");
	add_fact(said, (unsigned)subject, flags, size);
}

/* One response: a line, with the literals in it. */
static struct bytes take_response(struct bytes *rest)
{
	size_t n = bytes_find(*rest, BYTES("\r\n* ")), tagged = bytes_find(*rest, BYTES("\r\na "));

	if (tagged < n)
		n = tagged;
	struct bytes one = bytes_sub(*rest, 0, n == BYTES_NONE ? rest->n : n + 2);
	*rest = bytes_from(*rest, one.n);
	return one;
}

static void add_fetched(struct said *said, struct bytes one)
{
	for (size_t at; (at = bytes_find(one, BYTES("\\Recent"))) != BYTES_NONE;) {
		struct bytes before = bytes_sub(one, 0, at);
		one = bytes_from(one, at + 7);
		if (one.n && one.p[0] == ' ')
			one = bytes_from(one, 1);
		else if (before.n && before.p[before.n - 1] == ' ')
			before.n--;
		buf_bytes(&said->fetched, before);
	}
	buf_bytes(&said->fetched, one);
}

/* Flags alone, which nobody asked for: the index was found damaged and built again, and all
 * of it is news, in a SELECT too (RFC 3501 §7).  What FETCH answers is judged. */
static bool is_news(struct bytes one)
{
	struct bytes list = bytes_from(one, bytes_find(one, BYTES("FLAGS (")));

	return bytes_eq(bytes_from(list, bytes_chr(list, ')')), BYTES("))\r\n"));
}

static void understand(struct said *said, struct bytes text)
{
	while (text.n) {
		struct bytes one = take_response(&text);
		if (is_news(one))
			continue;
		if (bytes_find(bytes_sub(one, 0, 16), BYTES(" FETCH (")) != BYTES_NONE) {
			add_fetched(said, one);
			if (!lies)
				fact_of_fetch(said, one);
		} else if (bytes_find(one, BYTES("[UIDVALIDITY ")) != BYTES_NONE ||
			   bytes_find(one, BYTES("[UIDNEXT ")) != BYTES_NONE) {
			buf_bytes(&said->fetched, one);
		}
	}
	qsort(said->facts, said->n, sizeof *said->facts, by_text);
}

static void ask(struct running *r, const char *folder, struct said *said)
{
	struct buf b = BUF_INIT;
	char line[64];

	if (folder) {
		snprintf(line, sizeof line, "SELECT %s", folder);
		say(r, line);
	}
	if (r->open)
		say(r, "UID FETCH 1:* " EVERYTHING);
	heard(r, &b);
	SHOW("---- %s\n%.*s", folder ? folder : "same", (int)b.n, b.p);
	bool good = r->open && bytes_find(buf_view(&b), BYTES("a OK")) != BYTES_NONE &&
		    bytes_find(buf_view(&b), BYTES("a NO")) == BYTES_NONE &&
		    bytes_find(buf_view(&b), BYTES("a BAD")) == BYTES_NONE;
	if (!good && !lies)
		printf("%.*s", (int)b.n, b.p);
	CHECK(good || lies, "refused");
	understand(said, buf_view(&b));
	buf_free(&b);
}

static void ask_anew(struct said said[2])
{
	struct running r;

	begin(&r);
	ask(&r, "INBOX", &said[0]);
	if (!r.open)
		begin(&r);
	ask(&r, "Sub", &said[1]);
	end(&r);
}

/* --- the truth --- */

static uint64_t octets(struct bytes raw)
{
	uint64_t n = raw.n;

	for (size_t i = 0; i < raw.n; i++)
		n += raw.p[i] == '\n' && (i == 0 || raw.p[i - 1] != '\r');
	return n;
}

static void fact_of_file(struct said *said, const char *path, const char *name)
{
	const char *info = strstr(name, ":2,");
	struct buf b = BUF_INIT;
	char flags[6] = "";
	uint64_t subject;
	size_t n = 0;

	CHECK(file_read(mail_fd, path, FILE_SIZE_MAX, &b) == 1, "read");
	for (const char *c = "DFRST"; info && *c; c++)
		if (strchr(info + 3, *c))
			flags[n++] = *c;
	size_t at = bytes_find(buf_view(&b), BYTES("Subject: m"));
	CHECK(at != BYTES_NONE && digits(bytes_from(buf_view(&b), at + 10), &subject), "subject");
	add_fact(said, (unsigned)subject, flags, octets(buf_view(&b)));
	buf_free(&b);
}

static void look_into(const char *folder, const char *sub, struct said *said)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, sub);
	int fd = openat(mail_fd, path, O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(fd);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s/%s", folder, sub, e->d_name);
		fact_of_file(said, path, e->d_name);
	}
	closedir(d);
}

static void truth_of(const char *folder, struct said *said)
{
	look_into(folder, "cur", said);
	look_into(folder, "new", said);
	qsort(said->facts, said->n, sizeof *said->facts, by_text);
}

static void show(const char *title, const struct said *said)
{
	printf("%s:\n%.*s\n", title, (int)said->fetched.n, buf_view(&said->fetched).p);
	for (size_t i = 0; i < said->n; i++)
		printf("  %s\n", said->facts[i]);
}

static void same_facts(const struct said *a, const struct said *b, const char *what)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = strcmp(a->facts[i], b->facts[i]) == 0;
	if (same)
		return;
	show("said", a);
	show("files", b);
	fail(what);
}

static void same_answers(const struct said *a, const struct said *b, const char *what)
{
	if (lies || bytes_eq(buf_view(&a->fetched), buf_view(&b->fetched)))
		return;
	show("first", a);
	show("second", b);
	fail(what);
}

/* --- steps --- */

static void write_back(const char *path, const struct buf *image, bool replace)
{
	char temp[128];
	int fd;

	snprintf(temp, sizeof temp, "%s", replace ? "tmp/replacing" : path);
	fd = file_open(mail_fd, temp, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && file_pwrite_all(fd, buf_view(image).p, image->n, 0) == 0 &&
		      ftruncate(fd, (off_t)image->n) == 0,
	      "damage");
	close(fd);
	CHECK(!replace || renameat(mail_fd, temp, mail_fd, path) == 0, "rename");
}

static uint64_t likely_modseq(void)
{
	struct buf b = BUF_INIT;
	uint64_t modseq = (uint64_t)EPOCH_GUESS << INDEX_EPOCH_SHIFT;

	if (file_read(mail_fd, INDEX_FILE, FILE_SIZE_MAX, &b) == 1 &&
	    b.n >= sizeof(struct index_header))
		modseq = get_le64(b.p + HEAD_AT(highest_modseq)) + 1;
	buf_free(&b);
	return modseq;
}

/* Damage at one place; in the middle of a command only what nobody takes for good. */
static void damage(struct bytes *in, bool middle)
{
	unsigned which = (unsigned)take(in, 1), how = which / FILES % 8;
	const char *path = damaged[which % FILES].name;
	enum kind kind = damaged[which % FILES].kind;
	struct buf b = BUF_INIT;

	renamed |= strcmp(path, "dovecot-keywords") == 0;
	SHOW("damage: %s %u%s\n", path, how, middle ? ", in the middle" : "");
	if (how == 0) {
		unlinkat(mail_fd, path, 0);
		return;
	}
	if (file_read(mail_fd, path, FILE_SIZE_MAX, &b) != 1)
		return buf_free(&b);
	if (middle)
		damage_cut(&b, in);
	else if (kind == INDEX)
		lies |= damage_index(&b, in);
	else if (kind == JOURNAL)
		lies |= damage_journal(&b, likely_modseq(), in);
	else if (kind == CACHE)
		lies |= damage_cache(&b, in);
	else if (how < 3)
		damage_cut(&b, in);
	else
		damage_text(&b, in);
	SHOW("  -> %zu bytes%s\n", b.n, lies ? ", lies" : "");
	if (kind == TEXT)
		SHOW("%.*s\n", (int)b.n, buf_view(&b).p);
	/* Nobody writes texts in place: what grew there was appended. */
	write_back(path, &b, how == 1 || (kind == TEXT && !middle));
	buf_free(&b);
}

static struct bytes later;  /* damage to come */
static unsigned later_when; /* 0: none; else at that crash point from now */

void index_crash_point(const char *name)
{
	(void)name;
	if (later_when == 0 || --later_when > 0)
		return;
	damage(&later, true);
}

/* The n-th message file of INBOX. */
static bool find_file(const char *sub, unsigned n, char name[256])
{
	DIR *d = fdopendir(openat(mail_fd, sub, O_RDONLY | O_DIRECTORY));
	bool found = false;

	for (struct dirent *e; !found && (e = readdir(d));) {
		if (e->d_name[0] == '.' || n-- % 16 > 0)
			continue;
		snprintf(name, 256, "%s", e->d_name);
		found = true;
	}
	closedir(d);
	return found;
}

/* The clocks that jump tell nobody how fine the times of directories are: so each change of
 * a stranger's gives them other ones. */
static void touch(const char *sub)
{
	static time_t at = 1700000000;
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = ++at } };

	CHECK(utimensat(mail_fd, sub, t, 0) == 0, "utimens");
}

static void rename_file(const char *sub, unsigned n)
{
	static const char *const infos[] = { ":2,", ":2,S", ":2,FT", ":2,abS" };
	char name[256], from[300], to[300];

	if (!find_file(sub, n, name))
		return;
	snprintf(from, sizeof from, "%s/%s", sub, name);
	snprintf(to, sizeof to, "cur/%.*s%s", (int)strcspn(name, ":"), name, infos[n / 16 % 4]);
	renameat(mail_fd, from, mail_fd, to);
	touch(sub);
	touch("cur");
}

static void deliver(unsigned n)
{
	char path[64];

	for (size_t i = 0; i < noriginals; i++) {
		if (!originals[i].message || n-- % 8 > 0)
			continue;
		snprintf(path, sizeof path, "new/18%02u.M1P1.h", ++delivered);
		CHECK(linkat(original_fd, originals[i].path, mail_fd, path, 0) == 0, "deliver");
		touch("new");
		return;
	}
}

static void foreign(struct bytes *in)
{
	unsigned what = (unsigned)take(in, 1), n = (unsigned)take(in, 1);
	char name[256], path[300];

	SHOW("foreign: %u %u\n", what % 4, n);
	switch (what % 4) {
	case 0:
		return rename_file("cur", n);
	case 1:
		return rename_file("new", n);
	case 2:
		if (find_file("cur", n, name)) {
			snprintf(path, sizeof path, "cur/%s", name);
			unlinkat(mail_fd, path, 0);
			touch("cur");
		}
		return;
	default:
		deliver(n);
	}
}

static void step(struct bytes *in)
{
	unsigned what = (unsigned)take(in, 1);
	const size_t n = sizeof commands / sizeof *commands;

	if (what < 4 * n) {
		if (!running.open) {
			begin(&running);
			say(&running, "SELECT INBOX");
		}
		if (running.open)
			say(&running, commands[what / 4]);
		later_when = 0;
	} else if (what % 8 == 0) {
		foreign(in);
	} else if (what % 8 < 3) {
		later_when = (unsigned)take(in, 2) & 0x3ff;
		later = take_piece(in);
	} else {
		damage(in, false);
	}
}

/* The session that saw it all, if it is still there. */
static bool ask_same(struct said *said)
{
	struct running *r = &running;

	if (!r->open || !r->s.mb || lies || mailbox_readonly(r->s.mb) ||
	    !bytes_is(mailbox_name(r->s.mb), "INBOX"))
		return false;
	say(r, "CHECK");
	if (r->open)
		say(r, "NOOP");
	if (!r->open)
		return false;
	struct buf before = BUF_INIT;
	heard(r, &before);
	buf_free(&before);
	ask(r, NULL, said);
	return true;
}

static void remove_index(void)
{
	for (size_t i = 0; i < FILES; i++)
		if (damaged[i].kind != TEXT)
			unlinkat(mail_fd, damaged[i].name, 0);
}

static void judge(void)
{
	if (renamed)
		deliver(0);

	struct said same = { 0 }, again[2] = { 0 }, rebuilt[2] = { 0 }, truth[2] = { 0 };
	bool asked = ask_same(&same);

	end(&running);
	ask_anew(again);
	remove_index();
	bool lied = lies;
	lies = false; /* from now on */
	ask_anew(rebuilt);
	for (int i = 0; i < 2; i++) {
		truth_of(folders[i], &truth[i]);
		same_facts(&rebuilt[i], &truth[i], "a rebuilt index differs from the files");
	}
	lies = lied;
	for (int i = 0; i < 2; i++)
		same_answers(&again[i], &rebuilt[i], "the index differs from a rebuilt one");
	if (asked &&
	    bytes_find(buf_view(&again[0].fetched), buf_view(&same.fetched)) == BYTES_NONE) {
		show("old", &same);
		show("new", &again[0]);
		fail("the old session differs from a new one");
	}
	said_free(&same);
	for (int i = 0; i < 2; i++) {
		said_free(&again[i]);
		said_free(&rebuilt[i]);
		said_free(&truth[i]);
	}
}

/* --- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[128];

	(void)argc;
	(void)argv;
	shown = getenv("FUZZ_SHOW") != NULL;
	snprintf(base, sizeof base, "%s/roost-fuzz-files.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(base) != NULL, "mkdtemp");
	atexit(remove_base);
	snprintf(mail, sizeof mail, "%s/m", base);
	input_fd = memfd_create("input", MFD_CLOEXEC);
	output_fd = memfd_create("output", MFD_CLOEXEC);
	make_dirs();
	for (unsigned i = 1; i <= INBOX_MESSAGES; i++)
		put_message(".", i);
	for (unsigned i = 1; i <= SUB_MESSAGES; i++)
		put_message(".Sub", 12 + i);
	put_file("dovecot-keywords", BYTES("0 $Junk\n1 work\n"));
	begin(&running);
	static const char *const first[] = {
		"SELECT INBOX",
		"FETCH 1:* " EVERYTHING,
		"STORE 3 +FLAGS (\\Flagged third)",
		"STORE 8 +FLAGS (\\Deleted)",
		"EXPUNGE",
		"SUBSCRIBE Sub",
		"SELECT Sub",
		"FETCH 1:* " EVERYTHING,
		"SELECT INBOX",
	};
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		say(&running, first[i]);
	end(&running);
	remember_dir(".", false);
	remember_dir(".Sub", false);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/cur", folders[i]);
		remember_dir(path, true);
		snprintf(path, sizeof path, "%s/new", folders[i]);
		remember_dir(path, true);
	}
	snprintf(path, sizeof path, "%s/original", base);
	CHECK(rename(mail, path) == 0, "rename");
	original_fd = mail_fd;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };

	lies = renamed = false;
	slept_ns = 0;
	delivered = 0;
	later_when = 0;
	restore(take(&in, 1) & 1);
	for (int i = 0; in.n && i < STEPS; i++)
		step(&in);
	later_when = 0;
	judge();
	close(mail_fd);
	remove_tree(mail);
	return 0;
}
