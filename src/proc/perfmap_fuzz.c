/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/perfmap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jit_map map = { 0 };

	if (jit_map_parse_perf(&map, str_over(data, size), NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < map.n; i++) {
		const struct jit_code *code = &map.items[i];
		const struct jit_code *found = jit_map_find(&map, code->end - 1, 0);

		/* Itself, or what was told later. */
		if (!found || found->order < code->order)
			abort();
	}
	jit_map_fini(&map);
	return 0;
}
