/*
 * seccomp.h: a list of the system calls that a process needs; any other ends it.
 *
 * One rule allows one call, or one call with one of its arguments judged; several
 * rules for a call are alternatives, and the first that fits decides.  A call that no
 * rule names, another architecture's or the x32 numbers kill the whole process
 * (SIGSYS), so a hole in the list is seen at once in a test and is no way around it.
 * A call costs 15 to 40 ns more.
 */
#ifndef SECCOMP_H
#define SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_rule {
	int call;       /* SYS_... */
	uint8_t arg;    /* which argument, 0 to 5; only looked at with mask or null */
	bool null;      /* fits where this argument is 0, all 64 bits of it: a pointer */
	uint16_t error; /* != 0: the call fails with this errno instead */
	uint32_t mask;  /* fits where (low 32 bits of the argument & mask) == value */
	uint32_t value;
};

#define SECCOMP_RULES_MAX 128

#define SECCOMP_ALLOW(call_)        \
	{                           \
		.call = SYS_##call_ \
	}
/* An int argument with exactly this value. */
#define SECCOMP_ONLY(call_, arg_, value_)                               \
	{                                                               \
		.call = SYS_##call_, .arg = (arg_), .mask = UINT32_MAX, \
		.value = (uint32_t)(value_)                             \
	}
/* None of these bits set. */
#define SECCOMP_WITHOUT(call_, arg_, bits_)                                               \
	{                                                                                 \
		.call = SYS_##call_, .arg = (arg_), .mask = (uint32_t)(bits_), .value = 0 \
	}
/* A pointer that must be NULL. */
#define SECCOMP_NULL(call_, arg_)                                \
	{                                                        \
		.call = SYS_##call_, .arg = (arg_), .null = true \
	}
/* Refused with an errno that the caller can live with. */
#define SECCOMP_REFUSE(call_, errno_)                  \
	{                                              \
		.call = SYS_##call_, .error = (errno_) \
	}

/* The calling process and what it forks or executes obey from now on; there is no way
 * back.  Sets no_new_privs.  False with errno: nothing of the list is in force.  A build
 * with sanitizers, whose runtime makes calls of its own, gets no filter. */
bool seccomp_confine(const struct seccomp_rule *rules, size_t n)
	__attribute__((warn_unused_result));

#endif
