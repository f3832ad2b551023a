/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata.h"
#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_reader(perfdata_read, NULL, str_over(data, n));
	return 0;
}
