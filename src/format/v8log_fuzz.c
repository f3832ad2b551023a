/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8log.h"
#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { .detect = v8log_detect, .read = v8log_read };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
