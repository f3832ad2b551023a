/* SPDX-License-Identifier: Apache-2.0 */
/* collect/kernel.h
 *
 * The half of the collector that runs inside the kernel: loads bpf/cpu.bpf.c, ties it to a timer on
 * each CPU, tells it of targets, mappings and rows (kernel_tables.c), and reads its ring.
 *
 * Everything it makes in the kernel hangs on descriptors of this process: when we end, however we end,
 * the kernel takes it all away.
 * Threads: one.
 */
#ifndef SONDE_COLLECT_KERNEL_H
#define SONDE_COLLECT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/sample.h"

struct err;
struct images;

struct kernel_options {
	uint32_t rate_hz;
	enum target_mode mode;
	uint64_t cgroup_id;	/* TARGET_CGROUP: a cgroup v2 id */
	uint32_t ring_bytes;	/* 0: by rate and number of CPUs */
	bool measure_walks;
	uint32_t runtimes;	/* RUNTIME_BIT()s of those that targets are known to have */
};

struct kernel;

/* Loads the programs; nothing is sampled yet. -EPERM, -ENOTSUP (too old, no BTF), ... with a sentence
 * that names what is missing. */
int kernel_open(struct kernel **ret_kernel, const struct kernel_options *options, struct err *err);

/* From here on every tick is counted. */
int kernel_start(struct kernel *kernel, struct err *err);

/* Stops the timers; what is in the ring can still be read. */
void kernel_stop(struct kernel *kernel);
void kernel_close(struct kernel *kernel);

/* Adds a process to the targets (TARGET_TGIDS); awaits_exec: only from its next exec on. */
int kernel_add_target(struct kernel *kernel, pid_t pid, bool awaits_exec);
void kernel_remove_process(struct kernel *kernel, pid_t pid);

/* A run of the mappings array, shared by processes with the same mappings. */
struct kernel_run {
	uint32_t first, count, size_class;
};

/* Writes sorted mappings into a run of their own. -ENOSPC when the array is full. */
int kernel_add_run(struct kernel *kernel, const struct walk_mapping *mappings, uint32_t n,
		   struct kernel_run *ret_run);

/* Gives a run back. It is used again only when no walk can still be reading it. */
void kernel_remove_run(struct kernel *kernel, const struct kernel_run *run);

/* Has the walk take what a language's runtime (enum runtime_kind) needs from now on, too; without it the
 * kernel verifies less at every start. Before the first kernel_add_runtime() of the kind; only the first
 * call for a kind does something. */
int kernel_enable_runtime(struct kernel *kernel, uint32_t kind);

/* Tells of a language runtime in an address space; 0 when there is no room for more. */
uint32_t kernel_add_runtime(struct kernel *kernel, const struct walk_runtime *runtime);
void kernel_remove_runtime(struct kernel *kernel, uint32_t runtime);

/* Says that a process has these mappings and this runtime (or 0), under a new generation. */
int kernel_set_process(struct kernel *kernel, pid_t pid, const struct kernel_run *run,
		       uint32_t runtime, uint32_t flags);

/* Hands rows that have been built (image ids, ascending not needed) to the kernel: in one batch, since
 * each change of the table of tables waits for every CPU. From then on the rows live in kernel memory
 * alone, and image->cells is a view of it. */
int kernel_add_rows(struct kernel *kernel, struct images *images, const uint32_t *ids, uint32_t n);

/* Becomes readable when the ring holds much; kernel_drain() may be called at any time. */
int kernel_fd(const struct kernel *kernel);

/* Calls handle for every record in the ring, in order. Its negative result ends the draining and is
 * returned. The record is lent until it returns. */
int kernel_drain(struct kernel *kernel,
		 int (*handle)(void *context, const struct sample_hdr *record, size_t bytes),
		 void *context);

/* The sums over all CPUs. */
void kernel_counters(const struct kernel *kernel, struct cpu_counters *ret_counters);

/* Bytes of rows and mappings handed over so far. */
uint64_t kernel_table_bytes(const struct kernel *kernel);

#endif
