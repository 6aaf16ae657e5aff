/* http.h: a browser, or somebody's web page in it, that talks to the wrong port. */
#ifndef HTTP_H
#define HTTP_H

#include "bytes.h"

/* "GET / HTTP/1.1" and its like, RFC 9112 §3.  A page can make a browser send mail commands
 * in the body of a request, so whoever begins like this is not listened to. */
bool http_is_request(struct bytes line);

#endif
