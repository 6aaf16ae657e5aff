/*
 * print.h: what roost-index says: results on 1, trouble and a progress bar on 2.
 *
 * Plain write(2), for in the cage stdio's ioctl would end the process.  Whatever comes from
 * a mailbox is printed with control characters escaped: the terminal may be root's.
 */
#ifndef PRINT_H
#define PRINT_H

#include "buf.h"

/* Before the cage: is there somebody to show a bar to? */
void print_open(void);
/* Appends text that a stranger chose: UTF-8 stays, all else that isn't printable is \xNN. */
void print_safe(struct buf *out, struct bytes text);
/* Empties *out to descriptor 1; nobody there to read it any more ends the process. */
void print_out(struct buf *out);
/* "roost-index: what: text" on descriptor 2. */
void print_trouble(const char *what, const char *text);

/* A bar for `what`, if there is much to do and somebody looks; gone before anything else
 * is printed. */
void progress(struct bytes what, uint64_t done, uint64_t all);
void progress_end(void);

#endif
