/* SPDX-License-Identifier: Apache-2.0 */
/* collect/cpu.h
 *
 * The CPU event: a timer tick on each CPU, a stack for each tick that hits the target.
 *
 * Puts the halves together: the kernel's (collect/kernel.h), the side-band events (events.h), who has
 * what mapped (processes.h), and the walker on the host for stacks that came as copies. Out come samples
 * whose frames are (image, vaddr): nothing in them dies with the process. cpu_tiers.c starts it, cpu.c is
 * everything from then on.
 * Threads: one.
 */
#ifndef SONDE_COLLECT_CPU_H
#define SONDE_COLLECT_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/sample.h"
#include "base/str.h"

struct cpu_collector;
struct err;
struct images;

struct raw_frame {
	uint64_t vaddr;		/* of a return address: the byte before it; IMAGE_PYTHON_ID: see images.h */
	uint32_t image;		/* of images; 0: in no mapping (vaddr is then the live address) */
	uint32_t guessed;	/* found by a frame pointer, without CFI */
};

struct raw_label {
	struct str key, value;
};

#define RAW_LABELS_MAX 64u

struct raw_sample {
	uint64_t time_ns;	/* CLOCK_MONOTONIC */
	pid_t pid, tid;
	const char *process;	/* at most 15 bytes; lent until the handler returns */
	const char *thread;	/* at most 63 bytes; likewise */
	bool own_name;		/* it is the name that the program gave it, not the kernel's */
	const struct raw_frame *frames;	/* leaf first: kernel, then user; lent likewise */
	uint32_t n, n_kernel;
	enum walk_end end;
	bool copied;		/* walked on the host */
	enum sample_gil gil;	/* UNKNOWN without an interpreter */
	uint64_t activity;	/* see struct sample_hdr; 0: none */
	bool goroutine;		/* it is a goroutine's number */
	bool virtual_thread;	/* it is a virtual thread's, of Java */
	const struct raw_label *labels;	/* the program's own; lent likewise */
	uint32_t n_labels;
	uint32_t label_set;	/* which set they are, while the collector lives; 0: none */
	uint32_t walk_ns;	/* 0 unless measured */
};

struct cpu_options {
	uint32_t rate_hz;
	enum target_mode mode;
	const pid_t *pids;	/* TARGET_TGIDS */
	uint32_t n_pids;
	bool awaits_exec;	/* they are our own children, not yet the command */
	const char *preload;	/* NULL, or the file the command is run from */
	uint64_t cgroup_id;
	uint32_t ring_bytes;	/* 0: chosen */
	bool measure_walks;
};

/* How ticks reach us. Tried in this order: docs/tiers.md. */
enum cpu_tier {
	CPU_TIER_BPF,	/* walked inside the kernel */
	CPU_TIER_COPY,	/* registers and stack copied by perf_event_open: own processes only */
	CPU_TIER_COPY_USER,	/* the same, without what the kernel does for them */
	CPU_TIER_PTRACE,	/* copied while the thread is stopped: own processes only */
};

/* "bpf", "perf", "perf, user space only", "ptrace", with what they cannot see. */
const char *cpu_tier_name(enum cpu_tier tier);

/* What going on with a lesser tier means, in words for a person; "" for the first. */
const char *cpu_tier_limits(enum cpu_tier tier);

struct cpu_totals {
	struct cpu_counters counters;	/* events = recorded + the sum of drops */
	uint64_t lost_labels;	/* samples whose goroutine's or task's labels could not be read in time */
	uint64_t lost_events;	/* side-band records lost (mappings were read again) */
	uint64_t table_bytes;	/* rows and mappings in the kernel */
};

/* The handler's negative result ends the recording. */
typedef int (*cpu_sample_fn)(void *context, const struct raw_sample *sample);

/* Loads and begins to count. When the first tier is not permitted the second is tried, and then the
 * third; which one it became and why say cpu_tier() and cpu_tier_reason(). -errno with a sentence when none works. */
int cpu_start(struct cpu_collector **ret_cpu, const struct cpu_options *options,
	      cpu_sample_fn handle, void *context, struct err *err);

/* Waits up to timeout_ms for something to do and does it. Returns 0, or what the handler returned. A
 * signal ends the waiting. The first tier wakes by itself before its ring is full, however long the
 * timeout. */
int cpu_poll(struct cpu_collector *cpu, int timeout_ms);

/* Ends the waiting also when this descriptor is readable; it is borrowed. -1: none. */
void cpu_watch(struct cpu_collector *cpu, int fd);

/* Stops the timers and hands over what is still in the ring. */
int cpu_stop(struct cpu_collector *cpu, struct cpu_totals *ret_totals);

enum cpu_tier cpu_tier(const struct cpu_collector *cpu);

/* Why it is not the first tier: a sentence; "" when it is. Lent until cpu_close(). */
const char *cpu_tier_reason(const struct cpu_collector *cpu);

/* What the frames' image numbers mean; lent until cpu_close(). */
struct images *cpu_images(struct cpu_collector *cpu);

void cpu_close(struct cpu_collector *cpu);

#endif
