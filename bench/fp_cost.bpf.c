/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What bpf_get_stack() of the user stack costs, at the same tick: the frame-pointer walk of the kernel. */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>

#include <bpf/bpf_helpers.h>

#include "abi/bpf_types.h"

struct fp_walk {
	uint32_t frames, ns;
};

const volatile uint32_t target;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint64_t[1024]);
} stacks SEC(".maps");

SEC("perf_event")
int fp_tick(struct bpf_perf_event_data *ctx)
{
	uint32_t zero = 0;
	uint64_t *stack = bpf_map_lookup_elem(&stacks, &zero), before;
	struct fp_walk walk;
	long bytes;

	if (bpf_get_current_pid_tgid() >> 32 != target || !stack)
		return 0;
	before = bpf_ktime_get_ns();
	bytes = bpf_get_stack(ctx, stack, 127 * 8, BPF_F_USER_STACK);
	walk.ns = (uint32_t)(bpf_ktime_get_ns() - before);
	walk.frames = bytes > 0 ? (uint32_t)bytes / 8 : 0;
	bpf_ringbuf_output(&ring, &walk, sizeof(walk), 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
