/* auth.h: who knows a user, and is the password right? */
#ifndef AUTH_H
#define AUTH_H

#include "helper.h"

struct question {
	struct bytes name; /* canonical, not empty */
	struct bytes pass; /* not empty, unless lookup */
	bool lookup;       /* nobody wants in: only what is known of the user */
};

/* The sources in the order of AUTH; the first that knows the name decides.  *u (with
 * OK, EXPIRED and FORBIDDEN) is valid until the process ends. */
enum answer auth_ask(const struct question *q, struct user *u) __attribute__((warn_unused_result));

/* The sources; each as above. */
enum answer users_ask(const struct question *q, struct user *u);
enum answer pam_ask(const struct question *q, struct user *u);
enum answer shadow_ask(const struct question *q, struct user *u);

/* Takes the time that a wrong password takes, if users.cdb was asked. */
void users_waste_time(const struct question *q);

/* users.cdb, or the file it is made from, is there. */
bool users_present(void);
bool pam_present(void);
bool shadow_present(void);

/* Is this the password that was stored: OK, WRONG or TROUBLE. */
enum answer verify(struct bytes stored, struct bytes pass);

#endif
