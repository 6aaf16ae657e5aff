/* The control channel of UCSPI-TLS, any bytes: what becomes a variable is one of ours in form, and
 * a message that was whole is no other one byte earlier. */
#include <assert.h>

#include "facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes message = { (const char *)data, n }, rest = message, name, value;
	unsigned count = 0;

	if (facts_status(message) != FACTS_WHOLE)
		return 0;
	assert(n > 0 && data[n - 1] == '\0');
	assert(facts_status(bytes_sub(message, 0, n - 1)) == FACTS_MORE);
	while (facts_next(&rest, &name, &value)) {
		assert(bytes_starts(name, BYTES("SSL_")) && name.n <= FACTS_NAME_MAX);
		assert(name.p >= message.p && value.p + value.n <= message.p + n);
		for (size_t i = 0; i < value.n; i++)
			assert((unsigned char)value.p[i] >= ' ');
		count++;
	}
	assert(count <= n / 6 + 1);
	facts_export(message);
	return 0;
}
