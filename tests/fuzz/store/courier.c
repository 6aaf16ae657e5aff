/* Courier's keyword files: ":list" up to the first NUL, then the name of an update, NUL,
 * its text. */
#include <assert.h>

#include "courier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct courier c = COURIER_INIT;
	struct bytes rest = { (const char *)data, n }, list, name, stem;
	uint64_t age;

	if (n == 0)
		return 0;
	bytes_split(&rest, '\0', &list);
	courier_parse_list(&c, list);
	if (bytes_split(&rest, '\0', &name) && courier_update_name(name, &stem, &age) && rest.p)
		courier_parse_update(&c, stem, rest);
	assert(c.n <= COURIER_KEYWORDS);
	for (size_t i = 0; i < c.bits.cap; i++)
		if (c.bits.slots[i].key.p) {
			uint64_t bits = courier_bits(&c, c.bits.slots[i].key);
			assert(c.n == 64 || bits >> c.n == 0);
		}
	courier_free(&c);
	return 0;
}
