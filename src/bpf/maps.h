/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/maps.h
 *
 * What the timer program shares with the host (collect/kernel.c): knobs, set before it is loaded,
 * and maps.
 *
 *   targets, processes    by tgid: who is sampled, and what they have mapped
 *   mappings, rules, runtimes, tables    what a walk needs; the host writes, we read
 *   counters, ring        what comes out
 *   walks, samples, copies, codes, functions    scratch, an entry a CPU
 */
#ifndef SONDE_BPF_MAPS_H
#define SONDE_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi/sample.h"

const volatile uint32_t target_mode;	/* enum target_mode */
const volatile uint64_t target_cgroup;	/* TARGET_CGROUP: its id */
const volatile uint32_t with_runtimes;	/* RUNTIME_BIT()s: what the verifier knows to be absent it does not look at */
const volatile bool measure_walks;	/* fill walk_ns */
const volatile uint64_t wake_bytes;	/* wake the host when the ring holds that much */
const volatile uint32_t copy_bytes;	/* of stack in a copied sample, at most */
const volatile uint32_t own_tgid;	/* never sampled when the whole machine is */
const volatile struct kernel_offsets offsets;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);	/* where the kernel permits it */
	__type(key, uint32_t);		/* tgid */
	__type(value, uint32_t);	/* TARGET_* */
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, uint32_t);		/* tgid */
	__type(value, struct walk_process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);	/* set before load */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, uint32_t);
	__type(value, struct walk_mapping);
} mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_RULES_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, uint32_t);
	__type(value, struct unwind_rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WALK_RUNTIMES_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, uint32_t);
	__type(value, struct walk_runtime);
} runtimes SEC(".maps");

struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);		/* each has its own exact size */
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__type(key, uint32_t);
	__type(value, uint64_t);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 16384);
	__type(key, uint32_t);
	__array(values, struct table);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct cpu_counters);
} counters SEC(".maps");

/* These are larger than a per-CPU value may be: an entry a CPU, set before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct walk);
} walks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct sample_walked);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct sample_copy);
} copies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct sample_code);
} codes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct sample_v8);
} functions SEC(".maps");

#endif
