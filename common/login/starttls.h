/* starttls.h: is there TLS to be had, and where? */
#ifndef STARTTLS_H
#define STARTTLS_H

#include <stdbool.h>

/* TLS_CERT, else the file that roost-cert makes, else "": there is no TLS. */
const char *starttls_certificates(void);

#endif
