/*
 * session.h: one IMAP connection and what a command handler sees of it.
 *
 * A handler parses its arguments from c->args, does its work, writes untagged
 * data to s->out and returns a result; one place (command.c) writes the tagged
 * line.  Nobody but that place and the reader flushes.
 */
#ifndef SESSION_H
#define SESSION_H

#include "mailbox.h"
#include "parse.h"
#include "reader.h"

/* Limits, each protecting the process against what a client sends. */
#define IMAP_LINE_MAX 65536         /* one line without its literals: RFC 7162 §4 asks 8192 */
#define IMAP_COMMAND_MAX (1u << 20) /* a command with its literals, but for APPEND's message */
#define IMAP_OUTPUT 65536           /* replies leave in pieces of that size: few system calls */
#define IMAP_TEXT_KEEP 4096         /* memory for the text kept between commands */
#define IMAP_TAG_MAX 64
#define IMAP_BAD_MAX 10       /* BAD in a row, then BYE */
#define IMAP_SEQSET_MAX 65536 /* ranges of one set */
#define IMAP_FLAGS_MAX 256    /* keywords in one flag list */
#define IMAP_SEARCH_DEPTH 50  /* nested parentheses, NOT, OR */
#define IMAP_SEARCH_KEYS 2000
#define IMAP_FETCH_ITEMS 200
#define IMAP_TIMEOUT_MS (30 * 60 * 1000)      /* RFC 3501 §5.4: at least 30 minutes */
#define IMAP_WRITE_TIMEOUT_MS (5 * 60 * 1000) /* a client that takes nothing */
#define IMAP_MESSAGE_MAX_DEFAULT (100u << 20) /* MESSAGE_SIZE_LIMIT */

enum session_state {
	STATE_AUTHENTICATED = 1 << 0,
	STATE_SELECTED = 1 << 1,
	STATE_LOGOUT = 1 << 2, /* the connection ends after this command */
};

struct session {
	struct reader in;
	struct writer out;
	struct arena cmd;       /* reset after each command */
	struct buf text;        /* the command as it came, see parse.h */
	char tag[IMAP_TAG_MAX]; /* of the command, for the tagged line */
	enum session_state state;
	struct store *store;
	struct mailbox *mb;     /* STATE_SELECTED */
	struct mailbox *left;   /* the one before, closed once the reply is out */
	struct view *view;      /* of mb */
	uint64_t keywords_told; /* bit n: keyword n was in a FLAGS response */
	int64_t looked;         /* clock_ms of the last mailbox_sync */
	unsigned enabled;       /* ENABLE_* */
	unsigned bads;          /* in a row */
	bool uid;               /* the running command is a UID one */
	const char *bye;        /* set: BYE with this text is the last that is said */
	const char *user;
	uint64_t message_max;     /* largest message taken by APPEND */
	bool stored;              /* STOREs that aren't on disk yet; their replies wait for it */
	const volatile int *stop; /* set by SIGTERM: BYE at the next chance */
};

enum { ENABLE_NONE = 0 }; /* CONDSTORE, QRESYNC, UTF8=ACCEPT, IMAP4rev2 to come */

enum result_kind {
	RESULT_OK,
	RESULT_NO,
	RESULT_BAD,
	RESULT_NONE, /* no tagged line: the session ends */
};

/* code without brackets ("TRYCREATE"), or NULL; both live in the command arena or are
 * literals. */
struct result {
	enum result_kind kind;
	const char *code;
	const char *text;
};

struct command {
	struct bytes tag;
	struct bytes name; /* as the client wrote it, without UID */
	bool uid;          /* came as UID FETCH ... */
	struct bytes args; /* a cursor: all behind the name, as on the wire
					 * with literals in place; see parse.h */
	/* APPEND: args ends with the announcement of the message, whose bytes
	 * were not read yet; the handler does (command.h). */
	bool literal_waits;
	struct literal literal;
};

static inline struct result result_ok(const char *text)
{
	return (struct result){ RESULT_OK, NULL, text };
}
static inline struct result result_no(const char *code, const char *text)
{
	return (struct result){ RESULT_NO, code, text };
}
static inline struct result result_bad(const char *text)
{
	return (struct result){ RESULT_BAD, NULL, text };
}
/* NO with the code RFC 5530 has for the kind; logs e->log where it is more than a
 * user's mistake. */
struct result result_error(struct session *s, const char *operation, const struct error *e);
/* The same for what was done in the selected mailbox, which may be gone. */
struct result result_selected_error(struct session *s, const char *operation,
				    const struct error *e);
/* The same for the target of APPEND, COPY, MOVE: missing is [TRYCREATE]. */
struct result result_target_error(struct session *s, const char *operation, const struct error *e);

/* Reads from s->in and answers until either side has enough.  The store is
 * open, s->out and s->in are set up. */
void session_run(struct session *s, struct bytes imaptag);

/* Which commands sync when: before the tagged line of a command, news is told.
 * FETCH, STORE, SEARCH without UID never tell an EXPUNGE (RFC 3501 §7.4.1).
 * Called by command.c after each handler in the selected state; IDLE calls it itself.
 * The store is looked at for foreign changes if that was not done a moment ago. */
void session_news(struct session *s, bool expunges);
/* Looks at the store now; trouble is logged, the session goes on. */
void session_look(struct session *s, enum mailbox_sync how);
/* Was all that the view said since the last look read from a sound index?  False: it was
 * built again, ask again.  Somebody who damages it each time ends the session. */
bool session_sound(struct session *s, unsigned tries);
#define SESSION_TRIES 3
/* Ends the session if the peer is gone, too slow, or we are to stop: true if
 * status is no READER_OK. */
bool session_lost(struct session *s, enum reader_status status);
/* Leaves the selected mailbox (no response). */
void session_deselect(struct session *s);
/* The same; what its end takes is done by session_close_left. */
void session_leave(struct session *s);
/* Sends what is buffered, then closes the mailbox that was left, if there is one: nobody
 * waits for it to be tidied. */
void session_close_left(struct session *s);
/* The selected mailbox was deleted by somebody; then the session ends with BYE. */
bool session_gone(struct session *s);
/* The writer's `before`: what STORE acknowledges is on disk first. */
int session_durable(void *session);
/* view_read; an index that turns out damaged is built again first. */
bool session_read(struct session *s, uint32_t seq, struct index_record *r);
/* "(\Seen $Junk)" of a record; adds \Recent. */
void session_write_flags(struct session *s, const struct index_record *r);

/* The handlers; each in the file of its name.  The table is in command.c. */
typedef struct result handler(struct session *s, struct command *c);
handler cmd_capability, cmd_noop, cmd_check, cmd_logout, cmd_id, cmd_enable, cmd_namespace,
	cmd_select, cmd_examine, cmd_close, cmd_unselect, cmd_create, cmd_delete, cmd_rename,
	cmd_subscribe, cmd_unsubscribe, cmd_list, cmd_lsub, cmd_status, cmd_append, cmd_idle,
	cmd_expunge, cmd_store, cmd_copy, cmd_move, cmd_fetch, cmd_search;

#endif
