/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs in the kernel are told: targets, runs of mappings, runtimes, rows. All of it is in maps, of which some
 * are mapped here. */
#include "collect/kernel_state.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "collect/images.h"

#define RUNTIME_REST_NS 1000000000u

int kernel_add_target(struct kernel *kernel, pid_t pid, bool awaits_exec)
{
	uint32_t key = (uint32_t)pid, state = awaits_exec ? TARGET_AWAITS_EXEC : TARGET_ON;

	return bpf_map_update_elem(bpf_map__fd(kernel->skeleton->maps.targets), &key, &state,
				   BPF_ANY) < 0 ? -errno : 0;
}

void kernel_remove_process(struct kernel *kernel, pid_t pid)
{
	uint32_t key = (uint32_t)pid;

	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.targets), &key);
	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.processes), &key);
}

int kernel_add_run(struct kernel *kernel, const struct walk_mapping *mappings, uint32_t n,
		   struct kernel_run *ret_run)
{
	struct kernel_run run = { .count = n };
	int rc = runs_take(&kernel->runs, n, &run.first, &run.size_class);

	if (rc < 0)
		return rc;
	memcpy(kernel->mappings + run.first, mappings, n * sizeof(*mappings));
	kernel->table_bytes += n * sizeof(*mappings);
	*ret_run = run;
	return 0;
}

void kernel_remove_run(struct kernel *kernel, const struct kernel_run *run)
{
	runs_give(&kernel->runs, run->first, run->size_class, clock_mono_ns());
}

/* A slot is used again when no walk can still be reading it. */
uint32_t kernel_add_runtime(struct kernel *kernel, const struct walk_runtime *runtime)
{
	uint32_t index;

	if (kernel->n_free_runtimes && clock_mono_ns() > kernel->free_runtimes[0].free_ns) {
		index = kernel->free_runtimes[0].index;
		kernel->n_free_runtimes--;
		memmove(kernel->free_runtimes, kernel->free_runtimes + 1,
			kernel->n_free_runtimes * sizeof(*kernel->free_runtimes));
	} else if (kernel->n_runtimes + 1 < WALK_RUNTIMES_MAX) {
		index = ++kernel->n_runtimes;
	} else {
		return 0;
	}
	kernel->runtimes[index] = *runtime;
	return index;
}

void kernel_remove_runtime(struct kernel *kernel, uint32_t index)
{
	if (!index || VEC_RESERVE(&kernel->free_runtimes, &kernel->cap_free_runtimes,
				  (uint64_t)kernel->n_free_runtimes + 1) < 0)
		return;		/* out of memory: the slot is lost */
	kernel->free_runtimes[kernel->n_free_runtimes++] = (struct runtime_slot){
		.index = index, .free_ns = clock_mono_ns() + RUNTIME_REST_NS,
	};
}

int kernel_set_process(struct kernel *kernel, pid_t pid, const struct kernel_run *run,
		       uint32_t runtime, uint32_t flags)
{
	uint32_t key = (uint32_t)pid;
	struct walk_process process = {
		.first = run->first, .count = run->count, .flags = flags,
		.generation = ++kernel->generation, .runtime = runtime,
	};

	return bpf_map_update_elem(bpf_map__fd(kernel->skeleton->maps.processes), &key, &process,
				   BPF_ANY) < 0 ? -errno : 0;
}

/* An array of exactly the table's size, filled; returns its descriptor. The image's cells become a
 * view of it. */
static int table_map(struct image *image)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	uint32_t n = image->n_cells ? image->n_cells : 1;	/* a file without rows: one empty cell */
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", 4, 8, n, &options);
	size_t bytes = (size_t)n * 8;
	uint64_t *cells;

	if (fd < 0 || !image->n_cells)
		return fd < 0 ? -errno : fd;
	cells = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cells == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	memcpy(cells, image->cells, bytes);
	free(image->cells);
	image->cells = cells;
	image->cells_mapped = true;
	return fd;
}

int kernel_add_rows(struct kernel *kernel, struct images *images, const uint32_t *ids, uint32_t n)
{
	int outer = bpf_map__fd(kernel->skeleton->maps.tables), rc = 0;
	int *fds = calloc(n ? n : 1, sizeof(*fds));
	uint32_t *keys = calloc(n ? n : 1, sizeof(*keys)), count = 0, done;

	if (!fds || !keys)
		rc = -ENOMEM;
	/* rules first: a row must never name one that is not there */
	for (; rc == 0 && kernel->n_rules < images->rules.n; kernel->n_rules++)
		kernel->rules[kernel->n_rules] = images->rules.items[kernel->n_rules];
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct image *image = images_get(images, ids[i]);
		int fd = table_map(image);

		if (fd < 0)
			continue;	/* out of kernel memory: its stacks go on being copied */
		kernel->table_bytes += (uint64_t)image->n_cells * 8;
		fds[count] = fd;
		keys[count++] = ids[i];
	}
	done = count;
	if (rc == 0 && count &&
	    bpf_map_update_batch(outer, keys, fds, &done, NULL) < 0) {
		for (uint32_t i = 0; i < count; i++)	/* kernels without the batch call */
			if (bpf_map_update_elem(outer, &keys[i], &fds[i], BPF_ANY) < 0)
				rc = -errno;
	}
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
	free(fds);
	free(keys);
	return rc;
}

uint64_t kernel_table_bytes(const struct kernel *kernel)
{
	return kernel->table_bytes;
}
