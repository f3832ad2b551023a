/* SPDX-License-Identifier: Apache-2.0 */
#include "format/reader_fuzz.h"
#include "format/speedscope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_reader(speedscope_read, speedscope_write, str_over(data, n));
	return 0;
}
