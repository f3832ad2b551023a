/* SPDX-License-Identifier: Apache-2.0 */
/* collect/cpu_state.h
 *
 * What cpu_tiers.c (which tier, and its start) and cpu.c (everything from then on) both know; nobody else includes it.
 */
#ifndef SONDE_COLLECT_CPU_STATE_H
#define SONDE_COLLECT_CPU_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/copier.h"
#include "collect/cpu.h"
#include "collect/events.h"
#include "collect/images.h"
#include "collect/kernel.h"
#include "collect/processes.h"
#include "collect/records.h"
#include "collect/stopped.h"
#include "collect/tracer.h"

struct cpu_collector {
	struct images images;
	struct processes processes;
	struct events events;
	struct kernel *kernel;		/* the first tier ... */
	struct copier *copier;		/* ... or the second ... */
	struct tracer *tracer;		/* ... or the third, which takes interpreted frames by ... */
	struct stopped *stopped;	/* ... this */
	char reason[1024];		/* why not the first (and the second) */
	struct records *records;
	struct pollfd *polls;
	uint32_t n_polls;
	uint32_t pause_us;
	uint64_t spread_ns;	/* of wakes by the ring */
	uint64_t woken_ns;	/* when it was, last */
	uint64_t own_until_ns;	/* till then we come at our own times */
	uint32_t wakes;		/* how often */
	bool all;
};

/* Starts the first tier; when it is not permitted or not possible here, the second, and then the third. */
int cpu_start_tier(struct cpu_collector *cpu, const struct cpu_options *options, struct err *err);

/* Tells the tracer which interpreters there are. */
void cpu_tell_runtimes(struct cpu_collector *cpu);

#endif
