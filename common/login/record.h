/*
 * record.h: what the parser asks of the gate, and what it is answered.
 *
 * One message each way on a SOCK_SEQPACKET pair.  A request is a byte that says how the
 * client gave its password and three fields (tag, user, password), each a 16-bit little-endian length and that many
 * bytes: bounded, no NUL inside, nothing after.  The gate believes none of it
 * before record_get said so.
 */
#ifndef RECORD_H
#define RECORD_H

#include "bytes.h"

#define LOGIN_TAG_MAX 64       /* bytes of a tag, as the handler takes them */
#define LOGIN_USER_MAX 254     /* a mail address, RFC 5321 */
#define LOGIN_PASSWORD_MAX 200 /* with all else within LOGIN_AUTH_MAX */
#define LOGIN_STAMP_MAX 48
#define LOGIN_AUTH_MAX 512 /* bytes on the authenticator's fd 3, checkpassword(8) */
#define LOGIN_RECORD_MAX (1 + 3 * 2 + LOGIN_TAG_MAX + LOGIN_USER_MAX + LOGIN_PASSWORD_MAX)

_Static_assert(LOGIN_USER_MAX + LOGIN_PASSWORD_MAX + LOGIN_STAMP_MAX + 3 <= LOGIN_AUTH_MAX,
	       "every record fits checkpassword's 512 bytes");

enum method {
	METHOD_LOGIN,
	METHOD_PLAIN,
	METHOD_EXTERNAL, /* no password; user is whom the client asks to be, or "" */
	METHODS
};

/* Texts each with a NUL behind it, and none inside. */
struct record {
	enum method method; /* LOGIN or PLAIN: for nothing but the log */
	char tag[LOGIN_TAG_MAX + 1];
	char user[LOGIN_USER_MAX + 1];
	char password[LOGIN_PASSWORD_MAX + 1];
};

/* Fills *r, method LOGIN; false (and *r wiped) where a field is too long or holds a NUL. */
bool record_fill(struct record *r, struct bytes tag, struct bytes user, struct bytes password)
	__attribute__((warn_unused_result));
/* The message, at most LOGIN_RECORD_MAX bytes at out; its length. */
size_t record_put(const struct record *r, char *out);
/* Anything but exactly one valid record: false, and *r wiped. */
bool record_get(struct record *r, struct bytes message) __attribute__((warn_unused_result));
/* Characters that the tag of a command may have; 1 to LOGIN_TAG_MAX of them. */
bool record_tag_valid(struct bytes tag);
/* Not empty, nothing below a space: what an authenticator is bothered with. */
bool record_name_valid(struct bytes name);
void record_wipe(struct record *r);
const char *record_method(const struct record *r); /* "PLAIN" */

/* How a login ended: an index into a table of RFC 5530's codes (outcome.c). */
enum outcome {
	OUTCOME_FAILED, /* wrong name or password */
	OUTCOME_UNAVAILABLE,
	OUTCOME_EXPIRED,
	OUTCOME_LIMIT,
	OUTCOME_AUTHORIZATION,
	OUTCOME_PRIVACY,
	OUTCOME_CONTACTADMIN,
	OUTCOME_INUSE,
	OUTCOME_REFUSALS, /* their number; below: never told to the parser */
	OUTCOME_READY,
	OUTCOME_CLOSED,
	OUTCOME_STOPPED,
};

const char *outcome_code(enum outcome o); /* "AUTHENTICATIONFAILED" */
const char *outcome_text(enum outcome o); /* for the client */
bool outcome_counts(enum outcome o);      /* as one of few allowed failures */
/* What an authenticator's code= means; OUTCOME_UNAVAILABLE for one we don't know. */
enum outcome outcome_of_code(struct bytes code);

/* The gate's answer. */
struct answer {
	uint8_t outcome; /* below OUTCOME_REFUSALS */
	uint8_t final;   /* 1: no further attempt */
};

#endif
