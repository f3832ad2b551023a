/* SPDX-License-Identifier: Apache-2.0 */
#include "format/reader_fuzz.h"
#include "format/callgrind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_reader(callgrind_read, callgrind_write, str_over(data, n));
	return 0;
}
