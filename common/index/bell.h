/*
 * bell.h: the doorbell.  Whoever changes a mailbox rings those that idle in it.
 *
 * A FIFO "roost.bell" in the index directory.  An idler opens it for reading
 * and waits with an edge-triggered epoll: each byte written wakes everybody, nobody
 * needs to read it.  With nobody idling the open for writing fails (ENXIO) and
 * ringing costs one system call.  Nobody sleeps in a writer: all is non-blocking.
 * inotify is no substitute: 128 instances per uid.
 */
#ifndef BELL_H
#define BELL_H

#include <stdbool.h>

#define BELL_FILE "roost.bell"

/* Never fails visibly. */
void bell_ring(int dirfd);

struct bell;
/* Waits on the doorbell and, where an inotify instance can be had, on changes by
 * foreign programs in the given directories (-1: none; watched through
 * /proc/self/fd).  NULL only without descriptors. */
struct bell *bell_listen(int dirfd, int watch1, int watch2);
/* To poll for readability, until bell_heard. */
int bell_fd(const struct bell *b);
/* Takes the news off bell_fd: true if there was a ring or a foreign change. */
bool bell_heard(struct bell *b);
/* False: no inotify; the caller should look by itself now and then. */
bool bell_watches(const struct bell *b);
void bell_close(struct bell *b);

#endif
