/* descriptors.h: nothing is handed on by accident. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

/* Closes all descriptors but 0, 1, 2 and these, in any order; a negative one is none. */
void descriptors_close(const int *keep, size_t n);

#endif
