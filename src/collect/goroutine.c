/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/goroutine.h"

#include <errno.h>
#include <stdlib.h>

#include "abi/sample.h"
#include "base/vec.h"
#include "collect/cpu.h"
#include "collect/processes.h"
#include "proc/process.h"
#include "runtime/go/labels.h"

_Static_assert(GO_LABELS_MAX <= RAW_LABELS_MAX, "a sample's labels");

#define SETS_MAX (1u << 20)	/* a program may make a new one for each request */

void goroutines_fini(struct goroutines *goroutines)
{
	free(goroutines->items);
	idindex_fini(&goroutines->index);
	arena_fini(&goroutines->arena);
	*goroutines = (struct goroutines){ 0 };
}

static int read_set(struct goroutines *goroutines, const struct process *process,
		    const struct walk_go *layout, struct goroutine_set *set)
{
	struct go_label labels[GO_LABELS_MAX];
	struct raw_label *kept;
	pid_t pid = process->pid;
	int n = go_labels_read(layout, set->at, set->check, process_read_whole, &pid,
			       &goroutines->arena, labels);

	if (n < 0)
		return n;
	kept = arena_array(&goroutines->arena, (size_t)n + 1, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		kept[i] = (struct raw_label){ labels[i].key, labels[i].value };
	set->labels = kept;
	set->n = (uint32_t)n;
	return 0;
}

uint32_t goroutines_labels(struct goroutines *goroutines, const struct process *process,
			   const struct walk_runtime *runtime, const struct sample_hdr *hdr)
{
	struct goroutine_set set = { .at = hdr->labels_at, .check = hdr->labels_check,
				     .incarnation = process->incarnation };
	uint64_t hash = hash_u64(set.at, (uint64_t)set.incarnation << 32 | set.check);
	uint32_t step = 0, id;

	if (!set.at || !runtime || runtime->kind != RUNTIME_GO)
		return 0;
	while ((id = idindex_probe(&goroutines->index, hash, &step))) {
		const struct goroutine_set *known = &goroutines->items[id - 1];

		if (known->at == set.at && known->check == set.check &&
		    known->incarnation == set.incarnation)
			return id;
	}
	if (goroutines->n == SETS_MAX || read_set(goroutines, process, &runtime->go, &set) < 0 ||
	    VEC_RESERVE(&goroutines->items, &goroutines->cap, (uint64_t)goroutines->n + 1) < 0 ||
	    idindex_add(&goroutines->index, hash, goroutines->n + 1) < 0) {
		goroutines->lost++;
		return 0;
	}
	goroutines->items[goroutines->n++] = set;
	return goroutines->n;
}
