/* loginfd.h: what an authenticator tells the login program that started it. */
#ifndef LOGINFD_H
#define LOGINFD_H

#include <stdbool.h>

/* The descriptor in LOGINFD; -1: none is set; -2: it is nonsense. */
int loginfd_number(void);
/* Writes "key=value" and a LF; true as well when there is nobody to tell. */
bool loginfd_tell(const char *key, const char *value) __attribute__((warn_unused_result));

#endif
