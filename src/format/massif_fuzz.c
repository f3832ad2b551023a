/* SPDX-License-Identifier: Apache-2.0 */
#include "format/massif.h"

#include "format/reader_fuzz.h"

/* Memory that is held is not less than none. */
static void check(const struct profile *p)
{
	assert(profile_total(p, 0) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { massif_detect, massif_read, NULL, check };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
