/* SPDX-License-Identifier: Apache-2.0 */
#include "format/reader_fuzz.h"
#include "format/gecko.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_reader(gecko_read, gecko_write, str_over(data, n));
	return 0;
}
