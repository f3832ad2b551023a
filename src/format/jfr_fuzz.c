/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr.h"

#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { jfr_detect, jfr_read, NULL, NULL };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
