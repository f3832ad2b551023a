/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gmon_place_test.h"
#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_reader(test_read_gmon, NULL, str_over(data, n));
	return 0;
}
