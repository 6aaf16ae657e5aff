/* Commands before login, any bytes: what comes out lies within the input or the scratch. */
#include <assert.h>
#include <stdlib.h>

#include "prelogin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void touch(struct bytes b, struct bytes in, const char *scratch)
{
	assert((b.p >= in.p && b.p + b.n <= in.p + in.n) ||
	       (b.p >= scratch && b.p + b.n <= scratch + in.n));
	assert(bytes_chr(b, '\0') == BYTES_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n }, c = in, tag, initial, authzid;
	char *scratch = malloc(n + 1);
	struct prelogin_literal l;
	struct credentials cred;
	enum prelogin_mech mech;

	if (prelogin_literal(in, &l))
		assert(n >= 3 && in.p[n - 1] == '}');
	if (prelogin_plain(in, &authzid, &cred))
		assert(authzid.n + cred.user.n + cred.password.n + 2 == n);
	if (prelogin_tag(&c, &tag))
		prelogin_verb(&c);
	if (prelogin_login(c, scratch, &cred)) {
		touch(cred.user, in, scratch);
		touch(cred.password, in, scratch);
	}
	if (prelogin_authenticate(c, &mech, &initial))
		assert(initial.n < n);
	prelogin_id(c);
	free(scratch);
	return 0;
}
