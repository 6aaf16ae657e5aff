/* auth.h: who knows a user, and is the password right? */
#ifndef AUTH_H
#define AUTH_H

#include "helper.h"

#define AUTH_NOBODY "roost-no-such-user" /* as a name may look, and nobody has it */

struct question {
	struct bytes name; /* canonical, not empty, a NUL behind it */
	struct bytes pass; /* not empty, unless lookup or vouched; a NUL behind it */
	bool lookup;       /* nobody wants in: only what is known of the user */
	bool vouched;      /* the login program has proved who it is: may they log in? */
};

/* The sources in the order of AUTH; the first that knows the name decides.  *u (with
 * OK, EXPIRED and FORBIDDEN) is valid until the process ends. */
enum answer auth_ask(const struct question *q, struct user *u) __attribute__((warn_unused_result));
/* Before a login is refused: takes the time of the sources that were not asked or had
 * nothing to compare, so that every refusal costs each of them once. */
void auth_pay(const struct question *q);
/* PAM is one of the sources. */
bool auth_asks_pam(void);
/* Who asks PAM in the place of pam_ask; for a program that is linked with it. */
void auth_use_pam(enum answer (*ask)(const struct question *q, struct user *u));

/* The sources; each as above. */
enum answer users_ask(const struct question *q, struct user *u);
enum answer pam_ask(const struct question *q, struct user *u);
enum answer shadow_ask(const struct question *q, struct user *u);

/* Takes the time that a wrong password takes for most users of users.cdb. */
void users_waste_time(const struct question *q);

/* users.cdb, or the file it is made from, is there. */
bool users_present(void);
bool pam_present(void);
bool shadow_present(void);
/* PAM_SERVICE; NULL: it is no name, the log says so. */
const char *pam_service(void);

/* Is this the password that was stored: OK, WRONG or TROUBLE. */
enum answer verify(struct bytes stored, struct bytes pass);

#endif
