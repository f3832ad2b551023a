/* SPDX-License-Identifier: Apache-2.0 */
/* collect/kernel_state.h
 *
 * What kernel.c (loads the programs, starts them, reads the ring) and kernel_tables.c (tells them what they must
 * know) both look at; nobody else includes it.
 */
#ifndef SONDE_COLLECT_KERNEL_STATE_H
#define SONDE_COLLECT_KERNEL_STATE_H

#include "collect/kernel.h"
#include "collect/runs.h"
#include "cpu.skel.h"

struct kernel {
	struct cpu *skeleton;
	struct cpu *full;	/* the tick once more, with the steps of language runtimes, over the same
				 * maps; NULL: it has them, or nobody needs them */
	struct kernel_options options;
	struct kernel_offsets offsets;
	struct bpf_link **links;	/* one a CPU */
	struct bpf_link *fork_link, *exec_link;
	uint32_t n_links;
	struct ring_buffer *ring;
	int (*handle)(void *context, const struct sample_hdr *record, size_t bytes);
	void *context;
	int handle_rc;
	struct walk_mapping *mappings;	/* the kernel's array, mapped here */
	size_t mappings_bytes;
	struct unwind_rule *rules;	/* likewise */
	uint32_t n_rules;
	struct walk_runtime *runtimes;	/* likewise; [0] is none */
	uint32_t n_runtimes;		/* used so far */
	struct runtime_slot { uint32_t index; uint64_t free_ns; } *free_runtimes;
	uint32_t n_free_runtimes, cap_free_runtimes;
	struct runs runs;
	uint32_t generation;
	uint64_t table_bytes;
};

#endif
