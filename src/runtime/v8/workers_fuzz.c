/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a memory (runtime/image_test.h): a thread at 0x10000, Worker's vtable at 0x40000. */
#include "runtime/v8/workers.h"

#include <stdlib.h>

#include "runtime/image_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str image = str_over(data, size), name;
	struct v8_memory memory = { image_read, &image, NULL, NULL };
	struct arena arena = { 0 };

	if (size <= 16384 && v8_worker_name(&memory, 0x10000, 0x40000, &arena, &name) && (!name.n || name.n > 256))
		abort();
	arena_fini(&arena);
	return 0;
}
