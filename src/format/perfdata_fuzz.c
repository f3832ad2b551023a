/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata.h"
#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { perfdata_detect, perfdata_read, NULL, NULL };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
