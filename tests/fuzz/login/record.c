/* A parser's request and an authenticator's messages, any bytes: what is accepted keeps every
 * bound and says the same when it is written again. */
#include <assert.h>

#include "authenticate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct attempt a = { .refusal = OUTCOME_READY };
	char out[LOGIN_RECORD_MAX];
	struct record r;

	if (record_get(&r, in)) {
		assert(record_tag_valid(bytes_of(r.tag)));
		assert(strlen(r.user) <= LOGIN_USER_MAX &&
		       strlen(r.password) <= LOGIN_PASSWORD_MAX);
		assert(bytes_eq((struct bytes){ out, record_put(&r, out) }, in));
	}
	attempt_message(&a, in);
	assert(a.refusal < OUTCOME_REFUSALS || a.refusal == OUTCOME_READY);
	assert(!*a.user || record_name_valid(bytes_of(a.user)));
	return 0;
}
