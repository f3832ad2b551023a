/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gmon_place_test.h"
#include "format/reader_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fuzzed format = { .detect = gmon_detect, .read = test_read_gmon };

	fuzz_reader(&format, str_over(data, n));
	return 0;
}
