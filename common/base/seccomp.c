/*
 * seccomp.c: the list as a program for the kernel's filter.
 *
 * A run of at most four instructions per rule, tried in order: is it this call, load
 * the argument, does it fit, the verdict.  Arguments are compared in their low 32 bits:
 * those that rules judge are ints, of which the kernel looks at no more.
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

#define X32_BIT 0x40000000
#define RULE_SIZE 6
#define PROLOGUE_SIZE 6

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_WORD 0
#else
#define LOW_WORD 4
#endif

struct program {
	struct sock_filter code[PROLOGUE_SIZE + SECCOMP_RULES_MAX * RULE_SIZE + 1];
	unsigned short n;
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

static void prologue(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	verdict(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	verdict(p, SECCOMP_RET_KILL_PROCESS);
}

/* The accumulator holds the number of the call before and, where the rule doesn't fit, after. */
static void rule(struct program *p, const struct seccomp_rule *r)
{
	uint32_t what = r->error ? SECCOMP_RET_ERRNO | r->error : SECCOMP_RET_ALLOW;
	size_t argument = offsetof(struct seccomp_data, args) + r->arg * sizeof(uint64_t);

	if (!r->mask) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->call, 0, 1);
		verdict(p, what);
		return;
	}
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->call, 0, 5);
	load(p, argument + LOW_WORD);
	emit(p, BPF_ALU | BPF_AND | BPF_K, r->mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
	verdict(p, what);
	load(p, offsetof(struct seccomp_data, nr));
}

bool seccomp_confine(const struct seccomp_rule *rules, size_t n)
{
	struct program p = { .n = 0 };
	struct sock_fprog filter = { .filter = p.code };

	if (n > SECCOMP_RULES_MAX) {
		errno = E2BIG;
		return false;
	}
	prologue(&p);
	for (size_t i = 0; i < n; i++)
		rule(&p, &rules[i]);
	verdict(&p, SECCOMP_RET_KILL_PROCESS);
	filter.len = p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	if (SANITIZED)
		return true;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}
