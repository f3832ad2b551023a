/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/demangle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = { 0 };
	bool ok = demangle(str_over(data, size), &out);

	if (ok != (out.n > 0) || out.n > DEMANGLED_MAX)
		abort();
	buf_fini(&out);
	return 0;
}
