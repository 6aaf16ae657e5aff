/* jail.h: the wall around the half that talks to strangers. */
#ifndef JAIL_H
#define JAIL_H

/* The calling process needs nothing but its open descriptors from here on.
 * Ends it with 111 if a wall doesn't stand. */
void jail(void);
/* No core file, no ptrace by others of our uid: it handles passwords. */
void jail_private(void);

#endif
