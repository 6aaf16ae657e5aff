/*
 * error.h: what went wrong, said once, at the place where it happened.
 *
 * Two texts: `user` goes to the client and names nothing of the machine;
 * `log` is for the administrator and names file, call and errno.  The kinds
 * are those a protocol must tell apart (RFC 5530), so that temporary and
 * permanent are decided at the point of failure and stay decided.
 */
#ifndef ERROR_H
#define ERROR_H

enum error_kind {
	ERROR_NONE,
	ERROR_TEMPORARY,   /* [UNAVAILABLE]: try again later */
	ERROR_INTERNAL,    /* [SERVERBUG]: a broken invariant */
	ERROR_CORRUPT,     /* [CORRUPTION] */
	ERROR_NOSPACE,     /* [OVERQUOTA]: disk or quota full */
	ERROR_NOPERM,      /* [NOPERM] */
	ERROR_NONEXISTENT, /* [NONEXISTENT] or [TRYCREATE] */
	ERROR_EXISTS,      /* [ALREADYEXISTS] */
	ERROR_INUSE,       /* [INUSE]: locked for longer than we wait */
	ERROR_EXPUNGED,    /* [EXPUNGEISSUED]: the message is gone */
	ERROR_LIMIT,       /* [LIMIT]: one of our named limits */
	ERROR_CANNOT,      /* [CANNOT]: never possible here */
	ERROR_INVALID,     /* the caller's argument, no code */
};

#define ERROR_TEXT 192
#define ERROR_LOG 512

struct error {
	enum error_kind kind;
	char user[ERROR_TEXT];
	char log[ERROR_LOG];
};

/* Fills *e (may be NULL) and returns -1, so that `return error_set(...)`
 * reads well.  `log` is a format; the user's text is a plain string. */
int error_set(struct error *e, enum error_kind kind, const char *user, const char *log, ...)
	__attribute__((format(printf, 4, 5)));

/* From errno: ENOSPC, EDQUOT -> NOSPACE; EACCES, EPERM, EROFS -> NOPERM;
 * ENOENT -> NONEXISTENT; EEXIST -> EXISTS; else TEMPORARY.  The log text
 * becomes "<log>: <strerror>".  errno is kept. */
int error_errno(struct error *e, const char *user, const char *log, ...)
	__attribute__((format(printf, 3, 4)));

#endif
