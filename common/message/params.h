/* params.h: values of Content-Type, Content-Disposition and their like (RFC
 * 2045 §5.1, RFC 2183, RFC 2231), and what real mail has in their place. */
#ifndef PARAMS_H
#define PARAMS_H

#include "message.h"

#define PARAMS_MAX 1000 /* parameters of one field looked at, sections counted singly */

/* "type/subtype; a=b": false when it has no type and subtype (RFC 2045 §5.2:
 * the default is to be assumed).  Parameters are read in any case, unless
 * params is NULL. */
bool params_content_type(struct arena *a, struct bytes value, struct bytes *type,
			 struct bytes *subtype, struct param **params);
/* "token; a=b": the token, n == 0 if there is none.  params may be NULL. */
struct bytes params_token(struct arena *a, struct bytes value, struct param **params);
/* The first parameter of that name (ASCII case ignored), not an extended one. */
const struct param *params_find(const struct param *list, const char *name);

#endif
