/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/maps.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_maps maps;

	if (proc_maps_parse(&maps, str_over(data, size), NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < maps.n; i++) {
		const struct proc_map *map = &maps.items[i];

		if (map->start >= map->end || (i && map[-1].end > map->start) ||
		    proc_maps_find(&maps, map->start) != map ||
		    proc_maps_find(&maps, map->end - 1) != map)
			abort();
	}
	proc_maps_fini(&maps);
	return 0;
}
