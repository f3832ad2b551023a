/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a line table, after a byte that says of which version. */
#include "runtime/python/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int32_t instrs[] = { INT32_MIN, -1, 0, 1, 2, 7, 100, 4000, INT32_MAX };

	for (unsigned i = 0; size && i < sizeof(instrs) / sizeof(*instrs); i++)
		python_line_of(6 + data[0] % 9, str_over(data + 1, size - 1), data[0], instrs[i]);
	return 0;
}
