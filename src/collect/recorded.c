/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/recorded.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/images.h"
#include "elf/buildcache.h"
#include "walk/host.h"

struct recorded {
	struct images images;
	struct walk_host *walk_host;
};

struct copied_stack {
	const struct images *images;
	uint64_t at;
	struct str bytes;
};

struct recorded *recorded_new(void)
{
	struct recorded *recorded = calloc(1, sizeof(*recorded));

	if (!recorded)
		return NULL;
	recorded->walk_host = walk_host_new();
	if (images_init(&recorded->images) < 0 || !recorded->walk_host) {
		recorded_free(recorded);
		return NULL;
	}
	return recorded;
}

void recorded_free(struct recorded *recorded)
{
	walk_host_free(recorded->walk_host);
	images_fini(&recorded->images);
	free(recorded);
}

/* What stands in the way of a file that could not be opened as the one that was mapped; NULL: there is none. */
static const char *trouble_of(struct str path)
{
	char text[4096];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	return access(text, F_OK) == 0 ? "changed on disk since it was mapped" : NULL;
}

/* The same file, by its build id, from where perf keeps copies. 0: there is none. */
static uint32_t kept_by_perf(struct recorded *recorded, const struct image_query *query)
{
	struct image_query kept = *query;
	char path[PATH_MAX];

	if (!buildcache_find(str_over(query->build_id, query->build_id_n), path, sizeof(path)))
		return 0;
	kept.path = str_of(path);
	return images_of_mapping(&recorded->images, &kept);
}

uint32_t recorded_file(struct recorded *recorded, const struct image_query *query, uint64_t recorded_ns,
		       struct str *ret_build_id, const char **ret_trouble)
{
	uint32_t id = images_of_mapping(&recorded->images, query), kept;
	struct image *image = images_get(&recorded->images, id);

	*ret_trouble = NULL;
	if (!image->elf.n_segments && (kept = kept_by_perf(recorded, query))) {
		id = kept;
		image = images_get(&recorded->images, id);
	}
	if (!image->elf.n_segments) {
		*ret_trouble = trouble_of(query->path);
		return 0;
	}
	if (image->fd >= 0) {	/* it is mapped: descriptors are few */
		close(image->fd);
		image->fd = -1;
	}
	if (!query->build_id_n && image->kind == IMAGE_FILE && recorded_ns && image->mtime_ns > recorded_ns) {
		*ret_trouble = "written after it was recorded";
		return 0;
	}
	*ret_build_id = image->elf.build_id;
	return id;
}

bool recorded_bias(const struct recorded *recorded, uint32_t image, uint64_t start, uint64_t off,
		   uint64_t *ret_bias)
{
	return images_bias(&recorded->images, image, start, off, ret_bias);
}

static bool read_copy(void *context, void *out, uint32_t n, uint64_t address)
{
	const struct copied_stack *stack = context;
	uint64_t off = address - stack->at;

	if (off > stack->bytes.n || n > stack->bytes.n - off)
		return false;
	memcpy(out, stack->bytes.p + off, n);
	return true;
}

static bool rows_of(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	const struct copied_stack *stack = context;
	const struct image *image = images_get(stack->images, table);

	if (image->rows != ROWS_BUILT)
		return false;
	*ret_rows = (struct walk_rows){ image->cells, image->n_cells };
	return true;
}

enum walk_end recorded_walk(struct recorded *recorded, const struct walk_mapping *mappings,
			    uint32_t n_mappings, uint32_t generation, const uint64_t *regs, struct str bytes,
			    uint64_t *words, uint32_t max, uint32_t *ret_n)
{
	struct images *images = &recorded->images;
	struct copied_stack stack = { images, regs[UNWIND_RSP], bytes };
	enum walk_end end;

	do {
		struct walk_target target = {
			.mappings = mappings, .n_mappings = n_mappings, .generation = generation,
			.rules = images->rules.items, .n_rules = images->rules.n,
			.rows = rows_of, .read = read_copy, .context = &stack,
		};

		end = walk_host_run(recorded->walk_host, &target, regs, false, words, max, ret_n);
	} while (end == WALK_NO_TABLE &&
		 images_build_rows(images, walk_host_missing_table(recorded->walk_host)));
	return end;
}
