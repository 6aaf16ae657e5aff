/*
 * seccomp.c: the list as a program for the kernel's filter.
 *
 * The kernel translates the program as it takes it, 0.2 us an instruction and 20 us in any
 * case, so it is short and finds a call in a few steps: a binary search over the spans of
 * numbers that have the same verdict, with the verdicts shared.  Where the rules of a call look
 * at arguments, they are tried in order: load the argument, does it fit, the verdict.
 *
 * A program that judges some calls by their number alone is run in advance for each number
 * that there is, for a bitmap of those that are always allowed.  That takes 25 us or more, and
 * saves 40 ns in each call: too few calls are made in most sessions, so ours looks at more.
 *
 * Arguments are compared in their low 32 bits, for those that rules judge are ints, of
 * which the kernel looks at no more, or pointers that must be NULL in all 64.
 */
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitized.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#error "which architecture is this?"
#endif

#define SPANS_MAX (2 * SECCOMP_RULES_MAX + 1)
#define CHUNK 120 /* spans searched with short jumps (at most 255 instructions) */
/* The beginning; per span its share of the search; per rule itself and its call's end. */
#define CODE_MAX (5 + SPANS_MAX * 4 + SECCOMP_RULES_MAX * 7)
_Static_assert(2 * CHUNK + 2 <= 255, "a jump over the comparisons and landings of a chunk");

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_WORD 0
#define HIGH_WORD 4
#else
#define LOW_WORD 4
#define HIGH_WORD 0
#endif

/* Numbers from here up to the next span's. */
struct span {
	uint32_t from;
	uint8_t verdict;
	uint8_t first, end; /* JUDGE: one call's rules */
};
enum { KILL, ALLOW, JUDGE };
_Static_assert(SECCOMP_RULES_MAX <= UINT8_MAX, "an index of rules");

/* What is used of each array is its beginning, a page or two in all. */
struct program {
	size_t n_spans;
	const struct seccomp_rule *rules[SECCOMP_RULES_MAX]; /* by call */
	struct span spans[SPANS_MAX];
	unsigned short n;
	struct sock_filter code[CODE_MAX];
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	p->code[p->n++] = (struct sock_filter){ .code = code, .jt = yes, .jf = no, .k = k };
}

static void load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void verdict(struct program *p, uint32_t what)
{
	emit(p, BPF_RET | BPF_K, what, 0, 0);
}

/* By call; those of one call stay in their order. */
static void sort(struct program *p, const struct seccomp_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at && p->rules[at - 1]->call > rules[i].call; at--)
			p->rules[at] = p->rules[at - 1];
		p->rules[at] = &rules[i];
	}
}

static bool is_plain(const struct seccomp_rule *r)
{
	return !r->mask && !r->null && !r->error;
}

static void add_span(struct program *p, struct span s)
{
	/* The number before has the same verdict. */
	if (p->n_spans && s.verdict != JUDGE && p->spans[p->n_spans - 1].verdict == s.verdict)
		return;
	p->spans[p->n_spans++] = s;
}

static void make_spans(struct program *p, size_t n)
{
	uint32_t next = 0;

	p->n_spans = 0;
	for (size_t i = 0, end; i < n; i = end) {
		uint32_t call = (uint32_t)p->rules[i]->call;

		for (end = i; end < n && p->rules[end]->call == p->rules[i]->call;)
			end++;
		if (call > next)
			add_span(p, (struct span){ .from = next, .verdict = KILL });
		add_span(p, (struct span){ call, is_plain(p->rules[i]) ? ALLOW : JUDGE, (uint8_t)i,
					   (uint8_t)end });
		next = call + 1;
	}
	add_span(p, (struct span){ .from = next, .verdict = KILL });
}

/* Falls through where it doesn't fit. */
static void rule(struct program *p, const struct seccomp_rule *r)
{
	size_t argument = offsetof(struct seccomp_data, args) + r->arg * sizeof(uint64_t);

	if (r->null) {
		load(p, argument + HIGH_WORD);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
		load(p, argument + LOW_WORD);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
	} else if (r->mask) {
		load(p, argument + LOW_WORD);
		if (!r->value) {
			emit(p, BPF_JMP | BPF_JSET | BPF_K, r->mask, 1, 0);
		} else {
			if (r->mask != UINT32_MAX)
				emit(p, BPF_ALU | BPF_AND | BPF_K, r->mask, 0, 0);
			emit(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
		}
	}
	verdict(p, r->error ? SECCOMP_RET_ERRNO | r->error : SECCOMP_RET_ALLOW);
}

static void judge(struct program *p, const struct span *s)
{
	for (size_t i = s->first; i < s->end; i++)
		rule(p, p->rules[i]);
	verdict(p, SECCOMP_RET_KILL_PROCESS);
}

/* Where the search among few ends: at one verdict that all have in common, or at a jump to
 * the rules of one call. */
struct landing {
	unsigned at[CHUNK]; /* of each span */
	size_t first;       /* the span of at[0] */
};

/* One comparison per span but the first. */
static void compare(struct program *p, size_t from, size_t to, const struct landing *l)
{
	size_t middle = from + (to - from) / 2;
	unsigned at = p->n;

	if (to - from == 1)
		return;
	emit(p, BPF_JMP | BPF_JGE | BPF_K, p->spans[middle].from, 0, 0);
	compare(p, from, middle, l);
	if (middle - from == 1)
		p->code[at].jf = (uint8_t)(l->at[from - l->first] - at - 1);
	p->code[at].jt = (uint8_t)(p->n - at - 1);
	if (to - middle == 1)
		p->code[at].jt = (uint8_t)(l->at[middle - l->first] - at - 1);
	compare(p, middle, to, l);
}

static void chunk(struct program *p, size_t from, size_t to)
{
	/* Behind the comparisons: killed (a single span's verdict, for there is always
	 * one behind the last call), allowed, jumps. */
	unsigned killed = p->n + (unsigned)(to - from - 1), jump = killed + 2;
	struct landing l = { .first = from };

	for (size_t i = from; i < to; i++)
		l.at[i - from] = p->spans[i].verdict == KILL    ? killed
				 : p->spans[i].verdict == ALLOW ? killed + 1
								: jump++;
	compare(p, from, to, &l);
	verdict(p, SECCOMP_RET_KILL_PROCESS);
	verdict(p, SECCOMP_RET_ALLOW);
	for (unsigned at = killed + 2; at < jump; at++)
		emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	for (size_t i = from; i < to; i++) {
		if (p->spans[i].verdict != JUDGE)
			continue;
		p->code[l.at[i - from]].k = p->n - l.at[i - from] - 1;
		judge(p, &p->spans[i]);
	}
}

static void search(struct program *p, size_t from, size_t to)
{
	size_t middle = from + (to - from) / 2;
	unsigned jump;

	if (to - from <= CHUNK) {
		chunk(p, from, to);
		return;
	}
	emit(p, BPF_JMP | BPF_JGE | BPF_K, p->spans[middle].from, 0, 1);
	jump = p->n; /* over the lower half, which is too long for the comparison's own */
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	search(p, from, middle);
	p->code[jump].k = p->n - jump - 1;
	search(p, middle, to);
}

static void make_program(struct program *p, const struct seccomp_rule *rules, size_t n)
{
	p->n = 0;
	load(p, offsetof(struct seccomp_data, instruction_pointer)); /* no bitmap, see above */
	load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	verdict(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr)); /* x32's are above all of ours */
	sort(p, rules, n);
	make_spans(p, n);
	search(p, 0, p->n_spans);
}

bool seccomp_confine(const struct seccomp_rule *rules, size_t n)
{
	struct program p;
	struct sock_fprog filter = { .filter = p.code };

	if (n > SECCOMP_RULES_MAX) {
		errno = E2BIG;
		return false;
	}
	make_program(&p, rules, n);
	filter.len = p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	if (SANITIZED)
		return true;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}
