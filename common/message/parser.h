/*
 * parser.h: the state of message_parse, shared by message.c (the tree) and
 * field.c (the headers).
 */
#ifndef PARSER_H
#define PARSER_H

#include "crlf.h"
#include "message.h"

struct mark { /* a place in the message, always the start of a line */
	size_t at;
	struct crlf_count newlines; /* before it */
};

struct multipart { /* one whose boundary may still come */
	struct bytes boundary;
	struct part *part, *last; /* it and its newest child */
};

struct parser {
	struct arena *arena;
	struct message *m;
	const char *p;
	size_t n;
	struct mark here;
	size_t nparts, nparams;
	size_t nfields;       /* of all headers */
	struct field *fields; /* room for more, pool_n of pool_cap are used */
	size_t pool_n, pool_cap;
	size_t nopen;
	struct multipart open[MESSAGE_DEPTH_MAX]; /* outermost first */
	struct mark body[MESSAGE_DEPTH_MAX + 1];  /* where the body at each depth began */
};

struct boundary {      /* a boundary line that was met */
	size_t level;  /* of open[] */
	size_t length; /* of "--boundary" or "--boundary--" */
	bool closing;
};

/* The line here is a boundary of an open multipart. */
bool parser_boundary(const struct parser *s, struct boundary *b);
/* Passes the line here (with its newline). */
void parser_pass_line(struct parser *s, size_t length);
/* Reads a header from here to behind its empty line, or to a boundary. */
void parser_header(struct parser *s, struct part *part);

#endif
