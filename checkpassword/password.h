/* password.h: a new password from whoever sits at the terminal, or from a pipe. */
#ifndef PASSWORD_H
#define PASSWORD_H

#define PASSWORD_MAX 200 /* bytes: as much as a login takes */

/* From descriptor 0: twice and unseen from a terminal, else one line of it.  NULL, or why
 * there is none. */
const char *password_ask(char out[PASSWORD_MAX + 1]) __attribute__((warn_unused_result));

#endif
