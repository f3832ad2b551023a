/* SPDX-License-Identifier: Apache-2.0 */
#include "format/stackdump.h"

#include "format/reader_fuzz.h"

/* Every row is of a thread at least. */
static void check(const struct profile *p)
{
	assert(profile_total(p, 0) >= (int64_t)p->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { stackdump_detect, stackdump_read, NULL, check };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
