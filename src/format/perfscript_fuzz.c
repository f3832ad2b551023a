/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfscript.h"

#include "format/reader_fuzz.h"

/* Every row is of a sample at least. */
static void check(const struct profile *p)
{
	assert(profile_total(p, 0) >= (int64_t)p->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { perfscript_detect, perfscript_read, NULL, check };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
