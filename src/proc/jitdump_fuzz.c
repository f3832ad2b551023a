/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "proc/perfmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jit_map map = { 0 };

	if (jit_map_parse_jitdump(&map, str_over(data, size), NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < map.n; i++) {
		const struct jit_code *code = &map.items[i];
		const struct jit_code *found = jit_map_find(&map, code->start, code->time_ns);

		if (!found || found->time_ns < code->time_ns)
			abort();
		for (uint32_t j = 1; j < code->n_lines; j++)
			if (!code->lines[j].file.p)
				abort();
	}
	jit_map_fini(&map);
	return 0;
}
