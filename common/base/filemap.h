/*
 * filemap.h: mapped files that survive truncation and a full disk.
 *
 * Somebody may cut a file we have mapped; touching the lost page raises
 * SIGBUS.  The handler puts a page of zeros in its place and marks the map,
 * so the step that touched it goes on with zeros, finds filemap_faulted()
 * afterwards and treats what it read as damaged.  No longjmp, no lost locks.
 */
#ifndef FILEMAP_H
#define FILEMAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct filemap {
	char *p; /* NULL: not mapped */
	size_t n;
	bool writable;
	volatile bool faulted;
	struct filemap *next; /* all maps of the process, for the handler */
};

/* Maps n bytes of fd from 0, shared; *m must stay where it is in memory until
 * filemap_close.  fd may be -1: anonymous memory.  0/-1 with errno. */
int filemap_open(struct filemap *m, int fd, size_t n, bool writable)
	__attribute__((warn_unused_result));
void filemap_close(struct filemap *m);

/* Asked after the bytes were touched; the fence keeps the compiler from asking
 * first. */
static inline bool filemap_faulted(const struct filemap *m)
{
	atomic_signal_fence(memory_order_seq_cst);
	return m->faulted;
}

#endif
