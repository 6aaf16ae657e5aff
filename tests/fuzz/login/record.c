/* A parser's request, an authenticator's messages and a handler's last one, any bytes: what is accepted keeps every
 * bound and says the same when it is written again. */
#include <assert.h>

#include "wait.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct attempt a = { .refusal = OUTCOME_READY };
	char out[LOGIN_RECORD_MAX];
	struct record r;
	struct traffic t;

	if (record_get(&r, in)) {
		assert(record_tag_valid(bytes_of(r.tag)));
		assert(strlen(r.user) <= LOGIN_USER_MAX &&
		       strlen(r.password) <= LOGIN_PASSWORD_MAX);
		assert(bytes_eq((struct bytes){ out, record_put(&r, out) }, in));
	}
	(void)traffic_parse(&t, in);
	attempt_message(&a, in);
	assert(a.refusal < OUTCOME_REFUSALS || a.refusal == OUTCOME_READY);
	assert(!*a.user || record_name_valid(bytes_of(a.user)));
	return 0;
}
