/* A login record of any bytes: refused, or three fields that fill it exactly. */
#include <assert.h>

#include "loginrecord.h"
#include "username.h"
#include "conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct loginrecord r;
	char name[USERNAME_MAX + 1], again[USERNAME_MAX + 1];

	if (n > sizeof(r.raw))
		n = sizeof(r.raw);
	conf_forget();
	memset(&r, 'x', sizeof(r));
	if (n)
		memcpy(r.raw, data, n);
	r.n = n;
	if (!loginrecord_parse(&r))
		return 0;
	assert(r.user.n + r.pass.n + r.stamp.n + 3 == n && n <= LOGINRECORD_MAX);
	assert(strlen(r.user.p) == r.user.n && strlen(r.pass.p) == r.pass.n);
	if (username_canonical(r.user, name)) {
		assert(name[0] && !strchr(name, '/') && !strstr(name, ".."));
		assert(username_canonical(bytes_of(name), again) && strcmp(name, again) == 0);
	}
	return 0;
}
