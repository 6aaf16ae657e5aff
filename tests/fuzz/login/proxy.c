/* A PROXY header, any bytes: what is taken names somebody, or nobody, and comes out the same
 * when it is written down in version 1. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct proxy *p)
{
	char source[ADDRESS_TEXT], target[ADDRESS_TEXT], line[2 * ADDRESS_TEXT + 32];
	const struct address *s = &p->source;
	struct proxy again;

	assert(p->relayed <= 1 && p->tls <= 1);
	assert(p->relayed || !p->tls);
	if (!p->relayed || address_is_v4(s) != address_is_v4(&p->target))
		return;
	address_text(s, source);
	address_text(&p->target, target);
	snprintf(line, sizeof line, "PROXY TCP%d %s %s %u %u", address_is_v4(s) ? 4 : 6, source,
		 target, p->source_port, p->target_port);
	assert(proxy_v1(&again, bytes_of(line)));
	assert(memcmp(&again.source, s, sizeof *s) == 0 && again.source_port == p->source_port);
	assert(memcmp(&again.target, &p->target, sizeof *s) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = { (const char *)data, n };
	struct proxy p;

	if (proxy_v1(&p, in))
		check(&p);
	if (n >= PROXY_V2_HEAD && proxy_v2_length(in.p) == n && proxy_v2(&p, in))
		check(&p);
	return 0;
}
