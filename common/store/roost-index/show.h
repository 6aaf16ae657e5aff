/*
 * show.h: what the files of a folder's index say, one "key: value" per line.
 */
#ifndef SHOW_H
#define SHOW_H

#include "store.h"

/* `records`: also one line for each.  0/-1. */
int show_folder(struct store *s, struct bytes name, bool records, struct error *e);

#endif
