/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gecko.h"

#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { gecko_detect, gecko_read, gecko_write, NULL };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
