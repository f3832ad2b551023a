/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8heap.h"
#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { .detect = v8heap_detect, .read = v8heap_read };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
