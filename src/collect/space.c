/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"

struct space *space_new(uint32_t id, const struct space *like)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->refs = 1;
	space->id = id;
	if (like && like->n) {
		space->maps = calloc(like->n, sizeof(*space->maps));
		if (!space->maps) {
			free(space);
			return NULL;
		}
		memcpy(space->maps, like->maps, like->n * sizeof(*like->maps));
		space->n = like->n;
		space->runtime_image = like->runtime_image;
		space->runtime_bias = like->runtime_bias;
	}
	return space;
}

void space_free(struct space *space)
{
	free(space->maps);
	free(space->walk);
	free(space);
}

const struct space_map *space_find(const struct space *space, uint64_t address)
{
	uint32_t n = space ? space->n : 0, at = BISECT(n, i, space->maps[i].end <= address);

	return at < n && space->maps[at].start <= address ? &space->maps[at] : NULL;
}

int space_insert(struct space *space, struct space_map map)
{
	struct space_map *fresh = calloc((size_t)space->n + 2, sizeof(*fresh));
	bool placed = false;
	uint32_t n = 0;

	if (!fresh)
		return -ENOMEM;
	for (uint32_t i = 0; i < space->n; i++) {
		struct space_map below = space->maps[i], above = below;

		below.end = below.end < map.start ? below.end : map.start;
		above.start = above.start > map.end ? above.start : map.end;
		if (below.start < below.end)
			fresh[n++] = below;
		if (!placed && space->maps[i].end > map.start) {
			fresh[n++] = map;
			placed = true;
		}
		if (above.start < above.end)
			fresh[n++] = above;
	}
	if (!placed)
		fresh[n++] = map;
	free(space->maps);
	space->maps = fresh;
	space->n = n;
	return 0;
}

const struct walk_mapping *space_walk_mappings(struct space *space, uint32_t *ret_n)
{
	uint32_t n = space->n < WALK_MAPPINGS_PER_PROCESS ? space->n : WALK_MAPPINGS_PER_PROCESS;

	if (space->walk_id != space->id) {
		struct walk_mapping *fresh = realloc(space->walk, (n ? n : 1) * sizeof(*fresh));

		if (!fresh)
			return NULL;
		for (uint32_t i = 0; i < n; i++) {
			const struct space_map *map = &space->maps[i];

			fresh[i] = (struct walk_mapping){
				.start = map->start, .end = map->end, .bias = map->bias,
				.table = map->walkable ? map->image : 0,
			};
		}
		space->walk = fresh;
		space->walk_id = space->id;
	}
	*ret_n = n;
	return space->walk;
}
